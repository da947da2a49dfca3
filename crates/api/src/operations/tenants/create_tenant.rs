//! `POST /tenants`

use axum::extract::{FromRequest, FromRequestParts, Request, State};
use axum::response::Response;
use gatewright_catalog::check::slug_or_from_name;
use gatewright_catalog::model::Tenant;
use gatewright_catalog::tenants;
use gatewright_database::idempotency::{self, Scope};
use gatewright_database::{Actor, Caller, Origin, SystemTx, SystemUse};
use gatewright_identity::tokens;
use gatewright_types::ProblemCode;
use gatewright_types::ids::RequestId;
use gatewright_types::slug::Slug;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::ApiState;
use crate::error::ApiError;
use crate::extract::{self, BODY_MAX_BYTES, Raw};
use crate::principal::{Installation, peer, request_id};
use crate::reveal::{Revealing, hide};
use crate::work::{in_flight, judge, respond, scope};

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
pub(crate) async fn create_tenant(State(state): State<ApiState>, request: Request) -> Result<Response, ApiError> {
    let (mut parts, body) = request.into_parts();
    let Installation = Installation::from_request_parts(&mut parts, &state).await?;
    let (request_id, peer) = (request_id(&parts), peer(&parts));
    let kept_under = scope(&parts, None, Uuid::nil())?;
    let Raw(bytes) = Raw::<BODY_MAX_BYTES>::from_request(Request::from_parts(parts, body), &state).await?;
    let new: NewTenant = extract::json(&bytes)?;
    let slug = slug_or_from_name(new.slug, &new.name)?;

    let database = state.database();
    let mut tx = database.system(SystemUse::ManageTenants).await?;
    tx.came_from(Origin { token_id: None, peer });
    let kept_under = kept_under.map(|mut kept_under| {
        kept_under.fingerprint = Sha256::digest(&bytes).into();
        kept_under
    });
    match make_once(&mut tx, &state, request_id, new.name, slug, kept_under).await {
        Ok(body) => {
            tx.commit().await?;
            Ok(respond(StatusCode::CREATED, &body))
        }
        Err(error) => {
            // Dropped, it would hold the key a moment longer than its answer takes.
            tx.close().await?;
            Err(error)
        }
    }
}

/// Makes the tenant unless that was done under this key before, and keeps the answer.
async fn make_once(
    tx: &mut SystemTx,
    state: &ApiState,
    request_id: RequestId,
    name: String,
    slug: Slug,
    kept_under: Option<Scope>,
) -> Result<Value, ApiError> {
    let now = state.database().clock().now();
    if let Some(kept_under) = &kept_under {
        judge(idempotency::claim(tx, kept_under, now).await?)?;
    }
    let made = make(tx, state, request_id, &name, slug).await?;
    let tenant_id = made.tenant.id;
    let body = serde_json::to_value(made)
        .map_err(|_| ApiError::new(ProblemCode::Internal, "The answer cannot be written."))?;
    if let Some(kept_under) = kept_under {
        let mut kept = body.clone();
        hide(&mut kept);
        let status = StatusCode::CREATED.as_u16();
        if !idempotency::keep(tx, tenant_id, &kept_under, now, status, &kept).await? {
            return Err(in_flight());
        }
    }
    Ok(body)
}

async fn make(
    tx: &mut SystemTx,
    state: &ApiState,
    request_id: RequestId,
    name: &str,
    slug: Slug,
) -> Result<NewlyMade, ApiError> {
    let (clock, rng) = (state.database().clock(), state.database().rng());
    let tenant = tenants::create(tx, clock, rng, name, slug).await?;
    let owner = tokens::create_owner(tx, clock, rng, tenant.id).await?;
    let caller = Caller {
        tenant_id: tenant.id,
        actor: Actor::Installation,
        request_id,
    };
    let detail = json!({ "name": tenant.name, "slug": tenant.slug, "ownerId": owner.operator_id });
    tx.happened(
        state.database(),
        &caller,
        "catalog",
        "tenant.created",
        tenant.id,
        detail,
    )
    .await?;
    Ok(NewlyMade {
        tenant,
        operator_token: Revealing::new(owner.token),
    })
}
