//! What could become ours: subscriptions that no Gatewright made, with their keys.

use std::collections::BTreeSet;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use secrecy::ExposeSecret;
use serde_json::json;

use super::Azure;
use super::client::{Ask, CALLS_AT_ONCE};
use super::names::{is_gatewrights, scope_of};
use super::observe::{remote_id, side_of};
use super::rows::{Named, Subscription};
use super::slots::Side;
use crate::fault::{Fault, FaultKind};
use crate::link::Link;
use crate::model::{Adoptable, AdoptableKey, AdoptedKey, Page, fingerprint};
use crate::wire::segment;

/// Subscriptions on a page that costs a call for each.
const STRANGERS_PER_PAGE: u32 = 25;
/// The subscription that every service has for whoever runs it; it opens everything and belongs to nobody.
const BUILT_IN: &str = "master";

impl Azure {
    /// A page of subscriptions that no Gatewright made. It may be empty and not the last.
    pub(crate) async fn adoptable(&self, link: &Link, cursor: Option<String>) -> Result<Page<Adoptable>, Fault> {
        let page = self
            .subscriptions(link, "/subscriptions", (STRANGERS_PER_PAGE, cursor))
            .await?;
        let strangers = page.items.into_iter().filter(is_stranger);
        let found = stream::iter(strangers).map(|one| self.with_keys(link, one));
        Ok(Page {
            items: found.buffered(CALLS_AT_ONCE).try_collect().await?,
            next: page.next,
        })
    }

    /// One of them.
    pub(crate) async fn stranger(&self, link: &Link, remote_id: &str) -> Result<Option<Adoptable>, Fault> {
        match self.subscription(link, &segment(remote_id)).await? {
            Some(found) if is_stranger(&found.object) => Ok(Some(self.with_keys(link, found.object).await?)),
            _ => Ok(None),
        }
    }

    async fn with_keys(&self, link: &Link, one: Named<Subscription>) -> Result<Adoptable, Fault> {
        let keys = self.keys(link, segment(&one.name)).await?;
        let of = |side: Side| {
            let secret = side.of(keys.as_ref()?)?.clone();
            Some(AdoptableKey {
                remote_id: remote_id(&one.name, side),
                secret: Some(secret),
                expires_in_seconds: None,
            })
        };
        Ok(Adoptable {
            keys: Side::BOTH.into_iter().filter_map(of).collect(),
            scope: BTreeSet::from([scope_of(&one.properties.scope)]),
            name: one.properties.display_name.unwrap_or_else(|| one.name.clone()),
            remote_id: one.name,
        })
    }

    /// Overwrites a key of somebody else's subscription, if it is still the one that was given to us; the rest of the
    /// subscription stays as it is.
    pub(crate) async fn release(&self, link: &Link, key: &AdoptedKey) -> Result<(), Fault> {
        let sid = segment(&key.consumer_id);
        let Some(side) = side_of(&key.consumer_id, &key.remote_id) else {
            return Err(Fault::new(FaultKind::Invalid, "it is no key of a subscription"));
        };
        let Some(found) = self.subscription(link, &sid).await? else {
            return Ok(());
        };
        let keys = self.keys(link, sid.clone()).await?;
        let Some(now) = keys.as_ref().and_then(|keys| side.of(keys)) else {
            return Ok(());
        };
        let instead = self.instead_of(key);
        if now.expose_secret() == instead {
            return Ok(());
        }
        let now = fingerprint(now.expose_secret().as_bytes());
        if key.fingerprint.is_some_and(|expected| expected != now) {
            let words = "the key was changed since it was adopted: whoever did that has to say what becomes of it";
            return Err(Fault::new(FaultKind::Foreign, words));
        }
        let ask = Ask::new("write.subscription", format!("/subscriptions/{sid}?notify=false")).secret();
        let ask = ask.body(&json!({ side.property(): instead })).if_match(&found.etag);
        self.caller.patch(link, ask).await.map(drop)
    }

    /// What is put where an adopted key was: always the same, so that doing it again after a lost answer is known for that,
    /// and known to nobody without our own secret.
    fn instead_of(&self, key: &AdoptedKey) -> String {
        let own = fingerprint(self.caller.client_secret().expose_secret().as_bytes());
        let was = key.fingerprint.unwrap_or_default();
        let seed = [&own[..], &was[..], key.remote_id.as_bytes()].concat();
        fingerprint(&seed).iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Whether no Gatewright made it, and its keys open something: adopted, those of a suspended one would open it again.
fn is_stranger(one: &Named<Subscription>) -> bool {
    !is_gatewrights(&one.name) && one.name != BUILT_IN && one.properties.state == "active"
}
