//! The developer and the app: making them, and taking them away key by key.

use serde_json::json;

use super::Apigee;
use super::answers::is_taken;
use super::client::Ask;
use super::names::{Names, merged};
use super::rows::{App, Apps, Developer, Key};
use super::scan::PASSES;
use crate::fault::{Fault, FaultKind};
use crate::link::Link;
use crate::model::{Application, Applied, Observed, Step};
use crate::wire::segment;

impl Apigee {
    /// Does one step.
    pub(crate) async fn apply(
        &self,
        link: &Link,
        application: &Application,
        step: &Step,
        observed: &Observed,
    ) -> Result<Applied, Fault> {
        let names = self.names(application);
        match step {
            Step::Application => self.ensure_application(link, &names, observed).await,
            Step::Scope(products) => self.set_scope(link, &names, products).await,
            Step::Suspend => self.suspend(link, &names, observed).await,
            Step::Reactivate(_) => self.reactivate(link, &names).await,
            Step::Credential {
                number, secret, scope, ..
            } => {
                self.ensure_credential(link, &names, (*number, secret, scope), observed)
                    .await
            }
            // Said by the capabilities: nobody orders it.
            Step::Expire { .. } => Err(Fault::new(
                FaultKind::Unsupported,
                "Apigee takes the end of a key only when the key is made",
            )),
            Step::DropCredential { number, remote_id } => {
                self.drop_credential(link, &names, *number, remote_id.as_deref()).await
            }
            Step::DropApplication => self.drop_application(link, &names).await,
        }
    }

    async fn ensure_application(&self, link: &Link, names: &Names, observed: &Observed) -> Result<Applied, Fault> {
        self.ensure_developer(link, names).await?;
        let there = if observed.exists {
            self.app(link, names).await?
        } else {
            None
        };
        let app = match there {
            Some(app) => app,
            None => match self.create_app(link, names).await {
                Err(fault) if is_taken(&fault) => {
                    // Ours after a lost answer; or one that was deleted with its developer and is not gone yet.
                    let app = self.app(link, names).await?;
                    app.ok_or_else(|| Fault::new(FaultKind::Conflict, format!("{} and is not shown", fault.words)))?
                }
                made => made?,
            },
        };
        if !names.are_on_app(&app) {
            let attributes = merged(&app.attributes, names.app_attributes());
            // Without products: with any, Apigee would make another key.
            let body = json!({ "name": names.app(), "attributes": attributes });
            self.caller
                .done(link, Ask::put("app.put", names.app_path(), body))
                .await?;
        }
        for key in names.auto_keys(&app) {
            self.delete_key(link, names, key).await?;
        }
        Ok(Applied {
            remote_id: Some(app.app_id),
            generated: None,
        })
    }

    async fn ensure_developer(&self, link: &Link, names: &Names) -> Result<(), Fault> {
        let there = match self.developer(link, names).await? {
            Some(developer) => developer,
            None => {
                let body = json!({
                    "email": names.email(), "userName": names.application().consumer_name(),
                    "firstName": "Gatewright", "lastName": "Customer", "attributes": names.developer_attributes(),
                });
                let ask = Ask::post("developer.post", "/developers", body);
                match self.caller.done(link, ask).await {
                    Err(fault) if is_taken(&fault) => self.developer(link, names).await?.ok_or(fault)?,
                    made => return made,
                }
            }
        };
        if names.are_on_developer(&there) {
            return Ok(());
        }
        self.rename_developer(link, names, &there).await
    }

    /// A PUT replaces everything, so everything that is there goes along.
    async fn rename_developer(&self, link: &Link, names: &Names, there: &Developer) -> Result<(), Fault> {
        let body = json!({
            "email": there.email, "userName": there.user_name, "firstName": there.first_name,
            "lastName": there.last_name, "attributes": merged(&there.attributes, names.developer_attributes()),
        });
        self.caller
            .done(link, Ask::put("developer.put", names.developer_path(), body))
            .await
    }

    /// Without products, so that the key which comes with it opens nothing.
    async fn create_app(&self, link: &Link, names: &Names) -> Result<App, Fault> {
        let body = json!({ "name": names.app(), "attributes": names.app_attributes() });
        let below = format!("{}/apps", names.developer_path());
        self.caller
            .object(link, Ask::post("app.post", below, body).secret())
            .await
    }

    /// Keys first: those of a deleted app go on for seconds to minutes. The developer goes when nothing else is there.
    async fn drop_application(&self, link: &Link, names: &Names) -> Result<Applied, Fault> {
        if let Some(app) = self.app(link, names).await? {
            for key in &app.credentials {
                self.delete_key(link, names, key).await?;
            }
            self.caller
                .gone(link, Ask::delete("app.delete", names.app_path()).secret())
                .await?;
        }
        self.drop_developer(link, names).await?;
        Ok(Applied::default())
    }

    /// Apigee deletes a developer with all apps, whoever's they are: look first, in both places that tell of them.
    async fn drop_developer(&self, link: &Link, names: &Names) -> Result<(), Fault> {
        let Some(developer) = self.developer(link, names).await? else {
            return Ok(());
        };
        let ask = Ask::get("app.list", format!("{}/apps?count=1", names.developer_path()));
        let apps: Option<Apps> = self.caller.found(link, ask).await?;
        let alone = developer.apps.is_empty() && apps.is_none_or(|apps| apps.app.is_empty());
        if alone {
            self.caller
                .gone(link, Ask::delete("developer.delete", names.developer_path()))
                .await?;
        }
        Ok(())
    }

    pub(crate) async fn delete_key(&self, link: &Link, names: &Names, key: &Key) -> Result<(), Fault> {
        let ask = Ask::delete("key.delete", names.key_path(&key.consumer_key)).secret();
        self.caller.gone(link, ask).await.map(drop)
    }

    /// Whose a key is that we may not have: an app of somebody else's, or one of which it is not gone yet.
    pub(crate) async fn whose(&self, link: &Link, key: &str) -> Result<Fault, Fault> {
        for (app, of_key) in PASSES {
            let filter = segment(&format!("consumerKey={key}"));
            let list = format!("/apps?expand=true&pageSize=1&status={app}&keyStatus={of_key}&filter={filter}");
            let apps: Apps = self.caller.object(link, Ask::get("app.list", list).secret()).await?;
            if let Some(app) = apps.app.first() {
                let words = format!("the key belongs to the app {} of somebody else", app.name);
                return Ok(Fault::new(FaultKind::Foreign, words));
            }
        }
        let words = "the key is taken, and of no app that is there: Apigee is not done with deleting one";
        Ok(Fault::new(FaultKind::Conflict, words))
    }
}
