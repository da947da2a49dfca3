//! What an installation has of a tenant, read through its API.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use anyhow::{Context, bail};
use gatewright_catalog::SubscriptionState;
use gatewright_catalog::model::{BillingPeriod, Contract, ProductKind, Quota, RateLimit};
use gatewright_types::access::{AuthType, Environment, RouteAccess};
use gatewright_types::money::Money;
use gatewright_types::slug::Slug;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::client::Client;
use super::format::RouteKey;
use super::model::{Gateway, Handle, Object, Objects, Plan, Product, Route, Service};

/// A tenant as its installation has it.
#[derive(Debug)]
pub struct Remote {
    /// The tenant's slug.
    pub tenant: Slug,
    /// Every object of it that a file can name.
    pub objects: Objects,
    /// Where each object is in the API, and what it said when it was read.
    pub held: BTreeMap<Handle, Held>,
}

/// An object's place in the API.
#[derive(Clone, Debug)]
pub struct Held {
    /// Its id; of a contract, its product's.
    pub id: String,
    /// What was read; null for a contract that was not.
    pub seen: Value,
}

#[derive(Deserialize)]
struct WithSlug {
    id: String,
    slug: Slug,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ProductItem {
    kind: ProductKind,
    name: String,
    description: String,
    orchestrated: bool,
    contract_format: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PlanItem {
    name: String,
    description: String,
    self_service: bool,
    price: Money,
    billing_period: BillingPeriod,
    trial_days: u16,
    quotas: Vec<Quota>,
    rate_limits: Vec<RateLimit>,
    product_ids: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GatewayItem {
    name: String,
    environment: Environment,
    auth_type: AuthType,
    max_request_body_bytes: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ServiceItem {
    id: String,
    name: String,
    target_url: String,
    ca_pem: Option<String>,
    connect_timeout_ms: i32,
    response_timeout_ms: i32,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RouteItem {
    id: String,
    service_id: String,
    method: String,
    public_path: String,
    target_path: String,
    access: RouteAccess,
    product_id: Option<String>,
}

fn item<T: DeserializeOwned>(value: &Value) -> anyhow::Result<T> {
    let id = value["id"].as_str().unwrap_or("an object");
    T::deserialize(value)
        .with_context(|| format!("{id} cannot be understood; is the installation newer than this program?"))
}

impl Remote {
    /// Reads everything that a file can name. Of contracts, those for which `wanted` says so.
    pub async fn read(client: &mut Client, wanted: impl Fn(&Slug) -> bool) -> anyhow::Result<Self> {
        let tenants = client.list("/tenants").await?;
        let mut remote = Self {
            tenant: match tenants.as_slice() {
                [only] => item::<WithSlug>(only)?.slug,
                // An installation's token sees all of them, and nothing inside of one.
                _ => bail!(
                    "the token is no operator's of one tenant: `gatewright token <tenant>` beside the server makes one"
                ),
            },
            objects: Objects::new(),
            held: BTreeMap::new(),
        };
        remote.products(client, wanted).await?;
        remote.plans(client).await?;
        for gateway in client.list("/gateways").await? {
            // Connected gateways are set up where they are.
            if gateway["kind"] == "NATIVE" {
                remote.gateway(client, gateway).await?;
            }
        }
        Ok(remote)
    }

    fn put(&mut self, handle: Handle, object: Object, id: String, seen: Value) {
        self.held.insert(handle.clone(), Held { id, seen });
        self.objects.insert(handle, object);
    }

    /// Slugs of the products by id.
    fn product_slugs(&self) -> HashMap<String, Slug> {
        let slug = |(handle, held): (&Handle, &Held)| match handle {
            Handle::Product(slug) => Some((held.id.clone(), slug.clone())),
            _ => None,
        };
        self.held.iter().filter_map(slug).collect()
    }

    async fn products(&mut self, client: &mut Client, wanted: impl Fn(&Slug) -> bool) -> anyhow::Result<()> {
        for value in client.list("/products").await? {
            let WithSlug { id, slug } = item(&value)?;
            let product: ProductItem = item(&value)?;
            if product.contract_format.is_some() && wanted(&slug) {
                let body = client.get(&format!("/products/{id}/contract")).await?.body;
                let contract: Contract = item(&body)?;
                self.put(
                    Handle::Contract(slug.clone()),
                    Object::Contract(contract),
                    id.clone(),
                    body,
                );
            }
            let product = Product {
                kind: product.kind,
                name: product.name,
                description: product.description,
                orchestrated: product.orchestrated,
            };
            self.put(Handle::Product(slug), Object::Product(product), id, value);
        }
        Ok(())
    }

    async fn plans(&mut self, client: &mut Client) -> anyhow::Result<()> {
        let slugs = self.product_slugs();
        for value in client.list("/plans").await? {
            let WithSlug { id, slug } = item(&value)?;
            let plan: PlanItem = item(&value)?;
            let products = plan
                .product_ids
                .iter()
                .map(|id| named(&slugs, id))
                .collect::<anyhow::Result<BTreeSet<Slug>>>()?;
            let plan = Plan {
                name: plan.name,
                description: plan.description,
                self_service: plan.self_service,
                price: plan.price,
                billing_period: plan.billing_period,
                trial_days: plan.trial_days,
                quotas: plan.quotas,
                rate_limits: plan.rate_limits,
                products,
            };
            self.put(Handle::Plan(slug), Object::Plan(plan), id, value);
        }
        Ok(())
    }

    async fn gateway(&mut self, client: &mut Client, value: Value) -> anyhow::Result<()> {
        let products = self.product_slugs();
        let WithSlug { id: gateway_id, slug } = item(&value)?;
        let gateway: GatewayItem = item(&value)?;
        let gateway = Gateway {
            name: gateway.name,
            environment: gateway.environment,
            auth_type: gateway.auth_type,
            max_request_body_bytes: gateway.max_request_body_bytes,
        };
        let mut services = HashMap::new();
        for value in client.list(&format!("/gateways/{gateway_id}/services")).await? {
            let service: ServiceItem = item(&value)?;
            services.insert(service.id.clone(), service.name.clone());
            let handle = Handle::Service(slug.clone(), service.name);
            let object = Service {
                target_url: service.target_url,
                ca_pem: service.ca_pem,
                connect_timeout_ms: service.connect_timeout_ms,
                response_timeout_ms: service.response_timeout_ms,
            };
            self.put(handle, Object::Service(object), service.id, value);
        }
        for value in client.list(&format!("/gateways/{gateway_id}/routes")).await? {
            let route: RouteItem = item(&value)?;
            let key = RouteKey {
                path: route.public_path,
                method: route.method,
            };
            let handle = Handle::Route(slug.clone(), key.identity());
            let object = Route {
                key,
                service: named(&services, &route.service_id)?,
                target_path: route.target_path,
                access: route.access,
                product: route.product_id.map(|id| named(&products, &id)).transpose()?,
            };
            self.put(handle, Object::Route(object), route.id, value);
        }
        self.put(Handle::Gateway(slug), Object::Gateway(gateway), gateway_id, value);
        Ok(())
    }
}

/// Made while we were reading: the lists are no one moment.
fn named<T: Clone>(known: &HashMap<String, T>, id: &str) -> anyhow::Result<T> {
    known
        .get(id)
        .cloned()
        .with_context(|| format!("{id} was made while the tenant was read: try again"))
}

/// Who may be calling what a plan takes away.
#[derive(Debug, Default)]
pub struct Callers {
    subscriptions: Vec<BTreeSet<Slug>>,
    unclear: usize,
    consumers: HashMap<Slug, usize>,
}

impl Callers {
    /// Reads the subscriptions that admit, and the API consumers of these gateways.
    pub async fn read(client: &mut Client, remote: &Remote, gateways: &BTreeSet<Slug>) -> anyhow::Result<Self> {
        let mut callers = Self::default();
        let plans: HashMap<&str, (&Held, &BTreeSet<Slug>)> = remote
            .held
            .iter()
            .filter_map(|(handle, held)| match remote.objects.get(handle) {
                Some(Object::Plan(plan)) => Some((held.id.as_str(), (held, &plan.products))),
                _ => None,
            })
            .collect();
        for state in SubscriptionState::ALL.iter().filter(|state| state.admits()) {
            for subscription in client.list(&format!("/subscriptions?state={state}")).await? {
                let plan = subscription["planId"].as_str().and_then(|id| plans.get(id));
                match plan {
                    Some((held, products)) if held.seen["version"] == subscription["planVersion"] => {
                        callers.subscriptions.push((*products).clone());
                    }
                    // An older version: the API does not say what that one covers. No plan: an API consumer's.
                    Some(_) => callers.unclear += 1,
                    None => {}
                }
            }
        }
        for gateway in gateways {
            let held = &remote.held[&Handle::Gateway(gateway.clone())];
            let consumers = client.list(&format!("/gateways/{}/consumers", held.id)).await?;
            callers.consumers.insert(gateway.clone(), consumers.len());
        }
        Ok(callers)
    }

    /// API consumers of a gateway.
    pub fn consumers(&self, gateway: &Slug) -> usize {
        self.consumers.get(gateway).copied().unwrap_or_default()
    }

    /// Live subscriptions that cover a product, or may: those to older versions of plans count.
    pub fn of_product(&self, product: &Slug) -> usize {
        let covering = self.subscriptions.iter().filter(|products| products.contains(product));
        covering.count() + self.unclear
    }
}
