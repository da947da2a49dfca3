//! Many subscriptions at once, and what each vendor's management API takes: nobody is ever called faster.

use std::time::Duration;

use gatewright_testkit::{TestApp, TestTenant};
use gatewright_types::Clock;
use reqwest::Method;
use serde_json::{Value, json};
use vendor_fakes::{apigee, aws, azure};

use super::weather::Gateway;

/// Subscriptions in `make test`, and in `make soak`.
const BURST: usize = 12;
const BURST_SOAK: usize = 500;
/// Only so that a broken program fails a test instead of hanging it.
const PATIENCE: Duration = Duration::from_secs(60);
const PATIENCE_SOAK: Duration = Duration::from_secs(1800);

/// Those whose vendors publish a rate; each refuses whoever exceeds it, and counts that.
async fn strict() -> [Gateway; 3] {
    let apigee = apigee::Options {
        seed: apigee::Seed::Demo,
        throttles: true,
        ..apigee::Options::default()
    };
    let aws = aws::Options {
        seed: aws::Seed::Demo,
        throttles: true,
        ..aws::Options::default()
    };
    let azure = azure::Options {
        seed: azure::Seed::Demo,
        throttles: true,
        ..azure::Options::default()
    };
    [
        Gateway::of(apigee::Fake::start(apigee).await.unwrap()),
        Gateway::of(aws::Fake::start(aws).await.unwrap()),
        Gateway::of(azure::Fake::start(azure).await.unwrap()),
    ]
}

async fn connect(tenant: &TestTenant, gateway: &Gateway, product: &str) -> String {
    let told = gateway.told();
    let body = json!({
        "vendor": told.vendor, "name": told.name, "environment": "LIVE",
        "settings": told.settings, "credentials": told.credentials,
    });
    let id = tenant.create("/connections", body).await;
    let path = format!("/connections/{id}/mappings/{product}");
    let scope = json!({ "scope": [told.scopes["orders"]] });
    let (status, body) = tenant.call(Method::PUT, &path, Some(scope)).await;
    assert_eq!(status, 200, "{body:#}");
    id
}

/// How often a gateway was called faster than its vendor says.
fn exceeded(gateway: &Gateway) -> u64 {
    let state = gateway.state();
    let number = |value: &Value| value.as_u64().unwrap_or_else(|| panic!("{value}"));
    match gateway.told().vendor {
        "APIGEE" => number(&state["rate"]["tooMany"]),
        "AWS_API_GATEWAY" => state["rates"]
            .as_object()
            .unwrap()
            .values()
            .map(|line| number(&line["over"]))
            .sum(),
        "AZURE_API_MANAGEMENT" => {
            let buckets = state["throttle"].as_object().unwrap().values();
            buckets.map(|bucket| number(&bucket["exceeded"])).sum()
        }
        other => panic!("{other} publishes no rate"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_of_subscriptions_exceeds_no_vendors_rate() {
    let soak = std::env::var_os("GATEWRIGHT_TEST_SOAK").is_some();
    let (burst, patience) = if soak {
        (BURST_SOAK, PATIENCE_SOAK)
    } else {
        (BURST, PATIENCE)
    };
    let app = TestApp::start_working(Clock::System).await;
    let tenant = app.tenant("acme").await;
    let product = tenant.product("Orders").await;
    let gateways = strict().await;
    for gateway in &gateways {
        connect(&tenant, gateway, &product).await;
    }
    let plan = tenant.plan("Basic", &[&product]).await;
    let mut secrets = Vec::new();
    for number in 0..burst {
        let customer = tenant.customer(&format!("Customer {number}")).await;
        let body = json!({ "customerId": customer, "planId": plan });
        let made = tenant.post("/subscriptions", body).await;
        secrets.push(made["apiKey"]["secret"].as_str().unwrap().to_owned());
    }
    let admitted = async {
        for gateway in &gateways {
            let told = gateway.told();
            let url = format!("{}{}orders", gateway.proxy_url(), told.path_prefix);
            for secret in &secrets {
                loop {
                    let asked = app
                        .client
                        .get(&url)
                        .header(told.key_field, secret)
                        .send()
                        .await
                        .unwrap();
                    if asked.status() == 200 {
                        break;
                    }
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    };
    tokio::time::timeout(patience, admitted)
        .await
        .expect("every subscription arrives everywhere");
    for gateway in &gateways {
        assert_eq!(exceeded(gateway), 0, "{}: {:#}", gateway.told().name, gateway.state());
        assert!(gateway.touched().is_empty(), "{:?}", gateway.touched());
    }
    app.stop().await;
}
