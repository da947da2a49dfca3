//! What a Kong has of an application: four looks at once.

use std::collections::BTreeSet;

use futures_util::future::join4;
use secrecy::{ExposeSecret, SecretString};

use super::Kong;
use super::client::Ask;
use super::names::Names;
use super::rows::{Consumer, Key, Membership, Plugin};
use super::settings::SuspendBy;
use crate::fault::{Fault, FaultKind};
use crate::link::Link;
use crate::model::{Application, Observed, ObservedCredential, fingerprint};
use crate::wire::segment;

/// Most keys, and most groups, of one consumer.
pub(crate) const ROWS_OF_A_CONSUMER_MAX: usize = 10_000;

impl Kong {
    /// What is there of an application.
    pub(crate) async fn observe(&self, link: &Link, application: &Application) -> Result<Observed, Fault> {
        let names = Names::of(application);
        let id = names.consumer_id();
        let (consumer, keys, memberships, suspension) = join4(
            self.consumer(link, &id),
            self.keys(link, &id),
            self.memberships(link, &id),
            self.suspension(link, &names),
        )
        .await;
        let Some(consumer) = consumer? else {
            return Ok(Observed::default());
        };
        names.check_ours(&consumer)?;
        Ok(self.observed(&consumer, Some(&names), keys?, memberships?, suspension?))
    }

    /// Puts together what was found of a consumer of ours; `names` is none when it goes by no name of our making.
    pub(crate) fn observed(
        &self,
        consumer: &Consumer,
        names: Option<&Names>,
        keys: Vec<Key>,
        memberships: Vec<Membership>,
        suspension: Option<Plugin>,
    ) -> Observed {
        let scope: BTreeSet<String> = memberships.into_iter().map(|row| row.group).collect();
        let stopped = suspension.is_some_and(|plugin| plugin.enabled);
        let (suspended, unsettled) = match self.settings.suspend_by {
            // Nothing was given yet, and nothing was taken: that is no half of anything.
            SuspendBy::AclAndPlugin if keys.is_empty() && !stopped => (false, false),
            SuspendBy::AclAndPlugin => (stopped && scope.is_empty(), stopped != scope.is_empty()),
            SuspendBy::Acl => (scope.is_empty(), stopped && !scope.is_empty()),
        };
        Observed {
            exists: true,
            remote_id: Some(consumer.id.clone()),
            suspended,
            unsettled,
            misnamed: names.is_none_or(|names| !names.are_on(consumer)),
            scope,
            credentials: keys.into_iter().map(|key| observed_credential(names, key)).collect(),
        }
    }

    pub(crate) async fn consumer(&self, link: &Link, id: &str) -> Result<Option<Consumer>, Fault> {
        let ask = Ask::new("consumer.get", format!("/consumers/{}", segment(id)));
        self.caller.get(link, ask).await
    }

    pub(crate) async fn keys(&self, link: &Link, id: &str) -> Result<Vec<Key>, Fault> {
        let path = format!("/consumers/{}/key-auth", segment(id));
        let keys = self.caller.all(link, "key.list", &path, ROWS_OF_A_CONSUMER_MAX).await?;
        Ok(keys.unwrap_or_default())
    }

    pub(crate) async fn memberships(&self, link: &Link, id: &str) -> Result<Vec<Membership>, Fault> {
        let path = format!("/consumers/{}/acls", segment(id));
        let rows = self.caller.all(link, "acl.list", &path, ROWS_OF_A_CONSUMER_MAX).await?;
        Ok(rows.unwrap_or_default())
    }

    pub(crate) async fn suspension(&self, link: &Link, names: &Names) -> Result<Option<Plugin>, Fault> {
        let path = format!("/consumers/{}/plugins/{}", names.consumer_id(), names.suspension_id());
        self.caller.get(link, Ask::new("plugin.get", path)).await
    }

    pub(crate) async fn key(&self, link: &Link, consumer_id: &str, id: &str) -> Result<Option<Key>, Fault> {
        let path = format!("/consumers/{}/key-auth/{}", segment(consumer_id), segment(id));
        self.caller.get(link, Ask::new("key.get", path).secret()).await
    }

    /// Reads a key again.
    pub(crate) async fn read_secret(
        &self,
        link: &Link,
        application: &Application,
        credential: &ObservedCredential,
    ) -> Result<Option<SecretString>, Fault> {
        let consumer_id = Names::of(application).consumer_id();
        let key = self.key(link, &consumer_id, &credential.remote_id).await?;
        Ok(key.and_then(|key| key.key))
    }
}

impl Names {
    /// Refuses a consumer that has our id and not our mark: somebody made it, or took our mark off.
    pub(crate) fn check_ours(&self, consumer: &Consumer) -> Result<(), Fault> {
        if consumer.id == self.consumer_id() && consumer.has_tag(&self.mark()) {
            return Ok(());
        }
        let words = format!(
            "the consumer {} does not carry the tag {}, so it is not touched",
            consumer.id,
            self.mark()
        );
        Err(Fault::new(FaultKind::Foreign, words))
    }
}

fn observed_credential(names: Option<&Names>, key: Key) -> ObservedCredential {
    ObservedCredential {
        number: names.and_then(|names| names.number_of(&key.id, key.tags.as_deref())),
        fingerprint: key
            .key
            .as_ref()
            .map(|secret| fingerprint(secret.expose_secret().as_bytes())),
        disabled: false,
        expires_in_seconds: key.expires_in_seconds(),
        scope: BTreeSet::new(),
        remote_id: key.id,
    }
}
