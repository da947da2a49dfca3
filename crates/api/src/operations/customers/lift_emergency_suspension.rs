//! `POST /customers/{id}/emergency-suspension/lift`

use axum::response::Response;
use gatewright_native::nodes::Effects;
use gatewright_orchestration::emergency::{self, EmergencySuspension};
use gatewright_types::ids::CustomerId;

use crate::error::ApiError;
use crate::extract::Id;
use crate::lists::Told;
use crate::work::{Command, Nothing};

/// Lift a customer's emergency suspension.
///
/// Exactly the subscriptions that were suspended with it go back to where they came from.
#[utoipa::path(post, path = "/customers/{id}/emergency-suspension/lift", tag = "Customers", params(("id" = CustomerId, Path)), responses((status = 200, description = "What came back, where each gateway stands, and how the nodes answered", body = Told<EmergencySuspension>)))]
pub(crate) async fn lift_emergency_suspension(
    Id(id): Id<CustomerId>,
    command: Command<Nothing>,
) -> Result<Response, ApiError> {
    let (mut work, _) = command.begin().await?;
    let (lifted, changes) = emergency::lift(work.tx(), id).await?;
    work.done(&lifted, Effects::access(changes)).await
}
