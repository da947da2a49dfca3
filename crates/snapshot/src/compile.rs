//! Judging a configuration, whole or one gateway of it.

use std::collections::HashMap;
use std::sync::Arc;

use gatewright_types::ids::{GatewayId, RouteId, ServiceId};
use http::{HeaderValue, Method};
use matchit::Router;

use crate::config::{GatewayConfig, RouteConfig, ServiceConfig, SnapshotConfig};
use crate::host;
use crate::service::Service;
use crate::snapshot::{Gateway, Route, Snapshot};
use crate::target_url::{TargetUrl, TargetUrlError};
use crate::template::{Target, Template, TemplateError};

/// The method of a route that answers to every method.
const ANY: &str = "ANY";
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
    let mut shapes = Vec::with_capacity(config.routes.len());
    for route in &config.routes {
        let (compiled, shape) = compile_route(route, &services)?;
        if routes.iter().any(|earlier: &Route| earlier.id == compiled.id) {
            return Err(GatewayFault::RouteTwice(route.id));
        }
        routes.push(compiled);
        shapes.push(shape);
    }
    let (methods, any) = build_routers(&config.routes, &shapes)?;
    Ok(Gateway {
        id: config.id,
        tenant_id: config.tenant_id,
        slug: config.slug.clone(),
        environment: config.environment,
        auth_type: config.auth_type,
        max_request_body_bytes: config.max_request_body_bytes,
        routes,
        methods,
        any,
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
) -> Result<(Route, String), GatewayFault> {
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
        service: Arc::clone(service),
        target,
    };
    Ok((compiled, public.shape()))
}

type Routers = (Vec<(Method, Router<usize>)>, Router<usize>);

/// One router per method, so that a request is matched once.
///
/// On one template a route of the very method goes before `GET` answering `HEAD`, and that before `ANY`.
fn build_routers(configs: &[RouteConfig], shapes: &[String]) -> Result<Routers, GatewayFault> {
    let mut by_method: HashMap<&str, HashMap<&str, usize>> = HashMap::new();
    for (at, (config, shape)) in configs.iter().zip(shapes).enumerate() {
        if let Some(first) = by_method.entry(&config.method).or_default().insert(shape, at) {
            return Err(conflict(configs, first, at));
        }
    }
    let any_routes = by_method.remove(ANY).unwrap_or_default();
    if let Some(get_routes) = by_method.get("GET").cloned() {
        let head_routes = by_method.entry("HEAD").or_default();
        for (shape, at) in get_routes {
            head_routes.entry(shape).or_insert(at);
        }
    }
    let mut methods = Vec::with_capacity(by_method.len());
    for (name, mut routes) in by_method {
        for (&shape, &at) in &any_routes {
            routes.entry(shape).or_insert(at);
        }
        let method = Method::from_bytes(name.as_bytes()).map_err(|_| GatewayFault::Method {
            route: configs[0].id,
            method: name.to_owned(),
        })?;
        methods.push((method, build_router(configs, &routes)?));
    }
    // Requests are mostly of the first methods of this order; it is also the order of an Allow field.
    let rank = |method: &Method| {
        ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]
            .iter()
            .position(|name| *name == method.as_str())
            .unwrap_or(usize::MAX)
    };
    methods.sort_by(|(a, _), (b, _)| rank(a).cmp(&rank(b)).then_with(|| a.as_str().cmp(b.as_str())));
    Ok((methods, build_router(configs, &any_routes)?))
}

fn build_router(configs: &[RouteConfig], routes: &HashMap<&str, usize>) -> Result<Router<usize>, GatewayFault> {
    let mut router = Router::new();
    let mut ordered: Vec<(&str, usize)> = routes.iter().map(|(&shape, &at)| (shape, at)).collect();
    ordered.sort_unstable();
    for (shape, at) in ordered {
        // Shapes are unique and parameters are whole segments, so nothing is left to conflict.
        router.insert(shape, at).map_err(|_| conflict(configs, at, at))?;
    }
    Ok(router)
}

fn conflict(configs: &[RouteConfig], first: usize, second: usize) -> GatewayFault {
    GatewayFault::RouteConflict {
        first: configs[first].id,
        second: configs[second].id,
        method: configs[second].method.clone(),
        public_path: configs[second].public_path.clone(),
    }
}
