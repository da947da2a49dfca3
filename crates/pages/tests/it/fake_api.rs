//! An API that answers as the real one does, from a table, and remembers how it was asked.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use gatewright_pages::About;
use gatewright_types::{Clock, Rng};
use http::HeaderMap;
use serde_json::{Value, json};

use crate::descriptions;

/// What was asked of the API.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) line: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
    pub(crate) peer: Option<Peer>,
}

/// What the acceptor of a connection knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Peer(pub(crate) u32);

pub(crate) type Log = Arc<Mutex<Vec<Asked>>>;
type Answers = Arc<dyn Fn(&str, &Value) -> Option<(u16, Value, Vec<&'static str>)> + Send + Sync>;

/// The pages before an API that answers as `answers` says, and otherwise as usual.
pub(crate) fn pages(
    answers: impl Fn(&str, &Value) -> Option<(u16, Value, Vec<&'static str>)> + Send + Sync + 'static,
) -> (Router, Log) {
    let (log, answers): (Log, Answers) = (Log::default(), Arc::new(answers));
    let known = Arc::clone(&log);
    let api = Router::new().fallback(move |request: Request| answer(Arc::clone(&known), Arc::clone(&answers), request));
    let about = About {
        api,
        carry: |from, to| {
            if let Some(peer) = from.get::<Peer>() {
                to.insert(*peer);
            }
        },
        scheme: "http",
        gateway_url: Some("http://127.0.0.1:8000".to_owned()),
        version: "0.0.0",
        clock: Clock::System,
        rng: Rng::System,
    };
    (gatewright_pages::router(about), log)
}

async fn answer(log: Log, answers: Answers, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, 1 << 20).await.unwrap();
    let body: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let line = format!("{} {}", parts.method, parts.uri);
    let asked = Asked {
        line: line.clone(),
        headers: parts.headers,
        body: body.clone(),
        peer: parts.extensions.get::<Peer>().copied(),
    };
    // Every page begins with it.
    if line != "GET /api/v1/portal/branding" {
        log.lock().unwrap().push(asked);
    }
    let (status, answer, cookies) = answers(&line, &body).unwrap_or_else(|| usual(&line));
    let mut response = Response::builder()
        .status(status)
        .header("content-type", "application/json");
    for cookie in cookies {
        response = response.header("set-cookie", cookie);
    }
    response.body(Body::from(answer.to_string())).unwrap()
}

/// A problem as the API writes it.
pub(crate) fn problem(status: u16, code: &str, detail: &str, errors: &Value) -> (u16, Value, Vec<&'static str>) {
    let body = json!({
        "title": "A title", "status": status, "detail": detail, "code": code, "requestId": "req_1", "errors": errors,
    });
    (status, body, vec![])
}

fn usual(line: &str) -> (u16, Value, Vec<&'static str>) {
    if let Some(answer) = descriptions::answer(line) {
        return (200, answer, vec![]);
    }
    let at = "2026-11-20T09:30:00.000Z";
    let tenant = json!({ "id": "ten_1", "name": "Acme", "slug": "acme" });
    let path = line.split(['?']).next().unwrap_or_default();
    if let Some(answer) = of_the_portal(path) {
        return (200, answer, vec![]);
    }
    let answer = match path {
        "GET /api/v1/sign-in-options" => json!({ "tenant": tenant, "signUp": "OPEN", "providers": [
            { "id": "idp_1", "kind": "GOOGLE", "name": "Google" }, { "id": "idp_2", "kind": "GITHUB", "name": "GitHub" } ] }),
        "GET /api/v1/account" => json!({
            "person": { "id": "per_01m81b5h80fk5vz4xf5dcbj7zy", "email": "ada@globex.example", "name": "Ada Lovelace", "hasPassword": true, "createdAt": at },
            "tenant": tenant, "operator": { "id": "opr_1", "role": "OWNER" },
            "developer": { "id": "dev_1", "role": "OWNER", "state": "ACTIVE", "customer": { "id": "cus_1", "name": "Globex" } },
            "secondFactors": { "totp": true, "passkeys": 1, "recoveryCodes": 7 },
            "session": { "id": "ses_1", "authenticatedAt": at, "methods": ["PASSWORD", "TOTP"] } }),
        "GET /api/v1/account/tenants" => {
            json!({ "items": [tenant, { "id": "ten_2", "name": "Initech", "slug": "initech" }] })
        }
        "GET /api/v1/account/sessions" => json!({ "items": [
            { "id": "ses_1", "device": "Chrome on macOS", "address": "203.0.113.7", "current": true, "methods": ["PASSWORD", "TOTP"], "createdAt": at, "lastSeenAt": at },
            { "id": "ses_2", "device": "Safari on iOS", "address": "2001:db8::7", "current": false, "methods": ["PASSKEY"], "createdAt": at, "lastSeenAt": at },
            { "id": "ses_3", "device": "curl", "address": "198.51.100.20", "current": false, "methods": ["PASSWORD"], "createdAt": at, "lastSeenAt": at } ] }),
        "GET /api/v1/account/passkeys" => json!({ "items": [
            { "id": "pky_1", "name": "Work laptop", "createdAt": at, "lastUsedAt": at }, { "id": "pky_2", "name": "YubiKey 5C", "createdAt": at, "lastUsedAt": null } ] }),
        "GET /api/v1/account/identities" => {
            json!({ "items": [{ "providerId": "idp_1", "email": "ada@globex.example" }] })
        }
        "GET /api/v1/account/export" => json!({ "person": { "email": "ada@globex.example" } }),
        "GET /api/v1/portal/colleagues" => json!({ "items": [
            { "id": "dev_1", "name": "Ada Lovelace", "email": "ada@globex.example", "role": "OWNER", "state": "ACTIVE" },
            { "id": "dev_2", "name": "Charles Babbage", "email": "charles@globex.example", "role": "MEMBER", "state": "ACTIVE" } ] }),
        "GET /api/v1/portal/invitations" | "GET /api/v1/invitations" => json!({ "items": [
            { "id": "inv_1", "email": "mary@globex.example", "kind": "DEVELOPER", "role": "MEMBER", "expiresAt": at, "createdAt": at } ] }),
        "GET /api/v1/operators" => json!({ "items": [
            { "id": "opr_1", "name": "Ada Lovelace", "email": "ada@globex.example", "role": "OWNER", "state": "ACTIVE" },
            { "id": "opr_2", "name": "Grace Hopper", "email": "grace@acme.example", "role": "ENGINEER", "state": "ACTIVE" },
            { "id": "opr_3", "name": "Deploy script", "email": null, "role": "SUPPORT", "state": "SUSPENDED" } ], "nextCursor": "abc" }),
        "GET /api/v1/developers" => json!({ "items": [
            { "id": "dev_9", "name": "Mary Somerville", "email": "mary@initech.example", "role": "OWNER", "state": "PENDING", "customerId": "cus_2", "customerName": "Initech", "createdAt": at },
            { "id": "dev_1", "name": "Ada Lovelace", "email": "ada@globex.example", "role": "OWNER", "state": "ACTIVE", "customerId": "cus_1", "customerName": "Globex", "createdAt": at } ] }),
        "GET /api/v1/people-settings" => json!({ "signUp": "BY_APPROVAL", "domains": [], "updatedAt": null }),
        "GET /api/v1/identity-providers" => json!({ "items": [
            { "id": "idp_1", "kind": "GOOGLE", "name": "Google", "clientId": "1234.apps.googleusercontent.com", "issuer": "https://accounts.google.com",
              "redirectUri": "http://acme.localhost:8080/sign-in/callback/idp_1", "state": "ACTIVE", "signsUp": true } ] }),
        "GET /api/mailbox" => {
            json!({ "items": [{ "id": "mai_1", "recipient": "ada@globex.example", "subject": "Confirm your address", "createdAt": at }] })
        }
        "GET /api/mailbox/mai_1" => {
            json!({ "id": "mai_1", "recipient": "ada@globex.example", "subject": "Confirm your address", "createdAt": at,
            "text": "Hello Ada,\n\nconfirm your address:\n\nhttp://acme.localhost:8080/verify?token=gwm_x\n\nIf this was not you, do nothing. <script>alert(1)</script>" })
        }
        "POST /api/v1/invitations/look-up" => {
            json!({ "kind": "OPERATOR", "role": "ENGINEER", "email": "grace@acme.example", "tenant": tenant,
            "customerName": null, "invitedBy": "Ada Lovelace", "hasAccount": false })
        }
        "POST /api/v1/account/totp" => json!({ "secret": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
            "otpauthUrl": "otpauth://totp/Acme:ada%40globex.example?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Acme&algorithm=SHA1&digits=6&period=30" }),
        "POST /api/v1/account/recovery-codes" | "POST /api/v1/account/totp/confirm" => json!({ "recoveryCodes":
            ["k7qm-3xwd-p9tz", "w2hn-8rfc-v4jy", "b6ys-5gke-m1qa", "t9dp-2vlx-h7wr", "z3fc-6jnb-q8ks", "m5vt-9ayg-d2pe", "r8kw-4tzh-x6nc", "p1xj-7bmd-f3ys", "h4gr-1qcv-w9at", "d7ne-5pkf-j2zx"] }),
        "POST /api/v1/sign-in-providers/idp_1/authorizations" => {
            json!({ "authorizationUrl": "https://accounts.google.com/o/oauth2/v2/auth?state=s" })
        }
        "POST /api/v1/sessions" | "POST /api/v1/sign-ups/verify" | "POST /api/v1/sessions/provider" => {
            json!({ "status": "SIGNED_IN", "session": { "id": "ses_1" } })
        }
        _ if path.starts_with("GET ") => return problem(404, "not-found", "Nothing is here.", &json!([])),
        _ => json!({ "status": "MAIL_SENT" }),
    };
    (200, answer, vec![])
}

/// A key as the API shows it.
pub(crate) fn key() -> Value {
    json!({ "id": "key_1", "accessorType": "BEARER_TOKEN", "environment": "LIVE", "name": "CI", "status": "ACTIVE", "secretVersion": 1,
        "prefix": "sk_live_", "lastFour": "wxyz", "productIds": null, "allowedAddresses": null, "expiresAt": null,
        "subscriptionIds": ["sub_1"], "createdAt": "2026-11-20T09:30:00.000Z", "gateways": { "active": 5, "total": 6 } })
}

fn of_the_portal(path: &str) -> Option<Value> {
    let plan = json!({ "id": "pln_1", "name": "Pro", "slug": "pro", "description": "For products.", "selfService": true, "version": 1,
        "price": { "amount": "49.00", "currency": "EUR" }, "billingPeriod": "MONTH", "trialDays": 14, "productIds": ["prd_1"],
        "quotas": [{ "meter": "requests", "limit": 100_000, "period": "MONTH" }],
        "rateLimits": [{ "requests": 50, "windowSeconds": 1 }] });
    let subscription = json!({ "id": "sub_1", "customerId": "cus_1", "planId": "pln_1", "planVersion": 1, "state": "ACTIVE",
        "createdAt": "2026-11-20T09:30:00.000Z", "plan": plan });
    let product = json!({ "id": "prd_1", "kind": "API", "name": "Translation API", "slug": "translation-api",
        "description": "Translates texts. And <b>more</b>." });
    let gateway = json!({ "gatewayId": "gwy_1", "gatewayName": "Acme", "kind": "NATIVE", "state": "ACTIVE", "secret": null,
        "confirmedAt": "2026-11-20T09:30:00.000Z",
        "example": { "method": "GET", "url": "http://acme.localhost:8000/v1/usage", "header": "X-Api-Key" } });
    Some(match path {
        "GET /api/v1/portal/branding" => json!({ "name": "Acme", "color": null, "contact": "sales@acme.example",
            "keepsSecretsInTab": true, "logo": null, "palette": null, "updatedAt": null }),
        "GET /api/v1/portal/products" => json!({ "items": [product] }),
        "GET /api/v1/portal/plans" => json!({ "items": [plan] }),
        "GET /api/v1/portal/subscriptions" => json!({ "items": [subscription] }),
        "GET /api/v1/portal/subscriptions/sub_1" => subscription,
        "GET /api/v1/portal/keys" => json!({ "items": [key()] }),
        "GET /api/v1/portal/keys/key_1" => key(),
        "GET /api/v1/portal/keys/key_1/gateways" => json!({ "items": [gateway] }),
        "GET /api/v1/portal/keys/key_1/use" => {
            json!({ "lastUsedAt": "2026-11-20T09:30:00.000Z", "lastDay": { "requests": 1204, "addresses": 3 }, "lastWeek": { "requests": 2000, "addresses": 3 } })
        }
        _ => return None,
    })
}
