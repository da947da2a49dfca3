//! `GET /account/tenants`

use axum::Json;
use gatewright_catalog::model::Tenant;
use gatewright_identity::tenants;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::principal::Acting;

/// Tenants of one person.
#[derive(Serialize, ToSchema)]
pub(crate) struct OwnTenants {
    /// By name; at most 100.
    items: Vec<Tenant>,
}

/// List the tenants where one is an operator, by the same mail address.
#[utoipa::path(get, path = "/account/tenants", tag = "Account", responses((status = 200, description = "All of them", body = OwnTenants)))]
pub(crate) async fn list_own_tenants(acting: Acting) -> Result<Json<OwnTenants>, ApiError> {
    let (person_id, _) = acting.me()?;
    let database = acting.state().database();
    let items = tenants::list(database, acting.caller.tenant_id, person_id).await?;
    Ok(Json(OwnTenants { items }))
}
