//! A provider of ours that does as it is told, right or wrong: no judge of what is right (that is `openid_provider.mjs`), but the
//! only one that lies.
//!
//! As GitHub it answers what GitHub's pages say: "Authorizing OAuth apps" (an error of the token endpoint comes with 200),
//! "Get the authenticated user", "List email addresses for the authenticated user". There is no description or program of
//! GitHub's that could be run here beside it, so this is our reading of those pages and no independent judge.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use gatewright_types::Clock;
use http::{HeaderMap, Method, StatusCode, Uri, header};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Our secret there: with what has to be encoded in `Basic` (RFC 6749 §2.3.1).
pub(crate) const CLIENT_ID: &str = "gatewright:acme";
/// See [`CLIENT_ID`].
pub(crate) const CLIENT_SECRET: &str = "s3cret + 100% of it, and long enough";
const ACCESS_TOKEN: &str = "at-of-the-stand-in";

/// How it signs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signs {
    /// With its key.
    Rightly,
    /// Not at all: `alg` is `none`.
    Not,
    /// With the client secret, HS256.
    WithTheSecret,
    /// With its public key as it stands in its JWKS, HS256.
    WithThePublicKey,
}

/// What it was told.
pub(crate) struct Told {
    /// Over what its configuration says.
    pub(crate) metadata: Value,
    /// Over what its ID token says.
    pub(crate) claims: Value,
    /// What its user info says; null: it has none.
    pub(crate) user_info: Value,
    /// How it signs.
    pub(crate) signs: Signs,
    /// For a path, where it redirects.
    pub(crate) redirects: HashMap<&'static str, String>,
    /// Paths whose answers never end.
    pub(crate) endless: Vec<&'static str>,
    /// What its token endpoint answers instead.
    pub(crate) token_answer: Option<(u16, Value)>,
    /// The mail addresses that GitHub lists.
    pub(crate) emails: Value,
    /// The code that works, once, with what was sent along when it was asked for.
    codes: HashMap<String, Sent>,
    /// Every path that was asked.
    pub(crate) asked: Vec<String>,
    key: (EncodingKey, Jwk),
    clock: Clock,
}

/// What the browser brought to the authorization endpoint.
#[derive(Clone)]
struct Sent {
    nonce: Option<String>,
    challenge: String,
    redirect_uri: String,
}

/// The provider, on a free port.
pub(crate) struct StandIn {
    /// Its issuer.
    pub(crate) url: String,
    told: Arc<Mutex<Told>>,
    task: JoinHandle<()>,
}

fn new_key(kid: &str) -> (EncodingKey, Jwk) {
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    let key = EncodingKey::from_ec_der(&pair.serialize_der());
    let mut jwk = Jwk::from_encoding_key(&key, Algorithm::ES256).unwrap();
    jwk.common.key_id = Some(kid.to_owned());
    (key, jwk)
}

impl StandIn {
    /// Starts it, on the clock of those who ask it.
    pub(crate) async fn start(clock: Clock) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let told = Arc::new(Mutex::new(Told {
            metadata: json!({}),
            claims: json!({}),
            user_info: Value::Null,
            signs: Signs::Rightly,
            redirects: HashMap::new(),
            endless: Vec::new(),
            token_answer: None,
            emails: json!([
                { "email": "old@example.com", "verified": true, "primary": false, "visibility": null },
                { "email": "octo@example.com", "verified": true, "primary": true, "visibility": "public" },
            ]),
            codes: HashMap::new(),
            asked: Vec::new(),
            key: new_key("1"),
            clock,
        }));
        let router = Router::new()
            .fallback(answer)
            .with_state((url.clone(), Arc::clone(&told)));
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, told, task }
    }

    /// Tells it something.
    pub(crate) fn tell(&self, tell: impl FnOnce(&mut Told)) {
        tell(&mut self.told.lock().unwrap());
    }

    /// How often a path was asked.
    pub(crate) fn asked(&self, path: &str) -> usize {
        let told = self.told.lock().unwrap();
        told.asked.iter().filter(|one| *one == path).count()
    }

    /// Somebody lets us know who they are: what the browser comes back with.
    pub(crate) fn visit(&self, authorization_url: &str) -> Came {
        let url = url::Url::parse(authorization_url).unwrap();
        let query: HashMap<String, String> = url.query_pairs().into_owned().collect();
        assert_eq!(query["response_type"], "code");
        assert_eq!(query["client_id"], CLIENT_ID);
        assert_eq!(query["code_challenge_method"], "S256");
        let sent = Sent {
            nonce: query.get("nonce").cloned(),
            challenge: query["code_challenge"].clone(),
            redirect_uri: query["redirect_uri"].clone(),
        };
        let mut told = self.told.lock().unwrap();
        let code = format!("granted-{}-{}", told.codes.len(), sent.challenge);
        told.codes.insert(code.clone(), sent);
        Came {
            state: query["state"].clone(),
            code,
            redirect_uri: query["redirect_uri"].clone(),
            scope: query["scope"].clone(),
        }
    }
}

/// What the browser comes back with.
#[derive(Clone)]
pub(crate) struct Came {
    pub(crate) state: String,
    pub(crate) code: String,
    pub(crate) redirect_uri: String,
    pub(crate) scope: String,
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(
    State((url, told)): State<(String, Arc<Mutex<Told>>)>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut told = told.lock().unwrap();
    let path = uri.path();
    told.asked.push(path.to_owned());
    if let Some(to) = told.redirects.get(path) {
        return (StatusCode::FOUND, [(header::LOCATION, to.clone())]).into_response();
    }
    if told.endless.contains(&path) {
        let zeros =
            futures_util::stream::repeat_with(|| Ok::<_, std::io::Error>(Bytes::from_static(&[b' '; 16 * 1024])));
        return Body::from_stream(zeros).into_response();
    }
    match (method.as_str(), path) {
        ("GET", "/.well-known/openid-configuration") => json_answer(200, &configuration(&url, &told)),
        ("GET", "/jwks") => {
            // Beside what it signs with: one for encryption, and one of a kind that nobody knows.
            let other = json!({ "kty": "EC", "crv": "P-256", "use": "enc", "kid": "1", "x": "AA", "y": "AA" });
            let strange = json!({ "kty": "AKP", "kid": "1", "alg": "ML-DSA-44", "pub": "AA" });
            json_answer(200, &json!({ "keys": [other, strange, told.key.1] }))
        }
        ("POST", "/token" | "/login/oauth/access_token") => token(&url, &mut told, path, &headers, &body),
        ("GET", "/me" | "/api/v3/user" | "/api/v3/user/emails") if !is_ours(&headers) => json_answer(401, &json!({})),
        ("GET", "/me") => json_answer(200, &told.user_info),
        ("GET", "/api/v3/user") => json_answer(
            200,
            &json!({ "login": "octocat", "id": 583_231, "name": null, "email": "shown@example.com", "type": "User" }),
        ),
        ("GET", "/api/v3/user/emails") => json_answer(200, &told.emails),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

fn json_answer(status: u16, value: &Value) -> Response {
    let status = StatusCode::from_u16(status).unwrap();
    (status, [(header::CONTENT_TYPE, "application/json")], value.to_string()).into_response()
}

fn is_ours(headers: &HeaderMap) -> bool {
    headers
        .get(header::AUTHORIZATION)
        .is_some_and(|value| value == format!("Bearer {ACCESS_TOKEN}").as_str())
}

fn over(mut base: Value, with: &Value) -> Value {
    for (name, value) in with.as_object().unwrap() {
        base[name] = value.clone();
    }
    base
}

fn configuration(url: &str, told: &Told) -> Value {
    let mut usual = json!({
        "issuer": url,
        "authorization_endpoint": format!("{url}/auth?tenant=1"),
        "token_endpoint": format!("{url}/token"),
        "jwks_uri": format!("{url}/jwks"),
        "response_types_supported": ["code"],
        "id_token_signing_alg_values_supported": ["ES256", "HS256", "none"],
        "authorization_response_iss_parameter_supported": true,
    });
    if !told.user_info.is_null() {
        usual["userinfo_endpoint"] = json!(format!("{url}/me"));
    }
    over(usual, &told.metadata)
}

/// Gives tokens for a code, as RFC 6749 §4.1.3 and RFC 7636 §4.6 say.
fn token(url: &str, told: &mut Told, path: &str, headers: &HeaderMap, body: &Bytes) -> Response {
    let form: HashMap<String, String> = url::form_urlencoded::parse(body).into_owned().collect();
    let is_github = path != "/token";
    if let Some((status, value)) = &told.token_answer {
        return json_answer(*status, value);
    }
    let refused = |error: &str| {
        let status = if is_github { 200 } else { 400 };
        json_answer(
            status,
            &json!({ "error": error, "error_description": "what <b>they</b> say" }),
        )
    };
    if client(headers, &form) != Some((CLIENT_ID.to_owned(), CLIENT_SECRET.to_owned())) {
        return refused("invalid_client");
    }
    let Some(sent) = told.codes.remove(&form["code"]) else {
        return refused(if is_github {
            "bad_verification_code"
        } else {
            "invalid_grant"
        });
    };
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&form["code_verifier"]));
    if sent.challenge != challenge
        || sent.redirect_uri != form["redirect_uri"]
        || form["grant_type"] != "authorization_code"
    {
        return refused("invalid_grant");
    }
    if is_github {
        return json_answer(
            200,
            &json!({ "access_token": ACCESS_TOKEN, "scope": "read:user,user:email", "token_type": "bearer" }),
        );
    }
    let now = told.clock.now().timestamp();
    let claims = json!({
        "iss": url, "sub": "ada", "aud": CLIENT_ID, "nonce": sent.nonce, "iat": now, "exp": now + 600,
        "email": "ada@example.com", "email_verified": true, "name": "Ada",
    });
    let id_token = sign(told, &over(claims, &told.claims));
    json_answer(
        200,
        &json!({ "access_token": ACCESS_TOKEN, "token_type": "Bearer", "id_token": id_token }),
    )
}

/// Who asks for tokens: by `Basic`, or in the body.
fn client(headers: &HeaderMap, form: &HashMap<String, String>) -> Option<(String, String)> {
    let Some(field) = headers.get(header::AUTHORIZATION) else {
        return Some((form.get("client_id")?.clone(), form.get("client_secret")?.clone()));
    };
    let pair = STANDARD.decode(field.to_str().ok()?.strip_prefix("Basic ")?).ok()?;
    let pair = String::from_utf8(pair).ok()?;
    let (id, secret) = pair.split_once(':')?;
    let decode = |text: &str| {
        url::form_urlencoded::parse(format!("x={text}").as_bytes())
            .next()
            .unwrap()
            .1
            .into_owned()
    };
    Some((decode(id), decode(secret)))
}

fn sign(told: &Told, claims: &Value) -> String {
    let (key, jwk) = &told.key;
    let mut header = Header::new(Algorithm::ES256);
    header.kid = jwk.common.key_id.clone();
    let hmac = |header: &mut Header, secret: &[u8]| {
        header.alg = Algorithm::HS256;
        EncodingKey::from_secret(secret)
    };
    let key = match told.signs {
        Signs::Rightly => key.clone(),
        Signs::Not => {
            let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
            return format!("{}.{}.", part(&json!({ "alg": "none", "kid": "1" })), part(claims));
        }
        Signs::WithTheSecret => hmac(&mut header, CLIENT_SECRET.as_bytes()),
        Signs::WithThePublicKey => hmac(&mut header, serde_json::to_string(jwk).unwrap().as_bytes()),
    };
    jsonwebtoken::encode(&header, claims, &key).unwrap()
}
