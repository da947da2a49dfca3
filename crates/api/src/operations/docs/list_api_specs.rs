//! `GET /docs/api-specs`

use axum::Json;
use gatewright_portal::model::ApiSpec;
use gatewright_portal::specs;
use gatewright_types::ids::ProductId;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::error::ApiError;
use crate::extract::Query;
use crate::lists::{List, page_request};
use crate::principal::Operator;

/// Which descriptions are wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SpecQuery {
    /// Only this product's.
    product_id: Option<ProductId>,
    /// Most items to return, 1 to 100; 50 when absent.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u16>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
}

/// List API descriptions.
#[utoipa::path(get, path = "/docs/api-specs", tag = "Docs", params(SpecQuery), responses((status = 200, description = "A page, newest first", body = List<ApiSpec>)))]
pub(crate) async fn list_api_specs(
    operator: Operator,
    Query(query): Query<SpecQuery>,
) -> Result<Json<List<ApiSpec>>, ApiError> {
    let request = page_request(query.limit, query.cursor.as_deref())?;
    let mut tx = operator.begin().await?;
    let page = specs::list(&mut tx, query.product_id, request).await?;
    Ok(Json(List::new(page, |item| item.id.uuid())))
}
