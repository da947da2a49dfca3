//! `GET /tenants/{id}`

use axum::Json;
use gatewright_catalog::model::Tenant;
use gatewright_catalog::tenants;
use gatewright_types::ids::TenantId;

use crate::error::ApiError;
use crate::extract::Id;
use crate::principal::Operator;

/// Get the operator's tenant.
#[utoipa::path(get, path = "/tenants/{id}", tag = "Tenants", params(("id" = TenantId, Path)), responses((status = 200, description = "The tenant", body = Tenant)))]
pub(crate) async fn get_tenant(operator: Operator, Id(id): Id<TenantId>) -> Result<Json<Tenant>, ApiError> {
    let mut tx = operator.begin().await?;
    let tenant = tenants::own(&mut tx).await?;
    if tenant.id == id {
        Ok(Json(tenant))
    } else {
        Err(ApiError::not_found(format!("There is no tenant {id}.")))
    }
}
