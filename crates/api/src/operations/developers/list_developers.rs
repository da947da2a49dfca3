//! `GET /developers`

use axum::Json;
use gatewright_identity::developers;
use gatewright_identity::model::{Developer, DeveloperState};
use gatewright_types::ids::CustomerId;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::error::ApiError;
use crate::extract::Query;
use crate::lists::{List, page_request};
use crate::principal::Operator;

/// Which developers are wanted.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeveloperQuery {
    /// Only this customer's.
    customer_id: Option<CustomerId>,
    /// Only those in this state.
    state: Option<DeveloperState>,
    /// Most items to return, 1 to 100; 50 when absent.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u16>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
}

/// List developers: the people who work for customers.
#[utoipa::path(get, path = "/developers", tag = "People", params(DeveloperQuery), responses((status = 200, description = "A page, newest first", body = List<Developer>)))]
pub(crate) async fn list_developers(
    operator: Operator,
    Query(query): Query<DeveloperQuery>,
) -> Result<Json<List<Developer>>, ApiError> {
    let request = page_request(query.limit, query.cursor.as_deref())?;
    let mut tx = operator.begin().await?;
    let page = developers::list(&mut tx, query.customer_id, query.state, request).await?;
    Ok(Json(List::new(page, |item| item.id.uuid())))
}
