//! A credential's record, as a core keeps it.

use std::cell::Cell;
use std::sync::Arc;

use bytes::Bytes;
use gatewright_snapshot::access_change::CREDENTIAL_VALID_MS;
use gatewright_snapshot::{Admitted, Credential, Grant, Scope};
use http::HeaderValue;

/// What the upstream is told about who calls; rendered once per record, not per request.
#[derive(Debug)]
pub(crate) struct Identity {
    /// `X-Gatewright-Customer`.
    pub(crate) customer: HeaderValue,
    /// `X-Gatewright-Subscription`.
    pub(crate) subscription: HeaderValue,
    /// `X-Gatewright-Consumer`, for API consumers only.
    pub(crate) consumer: Option<HeaderValue>,
    /// `X-Gatewright-Key-Id`.
    pub(crate) key: HeaderValue,
}

/// A record and what is derived from it.
#[derive(Debug)]
pub(crate) struct Held {
    /// The record.
    pub(crate) credential: Arc<Credential>,
    /// When the control plane said so.
    pub(crate) answered_at_ms: i64,
    /// From when on it is asked about again.
    pub(crate) refresh_at_ms: Cell<i64>,
    identities: Vec<Identity>,
}

impl Held {
    /// Keeps a record that was true at `answered_at_ms`.
    pub(crate) fn new(credential: Arc<Credential>, answered_at_ms: i64) -> Self {
        let identities = credential
            .grants
            .iter()
            .map(|grant| Identity::new(&credential, grant))
            .collect();
        Self {
            credential,
            answered_at_ms,
            refresh_at_ms: Cell::new(answered_at_ms),
            identities,
        }
    }

    /// Whether the control plane's word still stands.
    pub(crate) fn is_valid(&self, now_ms: i64) -> bool {
        now_ms.saturating_sub(self.answered_at_ms) < CREDENTIAL_VALID_MS
    }

    /// What the upstream is told when this record was admitted.
    pub(crate) fn identity(&self, admitted: &Admitted<'_>) -> Option<&Identity> {
        self.identities.get(admitted.grant_at)
    }
}

impl Identity {
    fn new(credential: &Credential, grant: &Grant) -> Self {
        let consumer = match &grant.scope {
            Scope::Products(_) => None,
            Scope::Gateway { consumer_id, .. } => Some(consumer_id.to_string()),
        };
        let customer = grant.customer_id.to_string();
        let subscription = grant.subscription_id.to_string();
        let key = credential.key_id.to_string();
        // All in one piece of memory with one count of references: they are always used together.
        let whole = [
            customer.as_str(),
            &subscription,
            &key,
            consumer.as_deref().unwrap_or_default(),
        ]
        .concat();
        let whole = Bytes::from(whole);
        // The first clone of a `Bytes` that was a `Vec` allocates its count; later ones are cheap.
        let mut rest = whole.clone();
        let mut next =
            |length: usize| HeaderValue::from_maybe_shared(rest.split_to(length)).expect("an id is visible ASCII");
        Self {
            customer: next(customer.len()),
            subscription: next(subscription.len()),
            key: next(key.len()),
            consumer: consumer.map(|consumer| next(consumer.len())),
        }
    }
}
