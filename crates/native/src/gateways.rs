//! Native gateways themselves.

use gatewright_catalog::check::{Checks, slug_or_from_name};
use gatewright_catalog::plans;
use gatewright_database::error::broken_unique;
use gatewright_database::{Page, PageRequest, TenantTx};
use gatewright_types::access::{AuthType, Environment, WhenCutOff};
use gatewright_types::ids::GatewayId;
use gatewright_types::slug::Slug;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::model::{Gateway, GatewayKind};
use crate::{NativeError, store};

/// Longest request body when nothing is said, in bytes.
pub const REQUEST_BODY_DEFAULT_BYTES: i64 = 10 * 1024 * 1024;
/// Longest request body that can be allowed, in bytes.
pub const REQUEST_BODY_MAX_BYTES: i64 = 10 * 1024 * 1024 * 1024;
/// Most gateways of a tenant.
pub const GATEWAYS_PER_TENANT_MAX: usize = 100;

/// What a native gateway is made from.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewGateway {
    /// Its name.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// First label of its host; made from the name when absent.
    pub slug: Option<Slug>,
    /// Which keys it admits.
    pub environment: Environment,
    /// What its SECURE routes ask for.
    pub auth_type: AuthType,
    /// Longest request body, in bytes; 10 MiB when absent.
    #[schema(minimum = 0, maximum = 10737418240_i64, default = 10485760)]
    pub max_request_body_bytes: Option<i64>,
    /// What a node does with its SECURE routes that has lost its control plane; SERVE when absent.
    pub when_cut_off: Option<WhenCutOff>,
}

/// What to change of a gateway; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GatewayChange {
    /// Its name.
    #[schema(min_length = 1, max_length = 200)]
    pub name: Option<String>,
    /// Longest request body, in bytes.
    #[schema(minimum = 0, maximum = 10737418240_i64)]
    pub max_request_body_bytes: Option<i64>,
    /// What a node does with its SECURE routes that has lost its control plane.
    pub when_cut_off: Option<WhenCutOff>,
}

/// Makes a native gateway, with the built-in plan of its API consumers.
pub async fn create(tx: &mut TenantTx, new: NewGateway) -> Result<Gateway, NativeError> {
    let slug = slug_or_from_name(new.slug, &new.name)?;
    let max_request_body_bytes = new.max_request_body_bytes.unwrap_or(REQUEST_BODY_DEFAULT_BYTES);
    check(&new.name, max_request_body_bytes)?;
    let count = store::gateways::count(tx).await?;
    if usize::try_from(count).unwrap_or(usize::MAX) >= GATEWAYS_PER_TENANT_MAX {
        return Err(NativeError::LimitReached {
            max: GATEWAYS_PER_TENANT_MAX,
            what: "gateways of a tenant",
        });
    }
    let id = GatewayId::mint(tx.clock(), tx.rng());
    // The plan's slug is the gateway's id: never in the way of a slug that somebody chooses.
    let plan_slug = Slug::from_name(&id.to_string()).ok_or_else(|| NativeError::not_found("slug for", id))?;
    let plan = plans::create_built_in(tx, &new.name, plan_slug).await?;
    let gateway = Gateway {
        id,
        kind: GatewayKind::Native,
        name: new.name,
        slug,
        environment: new.environment,
        auth_type: new.auth_type,
        max_request_body_bytes,
        when_cut_off: new.when_cut_off.unwrap_or(WhenCutOff::Serve),
        plan_id: plan.id,
        created_at: tx.now(),
        updated_at: tx.now(),
    };
    match store::gateways::insert(tx, &gateway).await {
        Err(error) if broken_unique(&error).is_some() => return Err(NativeError::SlugTaken(gateway.slug.to_string())),
        result => result?,
    }
    tx.created("native", "gateway.created", id, &gateway);
    Ok(gateway)
}

/// One gateway.
pub async fn get(tx: &mut TenantTx, id: GatewayId) -> Result<Gateway, NativeError> {
    store::gateways::find(tx, id)
        .await?
        .ok_or_else(|| NativeError::not_found("gateway", id))
}

/// One gateway, held until the end of the transaction, so that its parts change one after the other.
pub async fn lock(tx: &mut TenantTx, id: GatewayId) -> Result<Gateway, NativeError> {
    store::gateways::lock(tx, id).await?;
    get(tx, id).await
}

/// A page of gateways.
pub async fn list(tx: &mut TenantTx, request: PageRequest) -> Result<Page<Gateway>, NativeError> {
    Ok(Page::from_rows(store::gateways::list(tx, request).await?, request))
}

/// Changes a gateway.
pub async fn change(tx: &mut TenantTx, id: GatewayId, change: GatewayChange) -> Result<Gateway, NativeError> {
    let before = lock(tx, id).await?;
    let mut gateway = before.clone();
    gateway.name = change.name.unwrap_or(gateway.name);
    gateway.max_request_body_bytes = change.max_request_body_bytes.unwrap_or(gateway.max_request_body_bytes);
    gateway.when_cut_off = change.when_cut_off.unwrap_or(gateway.when_cut_off);
    gateway.updated_at = tx.now();
    check(&gateway.name, gateway.max_request_body_bytes)?;
    store::gateways::update(tx, &gateway).await?;
    tx.changed("native", "gateway.changed", id, &before, &gateway);
    Ok(gateway)
}

/// Deletes a gateway that has no API consumers, with its services and routes.
pub async fn delete(tx: &mut TenantTx, id: GatewayId) -> Result<(), NativeError> {
    let gateway = lock(tx, id).await?;
    if store::consumers::exist(tx, id).await? {
        return Err(NativeError::InUse("the gateway has API consumers: delete them first"));
    }
    store::gateways::delete(tx, id).await?;
    tx.changed("native", "gateway.deleted", id, &gateway, &Value::Null);
    Ok(())
}

fn check(name: &str, max_request_body_bytes: i64) -> Result<(), NativeError> {
    let mut checks = Checks::default();
    check_fields(&mut checks, name, max_request_body_bytes);
    Ok(checks.done()?)
}

/// Notes what is wrong with the fields of a gateway.
pub fn check_fields(checks: &mut Checks, name: &str, max_request_body_bytes: i64) {
    checks.name("/name", name);
    checks.require(
        (0..=REQUEST_BODY_MAX_BYTES).contains(&max_request_body_bytes),
        "/maxRequestBodyBytes",
        format!("expected 0 to {REQUEST_BODY_MAX_BYTES}"),
    );
}
