//! A whole Gatewright in this process.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use gatewright::notices;
use gatewright::process::{self, Process};
use gatewright::settings::Settings;
use gatewright_catalog::tenants;
use gatewright_database::jobs::{self, Job, NewJob, Registry, Worker, WorkerOptions};
use gatewright_database::{Actor, Caller, SystemUse};
use gatewright_egress::Policy;
use gatewright_identity::tokens;
use gatewright_native::uses;
use gatewright_notify::mail::{self, NewMail};
use gatewright_snapshot::protocol::KeyUse;
use gatewright_types::ids::{DeliveryId, JobId, RequestId};
use gatewright_types::{Clock, Rng};
use secrecy::ExposeSecret;
use serde_json::json;

use crate::{TestTenant, Wire, database};

/// The master key of tests.
const MASTER_KEY: &str = "5e1f9d0c3b7a48261f0e9d8c7b6a59483726150f4e3d2c1b0a99887766554433";
/// Cores of a test's gateway: more than one, so that "every core" means something.
const CORES: usize = 2;
/// Connections that reach every core: all of them on one has a chance of 2 in 4096.
const CONNECTIONS: usize = 12;

/// A control plane and a native gateway on free ports, with a database of their own.
pub struct TestApp {
    /// The process.
    pub process: Process,
    /// Its clock.
    pub clock: Clock,
    /// The URL of its database, as the user that owns it.
    pub database_url: String,
    /// A client without time-outs of its own.
    pub client: reqwest::Client,
}

impl TestApp {
    /// Starts one on the machine's clock.
    pub async fn start() -> Self {
        Self::start_with(Clock::System).await
    }

    /// Starts one on a clock of the test's.
    pub async fn start_with(clock: Clock) -> Self {
        let database_url = database::create().await;
        Self::start_as(settings(&database_url), clock).await
    }

    /// Starts one that does jobs, too.
    pub async fn start_working(clock: Clock) -> Self {
        let database_url = database::create().await;
        Self::start_as(working_settings(&database_url), clock).await
    }

    /// Starts one with settings of the test's, which name its database.
    pub async fn start_as(settings: Settings, clock: Clock) -> Self {
        let database_url = settings.database_url.as_ref().unwrap().expose_secret().to_owned();
        let prepared = process::prepare(&settings, clock.clone(), Rng::System, false, &|_| {})
            .await
            .unwrap();
        let process = prepared.serve(&settings).await.unwrap();
        Self {
            process,
            clock,
            database_url,
            client: reqwest::Client::new(),
        }
    }

    /// Where the gateway listens.
    pub fn gateway_addr(&self) -> SocketAddr {
        self.process
            .gateway_url()
            .unwrap()
            .trim_start_matches("http://")
            .parse()
            .unwrap()
    }

    /// A token of the installation.
    pub async fn installation_token(&self) -> String {
        let database = self.process.database();
        let mut tx = database.system(SystemUse::ManageTenants).await.unwrap();
        let token = tokens::replace_installation_token(&mut tx, database.clock(), database.rng())
            .await
            .unwrap();
        tx.commit().await.unwrap();
        token.expose_secret().to_owned()
    }

    /// A client of the API with another token.
    pub fn holder(&self, token: &str) -> TestTenant {
        TestTenant {
            id: String::new(),
            token: token.to_owned(),
            api_url: self.process.api_url(),
            gateway_url: self.process.gateway_url().unwrap().to_owned(),
            client: self.client.clone(),
        }
    }

    /// Notes that a key was used once, as a node does.
    pub async fn used(&self, key_id: &str) {
        let used = KeyUse {
            key_id: key_id.parse().unwrap(),
            requests: 1,
            addresses: vec![[127, 0, 0, 1].into()],
            last_used_ms: self.process.database().clock().now_ms(),
        };
        uses::note(self.process.database(), &[used]).await.unwrap();
    }

    /// What the gateway says to this key on connections of their own, enough of them that every core
    /// has some; all say the same.
    pub async fn asked_everywhere(&self, slug: &str, path: &str, key: &str) -> (u16, String) {
        let mut said: Vec<(u16, String)> = Vec::new();
        for _ in 0..CONNECTIONS {
            let mut wire = Wire::connect(self.gateway_addr()).await;
            let answer = wire.get(slug, path, &[("x-api-key", key)]).await;
            said.push((answer.status, answer.code()));
        }
        assert!(said.iter().all(|one| *one == said[0]), "the cores agree: {said:?}");
        said.swap_remove(0)
    }

    /// A tenant with its owner's token.
    pub async fn tenant(&self, slug: &str) -> TestTenant {
        let database = self.process.database();
        let mut tx = database.system(SystemUse::ManageTenants).await.unwrap();
        let (clock, rng) = (database.clock(), database.rng());
        let tenant = tenants::create(&mut tx, clock, rng, slug, slug.parse().unwrap())
            .await
            .unwrap();
        let owner = tokens::create_owner(&mut tx, clock, rng, tenant.id).await.unwrap();
        tx.commit().await.unwrap();
        TestTenant {
            id: tenant.id.to_string(),
            token: owner.token.expose_secret().to_owned(),
            api_url: self.process.api_url(),
            gateway_url: self.process.gateway_url().unwrap().to_owned(),
            client: self.client.clone(),
        }
    }

    /// Another operator of the same tenant.
    pub async fn colleague(&self, of: &TestTenant) -> TestTenant {
        let database = self.process.database();
        let mut tx = database.system(SystemUse::ManageTenants).await.unwrap();
        let tenant_id = of.id.parse().unwrap();
        let owner = tokens::create_owner(&mut tx, database.clock(), database.rng(), tenant_id)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        TestTenant {
            token: owner.token.expose_secret().to_owned(),
            ..of.clone()
        }
    }

    /// A job of the tenant that no worker knows, so that it stays queued.
    pub async fn idle_job(&self, of: &TestTenant) -> String {
        let database = self.process.database();
        let mut tx = database.system(SystemUse::RunJobs).await.unwrap();
        let tenant_id = Some(of.id.parse().unwrap());
        let id = jobs::enqueue_across(&mut tx, database, tenant_id, NewJob::new(Idle {}))
            .await
            .unwrap();
        tx.commit().await.unwrap();
        id.to_string()
    }

    /// A job of the tenant that was given up.
    pub async fn dead_job(&self, of: &TestTenant) -> String {
        let id = self.idle_job(of).await;
        let mut owner = database::connect(&self.database_url).await;
        sqlx::query("UPDATE jobs SET state = 'DEAD', attempts = attempts_max, last_error = 'a test', ended_at = now() WHERE id = $1")
            .bind(id.parse::<JobId>().unwrap().uuid())
            .execute(&mut owner)
            .await
            .unwrap();
        id
    }

    /// A delivery as if it had been tried and had arrived.
    pub async fn attempted(&self, delivery: &str) {
        let mut owner = database::connect(&self.database_url).await;
        let id = delivery.parse::<DeliveryId>().unwrap().uuid();
        for sql in [
            "INSERT INTO webhook_attempts (tenant_id, delivery_id, number, started_at, duration_ms, status, answer_cut)
             SELECT tenant_id, id, 1, now(), 1, 200, false FROM webhook_deliveries WHERE id = $1",
            "UPDATE webhook_deliveries SET state = 'DELIVERED', attempts = 1, next_attempt_at = NULL, ended_at = now() WHERE id = $1",
        ] {
            sqlx::query(sql).bind(id).execute(&mut owner).await.unwrap();
        }
    }

    /// A published description of a product, and the revision of it that was published before.
    pub async fn described(&self, of: &TestTenant, product_id: &str) -> (String, String) {
        let mut registry = Registry::new();
        let addr = SocketAddr::from(([127, 0, 0, 1], 1));
        gatewright_portal::import::register(&mut registry, notices::client(addr), Policy::default());
        let worker = Worker::start(self.process.database().clone(), registry, WorkerOptions::default());
        let document = |title: &str| {
            json!({
                "openapi": "3.1.0", "info": { "title": title, "version": "1" },
                "paths": { "/v1/one": { "get": { "operationId": "one", "responses": { "200": { "description": "OK" } } } } },
                "components": { "schemas": { "Thing": { "type": "object" } } },
            })
            .to_string()
        };
        let new = json!({ "productId": product_id, "specFormat": "OPENAPI_3", "document": document("First") });
        let id = of.create("/docs/api-specs", new).await;
        let path = format!("/docs/api-specs/{id}");
        let first = published(of, &path, 1).await;
        of.post(&format!("{path}/revisions"), json!({ "document": document("Second") }))
            .await;
        published(of, &path, 2).await;
        worker.stop(Duration::from_secs(5)).await;
        (id, first)
    }

    /// A mail to somebody of the tenant.
    pub async fn mail(&self, of: &TestTenant, recipient: &str, subject: &str, text: &str) -> String {
        let database = self.process.database();
        let caller = Caller {
            tenant_id: of.id.parse().unwrap(),
            actor: Actor::System,
            request_id: RequestId::mint(database.clock(), database.rng()),
        };
        let mut tx = database.tenant(caller).await.unwrap();
        let mail = NewMail {
            recipient: recipient.to_owned(),
            subject: subject.to_owned(),
            text: text.to_owned(),
        };
        let id = mail::enqueue(&mut tx, mail).await.unwrap();
        tx.commit().await.unwrap();
        id.to_string()
    }

    /// Ends it in good order.
    pub async fn stop(self) {
        self.process.stop().await.unwrap();
    }
}

/// The revision of this number once it is what is read; waits at most a minute.
async fn published(of: &TestTenant, path: &str, number: i32) -> String {
    for _ in 0..3_000 {
        let spec = of.get(path).await;
        if spec["published"]["number"] == number {
            return spec["published"]["id"].as_str().unwrap().to_owned();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{path} is not published");
}

/// Nothing to do, for nobody.
#[derive(serde::Serialize, serde::Deserialize)]
struct Idle {}

impl Job for Idle {
    const KIND: &'static str = "test.idle";
}

/// A clock that stands still until the test moves it.
pub fn manual_clock() -> Clock {
    // 2027-01-15T08:00:00Z
    Clock::Manual(Arc::new(AtomicI64::new(1_800_000_000_000)))
}

/// The same with a worker.
pub fn working_settings(database_url: &str) -> Settings {
    Settings {
        worker_concurrency: 8,
        ..settings(database_url)
    }
}

/// Settings of a test's process.
pub fn settings(database_url: &str) -> Settings {
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    Settings {
        http_addr: any,
        gateway_addr: any,
        gateway_cores: CORES,
        database_url: Some(database_url.to_owned().into()),
        // Tests that need a worker start one; else rows would change behind the others' backs.
        worker_concurrency: 0,
        // Nothing of a test's process is written outside of its database.
        master_key: Some(MASTER_KEY.into()),
        drain_seconds: 5,
        // Where the receivers of tests listen.
        egress_allow: vec!["127.0.0.1".to_owned()],
        mailbox: true,
        ..Settings::default()
    }
}
