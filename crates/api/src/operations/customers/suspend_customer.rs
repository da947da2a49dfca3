//! `POST /customers/{id}/emergency-suspension`

use axum::response::Response;
use gatewright_native::nodes::Effects;
use gatewright_orchestration::emergency::{self, EmergencySuspension};
use gatewright_types::ids::CustomerId;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::extract::Id;
use crate::lists::Told;
use crate::work::Command;

/// Why a customer is suspended as a whole.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Emergency {
    /// Why, for whoever reads the audit log or gets the event.
    #[schema(min_length = 1, max_length = 1000, example = "Their server was taken over.")]
    reason: String,
}

/// Suspend everything of a customer, now.
///
/// Every subscription that admits somebody is suspended, on our own gateways before the answer and on connected ones before
/// everything else that waits for them. Until it is lifted nothing of the customer becomes usable.
#[utoipa::path(post, path = "/customers/{id}/emergency-suspension", tag = "Customers", params(("id" = CustomerId, Path)), request_body = Emergency, responses((status = 200, description = "What was suspended, where each gateway stands, and how the nodes answered", body = Told<EmergencySuspension>)))]
pub(crate) async fn suspend_customer(
    Id(id): Id<CustomerId>,
    command: Command<Emergency>,
) -> Result<Response, ApiError> {
    let (mut work, wanted) = command.begin().await?;
    let (suspension, changes) = emergency::suspend(work.tx(), id, &wanted.reason).await?;
    work.done(&suspension, Effects::access(changes)).await
}
