//! A key, as the API shows it.

use chrono::{DateTime, Utc};
use gatewright_types::access::{Environment, KeyStatus};
use gatewright_types::address::Cidr;
use gatewright_types::ids::{ConsumerId, GatewayId, KeyId, ProductId, SubscriptionId};
use gatewright_types::text_enum;
use serde::Serialize;
use utoipa::ToSchema;

text_enum! {
    /// What the credential is made of.
    pub enum AccessorType {
        /// One secret, sent as it is.
        BearerToken = "BEARER_TOKEN",
        /// A client id, which is no secret, and a client secret.
        ClientCredentials = "CLIENT_CREDENTIALS",
    }
}

/// An API key; never its secret.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApiKey {
    /// Its id; stays the same through every rotation.
    pub id: KeyId,
    /// What it is made of.
    pub accessor_type: AccessorType,
    /// Where it may be used.
    pub environment: Environment,
    /// A name for people.
    pub name: String,
    /// Where it stands.
    pub status: KeyStatus,
    /// How many secrets it has had.
    pub secret_version: i32,
    /// What its secret starts with.
    pub prefix: String,
    /// What its secret ends with.
    pub last_four: String,
    /// Of a pair: its public half, which stays the same through every rotation.
    pub client_id: Option<String>,
    /// Narrows it to these products; null for all of its subscriptions'.
    pub product_ids: Option<Vec<ProductId>>,
    /// From where it may be used; null for anywhere.
    pub allowed_addresses: Option<Vec<Cidr>>,
    /// From when on it is refused.
    pub expires_at: Option<DateTime<Utc>>,
    /// Since when it waits for a rotation: its secret leaked and was taken away.
    pub secret_withdrawn_at: Option<DateTime<Utc>>,
    /// Until when its old secret is valid, while it is being rotated.
    pub old_secret_valid_until: Option<DateTime<Utc>>,
    /// What gives it its right to exist.
    pub subscription_ids: Vec<SubscriptionId>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
}

/// What binds a key to a subscription.
#[derive(Clone, Copy, Debug)]
pub struct NewBinding {
    /// The subscription.
    pub subscription_id: SubscriptionId,
    /// For an API consumer: the one gateway it may call, and its name there.
    pub consumer: Option<(GatewayId, ConsumerId)>,
}
