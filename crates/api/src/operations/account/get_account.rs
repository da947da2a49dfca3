//! `GET /account`

use axum::Json;
use gatewright_catalog::model::Tenant;
use gatewright_catalog::tenants;
use gatewright_identity::account::{self, Account};
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::principal::Acting;

/// What somebody is here.
#[derive(Serialize, ToSchema)]
pub(crate) struct AccountView {
    /// Where.
    tenant: Tenant,
    #[serde(flatten)]
    account: Account,
}

/// Get one's own account: who one is, as operator and as developer, and by which session.
#[utoipa::path(get, path = "/account", tag = "Account", responses((status = 200, description = "The account", body = AccountView)))]
pub(crate) async fn get_account(acting: Acting) -> Result<Json<AccountView>, ApiError> {
    let (person_id, session_id) = acting.me()?;
    let mut tx = acting.begin().await?;
    Ok(Json(AccountView {
        tenant: tenants::own(&mut tx).await?,
        account: account::get(&mut tx, person_id, session_id).await?,
    }))
}
