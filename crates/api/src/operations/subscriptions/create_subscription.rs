//! `POST /subscriptions`

use axum::response::Response;
use chrono::{DateTime, Utc};
use gatewright_catalog::CatalogError;
use gatewright_catalog::model::Subscription;
use gatewright_credentials::CredentialError;
use gatewright_credentials::issue::NewKey;
use gatewright_credentials::model::AccessorType;
use gatewright_native::NativeError;
use gatewright_native::nodes::Effects;
use gatewright_orchestration::model::Activation;
use gatewright_orchestration::{OrchestrationError, provision};
use gatewright_types::Environment;
use gatewright_types::ProblemCode;
use gatewright_types::address::Cidr;
use gatewright_types::ids::{CustomerId, PlanId, ProductId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::reveal::RevealedKey;
use crate::work::{Command, Work};

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
    /// What it waits for; PRIMARY_FIRST when absent.
    #[schema(default = "PRIMARY_FIRST")]
    activation: Option<Activation>,
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
///
/// Where a connected gateway is the tenant's primary, it is given everything and read back first; with `activation: ALL_GATEWAYS`
/// every one is. If it does not confirm, nothing is kept and the answer says why. Other gateways follow:
/// `GET /subscriptions/{id}/gateways` says how far they are.
#[utoipa::path(post, path = "/subscriptions", tag = "Subscriptions", request_body = NewSubscription, responses((status = 201, description = "The subscription and its key", body = Subscribed)))]
pub(crate) async fn create_subscription(command: Command<NewSubscription>) -> Result<Response, ApiError> {
    let (work, new) = command.begin().await?;
    let wanted = provision::NewSubscription {
        customer_id: new.customer_id,
        plan_id: new.plan_id,
        activate: new.activate.unwrap_or(true),
        key: new.key.into(),
        activation: new.activation.unwrap_or(Activation::PrimaryFirst),
    };
    subscribe(work, wanted).await
}

/// Subscribes, waits for whom it has to wait, and reveals the key.
pub(crate) async fn subscribe(mut work: Work, wanted: provision::NewSubscription) -> Result<Response, ApiError> {
    let engine = work.orchestrator();
    let begun = provision::begin(&engine, work.tx(), wanted).await.map_err(below_key)?;
    let api_key = begun.revealed.into();
    let Some(waiting) = begun.waiting else {
        let subscription = begun.subscription;
        return work
            .created(&Subscribed { subscription, api_key }, Effects::default())
            .await;
    };
    let interrupted = work.interrupt(&provision::pending(waiting.subscription_id)).await?;
    if let Err(why) = provision::wait(&engine, &waiting).await {
        let (error, access, tx) = provision::fail(&engine, &waiting, why).await?;
        interrupted.undo(tx, access).await?;
        return Err(error.into());
    }
    let mut work = interrupted.resume().await?;
    let Some((subscription, access)) = provision::complete(work.tx(), &waiting).await? else {
        let detail = "The gateways confirmed too late: the subscription was cancelled meanwhile. Try again.";
        return Err(ApiError::new(ProblemCode::GatewayUnconfirmed, detail));
    };
    // Nobody knows the key yet, but a node may have looked it up while it was not admitted.
    work.created(&Subscribed { subscription, api_key }, Effects::access(access))
        .await
}

/// What is wrong with the key stands below `/key` in this body.
fn below_key(error: OrchestrationError) -> ApiError {
    match error {
        OrchestrationError::Native(NativeError::Credential(CredentialError::Catalog(CatalogError::Invalid(
            mut errors,
        )))) => {
            for error in &mut errors {
                error.field.insert_str(0, "/key");
            }
            ApiError::invalid(errors)
        }
        error => error.into(),
    }
}
