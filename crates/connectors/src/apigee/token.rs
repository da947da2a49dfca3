//! Access tokens: fetched for a JWT that the service account signs (RFC 7523).

use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gatewright_egress::{Answer, Body, Request, Trust};
use http::StatusCode;
use http::header::{self, HeaderValue};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;

use super::settings::Account;
use crate::fault::{Fault, FaultKind};
use crate::lease::{Lease, Lent};
use crate::link::Link;
use crate::wire::{retry_after, segment};

const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// How long an assertion is good: as long as Google allows.
const ASSERTION_SECONDS: i64 = 3600;
/// How far our clock may be ahead of Google's.
const AHEAD_SECONDS: i64 = 10;
/// Longest time for which a token is kept, whatever is said of it.
const LIFETIME_MAX: Duration = Duration::from_secs(24 * 3600);

/// An access token.
pub(crate) type Token = Lent<SecretString>;

/// The token there is, and how the next one is had.
pub(crate) struct Tokens {
    url: String,
    account: Account,
    trust: Option<Trust>,
    lease: Lease<SecretString>,
}

#[derive(Deserialize)]
struct Given {
    access_token: SecretString,
    expires_in: u64,
}

/// RFC 6749 §5.2.
#[derive(Deserialize)]
struct Refusal {
    error: String,
    #[serde(default)]
    error_description: String,
}

impl Tokens {
    pub(crate) fn new(url: String, account: Account, trust: Option<Trust>) -> Self {
        Self {
            url,
            account,
            trust,
            lease: Lease::default(),
        }
    }

    /// A token that is good now.
    pub(crate) async fn good(&self, link: &Link) -> Result<Token, Fault> {
        self.lease.get(link.clock(), || self.fetch(link)).await
    }

    /// A token other than this one, which was not accepted.
    pub(crate) async fn other(&self, link: &Link, refused: &Token) -> Result<Token, Fault> {
        self.lease.instead_of(refused, link.clock(), || self.fetch(link)).await
    }

    /// A token, and its life in milliseconds.
    async fn fetch(&self, link: &Link) -> Result<(SecretString, i64), Fault> {
        let now_ms = link.clock().now_ms();
        let assertion = self.assertion(now_ms.div_euclid(1000))?;
        let form = format!("grant_type={}&assertion={assertion}", segment(GRANT));
        // Twice is as good as once: each answer is a token.
        let mut request = Request::post(self.url.clone()).repeatable();
        let content_type = HeaderValue::from_static("application/x-www-form-urlencoded");
        request = request.field(header::CONTENT_TYPE, content_type);
        request = request.field(header::ACCEPT, HeaderValue::from_static("application/json"));
        request = request.body(Body::Whole(form.into_bytes().into()));
        if let Some(trust) = &self.trust {
            request = request.trust(trust.clone());
        }
        let answer = link.send("token.post", request).await.map_err(unanswered)?;
        read(&answer, link)
    }

    fn assertion(&self, now: i64) -> Result<String, Fault> {
        let mut head = json!({ "alg": "RS256", "typ": "JWT" });
        if let Some(key_id) = &self.account.key_id {
            head["kid"] = key_id.as_str().into();
        }
        let issued = now - AHEAD_SECONDS;
        let claims = json!({
            "iss": self.account.email, "scope": SCOPE, "aud": self.account.audience,
            "iat": issued, "exp": issued + ASSERTION_SECONDS,
        });
        let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&head), part(&claims));
        let key = &self.account.key;
        let mut signature = vec![0; key.public_modulus_len()];
        key.sign(
            &RSA_PKCS1_SHA256,
            &SystemRandom::new(),
            signed.as_bytes(),
            &mut signature,
        )
        .map_err(|_| Fault::new(FaultKind::Invalid, "the service account's key does not sign"))?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

/// Whatever became of it, nothing was done at Apigee.
fn unanswered(fault: Fault) -> Fault {
    let kind = match fault.kind {
        FaultKind::Parked(_) => return fault,
        FaultKind::UnknownOutcome => FaultKind::Transient,
        kind => kind,
    };
    Fault::new(kind, format!("token.post: {}", fault.words))
}

fn read(answer: &Answer, link: &Link) -> Result<(SecretString, i64), Fault> {
    let told = |kind, words: &str| Fault::answered(kind, answer.status, words);
    if answer.status.is_success() {
        // Not with serde's words, which quote the value that was unexpected.
        let given: Result<Given, _> = serde_json::from_slice(&answer.body);
        let words = "token.post: the answer is no access token";
        let given = given.map_err(|_| told(FaultKind::Transient, words))?;
        let lifetime = Duration::from_secs(given.expires_in).min(LIFETIME_MAX);
        let lifetime_ms = i64::try_from(lifetime.as_millis()).unwrap_or(0);
        return Ok((given.access_token, lifetime_ms));
    }
    let words = format!("token.post: Google answered {}", answer.status.as_u16());
    let refusal: Result<Refusal, _> = serde_json::from_slice(&answer.body);
    Err(match (answer.status, refusal) {
        (StatusCode::TOO_MANY_REQUESTS, _) => told(FaultKind::Throttled(retry_after(answer, link)), &words),
        // What Google complains about is the account, its key or our clock.
        (StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, Ok(refusal)) => {
            let words = format!("{words}: {}: {}", refusal.error, refusal.error_description);
            told(FaultKind::Unauthenticated, &words)
        }
        _ => told(FaultKind::Transient, &words),
    })
}
