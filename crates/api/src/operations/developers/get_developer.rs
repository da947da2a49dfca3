//! `GET /developers/{id}`

use axum::Json;
use gatewright_identity::developers;
use gatewright_identity::model::Developer;
use gatewright_types::ids::DeveloperId;

use crate::error::ApiError;
use crate::extract::Id;
use crate::principal::Operator;

/// Get a developer.
#[utoipa::path(get, path = "/developers/{id}", tag = "People", params(("id" = DeveloperId, Path)), responses((status = 200, description = "The developer", body = Developer)))]
pub(crate) async fn get_developer(operator: Operator, Id(id): Id<DeveloperId>) -> Result<Json<Developer>, ApiError> {
    let mut tx = operator.begin().await?;
    Ok(Json(developers::get(&mut tx, id).await?))
}
