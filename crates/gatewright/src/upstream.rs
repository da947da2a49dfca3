//! The demo's upstream: a small real service that answers what the "Translation API" promises.

use std::net::SocketAddr;

use axum::extract::Path;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// Words that the service knows; what it does not know it returns as it came.
const DICTIONARY: [(&str, &str); 6] = [
    ("hello", "hallo"),
    ("world", "Welt"),
    ("good", "gut"),
    ("morning", "Morgen"),
    ("thank", "danke"),
    ("you", "dir"),
];

/// Starts the service on a free port of this machine; it ends with the runtime.
pub async fn start() -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).await?;
    let addr = listener.local_addr()?;
    let router = Router::new()
        .route(
            "/status",
            get(|| async { Json(json!({ "status": "UP", "service": "translation" })) }),
        )
        .route("/v1/translate", post(translate))
        .route("/v1/translate/{id}", get(translation))
        .route("/v1/embeddings", post(embeddings))
        .route("/v1/usage/current", get(usage))
        .route("/v1/agents/sessions", post(session));
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(addr)
}

async fn translate(Json(body): Json<Value>) -> Json<Value> {
    let text = body["text"].as_str().unwrap_or_default();
    let target = body["target"].as_str().unwrap_or("de");
    Json(json!({ "id": id_of(text), "text": translated(text), "target": target, "characters": text.chars().count() }))
}

async fn translation(Path(id): Path<String>) -> Json<Value> {
    Json(json!({ "id": id, "status": "DONE", "text": "hallo Welt", "target": "de" }))
}

async fn embeddings(Json(body): Json<Value>) -> Json<Value> {
    let input = body["input"].as_str().unwrap_or_default();
    let mut vector = [0.0_f64; 8];
    for (at, byte) in input.bytes().enumerate() {
        vector[at % 8] += f64::from(byte) / 255.0;
    }
    let length = vector.iter().map(|x| x * x).sum::<f64>().sqrt().max(f64::MIN_POSITIVE);
    Json(json!({ "embedding": vector.map(|x| x / length), "dimensions": 8 }))
}

async fn usage(headers: axum::http::HeaderMap) -> Json<Value> {
    let name = |name: &str| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned)
    };
    Json(json!({
        "customer": name("x-gatewright-customer"),
        "subscription": name("x-gatewright-subscription"),
        "characters": 1204,
        "period": "current month",
    }))
}

async fn session(Json(body): Json<Value>) -> (axum::http::StatusCode, Json<Value>) {
    let agent = body["agent"].as_str().unwrap_or("translator");
    (
        axum::http::StatusCode::CREATED,
        Json(json!({ "id": id_of(agent), "agent": agent, "state": "OPEN" })),
    )
}

fn translated(text: &str) -> String {
    let word = |word: &str| {
        let known = DICTIONARY
            .iter()
            .find(|(english, _)| english.eq_ignore_ascii_case(word));
        known.map_or_else(|| word.to_owned(), |(_, german)| (*german).to_owned())
    };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

fn id_of(text: &str) -> String {
    let sum = text.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    format!("tr_{sum:08x}")
}
