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
    async fn post(&self, path: &str) {
        let url = format!("{}{path}", text(&self.told, "apiUrl"));
        let asked = self.client.post(url).bearer_auth(text(&self.told, "operatorToken"));
        let answer = asked.json(&json!({})).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {:?}", answer.text().await);
    }

    /// Where the subscription stands on both gateways, once it stands so on the Kong.
    async fn until(&self, state: &str) -> (Value, Value) {
        let id = text(&self.told, "subscriptionId");
        let url = format!("{}/subscriptions/{id}/gateways", text(&self.told, "apiUrl"));
        let begun = Instant::now();
        loop {
            let asked = self.client.get(&url).bearer_auth(text(&self.told, "operatorToken"));
            let all: Value = asked.send().await.unwrap().json().await.unwrap();
            let of = |id: &Value| {
                all["items"]
                    .as_array()?
                    .iter()
                    .find(|one| one["gatewayId"] == *id)
                    .cloned()
            };
            let native = of(&self.told["gatewayId"]).unwrap_or_default();
            let kong = of(&self.told["vendors"]["kong"]["connectionId"]).unwrap_or_default();
            if kong["state"] == state {
                return (native, kong);
            }
            assert!(begun.elapsed() < PATIENCE, "never {state}: {all:#}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// What the Kong says to the demo's key.
    async fn ask_kong(&self) -> u16 {
        let proxy = text(&self.told["vendors"]["kong"], "proxyUrl");
        let asked = self.client.get(format!("{proxy}/translation/v1/usage/current"));
        let answer = asked.header("apikey", text(&self.told, "key")).send().await.unwrap();
        answer.status().as_u16()
    }

    async fn listener(&self, up: bool) {
        let url = format!("{}/kong/listener", text(&self.told["vendors"], "controlUrl"));
        let order = json!({ "name": "admin", "up": up });
        assert_eq!(self.client.post(url).json(&order).send().await.unwrap().status(), 204);
    }
}

#[tokio::test]
async fn the_demo_is_on_kong_too_and_what_it_missed_while_it_was_away_reaches_it_by_itself() {
    build_stand_ins();
    let home = Home::new();
    let (running, told) = home.demo(&["--with-vendors"]).await;
    let client = Client::new();
    let demo = Demo { told, client };
    let (native, _) = demo.until("ACTIVE").await;
    assert_eq!(
        (&native["kind"], &native["state"]),
        (&json!("NATIVE"), &json!("ACTIVE"))
    );
    assert_eq!(demo.ask_kong().await, 200);

    demo.listener(false).await;
    let subscription = format!("/subscriptions/{}", text(&demo.told, "subscriptionId"));
    demo.post(&format!("{subscription}/suspend")).await;
    let (native, kong) = demo.until("UNREACHABLE").await;
    assert_eq!(native["state"], "SUSPENDED", "nobody waits for it");
    assert!(kong["failingSince"].is_string(), "its age can be told: {kong:#}");
    assert!(
        kong["lastError"].is_string() && kong["nextTryAt"].is_string(),
        "{kong:#}"
    );
    assert!(kong["acknowledgedAt"].is_null(), "{kong:#}");
    assert_eq!(demo.ask_kong().await, 200, "it goes on as it is");

    demo.listener(true).await;
    demo.until("SUSPENDED").await;
    assert_eq!(demo.ask_kong().await, 403);
    demo.post(&format!("{subscription}/reactivate")).await;
    demo.until("ACTIVE").await;
    assert_eq!(demo.ask_kong().await, 200);
    assert_eq!(running.end(Signal::TERM).await, Some(0));
}
