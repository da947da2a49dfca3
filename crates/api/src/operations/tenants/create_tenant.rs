//! `POST /tenants`

use axum::extract::State;
use axum::response::Response;
use gatewright_catalog::check::slug_or_from_name;
use gatewright_catalog::model::Tenant;
use gatewright_catalog::tenants;
use gatewright_database::{Caller, SystemUse};
use gatewright_identity::tokens;
use gatewright_types::slug::Slug;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::ApiState;
use crate::error::ApiError;
use crate::extract;
use crate::order::{Deed, Order};
use crate::reveal::Revealing;

/// What a tenant is made from.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewTenant {
    /// Its name.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// Its short name, unique in the installation; made from the name when absent.
    slug: Option<Slug>,
}

/// A tenant with the token of its first operator.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewlyMade {
    #[serde(flatten)]
    tenant: Tenant,
    /// The token of its owner. Shown now and never again.
    #[schema(value_type = Option<String>, example = "gwo_…")]
    operator_token: Revealing,
}

/// Create a tenant; the answer reveals its owner's token, once. Needs an installation's token.
#[utoipa::path(post, path = "/tenants", tag = "Tenants", request_body = NewTenant, responses((status = 201, description = "The tenant and its owner's token", body = NewlyMade)))]
pub(crate) async fn create_tenant(State(state): State<ApiState>, order: Order) -> Result<Response, ApiError> {
    let new: NewTenant = extract::json(&order.body)?;
    let slug = slug_or_from_name(new.slug, &new.name)?;
    let mut deed = order.begin(SystemUse::ManageTenants).await?;
    let made = make(&mut deed, &state, &new.name, slug).await?;
    deed.created(made.tenant.id, &made).await
}

async fn make(deed: &mut Deed, state: &ApiState, name: &str, slug: Slug) -> Result<NewlyMade, ApiError> {
    let database = state.database();
    let (clock, rng) = (database.clock(), database.rng());
    let tx = &mut *deed.tx;
    let tenant = tenants::create(tx, clock, rng, name, slug).await?;
    let owner = tokens::create_owner(tx, clock, rng, tenant.id).await?;
    let made = json!({ "name": tenant.name, "slug": tenant.slug, "ownerId": owner.operator_id });
    // The first row of the tenant's log, and one of the installation's.
    let its = Caller {
        tenant_id: tenant.id,
        ..deed.caller
    };
    tx.happened(database, &its, "catalog", "tenant.created", tenant.id, &made)
        .await?;
    tx.installation_changed(database, &deed.caller, "tenant.created", tenant.id, &Value::Null, &made)
        .await?;
    Ok(NewlyMade {
        tenant,
        operator_token: Revealing::new(owner.token),
    })
}
