//! A credential's record, as a core keeps it.

use std::sync::Arc;

use gatewright_snapshot::{Admitted, Credential, Scope};
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
    identities: Vec<Identity>,
}

impl Held {
    /// Keeps a record that was true at `answered_at_ms`.
    pub(crate) fn new(credential: Arc<Credential>, answered_at_ms: i64) -> Self {
        let key = text(&credential.key_id);
        let identities = credential
            .grants
            .iter()
            .map(|grant| Identity {
                customer: text(&grant.customer_id),
                subscription: text(&grant.subscription_id),
                consumer: match &grant.scope {
                    Scope::Products(_) => None,
                    Scope::Gateway { consumer_id, .. } => Some(text(consumer_id)),
                },
                key: key.clone(),
            })
            .collect();
        Self {
            credential,
            answered_at_ms,
            identities,
        }
    }

    /// What the upstream is told when this record was admitted.
    pub(crate) fn identity(&self, admitted: &Admitted<'_>) -> Option<&Identity> {
        self.identities.get(admitted.grant_at)
    }
}

fn text(id: &impl std::fmt::Display) -> HeaderValue {
    HeaderValue::from_str(&id.to_string()).expect("an id is visible ASCII")
}
