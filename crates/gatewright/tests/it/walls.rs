//! What holds for every operation, by walking our own OpenAPI document. One that is new fails here until
//! [`sample`] has a request for it, [`World`] what that needs and [`LAST`] its place, if it undoes others. Each
//! room proves one thing with them; `bodies` has a table of its own.

mod audited;
mod bodies;
mod connected;
mod people;
mod preconditions;
mod repeats;
mod roles;
mod tables;
mod tenants;
mod tokens;

use gatewright_identity::model::DeveloperRole;
use gatewright_testkit::{Subscribed, TestApp, TestPerson, TestTenant, Upstream, database};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use self::connected::Connected;
use crate::orchestration::scene::GROUP;
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
    connected: Connected,
    /// Nobody signs in as this one yet.
    awaited: String,
    invitation: String,
    developer: TestPerson,
    provider: String,
    spec: String,
    /// One that was published before.
    revision: String,
}

impl World {
    async fn make(app: &TestApp, slug: &str, upstream: &Upstream) -> Self {
        let who = app.tenant(slug).await;
        let settings = json!({ "secretRetention": "WHILE_ACTIVE" });
        expect(&who, 200, Method::PATCH, "/credential-settings", Some(settings)).await;
        let destinations = json!({ "destinations": ["127.0.0.1", "example.com"] });
        expect(&who, 200, Method::PUT, "/outgoing-destinations", Some(destinations)).await;
        let product = who.product("Translation API").await;
        expect(
            &who,
            200,
            Method::PUT,
            &format!("/products/{product}/contract"),
            Some(contract()),
        )
        .await;
        let connected = Connected::to(&who, &product).await;
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
        connected.provision(app, &subscribed).await;
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
        let (awaited, _) = who.colleague("AUDITOR").await;
        let invitation = who
            .create(&format!("/operators/{awaited}/invitations"), json!({}))
            .await;
        let provider = who.create("/identity-providers", identity_provider("GitHub")).await;
        let email = format!("developer@{slug}.example");
        let developer = app
            .developer(&who, slug, &customer, (&email, DeveloperRole::Member))
            .await;
        app.belongings(&who, &developer).await;
        app.used(&subscribed.key_id).await;
        expect(&who, 200, Method::PUT, "/portal/branding/logo", Some(logo())).await;
        let settings = json!({ "signUp": "OPEN" });
        expect(&who, 200, Method::PUT, "/people-settings", Some(settings)).await;
        let (spec, revision) = app.described(&who, &product).await;
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
            connected,
            awaited,
            invitation,
            developer,
            provider,
            spec,
            revision,
        }
    }

    /// Every id of an object that another tenant must never see.
    fn ids(&self) -> [&str; 27] {
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
            &self.connected.id,
            &self.connected.broken,
            &self.invitation,
            &self.awaited,
            &self.developer.id,
            &self.developer.email,
            &self.provider,
            &self.spec,
            &self.revision,
        ]
    }
}

/// The logo that a tenant has, and the one that it gets.
fn logo() -> Value {
    json!({ "mediaType": "image/svg+xml", "content": "PHN2Zy8+" })
}

fn another_logo() -> Value {
    json!({ "mediaType": "image/svg+xml", "content": "PHN2Zz48L3N2Zz4=" })
}

/// One that nobody asks before somebody signs in.
fn identity_provider(name: &str) -> Value {
    json!({ "kind": "GITHUB", "name": name, "issuer": "https://127.0.0.1", "clientId": "acme", "clientSecret": "secret" })
}

fn contract() -> Value {
    json!({ "format": "OPENAPI", "document": r#"{"openapi":"3.1.0"}"# })
}

fn terms(product: &str) -> Value {
    json!({ "price": { "amount": "1", "currency": "EUR" }, "billingPeriod": "MONTH", "productIds": [product] })
}

const NO_NODE: &str = "nod_01m80hxe67f59s79ed8y354rh0";

/// What only the installation does: a node serves gateways of every tenant.
const OF_THE_INSTALLATION: [&str; 5] = [
    "create_enrollment_code",
    "list_nodes",
    "drain_node",
    "revoke_node",
    "list_installation_audit_events",
];

/// What undoes others comes later: a subscription is paused before it is cancelled, and so on.
const LAST: [&str; 23] = [
    "delete_logo",
    "delete_api_spec",
    "delete_developer",
    "delete_identity_provider",
    "suspend_customer",
    "lift_emergency_suspension",
    "suspend_key",
    "reactivate_key",
    "suspend_subscription",
    "reactivate_subscription",
    "move_subscription",
    "revoke_key",
    "cancel_subscription",
    "delete_customer",
    "delete_mapping",
    "delete_connection",
    "delete_route",
    "delete_service",
    "delete_consumer",
    "delete_gateway",
    "delete_token",
    "delete_operator",
    "delete_webhook_endpoint",
];

/// One operation of the document.
struct Operation {
    id: String,
    method: Method,
    path: String,
    /// `x-audience` of the document.
    audience: String,
    definition: Value,
}

/// Everything in the database but what the worker does by itself, and how much of a connected gateway's rate was used.
async fn quiet_dump(app: &TestApp) -> Vec<(String, String)> {
    gatewright_notify::fan_out::all(app.process.database()).await.unwrap();
    let mut rows = database::deeds(&app.database_url).await;
    rows.retain(|(table, _)| {
        !["jobs", "schedules", "mails", "connection_health", "call_turns"].contains(&table.as_str())
    });
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

/// Those for operators and for the installation. What is for people is in `people`.
fn operations(document: &Value) -> Vec<Operation> {
    let mut operations = all_operations(document);
    operations.retain(|one| ["OPERATOR", "INSTALLATION"].contains(&one.audience.as_str()));
    operations
}

fn all_operations(document: &Value) -> Vec<Operation> {
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, definition) in item.as_object().unwrap() {
            let Ok(method) = method.to_ascii_uppercase().parse::<Method>() else {
                continue;
            };
            let id = text(definition, "operationId");
            let path = path.strip_prefix("/api/v1").unwrap().to_owned();
            operations.push(Operation {
                audience: text(definition, "x-audience"),
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
        "list_nodes" | "list_installation_audit_events" => (None, None),
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
        "list_identity_providers" => (None, None),
        "create_identity_provider" => (None, Some(identity_provider("Another"))),
        "get_identity_provider" | "delete_identity_provider" => (Some(&of.provider), None),
        "change_identity_provider" => (Some(&of.provider), Some(json!({ "name": "Renamed" }))),
        "invite_operator" => (Some(&of.awaited), None),
        "list_invitations" | "list_developers" | "get_people_settings" => (None, None),
        "withdraw_invitation" => (Some(&of.invitation), None),
        "get_developer" | "delete_developer" => (of.developer.developer_id.as_deref(), None),
        "change_developer" => (
            of.developer.developer_id.as_deref(),
            Some(json!({ "state": "SUSPENDED" })),
        ),
        "put_people_settings" => (None, Some(json!({ "signUp": "BY_APPROVAL" }))),
        "change_operator" => (Some(&of.operator), Some(json!({ "name": "Renamed" }))),
        "create_token" => (Some(&of.operator), Some(json!({ "name": "another" }))),
        "create_product" => (None, Some(json!({ "kind": "API", "name": "Another API" }))),
        "get_product" | "get_contract" => (Some(product), None),
        "change_product" => (Some(product), Some(json!({ "name": "Renamed" }))),
        "put_contract" => {
            let another = json!({ "format": "OPENAPI", "document": r#"{"openapi":"3.0.3"}"# });
            (Some(product), Some(another))
        }
        "get_outgoing_destinations" => (None, None),
        "put_outgoing_destinations" => (None, Some(json!({ "destinations": ["127.0.0.1"] }))),
        "create_plan" => {
            let mut body = terms(product);
            body["name"] = json!("Another plan");
            (None, Some(body))
        }
        "get_plan" => (Some(&of.plan), None),
        "change_plan" => (Some(&of.plan), Some(json!({ "name": "Renamed" }))),
        "add_plan_version" => (Some(&of.plan), Some(terms(product))),
        "create_customer" => (None, Some(json!({ "name": "Another customer" }))),
        "get_customer" | "delete_customer" | "get_emergency_suspension" | "lift_emergency_suspension" => {
            (Some(&of.customer), None)
        }
        "suspend_customer" => (Some(&of.customer), Some(json!({ "reason": "Taken over." }))),
        "change_customer" => (Some(&of.customer), Some(json!({ "name": "Renamed" }))),
        "create_subscription" => (None, Some(json!({ "customerId": of.customer, "planId": of.plan }))),
        "get_subscription" => (Some(subscription), None),
        "cancel_subscription" | "reactivate_subscription" | "suspend_subscription" => (Some(subscription), None),
        "rotate_subscription" => (Some(subscription), Some(json!({ "overlapSeconds": 0 }))),
        "move_subscription" => (Some(subscription), Some(json!({ "to": "PAUSED" }))),
        "add_key" => (Some(subscription), Some(json!({ "name": "another" }))),
        "get_credential_settings" => (None, None),
        "change_credential_settings" => (None, Some(json!({ "leakPolicy": "SUSPEND" }))),
        "report_secrets" => (None, Some(json!({ "candidates": [{ "token": of.subscribed.key }] }))),
        "verify_key" => (None, Some(json!({ "key": of.subscribed.key }))),
        "get_key" | "get_key_use" | "reactivate_key" | "revoke_key" | "suspend_key" => (Some(key), None),
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
        "list_connections"
        | "list_provisioning_attempts"
        | "export_provisioning_attempts"
        | "get_provisioning_statistics"
        | "list_dead_letters" => (None, None),
        "replay_dead_letters" => {
            let body = json!({ "connectionId": of.connected.broken, "subscriptionIds": [subscription] });
            (None, Some(body))
        }
        "list_provisioning_runs" => (None, None),
        "create_provisioning_run" => (
            None,
            Some(json!({ "kind": "DRIFT", "connectionIds": [of.connected.id] })),
        ),
        "get_provisioning_run" | "list_provisioning_findings" | "apply_provisioning_run" => {
            (Some(&of.connected.run), None)
        }
        "list_adoptable" => (Some(&of.connected.broken), None),
        "adopt_consumer" => {
            let body = json!({
                "remoteId": connected::OLD_CONSUMER, "planId": of.connected.adopts, "customer": { "name": "Mobile" },
            });
            (Some(&of.connected.broken), Some(body))
        }
        "list_offers" => (Some(&of.connected.id), None),
        "import_offers" => (Some(&of.connected.id), Some(json!({ "remoteIds": [GROUP] }))),
        "list_breaker_changes" => (Some(&of.connected.broken), None),
        "create_connection" => (None, Some(of.connected.another())),
        "get_connection" | "get_capabilities" | "verify_connection" | "disable_connection" | "enable_connection"
        | "list_mappings" | "delete_mapping" | "delete_connection" => (Some(&of.connected.id), None),
        "change_connection" => (Some(&of.connected.id), Some(json!({ "name": "Renamed" }))),
        // Another scope than that of the scene: what does not change is not audited.
        "put_mapping" => (
            Some(&of.connected.id),
            Some(json!({ "scope": [GROUP, "prod-payments"] })),
        ),
        "reset_breaker" => (Some(&of.connected.broken), None),
        "list_api_specs" => (None, None),
        "create_api_spec" => {
            let body = json!({ "productId": product, "specFormat": "OPENAPI_3", "slug": "another", "document": "{}" });
            (None, Some(body))
        }
        "get_api_spec"
        | "delete_api_spec"
        | "list_api_revisions"
        | "get_api_revision"
        | "get_api_revision_document"
        | "create_api_sync_secret" => (Some(&of.spec), None),
        "change_api_spec" => (Some(&of.spec), Some(json!({ "visibility": "SIGNED_IN" }))),
        "create_api_revision" => (Some(&of.spec), Some(json!({ "document": "{}" }))),
        "roll_back_api_spec" => (Some(&of.spec), Some(json!({ "revisionId": of.revision }))),
        "list_subscription_gateways" => (Some(subscription), None),
        "reveal_gateway_secret" => (Some(key), None),
        "put_branding" => (None, Some(json!({ "name": "Renamed", "color": "#0a7d5a" }))),
        "put_logo" => (None, Some(another_logo())),
        "delete_logo" => (None, None),
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
    path = path
        .replace("{tokenId}", &of.token)
        .replace("{productId}", &of.product)
        .replace("{gatewayId}", &of.connected.id)
        .replace("{revisionId}", &of.revision);
    if operation.id.starts_with("export_") {
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
