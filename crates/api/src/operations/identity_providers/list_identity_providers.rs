//! `GET /identity-providers`

use axum::Json;
use gatewright_database::Page;
use gatewright_identity::providers::manage;

use crate::error::ApiError;
use crate::extract::Query;
use crate::identity_providers::{self, ShownProvider};
use crate::lists::{List, PageQuery};
use crate::principal::Operator;

/// List the identity providers.
#[utoipa::path(get, path = "/identity-providers", tag = "Identity providers", params(PageQuery), responses((status = 200, description = "A page, newest first", body = List<ShownProvider>)))]
pub(crate) async fn list_identity_providers(
    operator: Operator,
    Query(page): Query<PageQuery>,
) -> Result<Json<List<ShownProvider>>, ApiError> {
    let request = page.request()?;
    let mut tx = operator.begin().await?;
    let portal_url = identity_providers::portal_url(&mut tx, operator.state()).await?;
    let Page { items, more } = manage::list(&mut tx, request).await?;
    let items = items
        .into_iter()
        .map(|one| ShownProvider::new(one, &portal_url))
        .collect();
    Ok(Json(List::new(Page { items, more }, |item| item.provider().id.uuid())))
}
