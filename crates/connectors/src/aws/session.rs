//! With what calls are signed: the access key itself, or what a role lends for a while.
//!
//! What was lent is fetched anew ahead of its end, by one caller, while others go on with what there is.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::DateTime;
use futures_util::lock::Mutex as Turn;
use gatewright_egress::{Body, Request};
use http::header::{self, HeaderName, HeaderValue};
use http::{Method, StatusCode};
use secrecy::{ExposeSecret, SecretString};

use super::answers::Told;
use super::client::sensitive;
use super::settings::{AssumeRole, Endpoint};
use super::sign::{Keys, Unsigned};
use crate::fault::{Fault, FaultKind};
use crate::link::Link;
use crate::wire::segment;

/// For how long keys are asked for: what every role lends, also one that was assumed by a role.
const LENT_FOR_SECONDS: u32 = 3600;
/// After this share of their time lent keys are fetched anew.
const RENEW_AFTER_PERCENT: i64 = 80;
/// How long nothing is fetched after that failed, while there is something to go on with.
const RENEW_PAUSE_MS: i64 = 30_000;
/// So long before their end they are not used any more.
const LAST_MS: i64 = 5_000;
/// What the token service's calls are counted as.
const OPERATION: &str = "token.assume";
const CONTENT_TYPE: &str = "application/x-www-form-urlencoded; charset=utf-8";

/// What signs calls.
pub(crate) struct Session {
    own: Arc<Keys>,
    role: Option<AssumeRole>,
    region: String,
    tokens: Endpoint,
    lent: Mutex<Option<Lent>>,
    /// Held by whoever fetches: others who have nothing to go on with wait for that.
    turn: Turn<()>,
}

#[derive(Clone)]
struct Lent {
    keys: Arc<Keys>,
    renew_ms: i64,
    ends_ms: i64,
}

impl Session {
    pub(crate) fn new(own: Keys, role: Option<AssumeRole>, region: String, tokens: Endpoint) -> Self {
        Self {
            own: Arc::new(own),
            role,
            region,
            tokens,
            lent: Mutex::default(),
            turn: Turn::new(()),
        }
    }

    /// What to sign the next call with.
    pub(crate) async fn keys(&self, link: &Link) -> Result<Arc<Keys>, Fault> {
        let Some(role) = &self.role else {
            return Ok(Arc::clone(&self.own));
        };
        let now_ms = link.clock().now_ms();
        if let Some(lent) = self.valid(now_ms) {
            if now_ms < lent.renew_ms {
                return Ok(lent.keys);
            }
            let Some(_turn) = self.turn.try_lock() else {
                return Ok(lent.keys);
            };
            // What there is goes on for a while, should the token service be away.
            return Ok(match self.assume(link, role).await {
                Ok(keys) => keys,
                Err(_) => self.renew_later(lent, now_ms),
            });
        }
        let _turn = self.turn.lock().await;
        match self.valid(now_ms) {
            Some(lent) => Ok(lent.keys),
            None => self.assume(link, role).await,
        }
    }

    /// Takes note that AWS does not accept these any more; whether there may be others.
    pub(crate) fn refused(&self, keys: &Arc<Keys>) -> bool {
        let mut lent = self.lent.lock().unwrap_or_else(PoisonError::into_inner);
        if lent.as_ref().is_some_and(|lent| Arc::ptr_eq(&lent.keys, keys)) {
            *lent = None;
        }
        self.role.is_some()
    }

    fn renew_later(&self, lent: Lent, now_ms: i64) -> Arc<Keys> {
        let keys = Arc::clone(&lent.keys);
        let renew_ms = now_ms + RENEW_PAUSE_MS;
        *self.lent.lock().unwrap_or_else(PoisonError::into_inner) = Some(Lent { renew_ms, ..lent });
        keys
    }

    fn valid(&self, now_ms: i64) -> Option<Lent> {
        let lent = self.lent.lock().unwrap_or_else(PoisonError::into_inner).clone();
        lent.filter(|lent| now_ms < lent.ends_ms - LAST_MS)
    }

    async fn assume(&self, link: &Link, role: &AssumeRole) -> Result<Arc<Keys>, Fault> {
        let mut form = format!(
            "Action=AssumeRole&Version=2011-06-15&DurationSeconds={LENT_FOR_SECONDS}&RoleArn={}&RoleSessionName={}",
            segment(&role.role_arn),
            segment(role.session_name()),
        );
        if let Some(id) = &role.external_id {
            form.push_str(&format!("&ExternalId={}", segment(id)));
        }
        let now_ms = link.clock().now_ms();
        let signature = self.own.sign(&Unsigned {
            region: &self.region,
            service: "sts",
            method: &Method::POST,
            host: &self.tokens.host,
            path: "/",
            query: "",
            content_type: Some(CONTENT_TYPE),
            body: form.as_bytes(),
            now_ms,
        });
        // It changes nothing there, so twice is once.
        let mut request = Request::post(format!("{}/", self.tokens.url))
            .repeatable()
            .field(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE))
            .body(Body::Whole(form.into_bytes().into()));
        request = sensitive(request, header::AUTHORIZATION, &signature.authorization)?;
        request = sensitive(request, HeaderName::from_static("x-amz-date"), &signature.date)?;
        if let Some(token) = &self.own.token {
            let name = HeaderName::from_static("x-amz-security-token");
            request = sensitive(request, name, token.expose_secret())?;
        }
        let told = Told {
            operation: OPERATION,
            writes: false,
            secret: false,
            keys: &self.own,
        };
        let answer = link
            .send(OPERATION, request)
            .await
            .map_err(|fault| told.unanswered(fault))?;
        told.done(&answer, link)?;
        let text = String::from_utf8_lossy(&answer.body);
        let lent = lent(&text, now_ms).ok_or_else(|| {
            let words = format!("{OPERATION}: the answer is not what AWS's token service answers");
            Fault::answered(FaultKind::Transient, StatusCode::OK, &words)
        })?;
        let keys = Arc::clone(&lent.keys);
        *self.lent.lock().unwrap_or_else(PoisonError::into_inner) = Some(lent);
        Ok(keys)
    }
}

/// The token service answers XML of which four texts matter; none of them has a character that XML would write otherwise.
fn lent(xml: &str, now_ms: i64) -> Option<Lent> {
    let text = |name: &str| {
        let (_, rest) = xml.split_once(&format!("<{name}>"))?;
        Some(rest.split_once(&format!("</{name}>"))?.0.trim())
    };
    let ends_ms = DateTime::parse_from_rfc3339(text("Expiration")?)
        .ok()?
        .timestamp_millis();
    let keys = Keys {
        access_key_id: text("AccessKeyId")?.to_owned(),
        secret: SecretString::from(text("SecretAccessKey")?),
        token: Some(SecretString::from(text("SessionToken")?)),
    };
    Some(Lent {
        keys: Arc::new(keys),
        renew_ms: now_ms + (ends_ms - now_ms) * RENEW_AFTER_PERCENT / 100,
        ends_ms,
    })
}
