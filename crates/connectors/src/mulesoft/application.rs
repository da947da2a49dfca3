//! The steps, and a client application's end.

use futures_util::stream::{self, StreamExt};
use serde_json::{Value, json};

use super::MuleSoft;
use super::client::{Ask, CALLS_AT_ONCE};
use super::names::Names;
use super::rows;
use crate::fault::{Fault, FaultKind};
use crate::link::Link;
use crate::model::{Application, Applied, Observed, Step};

impl MuleSoft {
    /// Does one step.
    pub(crate) async fn apply(
        &self,
        link: &Link,
        application: &Application,
        step: &Step,
        observed: &Observed,
    ) -> Result<Applied, Fault> {
        let names = Names::of(application);
        match step {
            Step::Application => self.put_names_right(link, &names, observed).await,
            Step::Scope(scope) => self.set_scopes(link, &names, scope).await,
            Step::Suspend => self.suspend(link, &names).await,
            Step::Reactivate(scope) => self.reactivate(link, &names, scope).await,
            Step::Credential {
                number, secret, scope, ..
            } => {
                self.ensure_credential(link, &names, *number, secret, scope, observed)
                    .await
            }
            Step::Expire { .. } => Err(Fault::new(
                FaultKind::Unsupported,
                "a client application of Anypoint does not end by itself",
            )),
            Step::DropCredential { number, remote_id } => {
                self.drop_credential(link, &names, *number, remote_id.as_deref()).await
            }
            Step::DropApplication => self.drop_application(link, &names).await,
        }
    }

    /// A subscription is no object of its own here: there is something to do only where one of its client applications was
    /// renamed.
    async fn put_names_right(&self, link: &Link, names: &Names, observed: &Observed) -> Result<Applied, Fault> {
        if observed.misnamed {
            let ours = self.ours(link, names).await?;
            let wrong = ours.iter().filter(|one| !one.named).map(|one| async move {
                let body = json!({
                    "name": names.credential_name(one.number),
                    "description": names.description(one.number),
                });
                let path = format!("{}/{}", self.caller.applications("v2"), one.id);
                let ask = Ask::new("application.update", path).secret();
                self.caller.patch::<Value>(link, ask, &body).await.map(|_| ())
            });
            all(wrong.collect()).await?;
        }
        Ok(Applied {
            remote_id: Some(names.name()),
            generated: None,
        })
    }

    /// Takes a credential away, by its number or by the id that was seen. Only what was found among ours.
    pub(crate) async fn drop_credential(
        &self,
        link: &Link,
        names: &Names,
        number: Option<u32>,
        remote_id: Option<&str>,
    ) -> Result<Applied, Fault> {
        if number.is_none() && remote_id.is_none() {
            let words = "a credential has neither a number nor an id to drop it by";
            return Err(Fault::new(FaultKind::Invalid, words));
        }
        let ours = self.ours(link, names).await?;
        let meant = ours.iter().filter(|one| match (number, remote_id) {
            // A copy of it goes by the same number: the one that was seen is meant.
            (Some(number), Some(id)) => one.number == number && one.id.to_string() == id,
            (Some(number), None) => one.number == number,
            (None, id) => Some(one.id.to_string().as_str()) == id,
        });
        let mut meant: Vec<u64> = meant.map(|one| one.id).collect();
        if meant.is_empty()
            && let Some(number) = number
        {
            // It was made again since.
            meant = ours
                .iter()
                .filter(|one| one.number == number)
                .map(|one| one.id)
                .collect();
        }
        all(meant.into_iter().map(|id| self.withdraw(link, id)).collect()).await?;
        Ok(Applied {
            remote_id: remote_id.map(str::to_owned),
            generated: None,
        })
    }

    async fn drop_application(&self, link: &Link, names: &Names) -> Result<Applied, Fault> {
        let ours = self.ours(link, names).await?;
        all(ours.iter().map(|one| self.withdraw(link, one.id)).collect()).await?;
        Ok(Applied::default())
    }

    /// Ends a client application of ours: its contracts first, because those are what the gateway asks for.
    pub(crate) async fn withdraw(&self, link: &Link, id: u64) -> Result<(), Fault> {
        let Some(contracts) = self.contracts(link, id).await? else {
            return Ok(());
        };
        all(contracts.iter().map(|one| self.close(link, one)).collect()).await?;
        all(contracts.iter().map(|one| self.delete_contract(link, one)).collect()).await?;
        let ask = Ask::new("application.delete", format!("{}/{id}", self.caller.applications("v2")));
        self.caller.delete(link, ask).await?;
        Ok(())
    }

    /// An API instance for whose client provider an application is made: one that it is to call, or any.
    pub(crate) async fn instance(&self, link: &Link) -> Result<Option<u64>, Fault> {
        let (apis, _) = self.apis(link, 0, 1).await?;
        Ok(apis.iter().find(|api| !api.deprecated).map(|api: &rows::Api| api.id))
    }
}

/// Makes calls, some at once: all of them are tried, and the first fault is told.
pub(crate) async fn all<T>(calls: Vec<impl Future<Output = Result<T, Fault>>>) -> Result<Vec<T>, Fault> {
    let done: Vec<Result<T, Fault>> = stream::iter(calls).buffer_unordered(CALLS_AT_ONCE).collect().await;
    done.into_iter().collect()
}
