//! A tenant by its handles: the same for what a file wants and for what an installation has.
//!
//! A handle is what the API keeps unique: a slug for products, plans and gateways; a name for a service of
//! a gateway; method and path for a route of a gateway.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use gatewright_catalog::model::{BillingPeriod, Contract, ProductKind, Quota, RateLimit};
use gatewright_types::access::{AuthType, Environment, RouteAccess};
use gatewright_types::money::Money;
use gatewright_types::slug::Slug;
use serde_json::{Value, json};

use super::format::RouteKey;

/// An object by its handle.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Handle {
    /// A product.
    Product(Slug),
    /// The contract of a product.
    Contract(Slug),
    /// A plan.
    Plan(Slug),
    /// A gateway.
    Gateway(Slug),
    /// A service of a gateway.
    Service(Slug, String),
    /// A route of a gateway, by its identity.
    Route(Slug, RouteKey),
}

impl Handle {
    /// What kind of object it is.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Product(_) => "product",
            Self::Contract(_) => "contract",
            Self::Plan(_) => "plan",
            Self::Gateway(_) => "gateway",
            Self::Service(..) => "service",
            Self::Route(..) => "route",
        }
    }

    /// Which one, without its kind; a route with the parameters that the object names.
    pub fn name(&self, object: Option<&Object>) -> String {
        match self {
            Self::Route(gateway, key) => match object {
                Some(Object::Route(route)) => format!("{gateway}: {}", route.key),
                _ => format!("{gateway}: {key}"),
            },
            Self::Product(slug) | Self::Contract(slug) | Self::Plan(slug) | Self::Gateway(slug) => slug.to_string(),
            Self::Service(gateway, name) => format!("{gateway}: {name}"),
        }
    }
}

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind(), self.name(None))
    }
}

/// What is sold.
#[derive(Clone, Debug)]
pub struct Product {
    /// What kind of thing it is.
    pub kind: ProductKind,
    /// Its name.
    pub name: String,
    /// What it does.
    pub description: String,
    /// Whether its keys are given to connected gateways.
    pub orchestrated: bool,
}

/// Price and allowances of a set of products.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Whether developers may subscribe to it by themselves.
    pub self_service: bool,
    /// Price of one period.
    pub price: Money,
    /// How often it is billed.
    pub billing_period: BillingPeriod,
    /// Days before the first payment.
    pub trial_days: u16,
    /// Allowances of a period.
    pub quotas: Vec<Quota>,
    /// Limits of rate.
    pub rate_limits: Vec<RateLimit>,
    /// What may be called with it.
    pub products: BTreeSet<Slug>,
}

/// A native gateway, without its parts.
#[derive(Clone, Debug)]
pub struct Gateway {
    /// Its name.
    pub name: String,
    /// Which keys it admits.
    pub environment: Environment,
    /// What its SECURE routes ask for.
    pub auth_type: AuthType,
    /// Longest request body, in bytes.
    pub max_request_body_bytes: i64,
}

/// An upstream.
#[derive(Clone, Debug)]
pub struct Service {
    /// Where it is.
    pub target_url: String,
    /// Certificate authorities (PEM) that are trusted instead of the system's.
    pub ca_pem: Option<String>,
    /// Longest wait for a connection, in milliseconds.
    pub connect_timeout_ms: i32,
    /// Longest wait for an answer, in milliseconds.
    pub response_timeout_ms: i32,
}

/// What a gateway does with one method and path.
#[derive(Clone, Debug)]
pub struct Route {
    /// Method and path, with the names of its parameters.
    pub key: RouteKey,
    /// The service it goes to.
    pub service: String,
    /// Template of the path that the service gets.
    pub target_path: String,
    /// Whether a credential is needed.
    pub access: RouteAccess,
    /// The product it belongs to.
    pub product: Option<Slug>,
}

/// One object of a tenant.
#[derive(Clone, Debug)]
pub enum Object {
    /// A product.
    Product(Product),
    /// A product's contract.
    Contract(Contract),
    /// A plan.
    Plan(Plan),
    /// A gateway.
    Gateway(Gateway),
    /// A service.
    Service(Service),
    /// A route.
    Route(Route),
}

/// A tenant, or the part of one that a file names.
pub type Objects = BTreeMap<Handle, Object>;

/// A field as people see it: its name as in a file, and its value.
pub type Field = (&'static str, Value);

impl Object {
    /// Every field, comparable: what means the same is the same here.
    pub fn fields(&self) -> Vec<Field> {
        match self {
            Self::Product(product) => vec![
                ("kind", json!(product.kind)),
                ("name", json!(product.name)),
                ("description", json!(product.description)),
                ("orchestrated", json!(product.orchestrated)),
            ],
            // A contract may have megabytes: its digest says whether it is the same.
            Self::Contract(contract) => vec![
                ("format", json!(contract.format)),
                ("document", json!(digest(&contract.document))),
            ],
            Self::Plan(plan) => vec![
                ("name", json!(plan.name)),
                ("description", json!(plan.description)),
                ("selfService", json!(plan.self_service)),
                (
                    "price",
                    json!(format!(
                        "{} {}",
                        plan.price.amount.normalize(),
                        plan.price.currency.as_str()
                    )),
                ),
                ("billingPeriod", json!(plan.billing_period)),
                ("trialDays", json!(plan.trial_days)),
                ("quotas", json!(plan.quotas)),
                ("rateLimits", json!(plan.rate_limits)),
                ("products", json!(plan.products)),
            ],
            Self::Gateway(gateway) => vec![
                ("name", json!(gateway.name)),
                ("environment", json!(gateway.environment)),
                ("authType", json!(gateway.auth_type)),
                ("maxRequestBodyBytes", json!(gateway.max_request_body_bytes)),
            ],
            Self::Service(service) => vec![
                ("targetUrl", json!(service.target_url)),
                ("caPem", json!(service.ca_pem.as_deref().map(digest))),
                ("connectTimeoutMs", json!(service.connect_timeout_ms)),
                ("responseTimeoutMs", json!(service.response_timeout_ms)),
            ],
            Self::Route(route) => vec![
                ("publicPath", json!(route.key.path)),
                ("service", json!(route.service)),
                ("targetPath", json!(route.target_path)),
                ("access", json!(route.access)),
                ("product", json!(route.product)),
            ],
        }
    }
}

/// A long text in few characters.
fn digest(text: &str) -> String {
    use sha2::Digest;
    let digest = sha2::Sha256::digest(text.as_bytes());
    let short: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("{} bytes, sha256 {short}", text.len())
}
