//! `POST /provisioning/dead-letters/replay`

use axum::response::Response;
use gatewright_native::nodes::Effects;
use gatewright_orchestration::dead_letters::{self, Replay, Replayed};

use crate::error::ApiError;
use crate::work::Command;

/// Try again at once what was given up: of a gateway, of subscriptions, or both; at most 500, `more` says whether some are left.
#[utoipa::path(post, path = "/provisioning/dead-letters/replay", tag = "Provisioning", request_body = Replay, responses((status = 200, description = "What is tried again", body = Replayed)))]
pub(crate) async fn replay_dead_letters(command: Command<Replay>) -> Result<Response, ApiError> {
    let (mut work, which) = command.begin().await?;
    let replayed = dead_letters::replay(work.tx(), &which).await?;
    work.done(&replayed, Effects::default()).await
}
