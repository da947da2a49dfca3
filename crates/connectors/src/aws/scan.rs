//! Everything of ours, and everything that could become ours.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream::{self, StreamExt, TryStreamExt};
use gatewright_types::ids::{CustomerId, GatewayId, SubscriptionId};
use secrecy::ExposeSecret;
use uuid::Uuid;

use super::AwsApiGateway;
use super::client::{Ask, CALLS_AT_ONCE};
use super::names::{Names, is_gatewrights, is_marked, subscription_of};
use super::observe::{Held, observed};
use super::rows::{Identified, Key};
use crate::fault::{Fault, FaultKind};
use crate::link::Link;
use crate::model::{Adoptable, AdoptableKey, AdoptedKey, Application, Page, Scanned, fingerprint};
use crate::wire::segment;

/// Most keys that are read: a region has 10,000, which AWS does not raise.
pub(crate) const KEYS_MAX: usize = 20_000;
/// Keys on a page of what could be taken over: each costs a call.
pub(crate) const ADOPTABLE_PER_PAGE: u32 = 50;

impl AwsApiGateway {
    /// All that carries a connection's mark, on one page: an application is its keys, and AWS lists those in no order of
    /// ours, so which belong together shows when all are known. Twenty calls for a full region, and those for the plans.
    pub(crate) async fn scan(&self, link: &Link, connection_id: GatewayId) -> Result<Page<Scanned>, Fault> {
        let ask = || Ask::get("key.list", "/apikeys").with("includeValues", "true").secret();
        let keys: Vec<Key> = self.caller.all(link, ask, KEYS_MAX).await?;
        let marked = keys.into_iter().filter(|key| is_marked(connection_id, key));
        let mut keys = Vec::new();
        for key in marked {
            // A list that leaves tags out says nothing about whose a key is.
            keys.push(match key.tags {
                None => self.key(link, &key.id).await?.unwrap_or(key),
                Some(_) => key,
            });
        }
        let mut plans = self.plans_of_all(link, &keys).await?;
        let mut applications: BTreeMap<SubscriptionId, Vec<Held>> = BTreeMap::new();
        let mut nameless = Vec::new();
        for key in keys {
            let plans = plans.remove(&key.id).unwrap_or_default();
            match subscription_of(connection_id, key.name()) {
                Some(id) => applications.entry(id).or_default().push(Held { key, plans }),
                // It has our tags, and somebody gave it another name: no step finds it any more.
                None => nameless.push(Scanned {
                    subscription_id: None,
                    name: key.name().to_owned(),
                    observed: Default::default(),
                }),
            }
        }
        let applications = applications.into_iter().map(|(subscription_id, held)| {
            let application = Application {
                connection_id,
                // Nothing that is looked at here depends on whose it is.
                customer_id: CustomerId::from_uuid(Uuid::nil()),
                subscription_id,
            };
            Scanned {
                subscription_id: Some(subscription_id),
                name: application.name(),
                observed: observed(&Names::of(&application), held),
            }
        });
        Ok(Page {
            items: applications.chain(nameless).collect(),
            next: None,
        })
    }

    /// The plans of keys: asked by key or by plan, whichever takes fewer calls.
    async fn plans_of_all(&self, link: &Link, keys: &[Key]) -> Result<BTreeMap<String, BTreeSet<String>>, Fault> {
        let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let plans = self.plans(link).await?;
        if keys.len() <= plans.len() {
            for key in keys {
                found.insert(key.id.clone(), self.plans_of(link, &key.id).await?);
            }
            return Ok(found);
        }
        for plan in plans.into_keys() {
            let path = format!("/usageplans/{}/keys", segment(&plan));
            // The answer holds the values, which are not read.
            let ask = || Ask::get("plan.keys", path.clone()).secret();
            let members: Vec<Identified> = self.caller.all(link, ask, KEYS_MAX).await?;
            for member in members {
                found.entry(member.id).or_default().insert(plan.clone());
            }
        }
        Ok(found)
    }

    /// A page of keys that no Gatewright made. It may be empty and not the last.
    pub(crate) async fn adoptable(&self, link: &Link, cursor: Option<String>) -> Result<Page<Adoptable>, Fault> {
        let ask = Ask::get("key.list", "/apikeys").with("includeValues", "true").secret();
        let page: Page<Key> = self.caller.page(link, ask, ADOPTABLE_PER_PAGE, cursor).await?;
        let strangers = page.items.into_iter().filter(|key| !is_gatewrights(key));
        let found = stream::iter(strangers).map(|key| self.with_plans(link, key));
        Ok(Page {
            items: found.buffered(CALLS_AT_ONCE).try_collect().await?,
            next: page.next,
        })
    }

    /// One of them.
    pub(crate) async fn stranger(&self, link: &Link, remote_id: &str) -> Result<Option<Adoptable>, Fault> {
        match self.key(link, remote_id).await? {
            Some(key) if !is_gatewrights(&key) => Ok(Some(self.with_plans(link, key).await?)),
            _ => Ok(None),
        }
    }

    /// Takes away a key of somebody else's, if it is still the one that was given to us: two keys cannot have one value.
    pub(crate) async fn release(&self, link: &Link, adopted: &AdoptedKey) -> Result<(), Fault> {
        let Some(key) = self.key(link, &adopted.remote_id).await? else {
            return Ok(());
        };
        let value = key
            .value
            .as_ref()
            .map(|secret| fingerprint(secret.expose_secret().as_bytes()));
        if is_gatewrights(&key) || (adopted.fingerprint.is_some() && adopted.fingerprint != value) {
            let words = "the key was changed since it was adopted: whoever did that has to say what becomes of it";
            return Err(Fault::new(FaultKind::Foreign, words));
        }
        self.remove_all(link, vec![key.id]).await
    }

    /// A key is a consumer of its own: AWS knows no other.
    async fn with_plans(&self, link: &Link, key: Key) -> Result<Adoptable, Fault> {
        let Held { key, plans } = self.held(link, key).await?;
        Ok(Adoptable {
            name: key.name.clone().unwrap_or_else(|| key.id.clone()),
            remote_id: key.id.clone(),
            scope: plans,
            keys: vec![AdoptableKey {
                remote_id: key.id,
                secret: key.value,
                expires_in_seconds: None,
            }],
        })
    }
}
