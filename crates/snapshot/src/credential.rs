//! What the control plane tells a node about one credential.

use gatewright_types::access::{Environment, KeyStatus};
use gatewright_types::address::AddressList;
use gatewright_types::ids::{ConsumerId, CustomerId, GatewayId, KeyId, ProductId, SubscriptionId, TenantId};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

/// Everything that decides whether a credential is admitted; holds no secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Credential {
    /// Rises with every change of who is admitted; of two records of one credential the higher one is true.
    pub version: u64,
    /// The key it is a secret of.
    pub key_id: KeyId,
    /// Whose it is.
    pub tenant_id: TenantId,
    /// Where it may be used.
    pub environment: Environment,
    /// Where the key stands.
    pub status: KeyStatus,
    /// From when on it is refused: milliseconds since 1970. Covers the key's expiry and, for an old
    /// secret, the end of the overlap.
    pub expires_at_ms: Option<i64>,
    /// From where it may be used; none: from anywhere. Apart from the record, because few keys have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_addresses: Option<Box<AddressList>>,
    /// What gives it its right to exist; one entry per live binding.
    ///
    /// The usual one lies in the record itself: a node looks at a cold record with most requests, and
    /// every place in memory that it leads to costs as much as all comparisons together.
    pub grants: SmallVec<[Grant; 1]>,
}

/// One binding of a key, as a node sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Grant {
    /// The subscription behind it.
    pub subscription_id: SubscriptionId,
    /// Whose subscription.
    pub customer_id: CustomerId,
    /// Whether the subscription's state admits.
    pub admitted: bool,
    /// What may be called.
    pub scope: Scope,
}

/// What a grant covers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE", rename_all_fields = "camelCase")]
pub enum Scope {
    /// Routes of these products, on every gateway of the tenant.
    Products(SmallVec<[ProductId; 1]>),
    /// Every route of one gateway: an API consumer.
    Gateway {
        /// The gateway.
        gateway_id: GatewayId,
        /// The API consumer.
        consumer_id: ConsumerId,
    },
}
