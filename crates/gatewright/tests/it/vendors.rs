//! `gatewright demo --with-vendors`: the real program beside the real stand-ins, as `make run` starts them.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use reqwest::Client;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::program::home::Home;
use crate::scene::text;

/// Only so that a broken program fails a test instead of hanging it.
const PATIENCE: Duration = Duration::from_secs(90);

/// Shorter ones are words that stand anywhere.
const SECRET_MIN_LENGTH: usize = 12;

/// The demo looks for them beside itself. `cargo test --workspace` has put them there; with `-p gatewright` nobody has.
fn build_stand_ins() {
    let program = Path::new(env!("CARGO_BIN_EXE_gatewright"));
    if program.with_file_name("vendor-fakes").exists() {
        return;
    }
    let target = program.parent().unwrap();
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--locked", "--quiet", "-p", "gatewright-vendor-fakes"]);
    cargo.arg("--target-dir").arg(target.parent().unwrap());
    if target.ends_with("release") {
        cargo.arg("--release");
    }
    assert!(cargo.status().unwrap().success());
}

struct Demo {
    told: Value,
    client: Client,
}

impl Demo {
    async fn post(&self, path: &str) -> Value {
        self.send(path, json!({})).await
    }

    async fn send(&self, path: &str, body: Value) -> Value {
        let url = format!("{}{path}", text(&self.told, "apiUrl"));
        let asked = self.client.post(url).bearer_auth(text(&self.told, "operatorToken"));
        let answer = asked.json(&body).send().await.unwrap();
        let status = answer.status();
        let body: Value = answer.json().await.unwrap_or_default();
        assert!(status.is_success(), "{path}: {body:#}");
        body
    }

    /// The stand-ins, by name.
    fn vendors(&self) -> Vec<(String, Value)> {
        let all = self.told["vendors"].as_object().unwrap().iter();
        let all = all.filter(|(name, _)| *name != "controlUrl");
        all.map(|(name, one)| (name.clone(), one.clone())).collect()
    }

    /// Where the subscription stands on the gateway with this id, and how many there are.
    async fn standing(&self, id: &Value) -> (Value, usize) {
        let url = format!("/subscriptions/{}/gateways", text(&self.told, "subscriptionId"));
        let url = format!("{}{url}", text(&self.told, "apiUrl"));
        let asked = self.client.get(&url).bearer_auth(text(&self.told, "operatorToken"));
        let all: Value = asked.send().await.unwrap().json().await.unwrap();
        let items = all["items"].as_array().unwrap();
        let found = items.iter().find(|one| one["gatewayId"] == *id);
        (found.cloned().unwrap_or_default(), items.len())
    }

    /// Waits until it stands so on a stand-in.
    async fn until(&self, stand_in: &Value, state: &str) -> Value {
        let begun = Instant::now();
        loop {
            let (seen, _) = self.standing(&stand_in["connectionId"]).await;
            if seen["state"] == state {
                return seen;
            }
            assert!(begun.elapsed() < PATIENCE, "never {state}: {seen:#}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn until_all(&self, state: &str) {
        for (_, stand_in) in self.vendors() {
            self.until(&stand_in, state).await;
        }
    }

    /// Whether a stand-in's proxy admits a key.
    async fn admits(&self, stand_in: &Value, key: &str) -> bool {
        let asked = self
            .client
            .get(text(stand_in, "url"))
            .header(text(stand_in, "keyField"), key);
        let status = asked.send().await.unwrap().status().as_u16();
        assert!(status == 200 || (400..500).contains(&status), "{status} {stand_in:#}");
        status == 200
    }

    async fn all_admit(&self, key: &str, admitted: bool, when: &str) {
        for (name, stand_in) in self.vendors() {
            assert_eq!(self.admits(&stand_in, key).await, admitted, "{name} {when}");
        }
    }

    /// Everything that nobody may read in a log: what the connections sign in with, and all that the stand-ins ever gave or got.
    async fn secrets(&self) -> Vec<String> {
        let control = text(&self.told["vendors"], "controlUrl");
        let get = async |url: String| -> Value { self.client.get(url).send().await.unwrap().json().await.unwrap() };
        let all = get(control.clone()).await;
        let mut secrets = Vec::new();
        for (name, _) in self.vendors() {
            let held = get(format!("{control}/{name}/secrets")).await;
            let held = held["data"].as_array().unwrap().iter().filter_map(Value::as_str);
            secrets.extend(held.map(str::to_owned));
            let credentials = &all[&name]["connection"]["credentials"];
            let fields = [credentials, &credentials["serviceAccountKey"]].into_iter();
            for (field, value) in fields.filter_map(Value::as_object).flatten() {
                if field.to_lowercase().contains("secret") || field == "private_key" {
                    secrets.extend(
                        value
                            .as_str()
                            .map(|value| value.lines().nth(1).unwrap_or(value).to_owned()),
                    );
                }
            }
        }
        secrets.retain(|secret| secret.len() >= SECRET_MIN_LENGTH);
        assert!(secrets.len() > 20, "{}", secrets.len());
        secrets
    }

    async fn listener(&self, vendor: &str, up: bool) {
        let url = format!("{}/{vendor}/listener", text(&self.told["vendors"], "controlUrl"));
        let order = json!({ "name": "admin", "up": up });
        assert_eq!(self.client.post(url).json(&order).send().await.unwrap().status(), 204);
    }
}

#[tokio::test]
async fn the_demo_is_on_six_gateways_and_what_one_missed_while_it_was_away_reaches_it_by_itself() {
    build_stand_ins();
    let home = Home::new();
    let started = home.start(&["demo", "--json", "--with-vendors"], &[("GATEWRIGHT_LOG", "trace")]);
    let (running, told) = started.told().await;
    let client = Client::new();
    let demo = Demo { told, client };
    assert_eq!(demo.vendors().len(), 5);
    demo.until_all("ACTIVE").await;
    let (native, count) = demo.standing(&demo.told["gatewayId"]).await;
    assert_eq!(
        (&native["kind"], &native["state"], count),
        (&json!("NATIVE"), &json!("ACTIVE"), 6)
    );
    let old = text(&demo.told, "key");
    demo.all_admit(&old, true, "after subscribing").await;

    // A rotation reaches all six: old and new are valid side by side.
    let key = format!("/keys/{}", text(&demo.told, "keyId"));
    let rotated = demo.post(&format!("{key}/rotate")).await;
    let overlaps = rotated["gateways"].as_array().unwrap();
    assert_eq!(overlaps.len(), 5, "{rotated:#}");
    let new = text(&rotated, "secret");
    demo.until_all("ACTIVE").await;
    demo.all_admit(&new, true, "after rotating").await;
    demo.all_admit(&old, true, "during the overlap").await;

    for (name, stand_in) in demo.vendors() {
        demo.listener(&name, false).await;
        let subscription = format!("/subscriptions/{}", text(&demo.told, "subscriptionId"));
        demo.post(&format!("{subscription}/suspend")).await;
        let seen = demo.until(&stand_in, "UNREACHABLE").await;
        let (native, _) = demo.standing(&demo.told["gatewayId"]).await;
        assert_eq!(native["state"], "SUSPENDED", "nobody waits for it");
        assert!(seen["failingSince"].is_string(), "its age can be told: {seen:#}");
        assert!(
            seen["lastError"].is_string() && seen["nextTryAt"].is_string(),
            "{seen:#}"
        );
        assert!(seen["acknowledgedAt"].is_null(), "{seen:#}");
        assert!(demo.admits(&stand_in, &new).await, "{name} goes on as it is");
        demo.listener(&name, true).await;
        demo.until_all("SUSPENDED").await;
        demo.all_admit(&new, false, "while suspended").await;
        demo.post(&format!("{subscription}/reactivate")).await;
        demo.until_all("ACTIVE").await;
        demo.all_admit(&new, true, "after reactivating").await;
    }

    let customer = format!("/customers/{}/emergency-suspension", text(&demo.told, "customerId"));
    demo.send(
        &customer,
        json!({ "reason": "their keys were found in a public place" }),
    )
    .await;
    demo.until_all("SUSPENDED").await;
    demo.all_admit(&new, false, "in an emergency").await;
    demo.post(&format!("{customer}/lift")).await;
    demo.until_all("ACTIVE").await;
    demo.all_admit(&new, true, "after the emergency").await;

    demo.post(&format!("/subscriptions/{}/cancel", text(&demo.told, "subscriptionId")))
        .await;
    demo.until_all("REMOVED").await;
    for key in [&old, &new] {
        demo.all_admit(key, false, "after the end").await;
    }
    let (secrets, log_file) = (demo.secrets().await, running.log_file());
    assert_eq!(running.end(Signal::TERM).await, Some(0));
    let log = std::fs::read_to_string(log_file).unwrap();
    for secret in secrets.iter().chain([&old, &new]) {
        assert!(!log.contains(secret.as_str()), "{secret} is in the log");
    }
}
