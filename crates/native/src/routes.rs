//! Routes of a native gateway.

use gatewright_catalog::check::Checks;
use gatewright_catalog::products;
use gatewright_database::{Page, PageRequest, TenantTx};
use gatewright_snapshot::template;
use gatewright_types::access::RouteAccess;
use gatewright_types::ids::{GatewayId, ProductId, RouteId, ServiceId};
use gatewright_types::patch::present;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::model::Route;
use crate::{NativeError, configuration, gateways, store};

/// A route to try a key with first.
#[derive(Clone, Debug)]
pub struct Easiest {
    /// On which gateway.
    pub gateway_id: GatewayId,
    /// Its method, or `ANY`.
    pub method: String,
    /// Template of its path.
    pub public_path: String,
}

/// Most routes of a gateway.
pub const ROUTES_PER_GATEWAY_MAX: usize = 10_000;

/// Longest method, in bytes.
const METHOD_MAX: usize = 32;

/// What a route is made from.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewRoute {
    /// Where it goes.
    pub service_id: ServiceId,
    /// An HTTP method in capitals, or `ANY`; a GET route also answers HEAD.
    #[schema(example = "GET")]
    pub method: String,
    /// Template of the path that callers use: `/v1/translate/{id}`, `/files/{*rest}`.
    #[schema(example = "/v1/translate/{id}")]
    pub public_path: String,
    /// Template of the path that the service gets; the public one when absent.
    pub target_path: Option<String>,
    /// Whether a credential is needed.
    pub access: RouteAccess,
    /// The product it belongs to; without one, only API consumers of the gateway reach it when it is SECURE.
    pub product_id: Option<ProductId>,
}

/// What to change of a route; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RouteChange {
    /// Where it goes.
    pub service_id: Option<ServiceId>,
    /// An HTTP method in capitals, or `ANY`.
    pub method: Option<String>,
    /// Template of the path that callers use.
    pub public_path: Option<String>,
    /// Template of the path that the service gets.
    pub target_path: Option<String>,
    /// Whether a credential is needed.
    pub access: Option<RouteAccess>,
    /// The product it belongs to; null for none.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<ProductId>)]
    pub product_id: Option<Option<ProductId>>,
}

/// Makes a route.
pub async fn create(tx: &mut TenantTx, gateway_id: GatewayId, new: NewRoute) -> Result<Route, NativeError> {
    gateways::lock(tx, gateway_id).await?;
    let count = store::routes::count(tx, gateway_id).await?;
    if usize::try_from(count).unwrap_or(usize::MAX) >= ROUTES_PER_GATEWAY_MAX {
        return Err(NativeError::LimitReached {
            max: ROUTES_PER_GATEWAY_MAX,
            what: "routes of a gateway",
        });
    }
    let route = Route {
        id: RouteId::mint(tx.clock(), tx.rng()),
        gateway_id,
        service_id: new.service_id,
        method: new.method,
        target_path: new.target_path.unwrap_or_else(|| new.public_path.clone()),
        public_path: new.public_path,
        access: new.access,
        product_id: new.product_id,
        created_at: tx.now(),
        updated_at: tx.now(),
    };
    check(tx, &route).await?;
    store::routes::insert(tx, &route).await?;
    configuration::judge(tx, gateway_id).await?;
    tx.created("native", "route.created", route.id, &route);
    Ok(route)
}

/// One route.
pub async fn get(tx: &mut TenantTx, id: RouteId) -> Result<Route, NativeError> {
    store::routes::find(tx, id)
        .await?
        .ok_or_else(|| NativeError::not_found("route", id))
}

/// A page of a gateway's routes.
pub async fn list(tx: &mut TenantTx, gateway_id: GatewayId, request: PageRequest) -> Result<Page<Route>, NativeError> {
    gateways::get(tx, gateway_id).await?;
    Ok(Page::from_rows(
        store::routes::list(tx, gateway_id, request).await?,
        request,
    ))
}

/// One route, held with its gateway until the end of the transaction.
pub async fn lock(tx: &mut TenantTx, id: RouteId) -> Result<Route, NativeError> {
    let gateway_id = get(tx, id).await?.gateway_id;
    gateways::lock(tx, gateway_id).await?;
    get(tx, id).await
}

/// Changes a route.
pub async fn change(tx: &mut TenantTx, id: RouteId, change: RouteChange) -> Result<Route, NativeError> {
    let before = lock(tx, id).await?;
    let mut route = before.clone();
    let gateway_id = route.gateway_id;
    route.service_id = change.service_id.unwrap_or(route.service_id);
    route.method = change.method.unwrap_or(route.method);
    route.public_path = change.public_path.unwrap_or(route.public_path);
    route.target_path = change.target_path.unwrap_or(route.target_path);
    route.access = change.access.unwrap_or(route.access);
    route.product_id = change.product_id.unwrap_or(route.product_id);
    route.updated_at = tx.now();
    check(tx, &route).await?;
    store::routes::update(tx, &route).await?;
    configuration::judge(tx, gateway_id).await?;
    tx.changed("native", "route.changed", id, &before, &route);
    Ok(route)
}

/// Deletes a route.
pub async fn delete(tx: &mut TenantTx, id: RouteId) -> Result<(), NativeError> {
    let route = lock(tx, id).await?;
    store::routes::delete(tx, id).await?;
    tx.changed("native", "route.deleted", id, &route, &Value::Null);
    Ok(())
}

async fn check(tx: &mut TenantTx, route: &Route) -> Result<(), NativeError> {
    let mut checks = Checks::default();
    check_fields(&mut checks, &route.method, &route.public_path, &route.target_path);
    let service = store::services::find(tx, route.service_id).await?;
    let ours = service.is_some_and(|service| service.gateway_id == route.gateway_id);
    checks.require(
        ours,
        "/serviceId",
        format!("the gateway has no service {}", route.service_id),
    );
    if let Some(product_id) = route.product_id {
        let missing = products::first_missing(tx, &[product_id]).await?;
        checks.require(
            missing.is_none(),
            "/productId",
            format!("there is no product {product_id}"),
        );
    }
    Ok(checks.done()?)
}

/// Notes what is wrong with the fields of a route, apart from what they point to.
pub fn check_fields(checks: &mut Checks, method: &str, public_path: &str, target_path: &str) {
    let word = (1..=METHOD_MAX).contains(&method.len())
        && method.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-');
    let routable = word && !matches!(method, "CONNECT" | "TRACE");
    checks.require(
        routable,
        "/method",
        "expected an HTTP method in capitals other than CONNECT and TRACE, or ANY",
    );
    if let Err((field, error)) = template::judge_paths(public_path, target_path) {
        checks.require(false, &format!("/{field}"), error.to_string());
    }
}

/// Of every gateway that leads to one of these products, the route that is called most easily.
pub async fn easiest(tx: &mut TenantTx, products: &[ProductId]) -> Result<Vec<Easiest>, NativeError> {
    Ok(store::routes::easiest(tx, products).await?)
}
