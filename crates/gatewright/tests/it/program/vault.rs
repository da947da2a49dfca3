//! What is left behind of a thousand keys, and the commands about the master key.

use std::fs;
use std::str::FromStr;
use std::sync::Arc;

use gatewright_credentials::sealed;
use gatewright_database::{Actor, Caller, Database, Vault};
use gatewright_testkit::database;
use gatewright_types::ids::{KeyId, RequestId};
use gatewright_types::{Clock, Rng};
use gatewright_vault::Keyring;
use reqwest::{Client, Method, StatusCode};
use rustix::process::Signal;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use sqlx::postgres::PgConnectOptions;
use tokio::task::JoinSet;

use super::home::Home;
use crate::scene::text;

/// Subscriptions, each with as many keys as it may have: 1,000 keys.
const SUBSCRIPTIONS: usize = 20;
const KEYS_EACH: usize = 50;

/// The demo's operator, at its API and its gateway.
#[derive(Clone)]
struct Operator {
    client: Client,
    demo: Arc<Value>,
}

impl Operator {
    async fn send(&self, method: Method, path: &str, body: Value) -> Value {
        let request = self
            .client
            .request(method, format!("{}{path}", text(&self.demo, "apiUrl")));
        let request = request.bearer_auth(text(&self.demo, "operatorToken")).json(&body);
        let response = request.send().await.unwrap();
        assert!(response.status().is_success(), "{path}: {}", response.status());
        response.json().await.unwrap()
    }

    async fn call(&self, key: &str) -> StatusCode {
        let mut attempts = 0;
        loop {
            let request = self
                .client
                .get(format!("{}/v1/usage/current", text(&self.demo, "gatewayUrl")));
            let status = request.header("x-api-key", key).send().await.unwrap().status();
            attempts += 1;
            // A look-up may time out on a machine that is busy with a thousand of them.
            if status != StatusCode::SERVICE_UNAVAILABLE || attempts == 10 {
                return status;
            }
        }
    }

    /// A subscription with its keys, every one called before and after a rotation; key ids with both secrets.
    async fn live(self) -> Vec<(String, [String; 2])> {
        let body = json!({ "customerId": self.demo["customerId"], "planId": self.demo["planId"] });
        let subscription = self.send(Method::POST, "/subscriptions", body).await;
        let path = format!("/subscriptions/{}", text(&subscription, "id"));
        let mut keys = vec![subscription["apiKey"].clone()];
        for _ in 1..KEYS_EACH {
            keys.push(self.send(Method::POST, &format!("{path}/keys"), json!({})).await);
        }
        for key in &keys {
            assert_eq!(self.call(&text(key, "secret")).await, 200);
        }
        let rotated = self.send(Method::POST, &format!("{path}/rotate"), json!({})).await;
        let rotated = rotated["apiKeys"].as_array().unwrap();
        let mut lived = Vec::new();
        for key in keys {
            let new = rotated.iter().find(|one| one["id"] == key["id"]).unwrap();
            assert_eq!(self.call(&text(new, "secret")).await, 200);
            lived.push((text(&key, "id"), [text(&key, "secret"), text(new, "secret")]));
        }
        lived
    }
}

/// What a secret may look like in a file: its random part, and the whole in hexadecimal digits.
fn forms(secret: &str) -> [String; 2] {
    let hexadecimal = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    [secret[8..42].to_owned(), hexadecimal]
}

#[tokio::test]
async fn of_a_thousand_keys_issued_used_and_rotated_nothing_usable_is_left_but_with_the_master_key() {
    let home = Home::new();
    let (running, demo) = home.demo(&[]).await;
    let operator = Operator {
        client: Client::new(),
        demo: Arc::new(demo),
    };
    let settings = json!({ "secretRetention": "WHILE_ACTIVE" });
    operator.send(Method::PATCH, "/credential-settings", settings).await;
    let mut living: JoinSet<_> = (0..SUBSCRIPTIONS).map(|_| operator.clone().live()).collect();
    let mut lived = Vec::new();
    while let Some(some) = living.join_next().await {
        lived.append(&mut some.unwrap());
    }
    assert_eq!(lived.len(), 1000);
    let rotated = home.run(&["vault", "rotate"], &[]).await;
    assert!(rotated.stdout.contains("1 data keys were wrapped anew"), "{rotated:?}");

    let secrets: Vec<String> = lived
        .iter()
        .flat_map(|(_, secrets)| secrets.iter().flat_map(|one| forms(one)))
        .collect();
    let url = home.run(&["database", "url"], &[]).await.stdout.trim().to_owned();
    let dump = database::dump(&url).await;
    let copies: Vec<&String> = dump
        .iter()
        .filter(|(table, _)| table == "sealed_secrets")
        .map(|(_, row)| row)
        .collect();
    assert_eq!(copies.len(), 2000, "of every secret, a copy");
    let rows: Vec<String> = dump.iter().map(|(table, row)| format!("{table} {row}")).collect();
    // Beside the logs and the data directory, so that it is searched with them.
    fs::write(home.data_dir().with_file_name("dump"), rows.join("\n")).unwrap();
    assert_eq!(home.files_with(&secrets).await, "", "while it runs");

    // The copies are real ones: with the file that stands apart, each is the secret itself.
    let path = home.data_dir().join("master.key");
    let keyring = Keyring::from_file(&path).unwrap().unwrap();
    let options = PgConnectOptions::from_str(&url).unwrap();
    let database = Database::open(options, 2, Clock::System, Rng::System).await.unwrap();
    let database = database.with_vault(Arc::new(Vault::new(keyring)));
    let caller = Caller {
        tenant_id: text(&operator.demo, "tenantId").parse().unwrap(),
        actor: Actor::System,
        request_id: RequestId::mint(database.clock(), database.rng()),
    };
    let mut tx = database.tenant(caller).await.unwrap();
    for (id, secrets) in lived.iter().step_by(97) {
        let id: KeyId = id.parse().unwrap();
        for (version, secret) in [1, 2].into_iter().zip(secrets) {
            let opened = sealed::open(&mut tx, id, version).await.unwrap().unwrap();
            assert_eq!(opened.expose_secret(), secret);
        }
    }
    drop(tx);
    database.close().await;

    assert_eq!(running.end(Signal::TERM).await, Some(0));
    assert_eq!(home.files_with(&secrets).await, "", "when it has ended");
    let file = fs::read_to_string(&path).unwrap();
    let master_keys: Vec<String> = file
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split(' ').next_back().unwrap().to_owned())
        .collect();
    assert_eq!(master_keys.len(), 2);
    let found = home.files_with(&master_keys).await;
    assert_eq!(
        found,
        path.display().to_string(),
        "the master keys are in their file and nowhere else"
    );
}

#[tokio::test]
async fn the_commands_about_the_master_key_say_what_there_is_and_what_to_do() {
    let home = Home::new();
    let ended = home.run(&["vault", "status"], &[]).await;
    assert!(
        !ended.status.success() && ended.stderr.contains("gatewright serve"),
        "{ended:?}"
    );
    let (running, _) = home.demo(&[]).await;
    let path = home.data_dir().join("master.key").display().to_string();
    assert!(
        running.log().contains(&format!("in {path}: keep a copy")),
        "{}",
        running.log()
    );

    let status = home.run(&["vault", "status"], &[]).await;
    assert!(status.status.success(), "{status:?}");
    assert!(
        status.stdout.starts_with(&format!("Master keys, from {path}:\n  mk_")),
        "{status:?}"
    );
    let id = status.stdout[status.stdout.find("mk_").unwrap()..][..19].to_owned();
    assert!(
        status.stdout.contains(&format!("{id}  ACTIVE    wraps 0 data keys\n")),
        "{status:?}"
    );

    let rotated = home.run(&["vault", "rotate"], &[]).await;
    assert!(
        rotated.stdout.contains("is the master key now") && rotated.stdout.contains("--prune"),
        "{rotated:?}"
    );
    let status = home.run(&["vault", "status"], &[]).await;
    assert!(status.stdout.contains(&format!("{id}  RETIRED ")), "{status:?}");
    let pruned = home.run(&["vault", "rotate", "--prune"], &[]).await;
    assert!(pruned.stdout.starts_with(&format!("Removed {id}.")), "{pruned:?}");
    assert!(!fs::read_to_string(&path).unwrap().contains(&id));
    let again = home.run(&["vault", "rotate", "--prune"], &[]).await;
    assert_eq!(again.stdout, "No master key is RETIRED.\n");

    let variable = ("GATEWRIGHT_MASTER_KEY", "too short");
    let wrong = home.run(&["vault", "status"], &[variable]).await;
    let said = wrong.stderr.lines().last().unwrap();
    assert!(
        said.contains("GATEWRIGHT_MASTER_KEY") && said.contains("openssl rand -hex 32"),
        "{wrong:?}"
    );
    assert!(!wrong.stderr.contains("too short"), "{wrong:?}");
    assert_eq!(running.end(Signal::TERM).await, Some(0));

    fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    let refused = home.run(&["serve"], &[]).await;
    let said = refused.stderr.lines().last().unwrap();
    assert!(
        !refused.status.success() && said.contains(&format!("chmod 600 {path}")),
        "{refused:?}"
    );
}
