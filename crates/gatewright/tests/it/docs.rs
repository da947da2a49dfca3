//! API descriptions, from a document to what is read.

mod flow;
mod hostile;
mod reading;
mod searching;
mod sources;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use gatewright_testkit::{TestApp, TestPerson, TestTenant};
use gatewright_types::Clock;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::scene::{expect, text};

/// A tenant with a product, in a process that does jobs.
struct Desk {
    app: TestApp,
    acme: TestTenant,
    product: String,
}

impl Desk {
    async fn set() -> Self {
        Self::set_at(Clock::System).await
    }

    async fn set_at(clock: Clock) -> Self {
        let app = TestApp::start_working(clock).await;
        let acme = app.tenant("acme").await;
        let product = acme.product("Translation API").await;
        Self { app, acme, product }
    }

    /// Asks for a description of the product; returns what is answered at once.
    async fn ask(&self, mut body: Value) -> Value {
        body["productId"] = json!(self.product);
        body["specFormat"] = json!("OPENAPI_3");
        expect(&self.acme, 202, Method::POST, "/docs/api-specs", Some(body)).await
    }

    /// The same, once its first revision has ended.
    async fn import(&self, body: Value) -> Value {
        let asked = self.ask(body).await;
        self.ended(&text(&asked, "id")).await
    }

    /// A description once its newest revision has ended.
    async fn ended(&self, id: &str) -> Value {
        self.until(id, |spec| spec["latest"]["state"] != "IMPORTING").await
    }

    /// Goes back to a revision; what the API answers.
    async fn roll_back(&self, id: &str, revision: &Value) -> Value {
        let path = format!("/docs/api-specs/{id}/roll-back");
        let to = json!({ "revisionId": revision["id"] });
        expect(&self.acme, 202, Method::POST, &path, Some(to)).await
    }

    /// A description once it is as it should be; waits at most a minute.
    async fn until(&self, id: &str, right: impl Fn(&Value) -> bool) -> Value {
        let mut spec = Value::Null;
        for _ in 0..3_000 {
            spec = self.acme.get(&format!("/docs/api-specs/{id}")).await;
            if right(&spec) {
                return spec;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("it stays as it is: {spec}");
    }

    /// Uploads another document; the description once that has ended.
    async fn upload(&self, id: &str, document: &str) -> Value {
        let path = format!("/docs/api-specs/{id}/revisions");
        expect(
            &self.acme,
            202,
            Method::POST,
            &path,
            Some(json!({ "document": document })),
        )
        .await;
        self.ended(id).await
    }

    /// The newest revision of a description.
    async fn latest(&self, spec: &Value) -> Value {
        let path = format!(
            "/docs/api-specs/{}/revisions/{}",
            text(spec, "id"),
            text(&spec["latest"], "id")
        );
        self.acme.get(&path).await
    }

    /// Somebody who reads and has not signed in.
    fn reader(&self) -> TestPerson {
        self.app.stranger("acme")
    }

    /// What a reader is answered, be it a problem.
    async fn ask_as_reader(&self, path: &str) -> Value {
        self.reader().call(Method::GET, path, None).await.1
    }

    async fn read(&self, path: &str) -> Value {
        self.ask_as_reader(&format!("/docs/references/{path}")).await
    }
}

/// A description with so many operations, and words that can be changed.
fn document(title: &str, operations: &[&str]) -> String {
    let paths: serde_json::Map<String, Value> = operations
        .iter()
        .map(|name| {
            let operation = json!({
                "operationId": name,
                "summary": format!("Do {name}"),
                "description": "Words, with *stress*.",
                "tags": ["things"],
                "responses": { "200": { "description": "Done.", "content": { "application/json": {
                    "schema": { "$ref": "#/components/schemas/Thing" } } } } },
            });
            (format!("/v1/{name}"), json!({ "get": operation }))
        })
        .collect();
    json!({
        "openapi": "3.1.0",
        "info": { "title": title, "version": "2026-01-01", "description": "An API for *things*." },
        "servers": [{ "url": "https://api.example.com", "description": "Production" }],
        "paths": paths,
        "components": { "schemas": { "Thing": {
            "type": "object", "description": "A thing.", "properties": { "name": { "type": "string" } } } } },
    })
    .to_string()
}

/// A server of documents that somebody else runs: each path answers what the test puts there.
struct Source {
    url: String,
    shared: Arc<Shelf>,
}

#[derive(Default)]
struct Shelf {
    documents: Mutex<Vec<(String, Document)>>,
    seen: Mutex<Vec<(String, HeaderMap)>>,
}

#[derive(Clone)]
struct Document {
    status: u16,
    body: String,
    fields: Vec<(&'static str, String)>,
}

impl Source {
    async fn start() -> Self {
        Self::start_at("127.0.0.1:0").await
    }

    async fn start_at(address: &str) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shelf::default());
        let router = Router::new().fallback(Self::answer).with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, shared }
    }

    async fn answer(State(shelf): State<Arc<Shelf>>, uri: Uri, headers: HeaderMap) -> Response {
        let path = uri.path().to_owned();
        shelf.seen.lock().unwrap().push((path.clone(), headers.clone()));
        let documents = shelf.documents.lock().unwrap();
        let Some((_, document)) = documents.iter().rev().find(|(at, _)| *at == path) else {
            return StatusCode::NOT_FOUND.into_response();
        };
        let tag = document
            .fields
            .iter()
            .find(|(name, _)| *name == "etag")
            .map(|(_, tag)| tag.as_bytes());
        let known = headers.get("if-none-match").map(axum::http::HeaderValue::as_bytes);
        if tag.is_some() && tag == known {
            return StatusCode::NOT_MODIFIED.into_response();
        }
        let mut response = document.body.clone().into_response();
        *response.status_mut() = StatusCode::from_u16(document.status).unwrap();
        for (name, value) in &document.fields {
            response.headers_mut().insert(*name, value.parse().unwrap());
        }
        response
    }

    fn put(&self, path: &str, status: u16, body: &str, fields: &[(&'static str, &str)]) {
        let fields = fields
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()))
            .collect();
        let body = body.to_owned();
        let document = Document { status, body, fields };
        self.shared.documents.lock().unwrap().push((path.to_owned(), document));
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    fn seen(&self) -> Vec<(String, HeaderMap)> {
        self.shared.seen.lock().unwrap().clone()
    }
}
