//! Calls from the portal, with no secret in anybody's hands.

mod connected;
mod hostile;
mod native;
mod remote;

use std::time::Duration;

use gatewright_identity::model::DeveloperRole;
use gatewright_testkit::{Subscribed, TestApp, TestPerson, TestTenant, database};
use gatewright_types::Clock;
use reqwest::Method;
use serde_json::{Value, json};

use crate::scene::{expect, text};

/// The description's slug.
const REFERENCE: &str = "translation";

/// A tenant whose product is described, served by a native gateway, and sold to a developer's customer.
struct Stage {
    app: TestApp,
    acme: TestTenant,
    product: String,
    plan: String,
    customer: String,
    subscribed: Subscribed,
    gateway: String,
    ada: TestPerson,
}

impl Stage {
    async fn before(target_url: &str) -> Self {
        let app = TestApp::start_working(Clock::System).await;
        Self::with(app, target_url).await
    }

    async fn with(app: TestApp, target_url: &str) -> Self {
        let acme = app.tenant("acme").await;
        let product = acme.product("Translation API").await;
        let plan = acme.plan("Pro", &[&product]).await;
        let customer = acme.customer("Globex").await;
        let gateway = acme.gateway("acme").await;
        let service = acme.service(&gateway, "translation", target_url).await;
        for (method, path) in [
            ("POST", "/v1/translate"),
            ("GET", "/v1/items/{id}"),
            ("GET", "/hostile/{what}"),
            ("PUT", "/v1/files"),
        ] {
            acme.secure_route(&gateway, &service, method, path, Some(&product))
                .await;
        }
        describe(&acme, &product).await;
        let subscribed = acme.subscribe(&customer, &plan).await;
        let ada = app
            .developer(&acme, "acme", &customer, ("ada@globex.example", DeveloperRole::Member))
            .await;
        Self {
            app,
            acme,
            product,
            plan,
            customer,
            subscribed,
            gateway,
            ada,
        }
    }

    /// A call as a page makes it.
    fn call(&self, operation: &str, values: &Value) -> Value {
        json!({
            "reference": REFERENCE, "operation": operation, "values": values,
            "keyId": self.subscribed.key_id, "gatewayId": self.gateway,
        })
    }

    /// Sends it as Ada; the run.
    async fn send(&self, call: Value) -> Value {
        self.ada.post("/portal/playground/requests", call).await
    }

    /// The same of an operation, with the usual key on the native gateway.
    async fn run(&self, operation: &str, values: Value) -> Value {
        self.send(self.call(operation, &values)).await
    }

    /// Status and code of the problem that answers a call which is not made.
    async fn refused(&self, call: Value) -> (u16, String) {
        self.ada.refused("/portal/playground/requests", call).await
    }

    /// Fails when a secret stands in any row.
    async fn assert_nowhere(&self, secret: &str) {
        let rows = database::dump(&self.app.database_url).await;
        for (table, row) in rows {
            assert!(!row.contains(secret), "{table}: {row}");
        }
    }
}

/// Publishes the description of a product, and waits until it can be read.
async fn describe(acme: &TestTenant, product: &str) {
    let text_of = |id: &str| json!({ "operationId": id, "responses": { "200": { "description": "Done" } } });
    let parameter = |name: &str, place: &str| json!({ "name": name, "in": place, "required": place == "path", "schema": { "type": "string" } });
    let mut items = text_of("getItem");
    items["parameters"] = json!([
        parameter("id", "path"),
        parameter("q", "query"),
        parameter("X-Note", "header")
    ]);
    let mut hostile = text_of("hostile");
    hostile["parameters"] = json!([parameter("what", "path")]);
    let mut translate = text_of("translate");
    translate["requestBody"] = json!({ "required": true, "content": { "application/json": { "schema": {
        "type": "object", "required": ["text"], "properties": {
            "text": { "type": "string", "maxLength": 20 }, "targets": { "type": "array", "items": { "type": "string" } },
        },
    } } } });
    let mut files = text_of("putFile");
    files["requestBody"] =
        json!({ "content": { "application/octet-stream": { "schema": { "type": "string", "format": "binary" } } } });
    let document = json!({
        "openapi": "3.1.0", "info": { "title": "Translation", "version": "1" },
        "servers": [{ "url": "https://elsewhere.invalid" }],
        "paths": {
            "/v1/translate": { "post": translate },
            "/v1/items/{id}": { "get": items },
            "/hostile/{what}": { "get": hostile },
            "/v1/files": { "put": files },
        },
    });
    let body = json!({
        "productId": product, "specFormat": "OPENAPI_3", "slug": REFERENCE, "document": document.to_string(),
    });
    let spec = expect(acme, 202, Method::POST, "/docs/api-specs", Some(body)).await;
    let path = format!("/docs/api-specs/{}", text(&spec, "id"));
    for _ in 0..1_500 {
        let spec = acme.get(&path).await;
        match spec["latest"]["state"].as_str() {
            Some("PUBLISHED") => return,
            Some("IMPORTING") => tokio::time::sleep(Duration::from_millis(20)).await,
            _ => panic!("{spec:#}"),
        }
    }
    panic!("never published");
}
