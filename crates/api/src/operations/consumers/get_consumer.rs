//! `GET /consumers/{id}`

use crate::error::ApiError;
use crate::extract::Id;
use crate::principal::Operator;
use axum::Json;
use gatewright_native::consumers;
use gatewright_native::model::Consumer;
use gatewright_types::ids::ConsumerId;

/// Get an API consumer.
#[utoipa::path(get, path = "/consumers/{id}", tag = "API consumers", params(("id" = ConsumerId, Path)), responses((status = 200, description = "Get an API consumer.", body = Consumer)))]
pub(crate) async fn get_consumer(operator: Operator, Id(id): Id<ConsumerId>) -> Result<Json<Consumer>, ApiError> {
    let mut tx = operator.begin().await?;
    Ok(Json(consumers::get(&mut tx, id).await?))
}
