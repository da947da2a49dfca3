use std::collections::HashMap;

use gatewright_snapshot::config::{GatewayConfig, RouteConfig, ServiceConfig};
use gatewright_types::access::{AuthType, Environment, RouteAccess, WhenCutOff};
use gatewright_types::ids::{GatewayId, ProductId, RouteId, ServiceId, TenantId};
use gatewright_types::slug::Slug;
use sqlx::PgConnection;

/// Every gateway that the transaction sees, or one of them, with its parts.
pub(crate) async fn gateways(
    connection: &mut PgConnection,
    id: Option<GatewayId>,
) -> Result<Vec<GatewayConfig>, sqlx::Error> {
    let mut services = services(connection, id).await?;
    let mut routes = routes(connection, id).await?;
    let rows = sqlx::query!(
        r#"SELECT id AS "id: GatewayId", tenant_id AS "tenant_id: TenantId", slug AS "slug: Slug",
             environment AS "environment: Environment", auth_type AS "auth_type: AuthType", max_request_body_bytes,
             when_cut_off AS "when_cut_off: WhenCutOff"
           FROM gateways WHERE $1::uuid IS NULL OR id = $1 ORDER BY id"#,
        id.map(GatewayId::uuid),
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| GatewayConfig {
            id: row.id,
            tenant_id: row.tenant_id,
            slug: row.slug,
            environment: row.environment,
            auth_type: row.auth_type,
            default: false,
            max_request_body_bytes: u64::try_from(row.max_request_body_bytes).unwrap_or(0),
            when_cut_off: row.when_cut_off,
            services: services.remove(&row.id).unwrap_or_default(),
            routes: routes.remove(&row.id).unwrap_or_default(),
        })
        .collect())
}

async fn services(
    connection: &mut PgConnection,
    gateway_id: Option<GatewayId>,
) -> Result<HashMap<GatewayId, Vec<ServiceConfig>>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT id AS "id: ServiceId", gateway_id AS "gateway_id: GatewayId", target_url, ca_pem, connect_timeout_ms, response_timeout_ms
           FROM services WHERE $1::uuid IS NULL OR gateway_id = $1 ORDER BY id"#,
        gateway_id.map(GatewayId::uuid),
    )
    .fetch_all(connection)
    .await?;
    let mut services: HashMap<GatewayId, Vec<ServiceConfig>> = HashMap::new();
    for row in rows {
        services.entry(row.gateway_id).or_default().push(ServiceConfig {
            id: row.id,
            target_url: row.target_url,
            ca_pem: row.ca_pem,
            connect_timeout_ms: u32::try_from(row.connect_timeout_ms).unwrap_or(0),
            response_timeout_ms: u32::try_from(row.response_timeout_ms).unwrap_or(0),
        });
    }
    Ok(services)
}

async fn routes(
    connection: &mut PgConnection,
    gateway_id: Option<GatewayId>,
) -> Result<HashMap<GatewayId, Vec<RouteConfig>>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT id AS "id: RouteId", gateway_id AS "gateway_id: GatewayId", service_id AS "service_id: ServiceId", method,
             public_path, target_path, access AS "access: RouteAccess", product_id AS "product_id: ProductId"
           FROM routes WHERE $1::uuid IS NULL OR gateway_id = $1 ORDER BY id"#,
        gateway_id.map(GatewayId::uuid),
    )
    .fetch_all(connection)
    .await?;
    let mut routes: HashMap<GatewayId, Vec<RouteConfig>> = HashMap::new();
    for row in rows {
        routes.entry(row.gateway_id).or_default().push(RouteConfig {
            id: row.id,
            method: row.method,
            public_path: row.public_path,
            target_path: row.target_path,
            access: row.access,
            service_id: row.service_id,
            product_id: row.product_id,
        });
    }
    Ok(routes)
}
