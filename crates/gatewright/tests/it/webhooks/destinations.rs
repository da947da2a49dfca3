//! A tenant says where its webhooks may go, and opens nothing that the installation keeps closed.

use gatewright_testkit::{TestApp, TestTenant, database, working_settings};
use gatewright_types::Clock;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Receiver, attempted};
use crate::scene::{expect, text};

const PATH: &str = "/outgoing-destinations";

/// The part of a receiver's address that a list names.
fn place(receiver: &Receiver) -> String {
    let rest = receiver.url.strip_prefix("http://").unwrap();
    rest.split('/').next().unwrap().to_owned()
}

async fn list(who: &TestTenant, lines: Value) -> Value {
    expect(who, 200, Method::PUT, PATH, Some(json!({ "destinations": lines }))).await
}

async fn test_event(who: &TestTenant, endpoint: &str) -> String {
    who.create(&format!("/webhook-endpoints/{endpoint}/test"), json!({}))
        .await
}

#[tokio::test]
async fn with_a_list_nothing_else_is_reached_and_the_list_is_the_tenants_alone() {
    let app = TestApp::start_working(Clock::System).await;
    let (acme, rival) = (app.tenant("acme").await, app.tenant("rival").await);
    let (listed, other) = (Receiver::start().await, Receiver::start().await);
    let (to_listed, _) = acme
        .webhook_endpoint(&listed.url, &["notify.webhook_endpoint.tested"])
        .await;
    let (to_other, _) = acme
        .webhook_endpoint(&other.url, &["notify.webhook_endpoint.tested"])
        .await;
    // The one below the list was made before it, and a connection to it rests.
    acme.delivery_in(&test_event(&acme, &to_other).await, "DELIVERED").await;
    let before = other.seen().len();
    list(&acme, json!([place(&listed), "*.example.com:8443"])).await;
    acme.delivery_in(&test_event(&acme, &to_listed).await, "DELIVERED")
        .await;
    let refused = attempted(&acme, &test_event(&acme, &to_other).await, 1).await;
    let attempt = &refused["attempts"][0];
    let said = "refused: 127.0.0.1 is not among the destinations that this tenant allows";
    assert_eq!(
        (attempt["error"].as_str(), &attempt["status"]),
        (Some(said), &Value::Null)
    );
    assert_eq!(other.seen().len(), before, "nothing was sent there");

    // An endpoint elsewhere is refused when it is made, and one that leads nowhere any more can be disabled.
    for url in [
        other.url.as_str(),
        "https://example.com/",
        "https://hooks.example.com/",
        "https://192.0.2.1/",
    ] {
        let body = json!({ "url": url, "eventTypes": ["catalog.*"] });
        let problem = expect(&acme, 422, Method::POST, "/webhook-endpoints", Some(body)).await;
        assert_eq!(problem["errors"][0]["field"], "/url", "{problem}");
        assert!(
            text(&problem, "detail").contains("not among the destinations"),
            "{problem}"
        );
    }
    acme.webhook_endpoint("https://hooks.example.com:8443/", &["catalog.*"])
        .await;
    let path = format!("/webhook-endpoints/{to_other}");
    let disabled = json!({ "state": "DISABLED" });
    expect(&acme, 200, Method::PATCH, &path, Some(disabled)).await;
    let enabled = json!({ "state": "ENABLED" });
    expect(&acme, 422, Method::PATCH, &path, Some(enabled)).await;

    // The rival has no list, so it reaches both; an empty list is nowhere, and no list is everywhere again.
    let (theirs, _) = rival.webhook_endpoint(&other.url, &["catalog.customer.created"]).await;
    rival.delivery_in(&test_event(&rival, &theirs).await, "DELIVERED").await;
    list(&acme, json!([])).await;
    attempted(&acme, &test_event(&acme, &to_listed).await, 1).await;
    list(&acme, Value::Null).await;
    acme.delivery_in(&test_event(&acme, &to_listed).await, "DELIVERED")
        .await;
    app.stop().await;
}

#[tokio::test]
async fn a_tenant_opens_only_what_the_installation_delegates() {
    let mut settings = working_settings(&database::create().await);
    settings.egress_allow = Vec::new();
    settings.egress_delegate = vec!["127.0.0.0/8".to_owned(), "169.254.0.0/16".to_owned()];
    let app = TestApp::start_as(settings, Clock::System).await;
    let (acme, rival) = (app.tenant("acme").await, app.tenant("rival").await);
    let receiver = Receiver::start().await;
    let body = || Some(json!({ "url": receiver.url, "eventTypes": ["catalog.*"] }));
    expect(&acme, 422, Method::POST, "/webhook-endpoints", body()).await;
    list(&acme, json!([place(&receiver)])).await;
    let (endpoint, _) = acme.webhook_endpoint(&receiver.url, &["catalog.*"]).await;
    acme.delivery_in(&test_event(&acme, &endpoint).await, "DELIVERED").await;
    expect(&rival, 422, Method::POST, "/webhook-endpoints", body()).await;

    // Other networks, metadata services, our own listener: by no line.
    let own = app.process.api_url();
    for line in [
        "10.0.0.0/8",
        "192.168.1.1:443",
        "[::1]",
        "fd00::/8",
        "169.254.169.254",
        "100.100.100.200/32",
        "0.0.0.0/8",
    ] {
        let problem = expect(&acme, 422, Method::PUT, PATH, Some(json!({ "destinations": [line] }))).await;
        assert_eq!(problem["errors"][0]["field"], "/destinations/0", "{line}: {problem}");
    }
    list(
        &acme,
        json!([
            "0.0.0.0/0",
            "::/0",
            "127.0.0.1",
            "169.254.0.0/16",
            "*.internal",
            "localhost"
        ]),
    )
    .await;
    for url in [
        "http://10.0.0.1/",
        "https://169.254.169.254/latest",
        "https://[::1]/",
        "https://[fd00:ec2::254]/",
    ] {
        let body = json!({ "url": url, "eventTypes": ["catalog.*"] });
        expect(&acme, 422, Method::POST, "/webhook-endpoints", Some(body)).await;
    }
    let (to_us, _) = acme.webhook_endpoint(&own, &["catalog.*"]).await;
    let refused = attempted(&acme, &test_event(&acme, &to_us).await, 1).await;
    let error = refused["attempts"][0]["error"].as_str().unwrap();
    assert_eq!(error, "refused: 127.0.0.1 leads back to Gatewright itself");
    app.stop().await;
}

#[tokio::test]
async fn a_list_is_read_before_it_is_kept_and_two_who_edit_it_are_told() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let many: Vec<String> = (0..101).map(|at| format!("h{at}.example.com")).collect();
    for (lines, field) in [
        (json!(["https://example.com"]), "/destinations/0"),
        (json!(["example.com", "example.com:0"]), "/destinations/1"),
        (json!(["example.com:+80"]), "/destinations/0"),
        (json!(["10.0.0.1/8"]), "/destinations/0"),
        (json!(["*"]), "/destinations/0"),
        (json!(["a".repeat(300)]), "/destinations/0"),
        (json!(many), "/destinations"),
    ] {
        let problem = expect(&acme, 422, Method::PUT, PATH, Some(json!({ "destinations": lines }))).await;
        assert_eq!(problem["errors"][0]["field"], field, "{problem}");
    }
    // Left out by mistake, it would open what was closed.
    expect(&acme, 422, Method::PUT, PATH, Some(json!({}))).await;

    let never = acme.get(PATH).await;
    assert_eq!(never, json!({ "destinations": null, "updatedAt": null }));
    let read = acme.request(Method::GET, PATH).send().await.unwrap();
    let tag = read.headers()["etag"].to_str().unwrap().to_owned();
    let put = |line: &str| {
        let request = acme.request(Method::PUT, PATH).header("if-match", &tag);
        request.json(&json!({ "destinations": [line] })).send()
    };
    assert_eq!(put("one.example.com").await.unwrap().status(), 200);
    assert_eq!(put("two.example.com").await.unwrap().status(), 412);
    let kept = acme.get(PATH).await;
    assert_eq!(kept["destinations"], json!(["one.example.com"]));
    let (_, engineer) = acme.colleague("ENGINEER").await;
    assert_eq!(engineer.get(PATH).await, kept);
    expect(&engineer, 403, Method::PUT, PATH, Some(json!({ "destinations": null }))).await;
    let log = acme.get("/audit-events?action=outgoing_destinations.changed").await;
    let changes = &log["items"][0]["changes"]["destinations"];
    assert_eq!(changes, &json!({ "before": null, "after": ["one.example.com"] }));
    app.stop().await;
}
