//! Refusals as RFC 9457 problem details.

use std::rc::Rc;

use bytes::Bytes;
use gatewright_snapshot::{Refusal, Snapshot};
use gatewright_types::ProblemCode;
use gatewright_types::problem::{Fault, Retry};
use gatewright_types::slug::Slug;
use http::{HeaderValue, Response, StatusCode, header};

use crate::body::ResponseBody;
use crate::client::Client;
use crate::limits::RETRY_AFTER;

/// What a refusal is written with.
pub(crate) struct Scene<'a> {
    /// Says where the problem pages are.
    pub(crate) snapshot: &'a Snapshot,
    /// The gateway's slug, once it is known: the realm of a challenge.
    pub(crate) realm: Option<&'a Slug>,
    /// The request's id.
    pub(crate) request_id: &'a HeaderValue,
}

/// The answer that carries a refusal.
#[cold]
pub(crate) fn answer(client: &Rc<Client>, scene: &Scene<'_>, refusal: &Refusal) -> Response<ResponseBody> {
    let code = refusal.code;
    let mut response = Response::new(ResponseBody::whole(client, document(scene, refusal)));
    *response.status_mut() = StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let fields = response.headers_mut();
    fields.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/problem+json"),
    );
    fields.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if code.status() == 401 {
        fields.insert(header::WWW_AUTHENTICATE, challenge(scene.realm, code));
    }
    if code.retry() == Retry::Later {
        fields.insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER));
    }
    if let Some(allow) = refusal
        .allow
        .as_ref()
        .and_then(|methods| HeaderValue::from_str(methods).ok())
    {
        fields.insert(header::ALLOW, allow);
    }
    response
}

/// The document alone, for where no HTTP engine helps.
pub(crate) fn document(scene: &Scene<'_>, refusal: &Refusal) -> Bytes {
    let code = refusal.code;
    let fault = match code.fault() {
        Fault::Client => "CLIENT",
        Fault::Gateway => "GATEWAY",
        Fault::Upstream => "UPSTREAM",
    };
    let retry = match code.retry() {
        Retry::No => "NO",
        Retry::Later => "LATER",
    };
    let document = serde_json::json!({
        "type": format!("{}{code}", scene.snapshot.problem_pages),
        "title": code.title(),
        "status": code.status(),
        "detail": refusal.detail,
        "code": code.as_str(),
        "fault": fault,
        "retry": retry,
        "requestId": scene.request_id.to_str().unwrap_or_default(),
    });
    Bytes::from(document.to_string())
}

/// RFC 9110 §11.6.1: a 401 says how to do better. A slug needs no escaping in a quoted string.
fn challenge(realm: Option<&Slug>, code: ProblemCode) -> HeaderValue {
    let realm = realm.map_or("gateway", Slug::as_str);
    // RFC 6750 §3.1: without credentials in the request, no error code.
    let error = if code == ProblemCode::NoCredential {
        ""
    } else {
        ", error=\"invalid_token\""
    };
    let text = format!("ApiKey realm=\"{realm}\", Bearer realm=\"{realm}\"{error}");
    HeaderValue::from_str(&text).expect("a slug is visible ASCII")
}
