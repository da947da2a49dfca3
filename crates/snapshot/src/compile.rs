//! Judging a configuration, whole or one gateway of it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use gatewright_types::ids::{GatewayId, RouteId, ServiceId};
use http::HeaderValue;

use crate::config::{GatewayConfig, RouteConfig, ServiceConfig, SnapshotConfig};
use crate::host;
use crate::routers::Routers;
use crate::service::Service;
use crate::snapshot::{Gateway, Route, Snapshot};
use crate::target_url::{TargetUrl, TargetUrlError};
use crate::template::{Target, Template, TemplateError};

/// Longest time-out of a service, in milliseconds: an hour.
const TIMEOUT_MAX_MS: u32 = 3_600_000;

/// Why a configuration is refused as a whole.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CompileError {
    /// The base domain is no host name.
    #[error("base domain {0:?} is no host name")]
    BaseDomain(String),
    /// Two gateways would answer to one host.
    #[error("gateways {first} and {second} have the same slug {slug:?}")]
    SlugTwice {
        /// The slug.
        slug: String,
        /// The earlier one.
        first: GatewayId,
        /// The later one.
        second: GatewayId,
    },
    /// Two gateways would answer to a bare address.
    #[error("gateways {first} and {second} are both the default")]
    DefaultTwice {
        /// The earlier one.
        first: GatewayId,
        /// The later one.
        second: GatewayId,
    },
    /// One gateway is wrong in itself.
    #[error("gateway {gateway}: {fault}")]
    Gateway {
        /// Which.
        gateway: GatewayId,
        /// What is wrong.
        #[source]
        fault: Box<GatewayFault>,
    },
}

/// Why one gateway's configuration is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GatewayFault {
    /// Two services of one id.
    #[error("service {0} stands there twice")]
    ServiceTwice(ServiceId),
    /// A service's address.
    #[error("service {service}: {error}")]
    TargetUrl {
        /// Which.
        service: ServiceId,
        /// What is wrong.
        error: TargetUrlError,
    },
    /// A service's certificate authorities.
    #[error("service {0}: certificate authorities need an https:// target and PEM text")]
    CertificateAuthorities(ServiceId),
    /// A service's time-out.
    #[error("service {0}: time-outs are from 1 to {TIMEOUT_MAX_MS} ms")]
    Timeout(ServiceId),
    /// Two routes of one id.
    #[error("route {0} stands there twice")]
    RouteTwice(RouteId),
    /// A route's method.
    #[error("route {route}: {method:?} is no HTTP method in capitals, nor ANY (CONNECT and TRACE are never routed)")]
    Method {
        /// Which.
        route: RouteId,
        /// What it says.
        method: String,
    },
    /// One of a route's templates.
    #[error("route {route}: {field}: {error}")]
    Template {
        /// Which.
        route: RouteId,
        /// `publicPath` or `targetPath`.
        field: &'static str,
        /// What is wrong.
        error: TemplateError,
    },
    /// A route to nowhere.
    #[error("route {route}: there is no service {service}")]
    UnknownService {
        /// Which.
        route: RouteId,
        /// The service that is not there.
        service: ServiceId,
    },
    /// Two routes that match the same requests.
    #[error("routes {first} and {second} match the same requests: {method} {public_path}")]
    RouteConflict {
        /// The earlier one.
        first: RouteId,
        /// The later one.
        second: RouteId,
        /// Their method.
        method: String,
        /// The later one's template.
        public_path: String,
    },
}

impl Snapshot {
    /// Judges a configuration and makes it ready for decisions.
    ///
    /// # Errors
    ///
    /// [`CompileError`] for the first thing that is wrong; nothing of the configuration is used then.
    pub fn compile(config: SnapshotConfig) -> Result<Self, CompileError> {
        let base_domain = config.base_domain.trim_end_matches('.').to_ascii_lowercase();
        if !host::is_host_name(&base_domain) {
            return Err(CompileError::BaseDomain(config.base_domain));
        }
        let mut by_slug: HashMap<String, usize> = HashMap::with_capacity(config.gateways.len());
        let mut default: Option<usize> = None;
        for (at, gateway) in config.gateways.iter().enumerate() {
            if let Some(first) = by_slug.insert(gateway.slug.as_str().to_owned(), at) {
                return Err(CompileError::SlugTwice {
                    slug: gateway.slug.to_string(),
                    first: config.gateways[first].id,
                    second: gateway.id,
                });
            }
            if gateway.default
                && let Some(first) = default.replace(at)
            {
                return Err(CompileError::DefaultTwice {
                    first: config.gateways[first].id,
                    second: gateway.id,
                });
            }
        }
        let compiled = config.gateways.iter().map(|gateway| {
            compile_gateway(gateway).map_err(|fault| CompileError::Gateway {
                gateway: gateway.id,
                fault: Box::new(fault),
            })
        });
        Ok(Self {
            version: config.version,
            problem_pages: config.problem_pages,
            base_domain,
            gateways: compiled.collect::<Result<_, _>>()?,
            by_slug,
            default,
            permit_keys: config.permit_keys,
        })
    }
}

/// Judges one gateway by itself, as [`Snapshot::compile`] would.
///
/// # Errors
///
/// [`GatewayFault`] for the first thing that is wrong.
pub fn judge_gateway(config: &GatewayConfig) -> Result<(), GatewayFault> {
    compile_gateway(config).map(|_| ())
}

fn compile_gateway(config: &GatewayConfig) -> Result<Gateway, GatewayFault> {
    let mut services: HashMap<ServiceId, Arc<Service>> = HashMap::with_capacity(config.services.len());
    for service in &config.services {
        if services
            .insert(service.id, Arc::new(compile_service(service)?))
            .is_some()
        {
            return Err(GatewayFault::ServiceTwice(service.id));
        }
    }
    let mut routes = Vec::with_capacity(config.routes.len());
    let mut templates = Vec::with_capacity(config.routes.len());
    let mut seen = HashSet::with_capacity(config.routes.len());
    for route in &config.routes {
        if !seen.insert(route.id) {
            return Err(GatewayFault::RouteTwice(route.id));
        }
        let (compiled, template) = compile_route(route, &services)?;
        routes.push(compiled);
        templates.push(template);
    }
    let routers = Routers::new(&config.routes, &templates)?;
    Ok(Gateway {
        id: config.id,
        tenant_id: config.tenant_id,
        slug: config.slug.clone(),
        environment: config.environment,
        auth_type: config.auth_type,
        max_request_body_bytes: config.max_request_body_bytes,
        when_cut_off: config.when_cut_off,
        routes,
        routers,
    })
}

fn compile_service(config: &ServiceConfig) -> Result<Service, GatewayFault> {
    let url = TargetUrl::parse(&config.target_url).map_err(|error| GatewayFault::TargetUrl {
        service: config.id,
        error,
    })?;
    let is_pem = |pem: &String| pem.contains("-----BEGIN CERTIFICATE-----");
    if config.ca_pem.as_ref().is_some_and(|pem| !url.is_https || !is_pem(pem)) {
        return Err(GatewayFault::CertificateAuthorities(config.id));
    }
    let in_range = |timeout_ms: u32| (1..=TIMEOUT_MAX_MS).contains(&timeout_ms);
    if !in_range(config.connect_timeout_ms) || !in_range(config.response_timeout_ms) {
        return Err(GatewayFault::Timeout(config.id));
    }
    let host = HeaderValue::from_str(&url.authority).map_err(|_| GatewayFault::TargetUrl {
        service: config.id,
        error: TargetUrlError::Host(url.authority.clone()),
    })?;
    Ok(Service::new(config, url, host))
}

fn compile_route(
    config: &RouteConfig,
    services: &HashMap<ServiceId, Arc<Service>>,
) -> Result<(Route, Template), GatewayFault> {
    let route = config.id;
    let is_token = !config.method.is_empty()
        && config.method.len() <= 32
        && config
            .method
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte == b'-');
    if !is_token || matches!(config.method.as_str(), "CONNECT" | "TRACE") {
        return Err(GatewayFault::Method {
            route,
            method: config.method.clone(),
        });
    }
    let fault = |field| move |error| GatewayFault::Template { route, field, error };
    let public = Template::parse(&config.public_path).map_err(fault("publicPath"))?;
    let target = Template::parse(&config.target_path).map_err(fault("targetPath"))?;
    let service = services.get(&config.service_id).ok_or(GatewayFault::UnknownService {
        route,
        service: config.service_id,
    })?;
    let target = Target::new(&public, &target, &service.url.base_path).map_err(fault("targetPath"))?;
    let compiled = Route {
        id: route,
        access: config.access,
        product_id: config.product_id,
        public_path: config.public_path.as_str().into(),
        service: Arc::clone(service),
        target,
    };
    Ok((compiled, public))
}
