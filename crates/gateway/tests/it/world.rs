//! A gateway, a control plane that knows some keys, and builders for both.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use gatewright_gateway::{Gateway, Limits, Lookup, LookupAnswer, Options, Tracing};
use gatewright_snapshot::config::{GatewayConfig, RouteConfig, ServiceConfig, SnapshotConfig};
use gatewright_snapshot::{Credential, Grant, Scope, Snapshot};
use gatewright_types::access::{AuthType, Environment, KeyStatus, RouteAccess, WhenCutOff};
use gatewright_types::credential::check_digits;
use gatewright_types::ids::{
    ConsumerId, CustomerId, GatewayId, KeyId, ProductId, RouteId, ServiceId, SubscriptionId, TenantId,
};
use gatewright_types::{Clock, CredentialHash, Rng};
use tokio::sync::mpsc;

use crate::client::{Answer, Client};

pub(crate) struct Ids {
    pub(crate) tenant: TenantId,
    pub(crate) gateway: GatewayId,
    pub(crate) service: ServiceId,
    pub(crate) product: ProductId,
    pub(crate) customer: CustomerId,
    pub(crate) subscription: SubscriptionId,
    pub(crate) consumer: ConsumerId,
    pub(crate) key: KeyId,
}

pub(crate) fn ids() -> Ids {
    let (clock, rng) = (Clock::manual(chrono::DateTime::UNIX_EPOCH), Rng::seeded(7));
    Ids {
        tenant: TenantId::mint(&clock, &rng),
        gateway: GatewayId::mint(&clock, &rng),
        service: ServiceId::mint(&clock, &rng),
        product: ProductId::mint(&clock, &rng),
        customer: CustomerId::mint(&clock, &rng),
        subscription: SubscriptionId::mint(&clock, &rng),
        consumer: ConsumerId::mint(&clock, &rng),
        key: KeyId::mint(&clock, &rng),
    }
}

/// A well-formed key, told apart by its name.
pub(crate) fn key(name: &str) -> String {
    let body = format!("sk_live_{name:0>34}");
    let check = check_digits(body.as_bytes());
    format!("{body}{}", std::str::from_utf8(&check).unwrap())
}

pub(crate) fn hash(key: &str) -> CredentialHash {
    CredentialHash::of(key.as_bytes())
}

/// A credential that is admitted everywhere the product is.
pub(crate) fn credential() -> Credential {
    let ids = ids();
    Credential {
        version: 1,
        key_id: ids.key,
        tenant_id: ids.tenant,
        environment: Environment::Live,
        status: KeyStatus::Active,
        expires_at_ms: None,
        allowed_addresses: None,
        grants: [Grant {
            subscription_id: ids.subscription,
            customer_id: ids.customer,
            admitted: true,
            scope: Scope::Products([ids.product].into()),
        }]
        .into_iter()
        .collect(),
    }
}

/// A route to the one service; SECURE and of the one product.
pub(crate) fn route(method: &str, public_path: &str, target_path: &str) -> RouteConfig {
    let ids = ids();
    RouteConfig {
        id: RouteId::mint(&Clock::System, &Rng::System),
        method: method.to_owned(),
        public_path: public_path.to_owned(),
        target_path: target_path.to_owned(),
        access: RouteAccess::Secure,
        service_id: ids.service,
        product_id: Some(ids.product),
    }
}

pub(crate) fn public(mut route: RouteConfig) -> RouteConfig {
    route.access = RouteAccess::Public;
    route
}

/// One gateway, the default one, whose everything goes to one service.
pub(crate) fn config(target_url: &str) -> SnapshotConfig {
    let ids = ids();
    SnapshotConfig {
        version: 1,
        base_domain: "gateways.test".to_owned(),
        problem_pages: "http://console.test/errors/".to_owned(),
        gateways: vec![GatewayConfig {
            id: ids.gateway,
            tenant_id: ids.tenant,
            slug: "acme".parse().unwrap(),
            environment: Environment::Live,
            auth_type: AuthType::ApiKey,
            default: true,
            max_request_body_bytes: 1024 * 1024,
            when_cut_off: WhenCutOff::Serve,
            services: vec![ServiceConfig {
                id: ids.service,
                target_url: target_url.to_owned(),
                ca_pem: None,
                connect_timeout_ms: 2_000,
                response_timeout_ms: 5_000,
            }],
            routes: vec![
                route("ANY", "/any/{*rest}", "/any/{*rest}"),
                route("GET", "/v1/items/{id}", "/items/{id}"),
                public(route("ANY", "/open/{*rest}", "/open/{*rest}")),
            ],
        }],
        permit_keys: Vec::new(),
    }
}

/// What answers look-ups.
#[derive(Default)]
pub(crate) struct Desk {
    records: Mutex<HashMap<CredentialHash, Credential>>,
    pub(crate) asked: AtomicUsize,
    is_away: AtomicBool,
    /// Look-ups that are held back while this is on.
    held: Mutex<Option<Vec<Lookup>>>,
    arrived: tokio::sync::Notify,
}

impl Desk {
    pub(crate) fn know(&self, key: &str, credential: Credential) {
        self.records.lock().unwrap().insert(hash(key), credential);
    }

    pub(crate) fn forget(&self, key: &str) {
        self.records.lock().unwrap().remove(&hash(key));
    }

    pub(crate) fn go_away(&self, is_away: bool) {
        self.is_away.store(is_away, Ordering::SeqCst);
    }

    pub(crate) fn hold(&self) {
        *self.held.lock().unwrap() = Some(Vec::new());
    }

    /// Waits until `count` look-ups are held back.
    pub(crate) async fn holding(&self, count: usize) {
        loop {
            let arrived = self.arrived.notified();
            if self
                .held
                .lock()
                .unwrap()
                .as_ref()
                .is_some_and(|held| held.len() >= count)
            {
                return;
            }
            tokio::time::timeout(crate::client::PATIENCE, arrived)
                .await
                .expect("a look-up");
        }
    }

    pub(crate) async fn released_by(&self, answer: LookupAnswer) {
        self.holding(1).await;
        self.release(|_| answer.clone());
    }

    /// Answers what was held back as `answer` says, and holds nothing more.
    pub(crate) fn release(&self, answer: impl Fn(CredentialHash) -> LookupAnswer) {
        for lookup in self.held.lock().unwrap().take().unwrap_or_default() {
            let _ = lookup.reply.send(answer(lookup.hash));
        }
    }

    fn take(&self, lookup: Lookup, clock: &Clock) {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if let Some(held) = self.held.lock().unwrap().as_mut() {
            held.push(lookup);
            self.arrived.notify_waiters();
            return;
        }
        let answer = self.answer(lookup.hash, clock);
        let _ = lookup.reply.send(answer);
    }

    pub(crate) fn answer(&self, hash: CredentialHash, clock: &Clock) -> LookupAnswer {
        let answered_at_ms = clock.now_ms();
        if self.is_away.load(Ordering::SeqCst) {
            return LookupAnswer::Unavailable;
        }
        match self.records.lock().unwrap().get(&hash) {
            Some(credential) => LookupAnswer::Found {
                credential: Box::new(credential.clone()),
                answered_at_ms,
            },
            None => LookupAnswer::Unknown { answered_at_ms },
        }
    }
}

pub(crate) struct World {
    pub(crate) gateway: Gateway,
    pub(crate) desk: Arc<Desk>,
    pub(crate) clock: Clock,
    pub(crate) key: String,
}

pub(crate) struct Setup {
    pub(crate) config: SnapshotConfig,
    pub(crate) limits: Limits,
    pub(crate) cores: usize,
    pub(crate) tracing: Option<Tracing>,
    pub(crate) heard: bool,
}

impl Setup {
    pub(crate) fn new(target_url: &str) -> Self {
        Self {
            config: config(target_url),
            limits: Limits::default(),
            cores: 1,
            tracing: None,
            heard: true,
        }
    }

    pub(crate) fn start(self) -> World {
        let clock = Clock::manual(chrono::DateTime::from_timestamp(1_700_000_000, 0).unwrap());
        let (lookups, mut asked) = mpsc::channel::<Lookup>(64);
        let desk = Arc::new(Desk::default());
        let key = key("main");
        desk.know(&key, credential());
        let (clerk, time) = (Arc::clone(&desk), clock.clone());
        tokio::spawn(async move {
            while let Some(lookup) = asked.recv().await {
                clerk.take(lookup, &time);
            }
        });
        let snapshot = Arc::new(Snapshot::compile(self.config).unwrap());
        let options = Options {
            addr: "127.0.0.1:0".parse().unwrap(),
            cores: self.cores,
            clock: clock.clone(),
            limits: self.limits,
            tracing: self.tracing,
            heard: self.heard,
        };
        let gateway = Gateway::start(options, snapshot, lookups).unwrap();
        World {
            gateway,
            desk,
            clock,
            key,
        }
    }
}

impl World {
    /// One whose gateway refuses when it is cut off.
    pub(crate) fn refusing(target_url: &str) -> Self {
        let mut setup = Setup::new(target_url);
        setup.config.gateways[0].when_cut_off = WhenCutOff::Refuse;
        setup.start()
    }

    pub(crate) fn start(target_url: &str) -> Self {
        Setup::new(target_url).start()
    }

    pub(crate) async fn connect(&self) -> Client {
        Client::connect(self.gateway.local_addr()).await
    }

    /// One request with the known key, on a connection of its own.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.get_with(path, &format!("X-Api-Key: {}\r\n", self.key)).await
    }

    pub(crate) async fn get_with(&self, path: &str, fields: &str) -> Answer {
        let mut client = self.connect().await;
        client
            .send(format!(
                "GET {path} HTTP/1.1\r\nHost: acme.gateways.test\r\n{fields}\r\n"
            ))
            .await;
        client.answer().await
    }

    /// A request's head up to the fields that a test adds.
    pub(crate) fn head(&self, line: &str) -> String {
        format!(
            "{line} HTTP/1.1\r\nHost: acme.gateways.test\r\nX-Api-Key: {}\r\n",
            self.key
        )
    }

    /// Sends bytes and returns everything that comes back until the gateway closes.
    pub(crate) async fn exchange(&self, bytes: impl AsRef<[u8]>) -> String {
        let mut client = self.connect().await;
        client.send(bytes).await;
        String::from_utf8(client.rest().await).unwrap()
    }
}
