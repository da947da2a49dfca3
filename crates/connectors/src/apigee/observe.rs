//! What an Apigee has of an application: its developer and its app, which shows its keys.

use std::collections::BTreeSet;

use futures_util::future::join;
use secrecy::SecretString;

use super::Apigee;
use super::client::Ask;
use super::names::Names;
use super::rows::{App, Developer, Key};
use crate::fault::{Fault, FaultKind};
use crate::link::Link;
use crate::model::{Application, Observed, ObservedCredential};

impl Apigee {
    /// What is there of an application.
    pub(crate) async fn observe(&self, link: &Link, application: &Application) -> Result<Observed, Fault> {
        let names = self.names(application);
        let (developer, app) = join(self.developer(link, &names), self.app(link, &names)).await;
        let (Some(developer), Some(app)) = (developer?, app?) else {
            return Ok(Observed::default());
        };
        Ok(observed(&names, &developer, &app, link))
    }

    /// Our developer; a stranger at its address is refused.
    pub(crate) async fn developer(&self, link: &Link, names: &Names) -> Result<Option<Developer>, Fault> {
        let ask = Ask::get("developer.get", names.developer_path());
        let developer: Option<Developer> = self.caller.found(link, ask).await?;
        if let Some(developer) = &developer {
            names.check_developer(developer)?;
        }
        Ok(developer)
    }

    /// Our app with its keys; a stranger with its name is refused.
    pub(crate) async fn app(&self, link: &Link, names: &Names) -> Result<Option<App>, Fault> {
        let ask = Ask::get("app.get", names.app_path()).secret();
        let app: Option<App> = self.caller.found(link, ask).await?;
        if let Some(app) = &app {
            names.check_app(app)?;
        }
        Ok(app)
    }

    /// Our app where it has to be there.
    pub(crate) async fn the_app(&self, link: &Link, names: &Names) -> Result<App, Fault> {
        let gone = || Fault::new(FaultKind::NotFound, format!("the app {} is not there", names.app()));
        self.app(link, names).await?.ok_or_else(gone)
    }

    /// Reads a key again.
    pub(crate) async fn read_secret(
        &self,
        link: &Link,
        application: &Application,
        credential: &ObservedCredential,
    ) -> Result<Option<SecretString>, Fault> {
        let app = self.app(link, &self.names(application)).await?;
        let mut keys = app.into_iter().flat_map(|app| app.credentials);
        let key = keys.find(|key| key.handle() == credential.remote_id);
        Ok(key.map(|key| key.consumer_key))
    }
}

/// Puts together what was found of an app of ours.
pub(crate) fn observed(names: &Names, developer: &Developer, app: &App, link: &Link) -> Observed {
    let misnamed = !names.are_on_app(app) || !names.are_on_developer(developer);
    let ours = |key: &&Key| names.number_of(key).is_some();
    Observed {
        exists: true,
        remote_id: Some(app.app_id.clone()),
        suspended: !app.is_approved(),
        // Its keys are refused although the app is not suspended, and would be admitted if the developer came back.
        unsettled: app.is_approved() && !developer.is_active(),
        misnamed: misnamed || names.auto_keys(app).next().is_some(),
        scope: app.credentials.iter().filter(ours).flat_map(opens).collect(),
        credentials: app.credentials.iter().map(|key| credential(names, key, link)).collect(),
    }
}

fn credential(names: &Names, key: &Key, link: &Link) -> ObservedCredential {
    ObservedCredential {
        number: names.number_of(key),
        remote_id: key.handle(),
        fingerprint: Some(key.fingerprint()),
        disabled: !key.is_approved(),
        expires_in_seconds: key.expires_in_seconds(link.clock().now_ms()),
        scope: opens(key),
    }
}

pub(crate) fn opens(key: &Key) -> BTreeSet<String> {
    key.opens().map(str::to_owned).collect()
}
