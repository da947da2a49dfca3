//! `GET /customers`

use crate::error::ApiError;
use crate::extract::Query;
use crate::lists::{List, PageQuery};
use crate::principal::Operator;
use axum::Json;
use gatewright_catalog::customers;
use gatewright_catalog::model::Customer;

/// List customers.
#[utoipa::path(get, path = "/customers", tag = "Customers", params(PageQuery), responses((status = 200, description = "A page, newest first", body = List<Customer>)))]
pub(crate) async fn list_customers(
    operator: Operator,
    Query(page): Query<PageQuery>,
) -> Result<Json<List<Customer>>, ApiError> {
    let request = page.request()?;
    let mut tx = operator.begin().await?;
    Ok(Json(List::new(customers::list(&mut tx, request).await?, |item| {
        item.id.uuid()
    })))
}
