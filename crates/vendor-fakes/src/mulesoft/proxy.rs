//! Where requests arrive: `/<asset>` of an API instance, with client-id-enforcement or a rate limit by SLA, and an echo in place of
//! the service.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use serde_json::json;

use super::MuleSoft;
use super::store::{Policy, Status};
use crate::wire::{Request, Response};

/// Pairs and the API instances that they may call, as the gateway knows them.
pub(super) type Admitted = Vec<(String, String, u64)>;

/// Answers one request to a customer's service.
pub(super) fn answer(mule: &mut MuleSoft, request: &Request, now_ms: i64) -> Response {
    poll(mule, now_ms);
    let segments = request.segments();
    let asset = segments.first().map(String::as_str).unwrap_or_default();
    let Some(api) = mule.store.apis.iter().find(|api| api.asset == asset) else {
        return Response::json(StatusCode::NOT_FOUND, &json!({ "error": "No listener for endpoint" }));
    };
    let enforcing = api.policies.iter().find(|policy| !policy.disabled);
    let known = mule.polled.iter().flat_map(|(_, known)| known);
    if let Some(policy) = enforcing
        && !known
            .into_iter()
            .any(|(id, secret, of)| *of == api.id && shows(request, policy, id, secret))
    {
        let body = json!({ "error": "Authentication Attempt Failed" });
        return Response::json(StatusCode::UNAUTHORIZED, &body).with("www-authenticate", "Client-ID-Enforcement");
    }
    let body = json!({ "api": api.asset, "path": request.path });
    Response::json(StatusCode::OK, &body)
}

/// The gateway asks for contracts from time to time.
fn poll(mule: &mut MuleSoft, now_ms: i64) {
    let patience = i64::try_from(mule.options.polls_every.as_millis()).unwrap_or(i64::MAX);
    if mule.polled.as_ref().is_some_and(|(then, _)| now_ms - then < patience) {
        return;
    }
    let approved = mule
        .store
        .contracts
        .values()
        .filter(|one| one.status == Status::Approved);
    let known = approved.filter_map(|contract| {
        let application = mule.store.applications.get(&contract.application)?;
        Some((
            application.client_id.clone(),
            application.client_secret.clone(),
            contract.api,
        ))
    });
    mule.polled = Some((now_ms, known.collect()));
}

/// Whether a request shows this pair: as header fields, or as Basic authentication.
fn shows(request: &Request, policy: &Policy, id: &str, secret: &str) -> bool {
    let basic = request
        .header("authorization")
        .and_then(|value| value.strip_prefix("Basic "))
        .and_then(|value| STANDARD.decode(value).ok())
        .and_then(|bytes| String::from_utf8(bytes).ok());
    if let Some((given_id, given_secret)) = basic.as_deref().and_then(|pair| pair.split_once(':')) {
        return given_id == id && (!policy.asks_for_secret || given_secret == secret);
    }
    request.header("client_id") == Some(id)
        && (!policy.asks_for_secret || request.header("client_secret") == Some(secret))
}
