//! Something between the program and the API that does what networks and other people do.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use gatewright_testkit::TestTenant;
use reqwest::{Method, StatusCode};
use serde_json::json;

/// What to do with a request that is seen for the first time.
pub(super) type Disturbance = fn() -> Disturb;

#[derive(Clone, Copy)]
pub(super) enum Disturb {
    /// Refuse it before the API sees it.
    Busy,
    /// Let the API do it, and lose the answer.
    LoseAnswer,
}

pub(super) fn busy_first() -> Disturb {
    Disturb::Busy
}

pub(super) fn lose_first_answer() -> Disturb {
    Disturb::LoseAnswer
}

pub(super) struct Between {
    pub(super) url: String,
    shared: Arc<Shared>,
}

struct Shared {
    who: TestTenant,
    disturb: Option<Disturb>,
    /// Of whom a product gets another name, and before which request for it.
    rival: Mutex<Option<(Method, String, String)>>,
    seen: Mutex<HashSet<String>>,
    disturbed: AtomicUsize,
    /// How many changes come through before nothing does any more.
    changes: AtomicUsize,
}

impl Between {
    /// Disturbs the first attempt of every request.
    pub(super) async fn start(who: &TestTenant, disturbance: Disturbance) -> Self {
        Self::serve(who, Some(disturbance()), None, usize::MAX).await
    }

    /// Gives a product another name just before the first such request for it.
    pub(super) async fn start_with_rival(who: &TestTenant, before: Method, product: &str, name: &str) -> Self {
        Self::serve(
            who,
            None,
            Some((before, product.to_owned(), name.to_owned())),
            usize::MAX,
        )
        .await
    }

    /// Goes away after so many changes.
    pub(super) async fn start_until(who: &TestTenant, changes: usize) -> Self {
        Self::serve(who, None, None, changes).await
    }

    async fn serve(
        who: &TestTenant,
        disturb: Option<Disturb>,
        rival: Option<(Method, String, String)>,
        changes: usize,
    ) -> Self {
        let shared = Arc::new(Shared {
            who: who.clone(),
            disturb,
            rival: Mutex::new(rival),
            seen: Mutex::new(HashSet::new()),
            disturbed: AtomicUsize::new(0),
            changes: AtomicUsize::new(changes),
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(pass).with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, shared }
    }

    pub(super) fn port(&self) -> &str {
        self.url.rsplit_once(':').unwrap().1
    }

    pub(super) fn disturbed(&self) -> usize {
        self.shared.disturbed.load(Ordering::Relaxed)
    }
}

async fn pass(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let path = parts
        .uri
        .path_and_query()
        .unwrap()
        .as_str()
        .trim_start_matches("/api/v1");
    shared.rival(&parts.method, path).await;
    let is_new = shared
        .seen
        .lock()
        .unwrap()
        .insert(format!("{} {path} {body:?}", parts.method));
    let disturb = shared.disturb.filter(|_| is_new);
    if disturb.is_some() {
        shared.disturbed.fetch_add(1, Ordering::Relaxed);
    }
    if let Some(Disturb::Busy) = disturb {
        return answer(StatusCode::SERVICE_UNAVAILABLE, Bytes::new(), None);
    }
    if parts.method != Method::GET {
        let left = shared
            .changes
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        if left.is_err() {
            return answer(StatusCode::BAD_GATEWAY, Bytes::from("<html>"), None);
        }
    }
    let mut forwarded = shared
        .who
        .client
        .request(parts.method, format!("{}{path}", shared.who.api_url));
    for name in ["authorization", "content-type", "if-match", "idempotency-key"] {
        if let Some(value) = parts.headers.get(name) {
            forwarded = forwarded.header(name, value);
        }
    }
    let response = forwarded.body(body).send().await.unwrap();
    let (status, tag) = (response.status(), response.headers().get("etag").cloned());
    let bytes = response.bytes().await.unwrap();
    match disturb {
        Some(Disturb::LoseAnswer) => answer(StatusCode::BAD_GATEWAY, Bytes::from("<html>"), None),
        _ => answer(status, bytes, tag),
    }
}

impl Shared {
    async fn rival(&self, method: &Method, path: &str) {
        let due = {
            let mut rival = self.rival.lock().unwrap();
            match &*rival {
                Some((before, product, _)) if before == method && path == format!("/products/{product}") => {
                    rival.take()
                }
                _ => None,
            }
        };
        if let Some((_, product, name)) = due {
            let body = Some(json!({ "name": name }));
            let (status, _) = self
                .who
                .call(Method::PATCH, &format!("/products/{product}"), body)
                .await;
            assert_eq!(status, 200);
        }
    }
}

fn answer(status: StatusCode, body: Bytes, tag: Option<reqwest::header::HeaderValue>) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    // Nobody has to wait in a test.
    response.headers_mut().insert("retry-after", "0".parse().unwrap());
    response
        .headers_mut()
        .extend(tag.map(|tag| (reqwest::header::ETAG, tag)));
    response
}
