//! `GET /tenants`

use axum::Json;
use axum::extract::State;
use gatewright_catalog::model::Tenant;
use gatewright_catalog::tenants;
use gatewright_database::{Page, SystemUse};
use gatewright_identity::model::Principal;
use gatewright_types::ProblemCode;
use gatewright_types::ids::{OperatorId, RequestId, TenantId};

use crate::ApiState;
use crate::error::ApiError;
use crate::extract::Query;
use crate::lists::{List, PageQuery};
use crate::principal::Authenticated;

/// List tenants: an operator sees its own, an installation's token sees all.
#[utoipa::path(get, path = "/tenants", tag = "Tenants", params(PageQuery), responses((status = 200, description = "A page, newest first", body = List<Tenant>)))]
pub(crate) async fn list_tenants(
    State(state): State<ApiState>,
    Authenticated(principal): Authenticated,
    Query(page): Query<PageQuery>,
) -> Result<Json<List<Tenant>>, ApiError> {
    let request = page.request()?;
    let page = match principal {
        Principal::Installation => {
            let mut tx = state.database().system(SystemUse::ManageTenants).await?;
            tenants::list(&mut tx, request).await?
        }
        Principal::Operator {
            tenant_id, operator_id, ..
        } => own(&state, tenant_id, operator_id).await?,
        Principal::Developer { .. } | Principal::Person { .. } => {
            return Err(ApiError::new(
                ProblemCode::Forbidden,
                "This is for operators of the tenant.",
            ));
        }
    };
    Ok(Json(List::new(page, |tenant| tenant.id.uuid())))
}

async fn own(state: &ApiState, tenant_id: TenantId, operator_id: OperatorId) -> Result<Page<Tenant>, ApiError> {
    let request_id = RequestId::mint(state.database().clock(), state.database().rng());
    let caller = gatewright_database::Caller {
        tenant_id,
        actor: gatewright_database::Actor::Operator(operator_id),
        request_id,
    };
    let mut tx = state.database().tenant(caller).await?;
    Ok(Page {
        items: vec![tenants::own(&mut tx).await?],
        more: false,
    })
}
