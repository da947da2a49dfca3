//! The demo's upstream: a small real service that answers what the "Translation API" promises (`demo/translation-api.yaml`).

use std::net::SocketAddr;

use axum::body::Bytes;
use axum::extract::{Path, Query};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
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
        .route("/v1/translate/stream", post(stream))
        .route("/v1/documents", post(document))
        .route("/v1/languages", get(languages))
        .route("/v1/embeddings", post(embeddings))
        .route("/v1/usage/current", get(usage))
        .route("/v1/agents/sessions", post(session));
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(addr)
}

/// Longest text, in characters.
const TEXT_MAX: usize = 5_000;
/// Languages by code and name.
const LANGUAGES: [(&str, &str); 5] = [
    ("de", "German"),
    ("en", "English"),
    ("es", "Spanish"),
    ("fr", "French"),
    ("it", "Italian"),
];
/// Between two words of a stream: somebody is to see that it is one.
const PAUSE: std::time::Duration = std::time::Duration::from_millis(150);

/// A problem as the description says.
fn problem(status: StatusCode, code: &str, errors: &[(&str, &str)]) -> Box<Response> {
    let told: Vec<String> = errors
        .iter()
        .map(|(field, detail)| format!("{field}: {detail}"))
        .collect();
    let errors: Vec<Value> = errors
        .iter()
        .map(|(field, detail)| json!({ "field": field, "detail": detail }))
        .collect();
    let body = json!({
        "type": format!("https://acme.example/problems/{code}"),
        "title": status.canonical_reason(),
        "status": status.as_u16(),
        "detail": told.join("; "),
        "code": code,
        "errors": errors,
    });
    let answer = (
        status,
        [(header::CONTENT_TYPE, "application/problem+json")],
        body.to_string(),
    );
    Box::new(answer.into_response())
}

/// A text and what to translate it into, if they are acceptable.
fn wanted(body: &[u8]) -> Result<(String, String), Box<Response>> {
    let Ok(body) = serde_json::from_slice::<Value>(body) else {
        return Err(problem(
            StatusCode::BAD_REQUEST,
            "bad-request",
            &[("", "expected JSON")],
        ));
    };
    let (text, target) = (
        body["text"].as_str().unwrap_or_default(),
        body["target"].as_str().unwrap_or("de"),
    );
    let mut errors = Vec::new();
    if !(1..=TEXT_MAX).contains(&text.chars().count()) {
        errors.push(("/text", "expected 1 to 5,000 characters"));
    }
    if !LANGUAGES.iter().any(|(code, _)| *code == target) {
        errors.push(("/target", "expected one of de, en, es, fr, it"));
    }
    if errors.is_empty() {
        return Ok((text.to_owned(), target.to_owned()));
    }
    Err(problem(StatusCode::UNPROCESSABLE_ENTITY, "validation-failed", &errors))
}

fn done(text: &str, target: &str) -> Value {
    json!({
        "id": id_of(text), "text": translated(text), "target": target, "characters": text.chars().count(), "status": "DONE",
    })
}

async fn translate(body: Bytes) -> Response {
    match wanted(&body) {
        Ok((text, target)) => Json(done(&text, &target)).into_response(),
        Err(problem) => *problem,
    }
}

async fn translation(Path(id): Path<String>) -> Response {
    if !id.starts_with("tr_") {
        return *problem(
            StatusCode::NOT_FOUND,
            "not-found",
            &[("/id", "there is no such translation")],
        );
    }
    Json(json!({ "id": id, "text": "hallo Welt", "target": "de", "characters": 11, "status": "DONE" })).into_response()
}

/// Each word as an event of its own, and the whole at the end.
async fn stream(body: Bytes) -> Response {
    let (text, target) = match wanted(&body) {
        Ok(wanted) => wanted,
        Err(problem) => return *problem,
    };
    let words = translated(&text);
    let mut events: Vec<String> = words
        .split(' ')
        .enumerate()
        .map(|(index, word)| format!("event: word\ndata: {}\n\n", json!({ "index": index, "text": word })))
        .collect();
    events.push(format!("event: done\ndata: {}\n\n", done(&text, &target)));
    let events = futures_util::stream::unfold(events.into_iter(), async |mut events| {
        let event = events.next()?;
        tokio::time::sleep(PAUSE).await;
        Some((Ok::<_, std::convert::Infallible>(event), events))
    });
    let body = axum::body::Body::from_stream(events);
    ([(header::CONTENT_TYPE, "text/event-stream")], body).into_response()
}

/// A file of a form (RFC 7578), line by line.
async fn document(headers: HeaderMap, body: Bytes) -> Response {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let boundary = content_type
        .and_then(|value| value.split_once("boundary="))
        .map(|(_, boundary)| boundary.trim_matches('"'));
    let (Some(boundary), Ok(text)) = (boundary, std::str::from_utf8(&body)) else {
        return *problem(
            StatusCode::BAD_REQUEST,
            "bad-request",
            &[("", "expected a form with a file of text")],
        );
    };
    let (mut file, mut title, mut target) = (None, None, "de");
    for part in text.split(&format!("--{boundary}")) {
        let Some((head, content)) = part.split_once("\r\n\r\n") else {
            continue;
        };
        let content = content.strip_suffix("\r\n").unwrap_or(content);
        let named = |name: &str| head.contains(&format!("name=\"{name}\""));
        match () {
            () if named("file") => {
                let name = head
                    .split_once("filename=\"")
                    .and_then(|(_, rest)| rest.split('"').next());
                title = title.or(name);
                file = Some(content);
            }
            () if named("title") && !content.is_empty() => title = Some(content),
            () if named("target") => target = content,
            () => {}
        }
    }
    let Some(file) = file else {
        return *problem(
            StatusCode::UNPROCESSABLE_ENTITY,
            "validation-failed",
            &[("/file", "expected a file")],
        );
    };
    let lines: Vec<String> = file.lines().map(translated).collect();
    let answer = json!({
        "id": id_of(file), "title": title.unwrap_or("document"), "target": target, "lines": lines, "characters": file.chars().count(),
    });
    (StatusCode::CREATED, Json(answer)).into_response()
}

async fn languages(Query(query): Query<std::collections::HashMap<String, String>>) -> Json<Value> {
    let search = query.get("search").map(|text| text.to_lowercase()).unwrap_or_default();
    let limit = query.get("limit").and_then(|limit| limit.parse().ok()).unwrap_or(20);
    let fits = |(code, name): &&(&str, &str)| code.contains(&search) || name.to_lowercase().contains(&search);
    let items: Vec<Value> = LANGUAGES
        .iter()
        .filter(fits)
        .take(limit)
        .map(|(code, name)| json!({ "code": code, "name": name }))
        .collect();
    Json(json!({ "items": items }))
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

async fn usage(headers: HeaderMap) -> Json<Value> {
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

async fn session(Json(body): Json<Value>) -> (StatusCode, Json<Value>) {
    let agent = body["agent"].as_str().unwrap_or("translator");
    (
        StatusCode::CREATED,
        Json(json!({ "id": id_of(agent), "agent": agent, "state": "OPEN", "closedAt": null })),
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
