//! What is remembered of providers, so that not every sign-in asks for it again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use gatewright_egress::{Client, Policy};
use gatewright_types::ids::IdentityProviderId;
use jsonwebtoken::jwk::Jwk;

use super::fault::Fault;
use super::metadata::{self, Metadata};
use super::{IdentityProvider, ProviderKind, github};

/// Providers that are remembered; one more, and all of them are asked again.
const KNOWN_MAX: usize = 1024;
/// How long it is believed what a provider said of itself.
const METADATA_LIFE: TimeDelta = TimeDelta::hours(1);
/// How long its keys are believed: one that it withdrew works no longer than that.
const KEYS_LIFE: TimeDelta = TimeDelta::minutes(15);
/// How often at most keys are asked for again because one is unknown.
const KEYS_ASKED_AGAIN_EVERY: TimeDelta = TimeDelta::seconds(30);

/// What asks providers, and remembers. Cloning is cheap; clones remember together.
#[derive(Clone)]
pub struct Providers {
    client: Client,
    known: Arc<Mutex<HashMap<IdentityProviderId, Known>>>,
}

#[derive(Clone)]
struct Known {
    metadata: Arc<Metadata>,
    said_at: DateTime<Utc>,
    keys: Option<KnownKeys>,
    asked_again_at: Option<DateTime<Utc>>,
}

#[derive(Clone)]
struct KnownKeys {
    keys: Arc<Vec<Jwk>>,
    said_at: DateTime<Utc>,
}

/// Providers of one tenant, as far as its requests may go.
#[derive(Clone, Copy)]
pub struct Asking<'a> {
    /// What asks.
    pub providers: &'a Providers,
    /// What it may reach.
    pub policy: &'a Policy,
}

impl Providers {
    /// Knows nothing yet.
    pub fn new(client: Client) -> Self {
        Self {
            client,
            known: Arc::default(),
        }
    }

    fn find(&self, id: IdentityProviderId) -> Option<Known> {
        self.known
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&id)
            .cloned()
    }

    fn change(&self, id: IdentityProviderId, change: impl FnOnce(&mut Known)) {
        if let Some(known) = self.known.lock().unwrap_or_else(PoisonError::into_inner).get_mut(&id) {
            change(known);
        }
    }

    fn remember(&self, id: IdentityProviderId, metadata: &Arc<Metadata>, now: DateTime<Utc>) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KNOWN_MAX && !known.contains_key(&id) {
            known.clear();
        }
        let new = Known {
            metadata: Arc::clone(metadata),
            said_at: now,
            keys: None,
            asked_again_at: None,
        };
        known.insert(id, new);
    }
}

impl Asking<'_> {
    pub(super) const fn client(&self) -> &Client {
        &self.providers.client
    }

    /// What a provider says of itself.
    pub(super) async fn metadata(
        &self,
        provider: &IdentityProvider,
        now: DateTime<Utc>,
    ) -> Result<Arc<Metadata>, Fault> {
        if provider.kind == ProviderKind::GitHub {
            return Ok(Arc::new(github::metadata(&provider.issuer)));
        }
        if let Some(known) = self.providers.find(provider.id)
            && now < known.said_at + METADATA_LIFE
        {
            return Ok(known.metadata);
        }
        let metadata = metadata::discover(self.client(), self.policy, &provider.issuer).await?;
        let metadata = Arc::new(metadata);
        self.providers.remember(provider.id, &metadata, now);
        Ok(metadata)
    }

    /// The keys that a provider signs with.
    pub(super) async fn keys(
        &self,
        id: IdentityProviderId,
        url: &str,
        now: DateTime<Utc>,
    ) -> Result<Arc<Vec<Jwk>>, Fault> {
        let known = self.providers.find(id).and_then(|known| known.keys);
        match known {
            Some(known) if now < known.said_at + KEYS_LIFE => Ok(known.keys),
            _ => self.ask_for_keys(id, url, now).await,
        }
    }

    /// The keys that it signs with now, where one was unknown; none where that was asked a moment ago.
    pub(super) async fn keys_again(
        &self,
        id: IdentityProviderId,
        url: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<Arc<Vec<Jwk>>>, Fault> {
        let last = self.providers.find(id).and_then(|known| known.asked_again_at);
        if last.is_some_and(|last| now < last + KEYS_ASKED_AGAIN_EVERY) {
            return Ok(None);
        }
        self.providers.change(id, |known| known.asked_again_at = Some(now));
        Ok(Some(self.ask_for_keys(id, url, now).await?))
    }

    async fn ask_for_keys(
        &self,
        id: IdentityProviderId,
        url: &str,
        now: DateTime<Utc>,
    ) -> Result<Arc<Vec<Jwk>>, Fault> {
        let keys = Arc::new(metadata::keys(self.client(), self.policy, url).await?);
        let new = KnownKeys {
            keys: Arc::clone(&keys),
            said_at: now,
        };
        self.providers.change(id, |known| known.keys = Some(new));
        Ok(keys)
    }
}
