//! `POST /subscriptions`

use axum::response::Response;
use chrono::{DateTime, Utc};
use gatewright_catalog::CatalogError;
use gatewright_catalog::model::Subscription;
use gatewright_credentials::CredentialError;
use gatewright_credentials::issue::NewKey;
use gatewright_credentials::model::AccessorType;
use gatewright_native::nodes::Effects;
use gatewright_native::{NativeError, access};
use gatewright_types::Environment;
use gatewright_types::address::Cidr;
use gatewright_types::ids::{CustomerId, PlanId, ProductId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::reveal::RevealedKey;
use crate::work::Command;

/// Name of a subscription's first key when none is given.
const KEY_NAME_DEFAULT: &str = "default";

/// What a subscription is made from.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewSubscription {
    /// Who buys.
    customer_id: CustomerId,
    /// Which plan; its current version.
    plan_id: PlanId,
    /// Whether it begins at once, ACTIVE or TRIALING, or waits as CREATED; true when absent.
    #[schema(default = true)]
    activate: Option<bool>,
    /// Its first key.
    #[serde(default)]
    key: KeyRequest,
}

/// How a key is wanted.
#[derive(Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct KeyRequest {
    /// A name for people; `default` when absent.
    #[schema(min_length = 1, max_length = 200, default = "default")]
    name: Option<String>,
    /// What it is made of: one secret, or a client id and a client secret; BEARER_TOKEN when absent.
    #[schema(default = "BEARER_TOKEN")]
    accessor_type: Option<AccessorType>,
    /// Where it may be used; LIVE when absent.
    #[schema(default = "LIVE")]
    environment: Option<Environment>,
    /// Narrows it to these products of the plan; null for all.
    product_ids: Option<Vec<ProductId>>,
    /// From where it may be used: 1 to 64 addresses or ranges; null for anywhere.
    allowed_addresses: Option<Vec<Cidr>>,
    /// From when on it is refused; null for never.
    expires_at: Option<DateTime<Utc>>,
}

impl From<KeyRequest> for NewKey {
    fn from(request: KeyRequest) -> Self {
        Self {
            name: request.name.unwrap_or_else(|| KEY_NAME_DEFAULT.to_owned()),
            accessor_type: request.accessor_type.unwrap_or(AccessorType::BearerToken),
            environment: request.environment.unwrap_or(Environment::Live),
            product_ids: request.product_ids,
            allowed_addresses: request.allowed_addresses,
            expires_at: request.expires_at,
        }
    }
}

/// A subscription with its first key.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Subscribed {
    #[serde(flatten)]
    subscription: Subscription,
    /// The key, with its secret.
    api_key: RevealedKey,
}

/// Subscribe a customer to a plan; the answer reveals the subscription's first key, once.
#[utoipa::path(post, path = "/subscriptions", tag = "Subscriptions", request_body = NewSubscription, responses((status = 201, description = "The subscription and its key", body = Subscribed)))]
pub(crate) async fn create_subscription(command: Command<NewSubscription>) -> Result<Response, ApiError> {
    let (mut work, new) = command.begin().await?;
    let activate = new.activate.unwrap_or(true);
    let (subscription, revealed) = access::subscribe(work.tx(), new.customer_id, new.plan_id, activate, new.key.into())
        .await
        .map_err(below_key)?;
    work.created(
        &Subscribed {
            subscription,
            api_key: revealed.into(),
        },
        Effects::default(),
    )
    .await
}

/// What is wrong with the key stands below `/key` in this body.
fn below_key(error: NativeError) -> ApiError {
    match error {
        NativeError::Credential(CredentialError::Catalog(CatalogError::Invalid(mut errors))) => {
            for error in &mut errors {
                error.field.insert_str(0, "/key");
            }
            ApiError::invalid(errors)
        }
        error => error.into(),
    }
}
