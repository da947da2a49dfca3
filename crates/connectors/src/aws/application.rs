//! Steps; and those that are about all keys of an application at once.

use std::collections::BTreeSet;

use futures_util::stream::{self, StreamExt};
use http::Method;
use serde_json::json;

use super::AwsApiGateway;
use super::client::{Ask, CALLS_AT_ONCE};
use super::names::Names;
use super::observe::by_number;
use super::rows::Identified;
use crate::fault::{Fault, FaultKind};
use crate::link::Link;
use crate::model::{Application, Applied, Observed, Step};
use crate::wire::segment;

impl AwsApiGateway {
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
            // There is no such thing: it is what the keys have in common.
            Step::Application => Ok(Applied::default()),
            Step::Scope(plans) => self.narrow(link, &names, plans).await,
            Step::Suspend => self.suspend(link, &names, observed).await,
            Step::Reactivate(plans) => self.reactivate(link, &names, plans).await,
            Step::Credential {
                number, secret, scope, ..
            } => {
                let (number, names) = (*number, &names);
                self.ensure_credential(link, names, number, secret, scope, observed)
                    .await
            }
            Step::Expire { .. } => Err(Fault::new(
                FaultKind::Unsupported,
                "keys of AWS do not end by themselves",
            )),
            Step::DropCredential { number, remote_id } => {
                self.drop_credential(link, &names, *number, remote_id.as_deref(), observed)
                    .await
            }
            Step::DropApplication => self.drop_application(link, &names, observed).await,
        }
    }

    /// Takes every key out of the plans that are not among these. What a key is to gain is its own step.
    async fn narrow(&self, link: &Link, names: &Names, plans: &BTreeSet<String>) -> Result<Applied, Fault> {
        for key in self.keys(link, &names.prefix()).await? {
            if names.ours(&key).is_some() {
                let held = self.held(link, key).await?;
                self.leave(link, &held.key.id, held.plans.difference(plans)).await?;
            }
        }
        Ok(Applied::default())
    }

    /// Disables the keys that were seen working, at once; where not all may have been seen, it looks first.
    async fn suspend(&self, link: &Link, names: &Names, observed: &Observed) -> Result<Applied, Fault> {
        let working = if is_settled(observed) {
            let seen = observed.credentials.iter();
            let seen = seen.filter(|one| one.number.is_some() && !one.disabled);
            seen.map(|one| one.remote_id.clone()).collect()
        } else {
            let keys = self.keys(link, &names.prefix()).await?.into_iter();
            let ours = keys.filter(|key| names.ours(key).is_some() && key.enabled);
            ours.map(|key| key.id).collect::<Vec<_>>()
        };
        let calls = working.iter().map(|id| async move {
            match self.enable(link, id, false).await {
                // It is gone, and so admits nobody.
                Err(fault) if fault.kind == FaultKind::NotFound => Ok(()),
                done => done,
            }
        });
        all(calls.collect()).await?;
        Ok(Applied::default())
    }

    /// Enables the keys again that open something, each after it was taken out of the plans that are not among these; and
    /// removes what lost answers left behind.
    async fn reactivate(&self, link: &Link, names: &Names, plans: &BTreeSet<String>) -> Result<Applied, Fault> {
        let mut held = Vec::new();
        for key in self.keys(link, &names.prefix()).await? {
            held.push(self.held(link, key).await?);
        }
        let (ours, _) = by_number(names, held);
        for mut same in ours.into_values() {
            let extra = same.split_off(1);
            self.remove_all(link, extra.into_iter().map(|one| one.key.id).collect())
                .await?;
            for one in same {
                self.leave(link, &one.key.id, one.plans.difference(plans)).await?;
                if !one.key.enabled && !one.plans.is_disjoint(plans) {
                    self.enable(link, &one.key.id, true).await?;
                }
            }
        }
        Ok(Applied::default())
    }

    /// Deletes every key of an application: those that were seen, where they were all that was to be seen.
    async fn drop_application(&self, link: &Link, names: &Names, observed: &Observed) -> Result<Applied, Fault> {
        if is_settled(observed) && observed.credentials.iter().all(|one| one.number.is_some()) {
            let seen = observed.credentials.iter().map(|one| one.remote_id.clone());
            self.remove_all(link, seen.collect()).await?;
            return Ok(Applied::default());
        }
        let keys = self.keys(link, &names.prefix()).await?;
        let (ours, strangers): (Vec<_>, Vec<_>) = keys.into_iter().partition(|key| names.ours(key).is_some());
        self.remove_all(link, ours.into_iter().map(|key| key.id).collect())
            .await?;
        match strangers.first() {
            None => Ok(Applied::default()),
            Some(stranger) => {
                let words = format!(
                    "the key {} goes by a name of ours and does not carry our tags, so it is not touched; delete it by hand",
                    stranger.id
                );
                Err(Fault::new(FaultKind::Foreign, words))
            }
        }
    }

    /// Deletes keys that were seen to be ours. One that is gone is as good.
    pub(crate) async fn remove_all(&self, link: &Link, ids: Vec<String>) -> Result<(), Fault> {
        let calls = ids.iter().map(|id| async move {
            let ask = Ask::new("key.delete", Method::DELETE, format!("/apikeys/{}", segment(id)));
            self.caller.done(link, ask).await
        });
        all(calls.collect()).await
    }

    /// Enables or disables a key. The value is a text to AWS: a JSON `false` is refused.
    pub(crate) async fn enable(&self, link: &Link, id: &str, enabled: bool) -> Result<(), Fault> {
        let change = json!({ "op": "replace", "path": "/enabled", "value": enabled.to_string() });
        let ask = Ask::new("key.patch", Method::PATCH, format!("/apikeys/{}", segment(id)));
        let ask = ask.body(json!({ "patchOperations": [change] })).repeatable();
        let _: Identified = self.caller.object(link, ask).await?;
        Ok(())
    }
}

/// Whether a look has shown all there is: of several keys with one number it shows one.
pub(crate) const fn is_settled(observed: &Observed) -> bool {
    observed.exists && !observed.unsettled
}

/// Makes calls, some at once: all of them are tried, and the first fault is told.
pub(crate) async fn all<T>(calls: Vec<impl Future<Output = Result<T, Fault>>>) -> Result<(), Fault> {
    let done: Vec<Result<T, Fault>> = stream::iter(calls).buffer_unordered(CALLS_AT_ONCE).collect().await;
    done.into_iter().try_for_each(|one| one.map(|_| ()))
}
