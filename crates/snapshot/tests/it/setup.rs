//! Builders.

use gatewright_snapshot::config::{GatewayConfig, RouteConfig, ServiceConfig, SnapshotConfig};
use gatewright_snapshot::{Head, Refusal, Snapshot, match_route};
use gatewright_types::access::{AuthType, Environment, RouteAccess};
use gatewright_types::ids::{GatewayId, RouteId, ServiceId, TenantId};
use gatewright_types::{Clock, Rng};
use http::{HeaderMap, HeaderValue, Method, Uri, Version, header};

pub(crate) fn gateway(slug: &str, routes: Vec<RouteConfig>) -> GatewayConfig {
    GatewayConfig {
        id: GatewayId::mint(&Clock::System, &Rng::System),
        tenant_id: TenantId::mint(&Clock::System, &Rng::System),
        slug: slug.parse().unwrap(),
        environment: Environment::Live,
        auth_type: AuthType::ApiKey,
        default: false,
        max_request_body_bytes: 1,
        when_cut_off: gatewright_types::access::WhenCutOff::Serve,
        services: vec![ServiceConfig {
            id: service_id(),
            target_url: "http://up.test/base".to_owned(),
            ca_pem: None,
            connect_timeout_ms: 1,
            response_timeout_ms: 1,
        }],
        routes,
    }
}

pub(crate) fn service_id() -> ServiceId {
    ServiceId::mint(&Clock::manual(chrono::DateTime::UNIX_EPOCH), &Rng::seeded(1))
}

pub(crate) fn route(method: &str, public_path: &str, target_path: &str) -> RouteConfig {
    RouteConfig {
        id: RouteId::mint(&Clock::System, &Rng::System),
        method: method.to_owned(),
        public_path: public_path.to_owned(),
        target_path: target_path.to_owned(),
        access: RouteAccess::Secure,
        service_id: service_id(),
        product_id: None,
    }
}

pub(crate) fn config(gateways: Vec<GatewayConfig>) -> SnapshotConfig {
    SnapshotConfig {
        version: 1,
        base_domain: "gw.test".to_owned(),
        problem_pages: "/errors/".to_owned(),
        gateways,
        permit_keys: Vec::new(),
    }
}

pub(crate) fn compile(routes: Vec<RouteConfig>) -> Snapshot {
    Snapshot::compile(config(vec![gateway("acme", routes)])).unwrap()
}

/// The target of a request to `acme`, or why there is none.
pub(crate) fn target(snapshot: &Snapshot, method: &str, uri: &str) -> Result<String, Refusal> {
    let headers = HeaderMap::from_iter([(header::HOST, HeaderValue::from_static("acme.gw.test"))]);
    let (method, uri): (Method, Uri) = (method.parse().unwrap(), uri.parse().unwrap());
    let head = Head {
        method: &method,
        uri: &uri,
        version: Version::HTTP_11,
        headers: &headers,
    };
    let matched = match_route(snapshot, &head)?;
    let mut text = Vec::new();
    matched.render_target(&mut text);
    assert_eq!(text.len(), matched.target_length());
    Ok(String::from_utf8(text).unwrap())
}
