//! Upstreams of a native gateway.

use gatewright_catalog::check::Checks;
use gatewright_database::error::broken_unique;
use gatewright_database::{Page, PageRequest, TenantTx};
use gatewright_snapshot::target_url::TargetUrl;
use gatewright_types::ids::{GatewayId, ServiceId};
use gatewright_types::patch::present;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::model::Service;
use crate::{NativeError, configuration, gateways, store};

/// Longest wait for a connection when nothing is said, in milliseconds.
pub const CONNECT_TIMEOUT_DEFAULT_MS: i32 = 5_000;
/// Longest wait for an answer when nothing is said, in milliseconds.
pub const RESPONSE_TIMEOUT_DEFAULT_MS: i32 = 60_000;
/// Longest wait that can be asked for, in milliseconds: an hour.
pub const TIMEOUT_MAX_MS: i32 = 3_600_000;
/// Longest list of certificate authorities, in bytes.
pub const CA_PEM_MAX_BYTES: usize = 64 * 1024;
/// Most services of a gateway.
pub const SERVICES_PER_GATEWAY_MAX: usize = 1_000;

/// What a service is made from.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewService {
    /// Its name, unique in the gateway.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// Where it is: `http://` or `https://`, host, port, base path.
    #[schema(example = "https://api.internal.example.com/v2")]
    pub target_url: String,
    /// Certificate authorities (PEM) that are trusted instead of the system's; for https only.
    pub ca_pem: Option<String>,
    /// Longest wait for a connection, in milliseconds; 5 s when absent.
    #[schema(minimum = 1, maximum = 3600000, default = 5000)]
    pub connect_timeout_ms: Option<i32>,
    /// Longest wait for an answer, and between two parts of a body, in milliseconds; 60 s when absent.
    #[schema(minimum = 1, maximum = 3600000, default = 60000)]
    pub response_timeout_ms: Option<i32>,
}

/// What to change of a service; what is absent stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ServiceChange {
    /// Its name.
    #[schema(min_length = 1, max_length = 200)]
    pub name: Option<String>,
    /// Where it is.
    pub target_url: Option<String>,
    /// Certificate authorities (PEM) that are trusted instead of the system's; null for the system's.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    pub ca_pem: Option<Option<String>>,
    /// Longest wait for a connection, in milliseconds.
    #[schema(minimum = 1, maximum = 3600000)]
    pub connect_timeout_ms: Option<i32>,
    /// Longest wait for an answer, in milliseconds.
    #[schema(minimum = 1, maximum = 3600000)]
    pub response_timeout_ms: Option<i32>,
}

/// Makes a service.
pub async fn create(tx: &mut TenantTx, gateway_id: GatewayId, new: NewService) -> Result<Service, NativeError> {
    gateways::lock(tx, gateway_id).await?;
    let count = store::services::count(tx, gateway_id).await?;
    if usize::try_from(count).unwrap_or(usize::MAX) >= SERVICES_PER_GATEWAY_MAX {
        return Err(NativeError::LimitReached {
            max: SERVICES_PER_GATEWAY_MAX,
            what: "services of a gateway",
        });
    }
    let service = Service {
        id: ServiceId::mint(tx.clock(), tx.rng()),
        gateway_id,
        name: new.name,
        target_url: new.target_url,
        ca_pem: new.ca_pem.filter(|pem| !pem.is_empty()),
        connect_timeout_ms: new.connect_timeout_ms.unwrap_or(CONNECT_TIMEOUT_DEFAULT_MS),
        response_timeout_ms: new.response_timeout_ms.unwrap_or(RESPONSE_TIMEOUT_DEFAULT_MS),
        created_at: tx.now(),
        updated_at: tx.now(),
    };
    check(&service)?;
    name_taken(store::services::insert(tx, &service).await, &service)?;
    configuration::judge(tx, gateway_id).await?;
    tx.created("native", "service.created", service.id, &service);
    Ok(service)
}

/// One service.
pub async fn get(tx: &mut TenantTx, id: ServiceId) -> Result<Service, NativeError> {
    store::services::find(tx, id)
        .await?
        .ok_or_else(|| NativeError::not_found("service", id))
}

/// A page of a gateway's services.
pub async fn list(
    tx: &mut TenantTx,
    gateway_id: GatewayId,
    request: PageRequest,
) -> Result<Page<Service>, NativeError> {
    gateways::get(tx, gateway_id).await?;
    Ok(Page::from_rows(
        store::services::list(tx, gateway_id, request).await?,
        request,
    ))
}

/// One service, held with its gateway until the end of the transaction.
pub async fn lock(tx: &mut TenantTx, id: ServiceId) -> Result<Service, NativeError> {
    let gateway_id = get(tx, id).await?.gateway_id;
    gateways::lock(tx, gateway_id).await?;
    get(tx, id).await
}

/// Changes a service.
pub async fn change(tx: &mut TenantTx, id: ServiceId, change: ServiceChange) -> Result<Service, NativeError> {
    let before = lock(tx, id).await?;
    let mut service = before.clone();
    let gateway_id = service.gateway_id;
    service.name = change.name.unwrap_or(service.name);
    service.target_url = change.target_url.unwrap_or(service.target_url);
    if let Some(pem) = change.ca_pem {
        service.ca_pem = pem.filter(|pem| !pem.is_empty());
    }
    service.connect_timeout_ms = change.connect_timeout_ms.unwrap_or(service.connect_timeout_ms);
    service.response_timeout_ms = change.response_timeout_ms.unwrap_or(service.response_timeout_ms);
    service.updated_at = tx.now();
    check(&service)?;
    name_taken(store::services::update(tx, &service).await, &service)?;
    configuration::judge(tx, gateway_id).await?;
    tx.changed("native", "service.changed", id, &before, &service);
    Ok(service)
}

/// Deletes a service that no route goes to.
pub async fn delete(tx: &mut TenantTx, id: ServiceId) -> Result<(), NativeError> {
    let service = lock(tx, id).await?;
    if store::routes::exist_to(tx, id).await? {
        return Err(NativeError::InUse("routes go to the service: delete them first"));
    }
    store::services::delete(tx, id).await?;
    tx.changed("native", "service.deleted", id, &service, &Value::Null);
    Ok(())
}

fn name_taken(result: Result<(), sqlx::Error>, service: &Service) -> Result<(), NativeError> {
    match result {
        Err(error) if broken_unique(&error).is_some() => Err(NativeError::ServiceNameTaken(service.name.clone())),
        result => Ok(result?),
    }
}

fn check(service: &Service) -> Result<(), NativeError> {
    let mut checks = Checks::default();
    let timeouts = [service.connect_timeout_ms, service.response_timeout_ms];
    check_fields(
        &mut checks,
        &service.name,
        &service.target_url,
        service.ca_pem.as_deref(),
        timeouts,
    );
    Ok(checks.done()?)
}

/// Notes what is wrong with the fields of a service; the time-outs are to connect and to answer.
pub fn check_fields(checks: &mut Checks, name: &str, target_url: &str, ca_pem: Option<&str>, timeouts: [i32; 2]) {
    checks.name("/name", name);
    let is_https = match TargetUrl::parse(target_url) {
        Ok(url) => url.is_https,
        Err(error) => {
            checks.require(false, "/targetUrl", error.to_string());
            false
        }
    };
    for (field, timeout) in [("/connectTimeoutMs", timeouts[0]), ("/responseTimeoutMs", timeouts[1])] {
        checks.require(
            (1..=TIMEOUT_MAX_MS).contains(&timeout),
            field,
            format!("expected 1 to {TIMEOUT_MAX_MS}"),
        );
    }
    if let Some(pem) = ca_pem {
        checks.require(
            pem.len() <= CA_PEM_MAX_BYTES,
            "/caPem",
            format!("expected at most {CA_PEM_MAX_BYTES} bytes"),
        );
        let right = is_https && pem.contains("-----BEGIN CERTIFICATE-----");
        checks.require(right, "/caPem", "expected PEM certificates, for an https:// target");
    }
}
