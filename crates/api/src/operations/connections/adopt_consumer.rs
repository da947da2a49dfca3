//! `POST /connections/{id}/adoptions`

use axum::response::Response;
use gatewright_catalog::customers::NewCustomer;
use gatewright_catalog::model::Subscription;
use gatewright_credentials::model::ApiKey;
use gatewright_native::nodes::Effects;
use gatewright_orchestration::adoption::{self, Wanted, Whose};
use gatewright_orchestration::connections;
use gatewright_types::ids::{CustomerId, GatewayId, PlanId};
use gatewright_types::problem::FieldError;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::extract::Id;
use crate::work::Command;

/// Longest id of a gateway's, in bytes.
const REMOTE_ID_MAX_BYTES: usize = 1000;

/// A consumer, and what it becomes.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Adoption {
    /// The gateway's own id of the consumer.
    #[schema(min_length = 1, max_length = 1000)]
    remote_id: String,
    /// Which plan it gets.
    plan_id: PlanId,
    /// Whose it is; either this or `customer`.
    customer_id: Option<CustomerId>,
    /// A customer to be made for it.
    customer: Option<NewCustomer>,
    /// Whether it may gain or lose what it can call; false when absent.
    #[serde(default)]
    accept_scope_change: bool,
}

/// What a consumer became.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Adopted {
    /// The subscription.
    subscription: Subscription,
    /// Its keys.
    keys: Vec<AdoptedKey>,
}

/// A key that was there before us.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AdoptedKey {
    /// The gateway's own id of it.
    remote_id: String,
    /// The key; with `secretWithdrawnAt` its secret could not be taken over, and it needs a rotation.
    #[serde(flatten)]
    key: ApiKey,
}

/// Adopt a consumer of a connected gateway: it becomes a subscription, with its keys.
///
/// Each key whose secret can be read goes on working, there and on every other gateway that takes it; our own gateways admit it from
/// its first rotation on. A key whose secret cannot be read works where it is until the overlap of its first rotation has ended. The old
/// consumer stays on the gateway, without the keys that were taken over.
#[utoipa::path(post, path = "/connections/{id}/adoptions", tag = "Connections", params(("id" = GatewayId, Path)), request_body = Adoption, responses((status = 201, description = "The subscription and its keys", body = Adopted)))]
pub(crate) async fn adopt_consumer(Id(id): Id<GatewayId>, command: Command<Adoption>) -> Result<Response, ApiError> {
    let remote_id = command.body().remote_id.clone();
    let (existing, new) = (command.body().customer_id.is_some(), command.body().customer.is_some());
    if existing == new {
        let error = FieldError::new("/customerId", "expected either this or /customer");
        return Err(ApiError::invalid(vec![error]));
    }
    if !(1..=REMOTE_ID_MAX_BYTES).contains(&remote_id.len()) {
        let error = FieldError::new("/remoteId", format!("expected 1 to {REMOTE_ID_MAX_BYTES} bytes"));
        return Err(ApiError::invalid(vec![error]));
    }
    let engine = command.orchestrator();
    let mut tx = command.look().await?;
    let (connection, connector) = connections::with_connector(&engine, &mut tx, id).await?;
    tx.close().await?;
    let found = adoption::look(&engine, &connection, &*connector, &remote_id).await?;
    let (mut work, adopting) = command.begin().await?;
    let customer = match (adopting.customer_id, adopting.customer) {
        (Some(id), _) => Whose::Existing(id),
        (None, Some(new)) => Whose::New(new),
        (None, None) => {
            return Err(ApiError::invalid(vec![FieldError::new(
                "/customerId",
                "expected a customer",
            )]));
        }
    };
    let wanted = Wanted {
        plan_id: adopting.plan_id,
        customer,
        accept_scope_change: adopting.accept_scope_change,
    };
    let adopted = adoption::adopt(&engine, work.tx(), id, found, wanted).await?;
    let keys = adopted
        .keys
        .into_iter()
        .map(|(remote_id, key)| AdoptedKey { remote_id, key });
    let answer = Adopted {
        subscription: adopted.subscription,
        keys: keys.collect(),
    };
    work.created(&answer, Effects::default()).await
}
