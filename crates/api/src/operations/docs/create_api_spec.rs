//! `POST /docs/api-specs`

use axum::extract::State;
use axum::response::Response;
use gatewright_native::nodes::Effects;
use gatewright_portal::model::ApiSpec;
use gatewright_portal::specs::{self, NewApiSpec};

use crate::ApiState;
use crate::error::ApiError;
use crate::extract::CONTRACT_BODY_MAX_BYTES;
use crate::work::Command;

/// Add an API description, by its address or with its document. A job imports it: its `latest` revision says how far it is.
#[utoipa::path(post, path = "/docs/api-specs", tag = "Docs", request_body = NewApiSpec, responses((status = 202, description = "The description, whose first revision is being imported", body = ApiSpec)))]
pub(crate) async fn create_api_spec(
    State(state): State<ApiState>,
    command: Command<NewApiSpec, CONTRACT_BODY_MAX_BYTES>,
) -> Result<Response, ApiError> {
    let (mut work, new) = command.begin().await?;
    let spec = specs::create(work.tx(), state.egress_policy(), new).await?;
    work.accepted(&spec, Effects::default()).await
}
