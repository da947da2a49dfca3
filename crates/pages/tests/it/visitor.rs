//! A browser, as far as these tests need one.

use axum::Router;
use axum::body::{Body, to_bytes};
use http::{HeaderMap, Request, StatusCode};
use tower::ServiceExt;

use crate::fake_api::Peer;

pub(crate) struct Page {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    /// As it came, in bytes.
    pub(crate) length: usize,
}

impl Page {
    pub(crate) fn location(&self) -> &str {
        self.headers.get("location").map_or("", |value| value.to_str().unwrap())
    }
}

pub(crate) async fn get(pages: &Router, path: &str) -> Page {
    send(pages, Request::get(path).body(Body::empty()).unwrap()).await
}

pub(crate) async fn post(pages: &Router, path: &str, form: &str) -> Page {
    let request = Request::post(path)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("origin", "http://acme.localhost:8080")
        .header("sec-fetch-site", "same-origin");
    send(pages, request.body(Body::from(form.to_owned())).unwrap()).await
}

pub(crate) async fn send(pages: &Router, mut request: Request<Body>) -> Page {
    request
        .headers_mut()
        .insert("host", "acme.localhost:8080".parse().unwrap());
    request.headers_mut().insert("user-agent", "Browser/1".parse().unwrap());
    request.extensions_mut().insert(Peer(7));
    let response = pages.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, 4 << 20).await.unwrap();
    Page {
        status: parts.status,
        headers: parts.headers,
        length: bytes.len(),
        text: String::from_utf8_lossy(&bytes).into_owned(),
    }
}
