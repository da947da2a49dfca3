//! Access Management: tokens, who asks, environments.

use http::StatusCode;
use serde_json::{Value, json};

use super::MuleSoft;
use super::error::refused;
use crate::wire::{Request, Response};

/// A token for the connected app's id and secret, as JSON or as a form.
pub(super) fn token(mule: &mut MuleSoft, request: &Request, now_ms: i64) -> Response {
    let form = request
        .header("content-type")
        .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    let given: Value = if form {
        let pairs = url::form_urlencoded::parse(&request.body).into_owned();
        Value::Object(pairs.map(|(name, value)| (name, json!(value))).collect())
    } else {
        serde_json::from_slice(&request.body).unwrap_or_default()
    };
    let options = &mule.options;
    if given["grant_type"] != "client_credentials" {
        let body = json!({ "error": "unsupported_grant_type" });
        return Response::json(StatusCode::BAD_REQUEST, &body);
    }
    if given["client_id"] != options.client_id.as_str() || given["client_secret"] != options.client_secret.as_str() {
        let body = json!({ "error": "invalid_client", "error_description": "Client authentication failed" });
        return Response::json(StatusCode::UNAUTHORIZED, &body);
    }
    let token = format!("{}-{}", mule.store.hex(), mule.store.hex());
    let lifetime = mule.options.token_lifetime;
    let ends_ms = now_ms + i64::try_from(lifetime.as_millis()).unwrap_or(i64::MAX / 2);
    mule.store.tokens.insert(token.clone(), ends_ms);
    mule.store.secrets.push(token.clone());
    let body = json!({ "access_token": token, "token_type": "bearer", "expires_in": lifetime.as_secs() });
    Response::json(StatusCode::OK, &body)
}

/// Whether the request has a token that was given and has not ended.
pub(super) fn lets_in(mule: &MuleSoft, request: &Request, now_ms: i64) -> bool {
    let token = request
        .header("authorization")
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    token.is_some_and(|(_, token)| mule.store.tokens.get(token).is_some_and(|ends_ms| now_ms < *ends_ms))
}

pub(super) fn me(mule: &MuleSoft) -> Response {
    let body = json!({
        "client": {
            "client_id": mule.options.client_id,
            "name": "gatewright",
            "org_id": mule.options.root_organization,
        },
        "user": {
            "organization": { "id": mule.options.root_organization, "name": "Acme" },
            "memberOfOrganizations": [{ "id": mule.options.organization, "name": "Acme APIs" }],
        },
    });
    Response::json(StatusCode::OK, &body)
}

pub(super) fn environments(mule: &MuleSoft, organization: &str) -> Response {
    if organization != mule.options.organization.to_string() {
        return refused(StatusCode::NOT_FOUND, "Organization not found");
    }
    let body = json!({
        "data": [{
            "id": mule.options.environment,
            "name": "Production",
            "organizationId": mule.options.organization,
            "isProduction": true,
            "type": "production",
        }],
        "total": 1,
    });
    Response::json(StatusCode::OK, &body)
}
