//! `GET /people-settings`

use axum::Json;
use gatewright_identity::settings::{self, PeopleSettings};

use crate::error::ApiError;
use crate::principal::Operator;

/// Get how people sign up.
#[utoipa::path(get, path = "/people-settings", tag = "People", responses((status = 200, description = "The settings", body = PeopleSettings)))]
pub(crate) async fn get_people_settings(operator: Operator) -> Result<Json<PeopleSettings>, ApiError> {
    let mut tx = operator.begin().await?;
    Ok(Json(settings::get(&mut tx).await?))
}
