//! What every operation of the API has in common.

use std::collections::BTreeSet;

use gatewright_testkit::{TestApp, TestTenant, manual_clock};
use gatewright_types::ProblemCode;
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::scene::{Scene, expect, text};

/// Every item of a list, page by page.
async fn walk(who: &TestTenant, path: &str, limit: usize) -> Vec<String> {
    let (mut ids, mut cursor) = (Vec::new(), None);
    loop {
        let from = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
        let page = who.get(&format!("{path}?limit={limit}{from}")).await;
        let items = page["items"].as_array().unwrap();
        assert!((1..=limit).contains(&items.len()), "{page}");
        ids.extend(items.iter().map(|item| text(item, "id")));
        match page["nextCursor"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => return ids,
        }
        assert_eq!(items.len(), limit, "only the last page is shorter");
    }
}

#[tokio::test]
async fn every_list_shows_each_object_exactly_once_newest_first() {
    let scene = Scene::set_at(manual_clock()).await;
    let moment = std::time::Duration::from_millis(1);
    for number in 0..4 {
        scene.app.clock.advance(moment);
        scene.acme.customer(&format!("Customer {number}")).await;
        scene.acme.product(&format!("Product {number}")).await;
        scene.acme.plan(&format!("Plan {number}"), &[&scene.product]).await;
        scene.subscribe().await;
        scene.acme.gateway(&format!("gateway-{number}")).await;
        scene
            .acme
            .service(&scene.gateway, &format!("service {number}"), "http://127.0.0.1:1")
            .await;
        scene
            .acme
            .public_route(&scene.gateway, &scene.service, "GET", &format!("/{number}"))
            .await;
        scene.acme.consumer(&scene.gateway, &format!("Consumer {number}")).await;
        scene.app.tenant(&format!("tenant-{number}")).await;
    }
    let installation = scene.app.holder(&scene.app.installation_token().await);
    let gateway = format!("/gateways/{}", scene.gateway);
    let lists = [
        (&scene.acme, "/customers".to_owned(), 5),
        (&scene.acme, "/products".to_owned(), 5),
        (&scene.acme, "/plans".to_owned(), 5),
        (&scene.acme, "/subscriptions".to_owned(), 4),
        (&scene.acme, "/keys".to_owned(), 8),
        (&scene.acme, "/gateways".to_owned(), 5),
        (&scene.acme, format!("{gateway}/services"), 5),
        (&scene.acme, format!("{gateway}/routes"), 5),
        (&scene.acme, format!("{gateway}/consumers"), 4),
        (&installation, "/tenants".to_owned(), 5),
    ];
    for (who, path, count) in lists {
        let whole: Vec<String> = walk(who, &path, 100).await;
        assert_eq!(whole.len(), count, "{path}");
        assert_eq!(whole.iter().collect::<BTreeSet<_>>().len(), count, "{path}");
        assert!(whole.is_sorted_by(|newer, older| newer > older), "{path}: {whole:?}");
        for limit in [1, 2, count - 1, count] {
            assert_eq!(walk(who, &path, limit).await, whole, "{path} by {limit}");
        }
    }
    scene.app.stop().await;
}

#[tokio::test]
async fn what_is_made_while_a_list_is_read_moves_nothing_of_it() {
    let app = TestApp::start_with(manual_clock()).await;
    let acme = app.tenant("acme").await;
    let mut made = Vec::new();
    for number in 0..4 {
        app.clock.advance(std::time::Duration::from_millis(1));
        made.insert(0, acme.customer(&format!("Customer {number}")).await);
    }
    let first = acme.get("/customers?limit=2").await;
    app.clock.advance(std::time::Duration::from_millis(1));
    acme.customer("A newer one").await;
    let second = acme
        .get(&format!("/customers?limit=2&cursor={}", text(&first, "nextCursor")))
        .await;
    let read: Vec<String> = [&first, &second]
        .iter()
        .flat_map(|page| page["items"].as_array().unwrap())
        .map(|item| text(item, "id"))
        .collect();
    assert_eq!(read, made);
    app.stop().await;
}

#[tokio::test]
async fn a_page_that_cannot_be_is_refused() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    for (query, status, code) in [
        ("limit=0", 422, "validation-failed"),
        ("limit=101", 422, "validation-failed"),
        ("limit=-1", 400, "invalid-request"),
        ("limit=many", 400, "invalid-request"),
        ("cursor=here", 400, "invalid-request"),
        ("cursor=", 400, "invalid-request"),
        ("page=2", 400, "invalid-request"),
        ("limit=1&limit=2", 400, "invalid-request"),
    ] {
        for list in ["/customers", "/keys", "/subscriptions", "/tenants"] {
            let problem = expect(&acme, status, Method::GET, &format!("{list}?{query}"), None).await;
            assert_eq!(problem["code"], code, "{list}?{query}");
        }
    }
    expect(&acme, 400, Method::GET, "/subscriptions?state=GONE", None).await;
    app.stop().await;
}

#[tokio::test]
async fn a_field_that_is_unknown_missing_or_wrong_is_named_by_a_pointer() {
    let scene = Scene::set().await;
    let (customer, plan, product) = (&scene.customer, &scene.plan, &scene.product);
    let price = json!({ "amount": "1", "currency": "EUR" });
    let terms = |more: Value| {
        let mut body = json!({ "name": "Plan", "price": price, "billingPeriod": "MONTH", "productIds": [product] });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let key = |key: Value| json!({ "customerId": customer, "planId": plan, "key": key });
    for (path, body, pointer) in [
        ("/customers", json!({ "name": "Globex", "nmae": "Globex" }), "/nmae"),
        ("/customers", json!({ "name": 5 }), "/name"),
        ("/customers", json!({ "name": "" }), "/name"),
        ("/customers", json!({ "name": "two\nlines" }), "/name"),
        ("/customers", json!({ "name": "Globex", "email": "nobody" }), "/email"),
        ("/customers", json!({}), ""),
        ("/customers", json!([]), ""),
        ("/products", json!({ "name": "API", "kind": "SOAP" }), "/kind"),
        (
            "/products",
            json!({ "name": "API", "kind": "API", "slug": "Not a slug" }),
            "/slug",
        ),
        (
            "/plans",
            terms(json!({ "price": { "amount": "-1", "currency": "EUR" } })),
            "/price/amount",
        ),
        (
            "/plans",
            terms(json!({ "price": { "amount": "1", "currency": "euro" } })),
            "/price/currency",
        ),
        (
            "/plans",
            terms(json!({ "quotas": [{ "meter": "a b", "limit": 1, "period": "DAY" }] })),
            "/quotas/0/meter",
        ),
        (
            "/plans",
            terms(json!({ "quotas": [{ "meter": "a", "limit": 1, "period": "AGE" }] })),
            "/quotas/0/period",
        ),
        ("/plans", terms(json!({ "productIds": ["cus_01"] })), "/productIds/0"),
        (
            "/subscriptions",
            json!({ "customerId": plan, "planId": plan }),
            "/customerId",
        ),
        ("/subscriptions", key(json!({ "name": "" })), "/key/name"),
        (
            "/subscriptions",
            key(json!({ "environment": "STAGING" })),
            "/key/environment",
        ),
        (
            "/subscriptions",
            key(json!({ "expiresAt": "2020-01-01T00:00:00Z" })),
            "/key/expiresAt",
        ),
        ("/subscriptions", key(json!({ "productIds": [] })), "/key/productIds"),
    ] {
        let problem = scene.expect(422, Method::POST, path, Some(body.clone())).await;
        assert_eq!(problem["code"], "validation-failed", "{path} {body}");
        assert_eq!(problem["errors"][0]["field"], pointer, "{path} {body}: {problem}");
        assert!(!text(&problem["errors"][0], "detail").is_empty());
    }
    scene.app.stop().await;
}

#[tokio::test]
async fn an_amount_of_money_is_a_decimal_string_and_never_a_number() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let product = acme.product("API").await;
    for amount in [json!(1.5), json!(1), json!(0.1)] {
        let price = json!({ "amount": amount, "currency": "EUR" });
        let body = json!({ "name": "Plan", "price": price, "billingPeriod": "MONTH", "productIds": [product] });
        let problem = expect(&acme, 422, Method::POST, "/plans", Some(body)).await;
        assert_eq!(problem["errors"][0]["field"], "/price/amount");
    }
    app.stop().await;
}

/// POSTs these bytes to `/customers`.
async fn raw(acme: &TestTenant, content_type: Option<&str>, body: Vec<u8>) -> (u16, Value) {
    let mut request = acme.request(Method::POST, "/customers").body(body);
    if let Some(content_type) = content_type {
        request = request.header("content-type", content_type);
    }
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

#[tokio::test]
async fn a_body_that_is_no_json_of_at_most_a_mebibyte_is_refused() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let json = Some("application/json");
    for broken in [
        "{\"name\":",
        "{'name':'x'}",
        "{\"name\":\"x\"} {}",
        "\u{feff}{\"name\":\"x\"}",
        "{\"name\":\"\u{1}\"}",
    ] {
        let (status, problem) = raw(&acme, json, broken.as_bytes().to_vec()).await;
        assert_eq!((status, &problem["code"]), (400, &json!("invalid-request")), "{broken}");
    }
    let (status, _) = raw(&acme, json, b"{\"name\":\"\xff\"}".to_vec()).await;
    assert_eq!(status, 400);
    let good = br#"{"name":"Globex"}"#;
    for wrong in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/jsonx",
        "",
    ] {
        let (status, problem) = raw(&acme, Some(wrong), good.to_vec()).await;
        assert_eq!(
            (status, &problem["code"]),
            (415, &json!("unsupported-media-type")),
            "{wrong}"
        );
    }
    for right in [
        json,
        None,
        Some("application/json; charset=utf-8"),
        Some("application/merge-patch+json"),
    ] {
        assert_eq!(raw(&acme, right, good.to_vec()).await.0, 201, "{right:?}");
    }
    let of_length = |length: usize| {
        let mut body = good.to_vec();
        body.resize(length, b' ');
        body
    };
    assert_eq!(raw(&acme, json, of_length(1024 * 1024)).await.0, 201);
    let (status, problem) = raw(&acme, json, of_length(1024 * 1024 + 1)).await;
    assert_eq!((status, &problem["code"]), (413, &json!("body-too-large")));
    assert_eq!(acme.get("/customers").await["items"].as_array().unwrap().len(), 5);
    // A contract may be longer.
    let product = acme.product("API").await;
    let document = format!(r#"{{"openapi":"3.1.0","info":"{}"}}"#, "x".repeat(2 * 1024 * 1024));
    let body = json!({ "format": "OPENAPI", "document": document });
    expect(
        &acme,
        200,
        Method::PUT,
        &format!("/products/{product}/contract"),
        Some(body),
    )
    .await;
    let contract = acme.get(&format!("/products/{product}/contract")).await;
    assert_eq!(text(&contract, "document"), document);
    app.stop().await;
}

/// What every answer carries, whatever it is; returns its body.
async fn common(response: Response, ids: &mut BTreeSet<String>) -> Value {
    let headers = response.headers().clone();
    let shown = format!("{} {}", response.status(), response.url());
    let request_id = headers["x-request-id"].to_str().unwrap().to_owned();
    assert!(request_id.starts_with("req_"), "{shown}");
    assert_eq!(headers["cache-control"], "no-store", "{shown}");
    assert_eq!(headers["x-content-type-options"], "nosniff", "{shown}");
    let status = response.status();
    let body: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or_default();
    if status.as_u16() >= 400 {
        assert_eq!(headers["content-type"], "application/problem+json", "{shown}");
        assert_eq!(body["requestId"], request_id.as_str(), "{shown}");
        assert_eq!(body["status"], status.as_u16(), "{shown}");
        assert!(
            text(&body, "type").ends_with(&format!("/errors/{}", text(&body, "code"))),
            "{shown}"
        );
    }
    assert!(ids.insert(request_id), "every request has an id of its own: {shown}");
    body
}

#[tokio::test]
async fn every_answer_carries_its_request_id_and_may_not_be_stored() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let root = app.process.public_url().to_owned();
    let mut ids = BTreeSet::new();
    for (status, method, url) in [
        (200, Method::GET, format!("{root}/api/v1/customers")),
        (200, Method::GET, format!("{root}/api/v1/openapi.json")),
        (200, Method::GET, format!("{root}/")),
        (200, Method::GET, format!("{root}/errors")),
        (200, Method::GET, format!("{root}/health/live")),
        (200, Method::GET, format!("{root}/health/ready")),
        (200, Method::HEAD, format!("{root}/api/v1/customers")),
        (404, Method::GET, format!("{root}/nowhere")),
        (404, Method::GET, format!("{root}/api/v1/nowhere")),
        (404, Method::GET, format!("{root}/api/v1/customers/cus_01")),
        (404, Method::GET, format!("{root}/api/v1/customers/%FF")),
        (405, Method::DELETE, format!("{root}/api/v1/customers")),
        (405, Method::POST, format!("{root}/health/live")),
        (422, Method::POST, format!("{root}/api/v1/customers")),
    ] {
        let response = app
            .client
            .request(method.clone(), &url)
            .bearer_auth(&acme.token)
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), status, "{method} {url}");
        if status == 405 {
            let allow = response.headers()["allow"].to_str().unwrap();
            assert!(
                allow.contains("GET") && !allow.contains("DELETE"),
                "{method} {url}: {allow}"
            );
        }
        let body = common(response, &mut ids).await;
        if let Some(page) = body["type"].as_str() {
            let page = app.client.get(page).send().await.unwrap();
            assert_eq!(page.status(), 200, "the page of {method} {url}");
            common(page, &mut ids).await;
        }
    }
    let denied = app.client.get(format!("{root}/api/v1/customers")).send().await.unwrap();
    assert_eq!(denied.status(), 401);
    common(denied, &mut ids).await;
    app.stop().await;
}

#[tokio::test]
async fn every_problem_has_a_page() {
    let app = TestApp::start().await;
    let root = app.process.public_url();
    let all = app
        .client
        .get(format!("{root}/errors"))
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    for code in ProblemCode::ALL {
        let page = app.client.get(format!("{root}/errors/{code}")).send().await.unwrap();
        assert_eq!(page.status(), 200, "{code}");
        assert!(
            page.headers()["content-type"]
                .to_str()
                .unwrap()
                .starts_with("text/html"),
            "{code}"
        );
        assert!(
            page.headers()["content-security-policy"]
                .to_str()
                .unwrap()
                .contains("default-src 'none'"),
            "{code}"
        );
        assert!(page.text().await.unwrap().contains(code.title()), "{code}");
        assert!(all.contains(&format!("href=\"/errors/{code}\"")), "{code} is listed");
    }
    app.stop().await;
}

#[tokio::test]
async fn the_description_is_the_committed_one_and_the_front_page_leads_to_it() {
    let app = TestApp::start().await;
    let root = app.process.public_url();
    let home = app
        .client
        .get(format!("{root}/"))
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(home.contains("href=\"/api/v1/openapi.json\""), "{home}");
    let served = app
        .client
        .get(format!("{root}/api/v1/openapi.json"))
        .send()
        .await
        .unwrap();
    assert_eq!(served.headers()["content-type"], "application/json");
    let committed = concat!(env!("CARGO_MANIFEST_DIR"), "/../../openapi/gatewright.json");
    let committed = std::fs::read_to_string(committed).unwrap();
    let same = served.text().await.unwrap() == committed;
    assert!(same, "run `gatewright openapi > openapi/gatewright.json`");
    app.stop().await;
}

#[tokio::test]
async fn the_health_checks_tell_a_living_process_from_one_that_can_work() {
    let app = TestApp::start().await;
    let root = app.process.public_url().to_owned();
    let health = async |name: &str| {
        let response = app.client.get(format!("{root}/health/{name}")).send().await.unwrap();
        (response.status().as_u16(), response.json::<Value>().await.unwrap())
    };
    assert_eq!(health("live").await, (200, json!({ "status": "UP" })));
    assert_eq!(
        health("ready").await,
        (200, json!({ "status": "UP", "database": "UP" }))
    );
    app.process.database().close().await;
    assert_eq!(health("live").await.0, 200);
    let (status, problem) = health("ready").await;
    assert_eq!((status, &problem["code"]), (503, &json!("unavailable")));
}
