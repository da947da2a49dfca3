//! The REST API as a page sees it: in the same process, with the browser's own headers.

use std::ops::{Deref, DerefMut};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::response::Response;
use bytes::Bytes;
use gatewright_types::ProblemCode;
use http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, header};
use serde::Deserialize;
use serde_json::Value;
use tower::ServiceExt;

/// Longest answer of the API that a page reads, in bytes: an export is the longest.
const ANSWER_MAX_BYTES: usize = 16 * 1024 * 1024;
/// What of a browser's request the API judges: whose it is, and from which page it was sent.
static FORWARDED: [HeaderName; 5] = [
    header::HOST,
    header::ORIGIN,
    header::USER_AGENT,
    header::ACCEPT_LANGUAGE,
    HeaderName::from_static("sec-fetch-site"),
];

/// The headers of a browser's request that go along with everything its page asks of the API.
pub(crate) fn forwarded(headers: &HeaderMap) -> HeaderMap {
    let mut forwarded = HeaderMap::new();
    for name in &FORWARDED {
        for value in headers.get_all(name) {
            forwarded.append(name.clone(), value.clone());
        }
    }
    forwarded
}

/// What the API answered.
pub(crate) struct Answer {
    /// The body of a success.
    pub(crate) result: Result<Bytes, Problem>,
    pub(crate) cookies: Vec<HeaderValue>,
}

/// A problem; small, because much returns it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub(crate) struct Problem(Box<Described>);

/// A problem as RFC 9457 and the API's own members describe it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Described {
    pub(crate) title: String,
    pub(crate) status: u16,
    pub(crate) detail: String,
    pub(crate) code: String,
    pub(crate) request_id: String,
    pub(crate) errors: Vec<FieldProblem>,
    pub(crate) permission: Option<String>,
    #[serde(skip)]
    pub(crate) retry_after_seconds: Option<u64>,
}

/// What is wrong with one field.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct FieldProblem {
    pub(crate) field: String,
    pub(crate) detail: String,
}

impl Deref for Problem {
    type Target = Described;

    fn deref(&self) -> &Described {
        &self.0
    }
}

impl DerefMut for Problem {
    fn deref_mut(&mut self) -> &mut Described {
        &mut self.0
    }
}

impl Problem {
    /// One of our own making, for what never reaches the API.
    pub(crate) fn of(status: u16, code: &str, detail: &str) -> Self {
        let known = ProblemCode::ALL.iter().find(|known| known.as_str() == code);
        Self(Box::new(Described {
            title: known.map_or("Something went wrong", |known| known.title()).to_owned(),
            status,
            detail: detail.to_owned(),
            code: code.to_owned(),
            ..Described::default()
        }))
    }

    /// There is no such page.
    pub(crate) fn not_found() -> Self {
        Self::of(404, "not-found", "There is no such page.")
    }

    fn internal() -> Self {
        Self::of(
            500,
            "internal",
            "Something went wrong inside Gatewright; the log has more.",
        )
    }

    pub(crate) fn is(&self, code: &str) -> bool {
        self.code == code
    }

    /// What is wrong with a field, named by its JSON Pointer without the first `/`.
    pub(crate) fn of_field(&self, name: &str) -> Option<&str> {
        self.errors
            .iter()
            .find(|error| error.field.trim_start_matches('/') == name)
            .map(|error| error.detail.as_str())
    }
}

/// Passes an answer of the API on as it is, however long: a document for download.
pub(crate) async fn pass(
    api: Router,
    carried: Extensions,
    headers: HeaderMap,
    path: &str,
) -> Result<Response, Problem> {
    let mut request = Request::get(path)
        .body(Body::empty())
        .map_err(|_| Problem::not_found())?;
    *request.headers_mut() = headers;
    *request.extensions_mut() = carried;
    let response = match api.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    if response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED {
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, ANSWER_MAX_BYTES).await.unwrap_or_default();
    let mut problem = serde_json::from_slice::<Problem>(&bytes).unwrap_or_else(|_| Problem::internal());
    problem.status = parts.status.as_u16();
    Err(problem)
}

/// Asks the API. `carried` is what the acceptor of the connection knows of it.
pub(crate) async fn ask(
    api: Router,
    carried: Extensions,
    headers: HeaderMap,
    method: Method,
    path: &str,
    body: Option<&Value>,
) -> Answer {
    let bytes = body.map(|body| serde_json::to_vec(body).unwrap_or_default());
    let Ok(mut request) = Request::builder()
        .method(method)
        .uri(path)
        .body(bytes.map_or_else(Body::empty, Body::from))
    else {
        // A path with an id that is none.
        return Answer {
            result: Err(Problem::not_found()),
            cookies: Vec::new(),
        };
    };
    *request.headers_mut() = headers;
    *request.extensions_mut() = carried;
    request
        .headers_mut()
        .insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    if body.is_some() {
        let json = HeaderValue::from_static("application/json");
        request.headers_mut().insert(header::CONTENT_TYPE, json);
    }
    let response = match api.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    let (parts, body) = response.into_parts();
    let cookies = parts.headers.get_all(header::SET_COOKIE).iter().cloned().collect();
    let result = match to_bytes(body, ANSWER_MAX_BYTES).await {
        Err(error) => {
            tracing::error!(%error, "an answer of the API broke off");
            Err(Problem::internal())
        }
        Ok(bytes) if parts.status.is_success() => Ok(bytes),
        Ok(bytes) => {
            let mut problem = serde_json::from_slice::<Problem>(&bytes).unwrap_or_else(|_| Problem::internal());
            problem.status = parts.status.as_u16();
            let seconds = parts
                .headers
                .get(header::RETRY_AFTER)
                .and_then(|value| value.to_str().ok());
            problem.retry_after_seconds = seconds.and_then(|seconds| seconds.parse().ok());
            Err(problem)
        }
    };
    Answer { result, cookies }
}
