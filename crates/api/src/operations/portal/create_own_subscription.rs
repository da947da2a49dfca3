//! `POST /portal/subscriptions`

use axum::response::Response;
use gatewright_catalog::{CatalogError, customers, plans};
use gatewright_credentials::issue;
use gatewright_orchestration::model::Activation;
use gatewright_orchestration::provision;
use gatewright_types::ids::PlanId;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::operations::subscriptions::create_subscription::{KeyRequest, Subscribed, subscribe};
use crate::work::Command;

/// What one subscribes to.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewOwnSubscription {
    /// Which plan; its current version.
    plan_id: PlanId,
    /// Its first key.
    #[serde(default)]
    key: KeyRequest,
}

/// Subscribe one's customer to a plan that is for everybody; the answer reveals the subscription's first key, once.
#[utoipa::path(post, path = "/portal/subscriptions", tag = "Portal", request_body = NewOwnSubscription, responses((status = 201, description = "The subscription and its key", body = Subscribed)))]
pub(crate) async fn create_own_subscription(command: Command<NewOwnSubscription>) -> Result<Response, ApiError> {
    let (mut work, new) = command.begin().await?;
    let seat = work.acting().seat()?;
    customers::lock(work.tx(), seat.customer_id).await?;
    issue::require_room_of_customer(work.tx(), seat.customer_id).await?;
    // One that is not for everybody is none to a developer.
    let plan = plans::get(work.tx(), new.plan_id).await?;
    if !plan.self_service {
        return Err(CatalogError::not_found("plan", new.plan_id).into());
    }
    let wanted = provision::NewSubscription {
        customer_id: seat.customer_id,
        plan_id: new.plan_id,
        activate: true,
        key: new.key.into(),
        activation: Activation::PrimaryFirst,
    };
    subscribe(work, wanted).await
}
