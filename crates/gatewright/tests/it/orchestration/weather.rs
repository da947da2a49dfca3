//! Gateways behind a Gatewright whose clock is the test's, and what may be seen of all of them when a storm is over.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::pin::pin;
use std::time::Duration;

use chrono::{DateTime, Utc};
use gatewright::notices;
use gatewright_orchestration::{Orchestrator, sweep};
use gatewright_testkit::{TestApp, TestTenant, Upstream, database, manual_clock, settings};
use gatewright_types::Clock;
use reqwest::Method;
use serde_json::{Value, json};
use vendor_fakes::running::Running;

/// How much of the clock's time passes in [`BEAT`] while something is waited for.
const STEP: Duration = Duration::from_millis(100);
const BEAT: Duration = Duration::from_millis(5);
/// Most calls for each application until all is as desired.
const CALLS_MAX: u64 = 150;
/// Rounds after which everything is as desired once nothing goes wrong any more; each is [`ROUND`] of the clock's time.
const ROUNDS_MAX: usize = 40;
const ROUND: Duration = Duration::from_secs(60);

/// The native gateway's host.
const NATIVE: &str = "native";
/// Every vendor's stand-in.
pub(super) const VENDORS: [&str; 5] = ["kong", "apigee", "aws", "azure", "mulesoft"];

/// A stand-in of some vendor's.
pub(super) struct Gateway(Box<dyn Deref<Target = Running> + Send + Sync>);

impl Deref for Gateway {
    type Target = Running;

    fn deref(&self) -> &Running {
        &self.0
    }
}

impl Gateway {
    /// One that runs.
    pub(super) fn of(running: impl Deref<Target = Running> + Send + Sync + 'static) -> Self {
        Self(Box::new(running))
    }

    async fn start(vendor: &str, clock: Clock, fault_seed: u64) -> Self {
        macro_rules! stand_in {
            ($vendor:ident) => {{
                let options = vendor_fakes::$vendor::Options {
                    seed: vendor_fakes::$vendor::Seed::Demo,
                    clock,
                    fault_seed,
                    ..vendor_fakes::$vendor::Options::default()
                };
                Self(Box::new(
                    vendor_fakes::$vendor::Fake::start(options).await.unwrap(),
                ))
            }};
        }
        match vendor {
            "kong" => stand_in!(kong),
            "apigee" => stand_in!(apigee),
            "aws" => stand_in!(aws),
            "azure" => stand_in!(azure),
            "mulesoft" => stand_in!(mulesoft),
            other => panic!("there is no stand-in for {other}"),
        }
    }

    /// How many credentials of ours it has.
    fn ours(&self) -> usize {
        let state = self.state();
        let rows = |list: &str, is: &dyn Fn(&Value) -> bool| {
            let rows = state[list].as_array().unwrap().iter();
            rows.filter(|row| is(row)).count()
        };
        let named = |row: &Value| row["name"].as_str().is_some_and(|name| name.starts_with("gwr-"));
        match self.told().vendor {
            "KONG" => rows("key-auths", &|row| row["tags"].to_string().contains("gwr-")),
            "AWS_API_GATEWAY" => rows("apikeys", &named),
            "AZURE_API_MANAGEMENT" => {
                let slots = |row: &Value| {
                    let said = row["properties"]["displayName"].as_str().unwrap_or_default();
                    said.split(['=', ' '])
                        .filter(|word| word.parse::<u32>().is_ok())
                        .count()
                };
                let subscriptions = state["subscriptions"].as_array().unwrap().iter();
                subscriptions.filter(|row| named(row)).map(slots).sum()
            }
            "MULESOFT" => rows("applications", &named),
            "APIGEE" => {
                let apps = state["apps"].as_array().unwrap().iter().filter(|app| named(app));
                apps.map(|app| app["credentials"].as_array().map_or(0, Vec::len)).sum()
            }
            other => panic!("there is no vendor {other}"),
        }
    }
}

/// A secret that some answer revealed.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) key_id: String,
    pub(super) subscription_id: String,
    pub(super) version: i64,
    pub(super) secret: String,
}

pub(super) struct Weather {
    pub(super) app: TestApp,
    pub(super) tenant: TestTenant,
    /// Two workers on one database.
    pub(super) engines: [Orchestrator; 2],
    pub(super) gateways: Vec<Gateway>,
    pub(super) connections: Vec<String>,
    pub(super) product_id: String,
    pub(super) plan_id: String,
    pub(super) customer_id: String,
    /// Behind the native gateway.
    _upstream: Upstream,
}

impl Weather {
    /// A Kong for each of `connections`, which says how it is connected.
    pub(super) async fn with(connections: &[Value]) -> Self {
        let kongs: Vec<(&str, Value)> = connections.iter().map(|more| ("kong", more.clone())).collect();
        Self::new(&kongs).await
    }

    /// These vendors' gateways, and how each is connected.
    pub(super) async fn new(gateways: &[(&str, Value)]) -> Self {
        let database_url = database::create().await;
        let settings = settings(&database_url);
        let app = TestApp::start_as(settings.clone(), manual_clock()).await;
        let own = app.process.api_url();
        let own = own
            .trim_start_matches("http://")
            .split('/')
            .next()
            .unwrap()
            .parse()
            .unwrap();
        let engine = || notices::orchestrator(&settings, app.process.database(), own).unwrap();
        let engines = [engine(), engine()];
        let tenant = app.tenant("acme").await;
        let product_id = tenant.product("Orders").await;
        let upstream = Upstream::start().await;
        let native = tenant.gateway(NATIVE).await;
        let service = tenant.service(&native, "orders", &upstream.url()).await;
        tenant
            .secure_route(&native, &service, "GET", "/orders", Some(&product_id))
            .await;
        let mut weather = Self {
            _upstream: upstream,
            plan_id: tenant.plan("Basic", &[&product_id]).await,
            customer_id: tenant.customer("Globex").await,
            app,
            tenant,
            engines,
            gateways: Vec::new(),
            connections: Vec::new(),
            product_id,
        };
        for (number, (vendor, more)) in gateways.iter().enumerate() {
            let gateway = Gateway::start(vendor, weather.app.clock.clone(), number as u64).await;
            let told = gateway.told().clone();
            let mut body = json!({
                "vendor": told.vendor, "name": format!("{vendor}-{number}"), "environment": "LIVE",
                "settings": told.settings, "credentials": told.credentials,
                // Enough that nobody waits for a turn: the rate has a test of its own.
                "callsPerSecond": 10_000,
            });
            for (field, value) in more.as_object().unwrap() {
                body[field] = value.clone();
            }
            let id = weather.meanwhile(weather.tenant.create("/connections", body)).await;
            gateway.mark_foreign();
            weather.gateways.push(gateway);
            weather.connections.push(id);
            assert_eq!(map_again(&weather, number).await, 200);
        }
        weather
    }

    /// Waits for something while the clock moves on.
    pub(super) async fn meanwhile<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        loop {
            if let Ok(done) = tokio::time::timeout(BEAT, &mut work).await {
                return done;
            }
            self.app.clock.advance(STEP);
        }
    }

    /// A request, while the clock moves on; `expected` are also right answers. Never the program's own failure.
    pub(super) async fn call(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let (status, body) = self.meanwhile(self.tenant.call(method.clone(), path, body)).await;
        assert!(status != 500, "{method} {path}: {body:#}");
        (status.as_u16(), body)
    }

    pub(super) async fn subscribe(&self, more: Value) -> (u16, Value) {
        let mut body = json!({ "customerId": self.customer_id, "planId": self.plan_id });
        for (field, value) in more.as_object().unwrap() {
            body[field] = value.clone();
        }
        self.call(Method::POST, "/subscriptions", Some(body)).await
    }

    /// What the proxy of a Kong says to a key.
    pub(super) async fn ask(&self, kong: usize, secret: &str) -> u16 {
        let gateway = &self.gateways[kong];
        let url = format!("{}{}orders", gateway.proxy_url(), gateway.told().path_prefix);
        let asked = self.app.client.get(url).header(gateway.told().key_field, secret);
        let answer = asked.send().await.unwrap();
        answer.status().as_u16()
    }

    /// Where a subscription stands on a Kong.
    pub(super) async fn standing(&self, subscription_id: &str, kong: usize) -> Value {
        let path = format!("/subscriptions/{subscription_id}/gateways");
        let all = self.tenant.get(&path).await;
        let found = all["items"].as_array().unwrap().iter();
        let mut found = found.filter(|one| one["gatewayId"] == self.connections[kong].as_str());
        found.next().cloned().unwrap_or_default()
    }

    /// Claims what is due, by one of the workers, until nothing is; returns how much that was.
    pub(super) async fn work(&self) -> usize {
        let mut done = 0;
        for engine in self.engines.iter().cycle().take(50) {
            let claimed = self.meanwhile(engine.tick()).await.unwrap();
            if claimed == 0 {
                return done;
            }
            done += claimed;
        }
        panic!("work never ends at one point in time");
    }

    /// One number, as the database's owner.
    pub(super) async fn count(&self, sql: &'static str) -> i64 {
        let mut owner = database::connect(&self.app.database_url).await;
        sqlx::query_scalar(sql).fetch_one(&mut owner).await.unwrap()
    }

    /// Puts every circuit breaker there.
    pub(super) async fn set_breaker(&self, state: &str, retry_at: DateTime<Utc>) {
        let mut owner = database::connect(&self.app.database_url).await;
        sqlx::query("UPDATE connection_health SET breaker = $1, failures = 5, retry_at = $2")
            .bind(state)
            .bind(retry_at)
            .execute(&mut owner)
            .await
            .unwrap();
    }

    /// Lets nothing go wrong any more and waits until everything is as desired, which is soon.
    pub(super) async fn calm_down(&self) {
        for (kong, id) in self.gateways.iter().zip(&self.connections) {
            kong.heal();
            kong.up().await.unwrap();
            self.call(Method::POST, &format!("/connections/{id}/enable"), None)
                .await;
        }
        let before = self.calls();
        for round in 0..ROUNDS_MAX {
            sweep::sweep(&self.engines[0]).await.unwrap();
            self.work().await;
            if round == 0 {
                self.accept_credentials_again().await;
                self.work().await;
            }
            // A breaker is open for five minutes, and an overlap may wait for an hour.
            self.app.clock.advance(ROUND);
            if self.is_quiet().await {
                // Every overlap has to end, too: they begin an hour late at the latest.
                self.app.clock.advance(Duration::from_secs(2 * 3600));
                sweep::sweep(&self.engines[0]).await.unwrap();
                self.work().await;
                self.app.clock.advance(Duration::from_secs(2 * 3600));
                self.work().await;
                if self.is_quiet().await {
                    let applications = self.count("SELECT count(*) FROM applications").await.max(1);
                    let calls = (self.calls() - before) / u64::try_from(applications).unwrap();
                    assert!(
                        calls <= CALLS_MAX,
                        "{calls} calls for each application until all was as desired"
                    );
                    return;
                }
            }
        }
        panic!("never as desired: {:#?}", self.unsettled().await);
    }

    /// Where a gateway had refused our credentials, an operator edits the connection.
    async fn accept_credentials_again(&self) {
        for (kong, id) in self.gateways.iter().zip(&self.connections) {
            let settings = json!({ "settings": kong.told().settings });
            let (status, body) = self
                .call(Method::PATCH, &format!("/connections/{id}"), Some(settings))
                .await;
            assert_eq!(status, 200, "{body:#}");
        }
    }

    fn calls(&self) -> u64 {
        self.gateways.iter().map(|kong| kong.counters().calls).sum()
    }

    async fn is_quiet(&self) -> bool {
        self.count(
            "SELECT (SELECT count(*) FROM applications
                     WHERE acknowledged_generation < generation OR leased_until IS NOT NULL OR last_fault IS NOT NULL)
                  + (SELECT count(*) FROM activations)",
        )
        .await
            == 0
    }

    async fn unsettled(&self) -> Vec<String> {
        let mut owner = database::connect(&self.app.database_url).await;
        let sql = "SELECT to_jsonb(a)::text FROM applications AS a
                   WHERE acknowledged_generation < generation OR leased_until IS NOT NULL OR last_fault IS NOT NULL
                   UNION ALL SELECT to_jsonb(a)::text FROM activations AS a
                   UNION ALL SELECT to_jsonb(r)::text FROM rotations AS r WHERE begun_at IS NULL
                   UNION ALL SELECT to_jsonb(h)::text FROM connection_health AS h";
        sqlx::query_scalar(sql).fetch_all(&mut owner).await.unwrap()
    }

    /// Judges everything after [`Self::calm_down`]; returns how many secrets have to be rotated because nobody has them.
    pub(super) async fn judge(&self, known: &[Known]) -> usize {
        let subscriptions = self.tenant.get("/subscriptions?limit=100").await;
        let mut states = BTreeMap::new();
        for subscription in subscriptions["items"].as_array().unwrap() {
            let (id, state) = (
                subscription["id"].as_str().unwrap(),
                subscription["state"].as_str().unwrap(),
            );
            assert_ne!(state, "CREATED", "it waits for nobody any more: {subscription:#}");
            states.insert(id.to_owned(), state.to_owned());
        }
        let mut lost = 0;
        for one in known {
            let key = self.tenant.get(&format!("/keys/{}", one.key_id)).await;
            let current = key["secretVersion"] == one.version && key["status"] == "ACTIVE";
            let wanted = current && states[&one.subscription_id] == "ACTIVE";
            let (said, _) = self.tenant.through(NATIVE, "/orders", Some(&one.secret)).await;
            assert_eq!(
                said == 200,
                wanted,
                "the native gateway said {said} to {one:?}\nkey {key:#}"
            );
            for kong in 0..self.gateways.len() {
                let standing = self.standing(&one.subscription_id, kong).await;
                let credentials = standing["credentials"].as_array().cloned().unwrap_or_default();
                let its = credentials
                    .iter()
                    .find(|found| found["keyId"] == one.key_id.as_str() && found["secretVersion"] == one.version);
                let said = self.ask(kong, &one.secret).await;
                if wanted && its.is_some_and(|its| its["state"] == "NEEDS_ROTATION") {
                    lost += 1;
                    assert_ne!(said, 200, "what is lost does not work: {one:?} {standing:#}");
                } else {
                    assert_eq!(
                        said == 200,
                        wanted,
                        "kong {kong} said {said} to {one:?}\nkey {key:#}\n{standing:#}"
                    );
                }
            }
        }
        self.judge_rows().await;
        for kong in &self.gateways {
            assert!(kong.touched().is_empty(), "not ours: {:?}", kong.touched());
        }
        lost
    }

    /// What is on the gateways and what we know to be there is the same; copies are kept of nothing that is everywhere.
    async fn judge_rows(&self) {
        let mut owner = database::connect(&self.app.database_url).await;
        for (gateway, id) in self.gateways.iter().zip(&self.connections) {
            let id: gatewright_types::ids::GatewayId = id.parse().unwrap();
            let sql = "SELECT count(*) FROM application_credentials
                       WHERE confirmed_at IS NOT NULL AND removed_at IS NULL AND connection_id = $1";
            let known: i64 = sqlx::query_scalar(sql)
                .bind(id.uuid())
                .fetch_one(&mut owner)
                .await
                .unwrap();
            assert_eq!(
                gateway.ours(),
                usize::try_from(known).unwrap(),
                "on the gateway, and in our tables: {:#}",
                gateway.state()
            );
        }
        let kept = self
            .count(
                "SELECT count(*) FROM sealed_secrets AS s JOIN api_keys AS k ON k.tenant_id = s.tenant_id AND k.id = s.key_id
                 WHERE k.status = 'ACTIVE' AND s.retention = 'UNTIL_PROVISIONED' AND EXISTS (
                   SELECT FROM application_credentials AS c WHERE c.tenant_id = s.tenant_id AND c.key_id = s.key_id
                     AND c.secret_version = s.secret_version AND c.confirmed_at IS NOT NULL AND c.state = 'ACTIVE')",
            )
            .await;
        assert_eq!(kept, 0, "copies of secrets that are everywhere");
    }
}

/// Maps the product to what opens the seed's service `orders`.
pub(super) async fn map_again(weather: &Weather, kong: usize) -> u16 {
    let path = format!(
        "/connections/{}/mappings/{}",
        weather.connections[kong], weather.product_id
    );
    let scope = weather.gateways[kong].told().scopes["orders"];
    weather
        .call(Method::PUT, &path, Some(json!({ "scope": [scope] })))
        .await
        .0
}

/// Polls a future so often and drops it; none: it was not done by then.
pub(super) async fn polled<T>(work: impl Future<Output = T>, times: usize) -> Option<T> {
    let mut work = pin!(work);
    let mut left = times;
    std::future::poll_fn(move |context| {
        if left == 0 {
            return std::task::Poll::Ready(None);
        }
        left -= 1;
        work.as_mut().poll(context).map(Some)
    })
    .await
}
