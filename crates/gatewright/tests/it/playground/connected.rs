//! On gateways of other vendors: the key, where each of them expects it.

use std::time::Duration;

use gatewright_testkit::{Subscribed, TestTenant, Upstream};
use reqwest::Method;
use serde_json::{Value, json};
use vendor_fakes::faults::{Fault, Rule};
use vendor_fakes::running::Running;

use super::Stage;
use crate::nodes::fleet::eventually;
use crate::scene::expect;

/// What the stand-ins call the service that stands for the product.
const SERVICE: &str = "translation";

/// Connects a stand-in and maps the product, which callers reach at `public_url`.
pub(super) async fn connect(stage: &Stage, fake: &Running, public_url: &str) -> String {
    let told = fake.told();
    let body = json!({
        "vendor": told.vendor, "name": told.name, "environment": "LIVE", "settings": told.settings, "credentials": told.credentials,
    });
    let id = stage.acme.create("/connections", body).await;
    let mut mapping = json!({ "scope": [told.scopes[SERVICE]], "publicUrl": public_url });
    if told.vendor != "MULESOFT" {
        mapping["credentialHeader"] = json!(told.key_field);
    }
    let path = format!("/connections/{id}/mappings/{}", stage.product);
    expect(&stage.acme, 200, Method::PUT, &path, Some(mapping)).await;
    id
}

/// A stand-in of Kong with the demo's service.
pub(super) async fn kong() -> vendor_fakes::kong::Fake {
    let options = vendor_fakes::kong::Options {
        seed: vendor_fakes::kong::Seed::Demo,
        ..vendor_fakes::kong::Options::default()
    };
    vendor_fakes::kong::Fake::start(options).await.unwrap()
}

/// A subscription whose key every gateway has.
pub(super) async fn subscribe(stage: &Stage) -> Subscribed {
    let subscribed = stage.acme.subscribe(&stage.customer, &stage.plan).await;
    everywhere(&stage.acme, &subscribed).await;
    subscribed
}

async fn everywhere(acme: &TestTenant, subscribed: &Subscribed) {
    let path = format!("/subscriptions/{}/gateways", subscribed.subscription_id);
    let mut seen = Value::Null;
    for _ in 0..600 {
        seen = acme.get(&path).await;
        let items = seen["items"].as_array().unwrap();
        if items.iter().all(|one| one["state"] == "ACTIVE") {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("never everywhere: {seen:#}");
}

fn item() -> Value {
    json!({ "parameters": [{ "in": "PATH", "name": "id", "value": "1" }] })
}

#[tokio::test]
async fn every_vendors_gateway_gets_the_key_where_it_expects_it_and_nobody_else_does() {
    let upstream = Upstream::start().await;
    let stage = Stage::before(&upstream.url()).await;
    macro_rules! fake {
        ($vendor:ident) => {{
            let options = vendor_fakes::$vendor::Options {
                seed: vendor_fakes::$vendor::Seed::Demo,
                ..vendor_fakes::$vendor::Options::default()
            };
            vendor_fakes::$vendor::Fake::start(options).await.unwrap()
        }};
    }
    let (kong, apigee, aws) = (fake!(kong), fake!(apigee), fake!(aws));
    let (azure, mulesoft) = (fake!(azure), fake!(mulesoft));
    let fakes: [&Running; 5] = [&kong, &apigee, &aws, &azure, &mulesoft];
    let mut ids = Vec::new();
    for fake in fakes {
        let url = format!("{}{}{SERVICE}", fake.proxy_url(), fake.told().path_prefix);
        ids.push(connect(&stage, fake, &url).await);
    }
    // Its copy is erased once every gateway has it: the secret is read back from one that shows it.
    let subscribed = subscribe(&stage).await;
    let options = stage
        .ada
        .get("/portal/playground/options?reference=translation&operation=get-item")
        .await;
    let keys = options["keys"].as_array().unwrap();
    let key = keys.iter().find(|key| key["id"] == subscribed.key_id.as_str()).unwrap();
    assert_eq!(key["gatewayIds"].as_array().unwrap().len(), 6, "{options:#}");
    let earlier = keys
        .iter()
        .find(|key| key["id"] == stage.subscribed.key_id.as_str())
        .unwrap();
    assert_eq!(earlier["gatewayIds"].as_array().unwrap().len(), 1, "{options:#}");
    for (fake, id) in fakes.iter().zip(&ids) {
        let mut call = stage.call("get-item", &item());
        (call["gatewayId"], call["keyId"]) = (json!(id), json!(subscribed.key_id));
        let run = stage.send(call.clone()).await;
        let vendor = fake.told().vendor;
        assert_eq!(run["answer"]["status"], 200, "{vendor}: {run:#}");
        assert!(!run.to_string().contains(&subscribed.key[8..40]), "{vendor}: {run:#}");
        // Without a key nobody is admitted there.
        call["keyId"] = Value::Null;
        let run = stage.send(call).await;
        let status = run["answer"]["status"].as_u64().unwrap();
        assert!((401..=403).contains(&status), "{vendor}: {run:#}");
    }
    stage.assert_nowhere(&subscribed.key).await;
    // In how many places each key works is beside it in the list, and so is that one of them lags behind.
    assert_eq!(
        count(&stage, &subscribed.key_id).await,
        json!({ "active": 6, "total": 6 })
    );
    assert_eq!(
        count(&stage, &stage.subscribed.key_id).await,
        json!({ "active": 1, "total": 1 })
    );
    kong.fail(Rule::every(Fault::Fails { status: 503 }));
    let rotate = format!("/portal/keys/{}/rotate", subscribed.key_id);
    stage.ada.post(&rotate, json!({ "overlapSeconds": 600 })).await;
    let lagging = json!({ "active": 5, "total": 6 });
    eventually(
        "five of six",
        || count(&stage, &subscribed.key_id),
        |seen| *seen == lagging,
    )
    .await;
    stage.app.stop().await;
}

/// On how many gateways a key of Ada's customer works.
async fn count(stage: &Stage, key_id: &str) -> Value {
    let listed = stage.ada.get("/portal/keys?countGateways=true").await;
    let keys = listed["items"].as_array().unwrap();
    keys.iter().find(|key| key["id"] == key_id).unwrap()["gateways"].clone()
}

#[tokio::test]
async fn a_secret_that_nobody_knows_any_more_asks_for_a_rotation() {
    let upstream = Upstream::start().await;
    let stage = Stage::before(&upstream.url()).await;
    let kong = kong().await;
    let url = format!("{}{}{SERVICE}", kong.proxy_url(), kong.told().path_prefix);
    let id = connect(&stage, &kong, &url).await;
    let subscribed = subscribe(&stage).await;
    let mut call = stage.call("get-item", &item());
    (call["gatewayId"], call["keyId"]) = (json!(id), json!(subscribed.key_id));
    assert_eq!(stage.send(call.clone()).await["answer"]["status"], 200);
    // Its proxy works on, and nobody can be asked for the secret.
    kong.down().await;
    assert_eq!(stage.refused(call.clone()).await, (409, "needs-rotation".to_owned()));
    // With a copy nobody has to be asked.
    let settings = json!({ "secretRetention": "WHILE_ACTIVE" });
    expect(&stage.acme, 200, Method::PATCH, "/credential-settings", Some(settings)).await;
    kong.up().await.unwrap();
    let subscribed = super::connected::subscribe(&stage).await;
    kong.down().await;
    call["keyId"] = json!(subscribed.key_id);
    assert_eq!(stage.send(call).await["answer"]["status"], 200);
    stage.app.stop().await;
}

#[tokio::test]
async fn a_place_that_the_tenant_does_not_let_requests_go_to_is_not_called() {
    let upstream = Upstream::start().await;
    let stage = Stage::before(&upstream.url()).await;
    let kong = kong().await;
    for url in [
        "ftp://127.0.0.1/",
        "http://user@127.0.0.1/",
        "http://127.0.0.1/?a=b",
        "nothing",
    ] {
        let id = stage
            .acme
            .create("/connections", json!({
                "vendor": "KONG", "name": url, "environment": "LIVE", "settings": kong.told().settings, "credentials": {},
            }))
            .await;
        let path = format!("/connections/{id}/mappings/{}", stage.product);
        let mapping = json!({ "scope": [kong.told().scopes[SERVICE]], "publicUrl": url });
        expect(&stage.acme, 422, Method::PUT, &path, Some(mapping)).await;
        expect(&stage.acme, 204, Method::DELETE, &format!("/connections/{id}"), None).await;
    }
    // Metadata services and the control plane itself are nobody's gateway.
    let own = stage.app.process.api_url();
    for url in ["http://169.254.169.254/latest", own.as_str()] {
        let id = connect(&stage, &kong, url).await;
        let mut call = stage.call("get-item", &item());
        (call["gatewayId"], call["keyId"]) = (json!(id), Value::Null);
        let run = stage.send(call).await;
        assert_eq!(run["failure"]["code"], "upstream-refused", "{url}: {run:#}");
        assert_eq!(run["answer"], Value::Null);
        expect(
            &stage.acme,
            204,
            Method::DELETE,
            &format!("/connections/{id}?forget=true"),
            None,
        )
        .await;
    }
    stage.app.stop().await;
}
