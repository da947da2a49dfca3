//! `PUT /outgoing-destinations`

use axum::extract::State;
use axum::response::Response;
use gatewright_native::nodes::Effects;
use gatewright_notify::destinations::{self, NewDestinations, OutgoingDestinations};

use crate::ApiState;
use crate::error::ApiError;
use crate::work::Command;

/// Decide where outgoing requests of the tenant may go: with a list, nowhere else.
///
/// It narrows what the installation lets everybody reach. Places that are no public addresses it opens only where the
/// installation says that tenants may.
#[utoipa::path(put, path = "/outgoing-destinations", tag = "Webhooks", request_body = NewDestinations, responses((status = 200, description = "The list", body = OutgoingDestinations)))]
pub(crate) async fn put_outgoing_destinations(
    State(state): State<ApiState>,
    command: Command<NewDestinations>,
) -> Result<Response, ApiError> {
    let (mut work, new) = command.begin().await?;
    let before = destinations::hold(work.tx()).await?;
    work.require(&before)?;
    let after = destinations::put(work.tx(), state.egress_policy(), &before, new).await?;
    work.edited(&after, Effects::default()).await
}
