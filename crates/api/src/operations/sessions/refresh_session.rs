//! `POST /sessions/refresh`

use axum::Json;
use gatewright_identity::sessions::ACCESS_TOKEN_LIFE;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::answer::{self, Delivery};
use crate::error::ApiError;
use crate::principal::renew;
use crate::reveal::Revealing;
use crate::visitor::Asked;

/// What renews a session.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Refresh {
    /// What the sign-in, or the last renewal, answered. It works once.
    #[schema(example = "gwr_…")]
    refresh_token: String,
}

/// A session that was renewed.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Refreshed {
    /// To be sent as `Authorization: Bearer`.
    #[schema(value_type = String)]
    access_token: Revealing,
    /// How long it works.
    #[schema(example = 300)]
    expires_in_seconds: i64,
    /// For the next time; absent where another request renewed the session within the last 30 seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "gwr_…")]
    refresh_token: Option<Revealing>,
}

/// Renew the session of a program; a browser's renews itself.
///
/// A token that was used more than 30 seconds ago ends the session, because somebody has a copy of it.
#[utoipa::path(post, path = "/sessions/refresh", tag = "Sign-in", request_body = Refresh, responses((status = 200, description = "Renewed", body = Refreshed)))]
pub(crate) async fn refresh_session(asked: Asked<Refresh>) -> Result<Json<Refreshed>, ApiError> {
    let Asked { visitor, body } = asked;
    answer::check(&visitor, Delivery::Body)?;
    let tokens = renew(&visitor, &body.refresh_token).await?;
    Ok(Json(Refreshed {
        access_token: Revealing::new(tokens.access),
        expires_in_seconds: ACCESS_TOKEN_LIFE.num_seconds(),
        refresh_token: tokens.refresh.map(Revealing::new),
    }))
}
