//! Nobody gets anywhere without a token, and nobody into another tenant. Both walk our own OpenAPI
//! document, so an operation that is new fails here until it has its line in the tables.

mod audited;
mod preconditions;
mod roles;
mod tables;

use std::collections::BTreeSet;

use gatewright_testkit::{Subscribed, TestApp, TestTenant, Upstream, database};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::scene::{expect, text};

/// A tenant with one of everything.
struct World {
    who: TestTenant,
    product: String,
    plan: String,
    customer: String,
    subscribed: Subscribed,
    gateway: String,
    service: String,
    route: String,
    consumer: String,
    job: String,
    dead_job: String,
    operator: String,
    token: String,
    endpoint: String,
    endpoint_secret: String,
    delivery: String,
}

impl World {
    async fn make(app: &TestApp, slug: &str, upstream: &Upstream) -> Self {
        let who = app.tenant(slug).await;
        let settings = json!({ "secretRetention": "WHILE_ACTIVE" });
        expect(&who, 200, Method::PATCH, "/credential-settings", Some(settings)).await;
        let product = who.product("Translation API").await;
        expect(
            &who,
            200,
            Method::PUT,
            &format!("/products/{product}/contract"),
            Some(contract()),
        )
        .await;
        let plan = who.plan("Pro", &[&product]).await;
        let customer = who.customer("Globex").await;
        let subscribed = who.subscribe(&customer, &plan).await;
        let rotation = format!("/keys/{}/rotate", subscribed.key_id);
        let once = who
            .request(Method::POST, &rotation)
            .header("idempotency-key", "1")
            .json(&json!({"overlapSeconds": 0}));
        let rotated: Value = once.send().await.unwrap().json().await.unwrap();
        let subscribed = Subscribed {
            key: text(&rotated, "secret"),
            ..subscribed
        };
        let gateway = who.gateway(slug).await;
        let service = who.service(&gateway, "translation", &upstream.url()).await;
        let route = who
            .secure_route(&gateway, &service, "GET", "/v1/usage", Some(&product))
            .await;
        let (consumer, _) = who.consumer(&gateway, "Reporting").await;
        let job = app.idle_job(&who).await;
        let dead_job = app.dead_job(&who).await;
        let (operator, _) = who.colleague("AUDITOR").await;
        let tokens = who.get(&format!("/operators/{operator}/tokens")).await;
        let token = text(&tokens["items"][0], "id");
        let (endpoint, endpoint_secret) = who
            .webhook_endpoint(&upstream.url(), &["notify.webhook_endpoint.tested"])
            .await;
        let delivery = who
            .create(&format!("/webhook-endpoints/{endpoint}/test"), json!({}))
            .await;
        app.attempted(&delivery).await;
        app.mail(&who, "ada@example.com", "Hello", "How are you?").await;
        Self {
            who,
            product,
            plan,
            customer,
            subscribed,
            gateway,
            service,
            route,
            consumer,
            job,
            dead_job,
            operator,
            token,
            endpoint,
            endpoint_secret,
            delivery,
        }
    }

    /// Every id of an object that another tenant must never see.
    fn ids(&self) -> [&str; 18] {
        [
            &self.who.id,
            &self.product,
            &self.plan,
            &self.customer,
            &self.subscribed.subscription_id,
            &self.subscribed.key_id,
            &self.gateway,
            &self.service,
            &self.route,
            &self.consumer,
            &self.job,
            &self.dead_job,
            &self.operator,
            &self.token,
            &self.endpoint,
            &self.endpoint_secret,
            &self.delivery,
            &self.subscribed.key,
        ]
    }
}

fn contract() -> Value {
    json!({ "format": "OPENAPI", "document": r#"{"openapi":"3.1.0"}"# })
}

fn terms(product: &str) -> Value {
    json!({ "price": { "amount": "1", "currency": "EUR" }, "billingPeriod": "MONTH", "productIds": [product] })
}

const NO_NODE: &str = "nod_01m80hxe67f59s79ed8y354rh0";

/// What only the installation does: a node serves gateways of every tenant.
const OF_THE_INSTALLATION: [&str; 4] = ["create_enrollment_code", "list_nodes", "drain_node", "revoke_node"];

/// One operation of the document.
struct Operation {
    id: String,
    method: Method,
    path: String,
    definition: Value,
}

/// Everything in the database but what the worker does by itself.
async fn quiet_dump(app: &TestApp) -> Vec<(String, String)> {
    gatewright_notify::fan_out::all(app.process.database()).await.unwrap();
    let mut rows = database::deeds(&app.database_url).await;
    rows.retain(|(table, _)| !["jobs", "schedules", "mails"].contains(&table.as_str()));
    rows
}

async fn document(app: &TestApp) -> Value {
    app.client
        .get(format!("{}/openapi.json", app.process.api_url()))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap()
}

fn operations(document: &Value) -> Vec<Operation> {
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, definition) in item.as_object().unwrap() {
            let Ok(method) = method.to_ascii_uppercase().parse::<Method>() else {
                continue;
            };
            let id = text(definition, "operationId");
            let path = path.strip_prefix("/api/v1").unwrap().to_owned();
            operations.push(Operation {
                id,
                method,
                path,
                definition: definition.clone(),
            });
        }
    }
    assert!(operations.len() > 50, "{}", operations.len());
    operations
}

/// The id in the path and a body that would be accepted, for an object of `of`.
fn sample<'w>(operation: &Operation, of: &'w World) -> (Option<&'w str>, Option<Value>) {
    let product = of.product.as_str();
    let (subscription, key) = (of.subscribed.subscription_id.as_str(), of.subscribed.key_id.as_str());
    match operation.id.as_str() {
        "create_tenant" => (None, Some(json!({ "name": "Initech" }))),
        "create_enrollment_code" => (None, Some(json!({ "name": "edge" }))),
        "list_nodes" => (None, None),
        // There is none: an operator is refused before anybody looks.
        "drain_node" | "revoke_node" => (Some(NO_NODE), None),
        "get_tenant" => (Some(&of.who.id), None),
        "list_tenants"
        | "list_products"
        | "list_plans"
        | "list_customers"
        | "list_subscriptions"
        | "list_keys"
        | "list_gateways"
        | "list_jobs"
        | "list_webhook_endpoints"
        | "list_operators"
        | "list_audit_events"
        | "export_audit_events" => (None, None),
        "create_operator" => (
            None,
            Some(json!({ "name": "Ada", "email": "ada@example.com", "role": "SUPPORT" })),
        ),
        "get_operator" | "delete_operator" | "list_tokens" | "delete_token" => (Some(&of.operator), None),
        "change_operator" => (Some(&of.operator), Some(json!({ "name": "Renamed" }))),
        "create_token" => (Some(&of.operator), Some(json!({ "name": "another" }))),
        "create_product" => (None, Some(json!({ "kind": "API", "name": "Another API" }))),
        "get_product" | "get_contract" => (Some(product), None),
        "change_product" => (Some(product), Some(json!({ "name": "Renamed" }))),
        "put_contract" => (Some(product), Some(contract())),
        "create_plan" => {
            let mut body = terms(product);
            body["name"] = json!("Another plan");
            (None, Some(body))
        }
        "get_plan" => (Some(&of.plan), None),
        "change_plan" => (Some(&of.plan), Some(json!({ "name": "Renamed" }))),
        "add_plan_version" => (Some(&of.plan), Some(terms(product))),
        "create_customer" => (None, Some(json!({ "name": "Another customer" }))),
        "get_customer" => (Some(&of.customer), None),
        "change_customer" => (Some(&of.customer), Some(json!({ "name": "Renamed" }))),
        "create_subscription" => (None, Some(json!({ "customerId": of.customer, "planId": of.plan }))),
        "get_subscription" => (Some(subscription), None),
        "cancel_subscription" | "reactivate_subscription" | "suspend_subscription" => (Some(subscription), None),
        "rotate_subscription" => (Some(subscription), Some(json!({ "overlapSeconds": 0 }))),
        "move_subscription" => (Some(subscription), Some(json!({ "to": "PAUSED" }))),
        "add_key" => (Some(subscription), Some(json!({ "name": "another" }))),
        "get_credential_settings" => (None, None),
        "change_credential_settings" => (None, Some(json!({ "leakPolicy": "NOTIFY" }))),
        "report_secrets" => (None, Some(json!({ "candidates": [{ "token": of.subscribed.key }] }))),
        "verify_key" => (None, Some(json!({ "key": of.subscribed.key }))),
        "get_key" | "reactivate_key" | "revoke_key" | "suspend_key" => (Some(key), None),
        "change_key" => (Some(key), Some(json!({ "name": "renamed" }))),
        "rotate_key" => (Some(key), Some(json!({ "overlapSeconds": 0 }))),
        "get_job" | "cancel_job" => (Some(&of.job), None),
        "replay_job" => (Some(&of.dead_job), None),
        "create_gateway" => (
            None,
            Some(json!({ "name": "Another", "environment": "LIVE", "authType": "API_KEY" })),
        ),
        "get_gateway" | "delete_gateway" | "list_services" | "list_routes" | "list_consumers" => {
            (Some(&of.gateway), None)
        }
        "change_gateway" => (Some(&of.gateway), Some(json!({ "name": "Renamed" }))),
        "create_service" => (
            Some(&of.gateway),
            Some(json!({ "name": "another", "targetUrl": "http://127.0.0.1:1" })),
        ),
        "get_service" | "delete_service" => (Some(&of.service), None),
        "change_service" => (Some(&of.service), Some(json!({ "name": "renamed" }))),
        "create_route" => {
            let body =
                json!({ "serviceId": of.service, "method": "GET", "publicPath": "/v1/another", "access": "PUBLIC" });
            (Some(&of.gateway), Some(body))
        }
        "get_route" | "delete_route" => (Some(&of.route), None),
        "change_route" => (Some(&of.route), Some(json!({ "method": "POST" }))),
        "create_consumer" => (Some(&of.gateway), Some(json!({ "name": "Another" }))),
        "get_consumer" | "delete_consumer" => (Some(&of.consumer), None),
        "create_webhook_endpoint" => (None, Some(json!({ "url": "https://example.com/hooks" }))),
        "get_webhook_endpoint"
        | "delete_webhook_endpoint"
        | "list_webhook_deliveries"
        | "test_webhook_endpoint"
        | "rotate_webhook_secret" => (Some(&of.endpoint), None),
        "change_webhook_endpoint" => (Some(&of.endpoint), Some(json!({ "description": "renamed" }))),
        "replay_failed_deliveries" => (Some(&of.endpoint), Some(json!({ "since": "2026-01-01T00:00:00Z" }))),
        "get_webhook_delivery" | "replay_webhook_delivery" => (Some(&of.delivery), None),
        other => panic!("{other} is new: give it a line here"),
    }
}

/// The request for an operation on an object of `of`, without a token.
fn request(app: &TestApp, operation: &Operation, of: &World) -> reqwest::RequestBuilder {
    request_with(app, operation, of, of)
}

/// The same, with a body of `by`.
fn request_with(app: &TestApp, operation: &Operation, of: &World, by: &World) -> reqwest::RequestBuilder {
    let (id, body) = (sample(operation, of).0, sample(operation, by).1);
    assert_eq!(id.is_some(), operation.path.contains("{id}"), "{}", operation.id);
    let mut path = operation.path.replace("{id}", id.unwrap_or_default());
    path = path.replace("{tokenId}", &of.token);
    if operation.id == "export_audit_events" {
        path.push_str("?format=NDJSON");
    }
    let request = app
        .client
        .request(operation.method.clone(), format!("{}{path}", app.process.api_url()));
    match body {
        Some(body) => request.json(&body),
        None => request,
    }
}

async fn answer(request: reqwest::RequestBuilder) -> (StatusCode, Value) {
    let response = request.send().await.unwrap();
    let status = response.status();
    let bytes = response.bytes().await.unwrap();
    let shown = serde_json::from_slice(&bytes);
    // What is no JSON is shown as it is.
    (status, shown.unwrap_or_else(|_| String::from_utf8_lossy(&bytes).into()))
}

/// An operator's token of the right form that nobody holds.
fn invented(token: &str) -> String {
    let last = token.chars().last().unwrap();
    format!("{}{}", &token[..token.len() - 1], if last == 'a' { 'b' } else { 'a' })
}

#[tokio::test]
async fn every_operation_is_denied_without_a_token_that_somebody_holds() {
    let app = TestApp::start().await;
    let upstream = Upstream::start().await;
    let world = World::make(&app, "acme", &upstream).await;
    let before = quiet_dump(&app).await;
    let token = &world.who.token;
    let mut values: Vec<Option<Vec<u8>>> = vec![None];
    for text in [
        format!("Bearer {}", invented(token)),
        format!("Bearer gwi_{}", &token[4..]),
        format!("Bearer {}", world.subscribed.key),
        format!("Bearer {token}{token}"),
        format!("Basic {token}"),
        token.clone(),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        String::new(),
    ] {
        values.push(Some(text.into_bytes()));
    }
    values.push(Some(b"Bearer gwo_\xff".to_vec()));
    for operation in operations(&document(&app).await) {
        for value in &values {
            let mut request = request(&app, &operation, &world);
            if let Some(value) = value {
                request = request.header(
                    "authorization",
                    reqwest::header::HeaderValue::from_bytes(value).unwrap(),
                );
            }
            let response = request.send().await.unwrap();
            let shown = value.as_deref().map(String::from_utf8_lossy);
            assert_eq!(response.status(), 401, "{} with {shown:?}", operation.id);
            assert!(response.headers().contains_key("www-authenticate"));
            let problem: Value = response.json().await.unwrap();
            assert_eq!(problem["code"], "unauthenticated", "{}", operation.id);
        }
    }
    assert_eq!(quiet_dump(&app).await, before, "nothing has changed");
    app.stop().await;
}

#[tokio::test]
async fn no_operation_reaches_an_object_of_another_tenant() {
    let app = TestApp::start().await;
    let upstream = Upstream::start().await;
    let acme = World::make(&app, "acme", &upstream).await;
    let rival = World::make(&app, "rival", &upstream).await;
    let mut operations = operations(&document(&app).await);
    operations.retain(|operation| operation.path.contains("{id}"));
    let (installations, tenants): (Vec<_>, Vec<_>) = operations
        .iter()
        .partition(|operation| OF_THE_INSTALLATION.contains(&operation.id.as_str()));
    assert!(tenants.len() > 35, "{}", tenants.len());
    let before = quiet_dump(&app).await;
    for operation in tenants {
        let request = request_with(&app, operation, &acme, &rival).bearer_auth(&rival.who.token);
        let (status, problem) = answer(request).await;
        assert_eq!(
            (status.as_u16(), &problem["code"]),
            (404, &json!("not-found")),
            "{}",
            operation.id
        );
    }
    assert_eq!(quiet_dump(&app).await, before, "nothing has changed");
    // These refuse every operator, and the operator's own audit log says so.
    for operation in installations {
        let request = request_with(&app, operation, &acme, &rival).bearer_auth(&rival.who.token);
        let (status, problem) = answer(request).await;
        assert_eq!(
            (status.as_u16(), &problem["code"]),
            (403, &json!("forbidden")),
            "{}",
            operation.id
        );
    }
    app.stop().await;
}

/// Every id that a body may hold, with acme's in it and everything else the rival's: `(operation,
/// field, the rival's id in the path, body)`.
fn foreign_bodies(acme: &World, rival: &World) -> Vec<(&'static str, &'static str, Option<String>, Value)> {
    let subscription = Some(rival.subscribed.subscription_id.clone());
    let mut plan = terms(&acme.product);
    plan["name"] = json!("Stolen");
    let route = |service: &str, product: Option<&str>| json!({ "serviceId": service, "method": "GET", "publicPath": "/stolen", "access": "SECURE", "productId": product });
    vec![
        ("create_plan", "productIds", None, plan),
        (
            "add_plan_version",
            "productIds",
            Some(rival.plan.clone()),
            terms(&acme.product),
        ),
        (
            "create_subscription",
            "customerId",
            None,
            json!({ "customerId": acme.customer, "planId": rival.plan }),
        ),
        (
            "create_subscription",
            "planId",
            None,
            json!({ "customerId": rival.customer, "planId": acme.plan }),
        ),
        (
            "create_subscription",
            "productIds",
            None,
            json!({ "customerId": rival.customer, "planId": rival.plan, "key": { "productIds": [acme.product] } }),
        ),
        (
            "add_key",
            "productIds",
            subscription,
            json!({ "productIds": [acme.product] }),
        ),
        (
            "change_key",
            "productIds",
            Some(rival.subscribed.key_id.clone()),
            json!({ "productIds": [acme.product] }),
        ),
        (
            "create_route",
            "serviceId",
            Some(rival.gateway.clone()),
            route(&acme.service, None),
        ),
        (
            "create_route",
            "productId",
            Some(rival.gateway.clone()),
            route(&rival.service, Some(&acme.product)),
        ),
        (
            "change_route",
            "serviceId",
            Some(rival.route.clone()),
            json!({ "serviceId": acme.service }),
        ),
        (
            "change_route",
            "productId",
            Some(rival.route.clone()),
            json!({ "productId": acme.product }),
        ),
    ]
}

/// Fields of a schema that hold ids of objects, wherever they are inside.
fn id_fields(document: &Value, schema: &Value, found: &mut BTreeSet<String>) {
    if let Some(reference) = schema["$ref"].as_str() {
        return id_fields(document, document.pointer(&reference[1..]).unwrap(), found);
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        if holds_id(document, property) {
            found.insert(name.clone());
        }
        id_fields(document, property, found);
    }
    for part in ["allOf", "oneOf", "anyOf"] {
        schema[part]
            .as_array()
            .into_iter()
            .flatten()
            .for_each(|one| id_fields(document, one, found));
    }
    if schema["items"].is_object() {
        id_fields(document, &schema["items"], found);
    }
}

fn holds_id(document: &Value, schema: &Value) -> bool {
    if let Some(reference) = schema["$ref"].as_str() {
        return reference.ends_with("Id") || holds_id(document, document.pointer(&reference[1..]).unwrap());
    }
    let parts = ["allOf", "oneOf", "anyOf"]
        .into_iter()
        .filter_map(|part| schema[part].as_array())
        .flatten();
    schema["pattern"]
        .as_str()
        .is_some_and(|pattern| pattern.contains("_[0-7]"))
        || schema["items"].is_object() && holds_id(document, &schema["items"])
        || parts.into_iter().any(|one| holds_id(document, one))
}

#[tokio::test]
async fn no_body_can_name_an_object_of_another_tenant() {
    let app = TestApp::start().await;
    let upstream = Upstream::start().await;
    let acme = World::make(&app, "acme", &upstream).await;
    let rival = World::make(&app, "rival", &upstream).await;
    let document = document(&app).await;
    let operations = operations(&document);

    let mut named = BTreeSet::new();
    for operation in operations.iter().filter(|operation| operation.id != "verify_key") {
        let schema = &operation.definition["requestBody"]["content"]["application/json"]["schema"];
        let mut fields = BTreeSet::new();
        id_fields(&document, schema, &mut fields);
        named.extend(fields.into_iter().map(|field| (operation.id.clone(), field)));
    }
    let table = foreign_bodies(&acme, &rival);
    let covered: BTreeSet<_> = table
        .iter()
        .map(|(id, field, ..)| ((*id).to_owned(), (*field).to_owned()))
        .collect();
    assert_eq!(covered, named, "every id in a body stands in the table");

    let before = quiet_dump(&app).await;
    for (id, field, in_path, body) in table {
        let operation = operations.iter().find(|operation| operation.id == id).unwrap();
        let path = operation.path.replace("{id}", in_path.as_deref().unwrap_or_default());
        let problem = expect(&rival.who, 422, operation.method.clone(), &path, Some(body)).await;
        assert_eq!(problem["code"], "validation-failed", "{id} {field}");
        let detail = problem["errors"].to_string();
        assert!(detail.contains(field), "{id} {field}: {problem}");
        assert!(
            acme.ids().iter().any(|id| detail.contains(id)),
            "{id} {field} names the id: {problem}"
        );
    }
    assert_eq!(quiet_dump(&app).await, before, "nothing has changed");
    app.stop().await;
}

#[tokio::test]
async fn what_an_operator_reads_shows_nothing_of_another_tenant() {
    let app = TestApp::start().await;
    let upstream = Upstream::start().await;
    let acme = World::make(&app, "acme", &upstream).await;
    let rival = World::make(&app, "rival", &upstream).await;
    for operation in operations(&document(&app).await) {
        if operation.method != Method::GET || OF_THE_INSTALLATION.contains(&operation.id.as_str()) {
            continue;
        }
        let (status, shown) = answer(request(&app, &operation, &rival).bearer_auth(&rival.who.token)).await;
        assert_eq!(status, 200, "{}: {shown}", operation.id);
        if operation.id.starts_with("list_") {
            assert!(
                !shown["items"].as_array().unwrap().is_empty(),
                "{} shows its own",
                operation.id
            );
        }
        let shown = shown.to_string();
        for id in acme.ids() {
            assert!(!shown.contains(id), "{} shows {id}", operation.id);
        }
    }
    // Filters of lists, too, find nothing of another tenant.
    for path in [
        format!("/subscriptions?customerId={}", acme.customer),
        format!("/keys?subscriptionId={}", acme.subscribed.subscription_id),
    ] {
        assert_eq!(
            rival.who.get(&path).await,
            json!({ "items": [], "nextCursor": null }),
            "{path}"
        );
    }
    let verdict = rival
        .who
        .post("/keys/verify", json!({ "key": acme.subscribed.key }))
        .await;
    assert_eq!(
        (&verdict["valid"], &verdict["code"]),
        (&json!(false), &json!("credential-unknown"))
    );
    app.stop().await;
}

#[tokio::test]
async fn an_installation_creates_and_lists_tenants_and_sees_nothing_inside_of_one() {
    let app = TestApp::start().await;
    let upstream = Upstream::start().await;
    let world = World::make(&app, "acme", &upstream).await;
    let installation = app.installation_token().await;
    for operation in operations(&document(&app).await) {
        let (status, shown) = answer(request(&app, &operation, &world).bearer_auth(&installation)).await;
        match operation.id.as_str() {
            "create_tenant" => assert_eq!(status, 201, "{shown}"),
            "list_tenants" | "list_nodes" => assert_eq!(status, 200, "{shown}"),
            "create_enrollment_code" => assert_eq!(status, 201, "{shown}"),
            "drain_node" | "revoke_node" => assert_eq!(status, 404, "{shown}"),
            id => assert_eq!((status.as_u16(), &shown["code"]), (403, &json!("forbidden")), "{id}"),
        }
        if operation.id == "create_tenant" || OF_THE_INSTALLATION.contains(&operation.id.as_str()) {
            let (status, shown) = answer(request(&app, &operation, &world).bearer_auth(&world.who.token)).await;
            assert_eq!((status.as_u16(), &shown["code"]), (403, &json!("forbidden")));
        }
    }
    let tenants = app.holder(&installation).get("/tenants").await;
    assert_eq!(tenants["items"].as_array().unwrap().len(), 2, "{tenants}");
    app.stop().await;
}

#[tokio::test]
async fn every_post_that_changes_something_takes_an_idempotency_key() {
    let app = TestApp::start().await;
    for operation in operations(&document(&app).await) {
        let parameters = operation.definition["parameters"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let takes = parameters
            .iter()
            .any(|one| one["name"] == "Idempotency-Key" && one["in"] == "header");
        // Sent twice, those of nodes leave the same state, or a code that nobody uses.
        let is_harmless = operation.id == "verify_key" || OF_THE_INSTALLATION.contains(&operation.id.as_str());
        let expected = operation.method == Method::POST && !is_harmless;
        assert_eq!(takes, expected, "{}", operation.id);
    }
    app.stop().await;
}

/// What undoes others comes later: a subscription is paused before it is cancelled, and so on.
const LAST: [&str; 14] = [
    "suspend_key",
    "reactivate_key",
    "suspend_subscription",
    "reactivate_subscription",
    "move_subscription",
    "revoke_key",
    "cancel_subscription",
    "delete_route",
    "delete_service",
    "delete_consumer",
    "delete_gateway",
    "delete_token",
    "delete_operator",
    "delete_webhook_endpoint",
];
