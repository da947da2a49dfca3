//! With what calls are signed: the access key itself, or what a role lends for a while.

use std::sync::Arc;

use chrono::DateTime;
use gatewright_egress::{Body, Request};
use http::header::{self, HeaderName, HeaderValue};
use http::{Method, StatusCode};
use secrecy::{ExposeSecret, SecretString};

use super::answers::Told;
use super::client::sensitive;
use super::settings::{AssumeRole, Endpoint};
use super::sign::{Keys, Unsigned};
use crate::fault::{Fault, FaultKind};
use crate::lease::{Lease, Lent};
use crate::link::Link;
use crate::wire::segment;

/// For how long keys are asked for: what every role lends, also one that was assumed by a role.
const LENT_FOR_SECONDS: u32 = 3600;
/// What the token service's calls are counted as.
const OPERATION: &str = "token.assume";
const CONTENT_TYPE: &str = "application/x-www-form-urlencoded; charset=utf-8";

/// What signs calls.
pub(crate) struct Session {
    own: Arc<Keys>,
    role: Option<AssumeRole>,
    region: String,
    tokens: Endpoint,
    lease: Lease<Arc<Keys>>,
}

impl Session {
    pub(crate) fn new(own: Keys, role: Option<AssumeRole>, region: String, tokens: Endpoint) -> Self {
        Self {
            own: Arc::new(own),
            role,
            region,
            tokens,
            lease: Lease::default(),
        }
    }

    /// What to sign the next call with.
    pub(crate) async fn keys(&self, link: &Link) -> Result<Lent<Arc<Keys>>, Fault> {
        match &self.role {
            None => Ok(Lent::own(Arc::clone(&self.own))),
            Some(role) => self.lease.get(link.clock(), || self.assume(link, role)).await,
        }
    }

    /// What else to sign with, where AWS does not accept these any more; none: there is nothing else.
    pub(crate) async fn instead_of(
        &self,
        refused: &Lent<Arc<Keys>>,
        link: &Link,
    ) -> Result<Option<Lent<Arc<Keys>>>, Fault> {
        let Some(role) = &self.role else { return Ok(None) };
        let fetch = || self.assume(link, role);
        self.lease.instead_of(refused, link.clock(), fetch).await.map(Some)
    }

    /// What the role lends, and for how many milliseconds.
    async fn assume(&self, link: &Link, role: &AssumeRole) -> Result<(Arc<Keys>, i64), Fault> {
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
        lent(&text, now_ms).ok_or_else(|| {
            let words = format!("{OPERATION}: the answer is not what AWS's token service answers");
            Fault::answered(FaultKind::Transient, StatusCode::OK, &words)
        })
    }
}

/// The token service answers XML of which four texts matter; none of them has a character that XML would write otherwise.
fn lent(xml: &str, now_ms: i64) -> Option<(Arc<Keys>, i64)> {
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
    Some((Arc::new(keys), ends_ms - now_ms))
}
