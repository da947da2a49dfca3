//! Makes what the demo shows, or finds what is left of it.

use std::collections::BTreeMap;

use anyhow::Context;
use gatewright_catalog::customers::{self, NewCustomer};
use gatewright_catalog::model::{BillingPeriod, PlanTerms, ProductKind, Quota, QuotaPeriod, RateLimit};
use gatewright_catalog::plans::{self, NewPlan};
use gatewright_catalog::products::{self, NewProduct};
use gatewright_catalog::subscriptions::{self, SubscriptionFilter};
use gatewright_catalog::tenants;
use gatewright_credentials::issue::{NewKey, Revealed};
use gatewright_credentials::look_up;
use gatewright_credentials::rotate::Rotation;
use gatewright_database::page::PAGE_MAX;
use gatewright_database::{Actor, Caller, Database, PageRequest, SystemUse, TenantTx};
use gatewright_egress::Policy;
use gatewright_identity::tokens;
use gatewright_native::gateways::{self, NewGateway};
use gatewright_native::routes::{self, NewRoute};
use gatewright_native::services::{self, NewService, ServiceChange};
use gatewright_orchestration::model::Activation;
use gatewright_orchestration::provision::{self, NewSubscription};
use gatewright_orchestration::{Orchestrator, access};
use gatewright_portal::model::SpecFormat;
use gatewright_portal::specs::{self, NewApiSpec};
use gatewright_types::access::{AuthType, Environment, KeyStatus, RouteAccess};
use gatewright_types::ids::{
    CustomerId, GatewayId, KeyId, PlanId, ProductId, RequestId, ServiceId, SubscriptionId, TenantId,
};
use gatewright_types::money::Money;
use gatewright_types::slug::Slug;
use rust_decimal::Decimal;
use secrecy::SecretString;

use super::people::{self, Passwords, SignIn};
use super::vendors::{self, Vendors};

/// The product's description, from which its pages and its contract are made.
const DESCRIPTION: &str = include_str!("../../demo/translation-api.yaml");
/// The first page of a list is all that the demo has.
pub(super) const ALL: PageRequest = PageRequest {
    after: None,
    limit: PAGE_MAX,
};

/// The SECURE routes; each goes to the same path of the service.
const ROUTES: [(&str, &str); 7] = [
    ("POST", "/v1/translate"),
    ("POST", "/v1/translate/stream"),
    ("GET", "/v1/translate/{id}"),
    ("POST", "/v1/documents"),
    ("POST", "/v1/embeddings"),
    ("GET", "/v1/usage/current"),
    ("POST", "/v1/agents/sessions"),
];

/// What the demo has, with the secrets of this start.
pub struct Seeded {
    /// Acme.
    pub tenant_id: TenantId,
    /// What its portal's host begins with.
    pub tenant_slug: Slug,
    /// The Translation API.
    pub product_id: ProductId,
    /// Pro.
    pub plan_id: PlanId,
    /// Globex.
    pub customer_id: CustomerId,
    /// Globex's subscription to Pro.
    pub subscription_id: SubscriptionId,
    /// The native gateway.
    pub gateway_id: GatewayId,
    /// The connected stand-ins, by the name under which each is controlled.
    pub connected: BTreeMap<String, GatewayId>,
    /// Globex's key.
    pub key_id: KeyId,
    pub(super) key: SecretString,
    pub(super) operator_token: SecretString,
    /// An operator of Acme.
    pub operator: SignIn,
    /// A developer of Globex.
    pub developer: SignIn,
}

/// Makes whatever is missing.
pub(super) async fn seed(
    database: &Database,
    engine: &Orchestrator,
    service_url: &str,
    vendors: Option<&Vendors>,
) -> anyhow::Result<Seeded> {
    let (tenant_id, operator_token) = tenant(database).await?;
    let request_id = RequestId::mint(database.clock(), database.rng());
    let caller = Caller {
        tenant_id,
        actor: Actor::System,
        request_id,
    };
    let passwords = Passwords::make(database).await?;
    let mut tx = database.tenant(caller).await?;
    let product_id = product(&mut tx).await?;
    let plan_id = plan(&mut tx, product_id).await?;
    let customer_id = customer(&mut tx).await?;
    let gateway_id = gateway(&mut tx, product_id, service_url).await?;
    let (operator, developer) = people::seed(&mut tx, customer_id, passwords).await?;
    tx.commit().await?;
    let connected = match vendors {
        Some(vendors) => vendors::connect(engine, database, tenant_id, product_id, vendors).await?,
        None => BTreeMap::new(),
    };
    let mut tx = database.tenant(caller).await?;
    let (subscription_id, revealed) = subscription(engine, &mut tx, customer_id, plan_id).await?;
    tx.commit().await?;
    Ok(Seeded {
        tenant_id,
        tenant_slug: slug("acme")?,
        product_id,
        plan_id,
        customer_id,
        subscription_id,
        gateway_id,
        connected,
        key_id: revealed.key.id,
        key: revealed.secret,
        operator_token,
        operator,
        developer,
    })
}

async fn tenant(database: &Database) -> anyhow::Result<(TenantId, SecretString)> {
    let (clock, rng) = (database.clock(), database.rng());
    let mut tx = database.system(SystemUse::ManageTenants).await?;
    let slug = slug("acme")?;
    let (tenant_id, owner) = match tenants::find_by_slug(&mut tx, &slug).await? {
        Some(tenant) => (
            tenant.id,
            tokens::replace_owner_tokens(&mut tx, clock, rng, tenant.id).await?,
        ),
        None => {
            let tenant = tenants::create(&mut tx, clock, rng, "Acme", slug).await?;
            (
                tenant.id,
                Some(tokens::create_owner(&mut tx, clock, rng, tenant.id).await?),
            )
        }
    };
    tx.commit().await?;
    Ok((tenant_id, owner.context("the tenant acme has no owner")?.token))
}

async fn product(tx: &mut TenantTx) -> anyhow::Result<ProductId> {
    let known = products::list(tx, ALL).await?.items;
    if let Some(product) = known.iter().find(|product| product.slug.as_str() == "translation-api") {
        describe(tx, product.id).await?;
        return Ok(product.id);
    }
    let new = NewProduct {
        kind: ProductKind::Api,
        name: "Translation API".to_owned(),
        slug: Some(slug("translation-api")?),
        description: "Translates texts, embeds them, and opens sessions with translating agents.".to_owned(),
        orchestrated: true,
    };
    let product = products::create(tx, new).await?;
    describe(tx, product.id).await?;
    Ok(product.id)
}

/// Publishes the product's description, unless there is one: a job imports it as soon as the demo runs.
async fn describe(tx: &mut TenantTx, product_id: ProductId) -> anyhow::Result<()> {
    let known = specs::list(tx, Some(product_id), ALL).await?.items;
    if known.is_empty() {
        let new = NewApiSpec {
            product_id,
            spec_format: SpecFormat::OpenApi3,
            source_url: None,
            document: Some(DESCRIPTION.to_owned()),
            slug: None,
            visibility: None,
            sync_minutes: None,
        };
        specs::create(tx, &Policy::default(), new).await?;
    }
    Ok(())
}

/// Makes Free, Pro and Enterprise; the demo's customer has Pro.
async fn plan(tx: &mut TenantTx, product_id: ProductId) -> anyhow::Result<PlanId> {
    let known = plans::list(tx, ALL).await?.items;
    let mut pro = None;
    for (name, about, price, requests, per_second) in [
        ("Free", "To try it out.", 0, 1_000, 5),
        ("Pro", "For products that people use.", 49, 100_000, 50),
        ("Enterprise", "For large volumes.", 990, 10_000_000, 1_000),
    ] {
        let plan = match known.iter().find(|plan| plan.name == name) {
            Some(plan) => plan.id,
            None => {
                plans::create(tx, new_plan((name, about), price, requests, per_second, product_id)?)
                    .await?
                    .id
            }
        };
        if name == "Pro" {
            pro = Some(plan);
        }
    }
    pro.context("the plan Pro is missing")
}

fn new_plan(
    (name, about): (&str, &str),
    price: i64,
    requests: u64,
    per_second: u32,
    product_id: ProductId,
) -> anyhow::Result<NewPlan> {
    let currency = "EUR".parse().map_err(anyhow::Error::msg)?;
    let terms = PlanTerms {
        price: Money {
            amount: Decimal::new(price * 100, 2),
            currency,
        },
        billing_period: BillingPeriod::Month,
        trial_days: 0,
        quotas: vec![Quota {
            meter: "requests".to_owned(),
            limit: requests,
            period: QuotaPeriod::Month,
        }],
        rate_limits: vec![RateLimit {
            requests: per_second,
            window_seconds: 1,
        }],
        product_ids: vec![product_id],
    };
    Ok(NewPlan {
        name: name.to_owned(),
        slug: None,
        description: about.to_owned(),
        self_service: true,
        price: terms.price,
        billing_period: terms.billing_period,
        trial_days: terms.trial_days,
        quotas: terms.quotas,
        rate_limits: terms.rate_limits,
        product_ids: terms.product_ids,
    })
}

async fn customer(tx: &mut TenantTx) -> anyhow::Result<CustomerId> {
    let known = customers::list(tx, ALL).await?.items;
    if let Some(customer) = known.iter().rev().find(|customer| customer.name == "Globex") {
        return Ok(customer.id);
    }
    let new = NewCustomer {
        name: "Globex".to_owned(),
        email: Some("api@globex.example".to_owned()),
    };
    Ok(customers::create(tx, new).await?.id)
}

/// The native gateway with its service, which has another port at every start, and its routes.
async fn gateway(tx: &mut TenantTx, product_id: ProductId, service_url: &str) -> anyhow::Result<GatewayId> {
    let known = gateways::list(tx, ALL).await?.items;
    if let Some(gateway) = known.iter().find(|gateway| gateway.slug.as_str() == "acme") {
        let services = services::list(tx, gateway.id, ALL).await?.items;
        if let Some(service) = services.iter().find(|service| service.name == "translation") {
            let change = ServiceChange {
                target_url: Some(service_url.to_owned()),
                ..ServiceChange::default()
            };
            services::change(tx, service.id, change).await?;
            routes(tx, gateway.id, service.id, product_id).await?;
        }
        return Ok(gateway.id);
    }
    let new = NewGateway {
        when_cut_off: None,
        name: "Acme".to_owned(),
        slug: Some(slug("acme")?),
        environment: Environment::Live,
        auth_type: AuthType::ApiKey,
        max_request_body_bytes: None,
    };
    let gateway = gateways::create(tx, new).await?;
    let new = NewService {
        name: "translation".to_owned(),
        target_url: service_url.to_owned(),
        ca_pem: None,
        connect_timeout_ms: None,
        response_timeout_ms: None,
    };
    let service = services::create(tx, gateway.id, new).await?;
    routes(tx, gateway.id, service.id, product_id).await?;
    Ok(gateway.id)
}

/// Makes the routes that are missing.
async fn routes(
    tx: &mut TenantTx,
    gateway_id: GatewayId,
    service_id: ServiceId,
    product_id: ProductId,
) -> anyhow::Result<()> {
    let known = routes::list(tx, gateway_id, ALL).await?.items;
    let secure = ROUTES.map(|(method, path)| (method, path, RouteAccess::Secure, Some(product_id)));
    let public = [("GET", "/status"), ("GET", "/v1/languages")];
    let public = public.map(|(method, path)| (method, path, RouteAccess::Public, None));
    for (method, path, access, product_id) in secure.into_iter().chain(public) {
        let is_known = |route: &gatewright_native::model::Route| route.method == *method && route.public_path == path;
        if known.iter().any(is_known) {
            continue;
        }
        let new = NewRoute {
            service_id,
            method: method.to_owned(),
            public_path: path.to_owned(),
            target_path: None,
            access,
            product_id,
        };
        routes::create(tx, gateway_id, new).await?;
    }
    Ok(())
}

/// The subscription that is not over, with its oldest key that is not revoked and a new secret for it.
async fn subscription(
    engine: &Orchestrator,
    tx: &mut TenantTx,
    customer_id: CustomerId,
    plan_id: PlanId,
) -> anyhow::Result<(SubscriptionId, Revealed)> {
    let filter = SubscriptionFilter {
        customer_id: Some(customer_id),
        state: None,
    };
    let known = subscriptions::list(tx, filter, ALL).await?.items;
    for subscription in known.iter().rev().filter(|subscription| subscription.state.admits()) {
        let keys = look_up::list(tx, Some(subscription.id), ALL).await?.items;
        if let Some(key) = keys.iter().rev().find(|key| key.status == KeyStatus::Active) {
            // The gateway does not run yet, so nobody has to be told of the old secret's end.
            let rotation = Rotation {
                overlap_seconds: Some(0),
                end_overlap: true,
            };
            let (revealed, _) = access::rotate_key(tx, key.id, rotation).await?;
            return Ok((subscription.id, revealed));
        }
    }
    let key = NewKey::plain("demo", Environment::Live);
    let new = NewSubscription {
        customer_id,
        plan_id,
        activate: true,
        key,
        activation: Activation::PrimaryFirst,
    };
    let begun = provision::begin(engine, tx, new).await?;
    anyhow::ensure!(
        begun.waiting.is_none(),
        "the demo has no primary gateway besides its own"
    );
    Ok((begun.subscription.id, begun.revealed))
}

fn slug(text: &str) -> anyhow::Result<Slug> {
    text.parse().map_err(anyhow::Error::msg)
}
