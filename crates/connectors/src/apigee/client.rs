//! The calls themselves: with a token, and with another when that is not accepted.

use gatewright_egress::{Answer, Body, Request, Trust};
use http::header::{self, HeaderValue};
use http::{Method, StatusCode};
use secrecy::ExposeSecret;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::answers::Told;
use super::settings::Checked;
use super::token::{Token, Tokens};
use crate::fault::{Fault, FaultKind};
use crate::link::Link;
use crate::wire::segment;

/// Most objects on a page that Apigee answers.
pub(crate) const PAGE_MAX: usize = 1000;
/// Look-ups under way at once.
pub(crate) const CALLS_AT_ONCE: usize = 8;

/// How an organization is called.
pub(crate) struct Caller {
    base: String,
    tokens: Tokens,
    trust: Option<Trust>,
}

/// One call. It has no `Debug`: its path may hold a customer's key.
pub(crate) struct Ask {
    /// What it is for, as the statistics show it.
    pub(crate) operation: &'static str,
    method: Method,
    /// Below the organization.
    path: String,
    body: Sent,
    /// Whether its path or its body, and so a complaint about it, may hold a customer's key.
    secret: bool,
    /// Whether doing it twice is not doing it once.
    once: bool,
}

/// What goes with a call.
enum Sent {
    Nothing,
    Json(Value),
    /// Nothing, said in the way in which Apigee wants it for an action.
    Action,
}

impl Ask {
    pub(crate) fn get(operation: &'static str, path: impl Into<String>) -> Self {
        Self::new(Method::GET, operation, path, Sent::Nothing)
    }

    pub(crate) fn post(operation: &'static str, path: impl Into<String>, body: Value) -> Self {
        Self::new(Method::POST, operation, path, Sent::Json(body))
    }

    pub(crate) fn put(operation: &'static str, path: impl Into<String>, body: Value) -> Self {
        Self::new(Method::PUT, operation, path, Sent::Json(body))
    }

    pub(crate) fn delete(operation: &'static str, path: impl Into<String>) -> Self {
        Self::new(Method::DELETE, operation, path, Sent::Nothing)
    }

    /// Approves, revokes, or the like.
    pub(crate) fn action(operation: &'static str, path: &str, action: &str) -> Self {
        Self::new(Method::POST, operation, format!("{path}?action={action}"), Sent::Action)
    }

    /// Says that no word of the answer may be repeated.
    pub(crate) fn secret(mut self) -> Self {
        self.secret = true;
        self
    }

    /// Says that it makes something each time it arrives.
    pub(crate) fn once(mut self) -> Self {
        self.once = true;
        self
    }

    fn new(method: Method, operation: &'static str, path: impl Into<String>, body: Sent) -> Self {
        Self {
            operation,
            method,
            path: path.into(),
            body,
            secret: false,
            once: false,
        }
    }
}

impl Caller {
    pub(crate) fn new(checked: Checked) -> Self {
        Self {
            base: checked.base,
            tokens: Tokens::new(checked.token_url, checked.account, checked.trust.clone()),
            trust: checked.trust,
        }
    }

    /// Makes a call; the object that is answered.
    pub(crate) async fn object<T: DeserializeOwned>(&self, link: &Link, ask: Ask) -> Result<T, Fault> {
        self.answer(link, ask).await.map(|(object, _)| object)
    }

    /// As [`Self::object`], with the raw answer, so that its head can be read as well.
    pub(crate) async fn answer<T: DeserializeOwned>(&self, link: &Link, ask: Ask) -> Result<(T, Answer), Fault> {
        let (answer, told) = self.send(link, &ask).await?;
        Ok((told.object(&answer, link)?, answer))
    }

    /// Looks at one object; none: it is not there.
    pub(crate) async fn found<T: DeserializeOwned>(&self, link: &Link, ask: Ask) -> Result<Option<T>, Fault> {
        match self.object(link, ask).await {
            Err(fault) if fault.kind == FaultKind::NotFound => Ok(None),
            found => found.map(Some),
        }
    }

    /// Makes a call whose answer does not matter.
    pub(crate) async fn done(&self, link: &Link, ask: Ask) -> Result<(), Fault> {
        let (answer, told) = self.send(link, &ask).await?;
        told.done(&answer, link)
    }

    /// Takes something away; whether there was something.
    pub(crate) async fn gone(&self, link: &Link, ask: Ask) -> Result<bool, Fault> {
        match self.done(link, ask).await {
            Err(fault) if fault.kind == FaultKind::NotFound => Ok(false),
            done => done.map(|()| true),
        }
    }

    async fn send(&self, link: &Link, ask: &Ask) -> Result<(Answer, Told), Fault> {
        let token = self.tokens.good(link).await?;
        let (answer, told) = self.send_with(link, ask, token.clone()).await?;
        if answer.status != StatusCode::UNAUTHORIZED {
            return Ok((answer, told));
        }
        // It ended before its time, or was withdrawn. Nothing was done.
        let token = self.tokens.other(link, &token).await?;
        self.send_with(link, ask, token).await
    }

    async fn send_with(&self, link: &Link, ask: &Ask, token: Token) -> Result<(Answer, Told), Fault> {
        let mut request = Request::new(ask.method.clone(), format!("{}{}", self.base, ask.path));
        if !ask.once {
            // Also a POST: what it makes has a name or a value that is unique, so that twice is once.
            request = request.repeatable();
        }
        let bearer = format!("Bearer {}", token.value.expose_secret());
        let told = Told {
            operation: ask.operation,
            writes: !ask.method.is_safe(),
            secret: ask.secret,
            token: token.value,
        };
        let bearer = HeaderValue::try_from(bearer)
            .map_err(|_| Fault::new(FaultKind::Transient, "Google gave a token that cannot be sent"))?;
        request = request.secret_field(header::AUTHORIZATION, bearer);
        request = request.field(header::ACCEPT, HeaderValue::from_static("application/json"));
        let content_type = match &ask.body {
            Sent::Nothing => None,
            Sent::Json(body) => {
                request = request.body(Body::Whole(body.to_string().into_bytes().into()));
                Some("application/json")
            }
            Sent::Action => Some("application/octet-stream"),
        };
        if let Some(content_type) = content_type {
            request = request.field(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        if let Some(trust) = &self.trust {
            request = request.trust(trust.clone());
        }
        let sent = link.send(ask.operation, request).await;
        let answer = sent.map_err(|fault| told.unanswered(fault))?;
        Ok((answer, told))
    }
}

/// The path of a developer and what is below, as in `/developers/{email}/apps/{app}`.
pub(crate) fn path(segments: &[&str]) -> String {
    segments
        .iter()
        .fold(String::new(), |path, one| format!("{path}/{}", segment(one)))
}
