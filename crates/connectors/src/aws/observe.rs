//! What AWS has of an application: its keys by their names' beginning, and the plans of each.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream::{self, StreamExt, TryStreamExt};
use secrecy::{ExposeSecret, SecretString};

use super::AwsApiGateway;
use super::client::{Ask, CALLS_AT_ONCE};
use super::names::Names;
use super::rows::{Key, Plan};
use crate::fault::Fault;
use crate::link::Link;
use crate::model::{Application, Observed, ObservedCredential, fingerprint};
use crate::wire::segment;

/// Most keys whose names begin like those of one application.
const KEYS_OF_AN_APPLICATION_MAX: usize = 1_000;
/// Most plans of a key: ten, and nobody knows of more.
const PLANS_OF_A_KEY_MAX: usize = 100;

/// A key with the plans that it is in.
pub(crate) struct Held {
    pub(crate) key: Key,
    pub(crate) plans: BTreeSet<String>,
}

impl AwsApiGateway {
    /// What is there of an application.
    pub(crate) async fn observe(&self, link: &Link, application: &Application) -> Result<Observed, Fault> {
        let names = Names::of(application);
        let keys = self.keys(link, &names.prefix()).await?;
        let held = stream::iter(keys).map(|key| self.held(link, key));
        let held: Vec<Held> = held.buffered(CALLS_AT_ONCE).try_collect().await?;
        Ok(observed(&names, held))
    }

    /// Keys whose names begin so, with their values and their tags.
    pub(crate) async fn keys(&self, link: &Link, prefix: &str) -> Result<Vec<Key>, Fault> {
        let ask = || {
            Ask::get("key.list", "/apikeys")
                .with("name", prefix)
                .with("includeValues", "true")
                .secret()
        };
        let mut keys: Vec<Key> = self.caller.all(link, ask, KEYS_OF_AN_APPLICATION_MAX).await?;
        for key in &mut keys {
            // A list that leaves tags out says nothing about whose a key is.
            if key.tags.is_none()
                && let Some(whole) = self.key(link, &key.id).await?
            {
                *key = whole;
            }
        }
        Ok(keys)
    }

    pub(crate) async fn key(&self, link: &Link, id: &str) -> Result<Option<Key>, Fault> {
        let ask = Ask::get("key.get", format!("/apikeys/{}", segment(id))).with("includeValue", "true");
        self.caller.find(link, ask.secret()).await
    }

    pub(crate) async fn held(&self, link: &Link, key: Key) -> Result<Held, Fault> {
        let plans = self.plans_of(link, &key.id).await?;
        Ok(Held { key, plans })
    }

    pub(crate) async fn plans_of(&self, link: &Link, key_id: &str) -> Result<BTreeSet<String>, Fault> {
        let ask = || Ask::get("plan.list", "/usageplans").with("keyId", key_id);
        let plans: Vec<Plan> = self.caller.all(link, ask, PLANS_OF_A_KEY_MAX).await?;
        Ok(plans.into_iter().map(|plan| plan.id).collect())
    }

    /// Reads a key again.
    pub(crate) async fn read_secret(
        &self,
        link: &Link,
        application: &Application,
        credential: &ObservedCredential,
    ) -> Result<Option<SecretString>, Fault> {
        let names = Names::of(application);
        let key = self.key(link, &credential.remote_id).await?;
        Ok(key.filter(|key| names.ours(key).is_some()).and_then(|key| key.value))
    }
}

/// Puts together what was found under an application's name.
pub(crate) fn observed(names: &Names, held: Vec<Held>) -> Observed {
    if held.is_empty() {
        return Observed::default();
    }
    let (ours, strangers) = by_number(names, held);
    let enabled = ours.values().flatten().filter(|one| one.key.enabled).count();
    let all = ours.values().map(Vec::len).sum::<usize>();
    let credentials = ours
        .iter()
        .filter_map(|(number, same)| Some((Some(*number), same.first()?)));
    let credentials = credentials.chain(strangers.iter().map(|one| (None, one)));
    let credentials: Vec<ObservedCredential> = credentials.map(|(number, one)| credential(number, one)).collect();
    Observed {
        exists: true,
        remote_id: None,
        suspended: all > 0 && enabled == 0,
        // Some are disabled and some are not; or a lost answer left a second key of a number.
        unsettled: (enabled > 0 && enabled < all) || all > ours.len(),
        misnamed: false,
        scope: ours.values().flatten().flat_map(|one| one.plans.clone()).collect(),
        credentials,
    }
}

/// Our keys by their numbers, and those that only go by our name.
///
/// Of several with one number, which a lost answer leaves behind, the first is the one that was told to somebody: it works,
/// or it did, or it was the first.
pub(crate) fn by_number(names: &Names, held: Vec<Held>) -> (BTreeMap<u32, Vec<Held>>, Vec<Held>) {
    let mut ours: BTreeMap<u32, Vec<Held>> = BTreeMap::new();
    let mut strangers = Vec::new();
    for one in held {
        match names.ours(&one.key) {
            Some(number) => ours.entry(number).or_default().push(one),
            None => strangers.push(one),
        }
    }
    for same in ours.values_mut() {
        same.sort_by(|one, other| {
            let rank = |held: &Held| (!held.key.enabled, held.plans.is_empty());
            let created = || one.key.created.total_cmp(&other.key.created);
            let by_id = || one.key.id.cmp(&other.key.id);
            rank(one).cmp(&rank(other)).then_with(created).then_with(by_id)
        });
    }
    (ours, strangers)
}

fn credential(number: Option<u32>, held: &Held) -> ObservedCredential {
    let value = held.key.value.as_ref();
    ObservedCredential {
        number,
        remote_id: held.key.id.clone(),
        fingerprint: value.map(|secret| fingerprint(secret.expose_secret().as_bytes())),
        disabled: !held.key.enabled,
        expires_in_seconds: None,
        scope: held.plans.clone(),
    }
}
