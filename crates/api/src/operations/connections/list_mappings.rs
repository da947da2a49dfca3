//! `GET /connections/{id}/mappings`

use axum::Json;
use gatewright_orchestration::mappings;
use gatewright_orchestration::model::ProductMapping;
use gatewright_types::ids::GatewayId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::extract::Id;
use crate::principal::Operator;

/// Every mapping of a gateway.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Mappings {
    items: Vec<ProductMapping>,
}

/// List which products are mapped to what of a connected gateway.
#[utoipa::path(get, path = "/connections/{id}/mappings", tag = "Connections", params(("id" = GatewayId, Path)), responses((status = 200, description = "All of them", body = Mappings)))]
pub(crate) async fn list_mappings(operator: Operator, Id(id): Id<GatewayId>) -> Result<Json<Mappings>, ApiError> {
    let mut tx = operator.begin().await?;
    let items = mappings::list(&mut tx, id).await?;
    Ok(Json(Mappings { items }))
}
