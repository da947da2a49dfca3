//! The calls themselves: addresses, the token, pages, and what an answer's absence means.

use gatewright_egress::{Answer, Body, Request};
use http::header::{self, HeaderValue};
use http::{Method, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::answers::Told;
use super::settings::Checked;
use crate::fault::{Fault, FaultKind};
use crate::lease::{Lease, Lent};
use crate::link::Link;

/// Most objects on a page, as both descriptions say.
pub(crate) const PAGE_MAX: usize = 250;
/// Changes and look-ups of one step under way at once.
pub(crate) const CALLS_AT_ONCE: usize = 8;
/// How long a token is taken to last that says nothing about it.
const TOKEN_LIFE_SECONDS: i64 = 1800;
/// Longest life of a token that is believed.
const TOKEN_LIFE_MAX_SECONDS: i64 = 24 * 3600;

/// How an Anypoint is called.
pub(crate) struct Caller {
    pub(crate) at: Checked,
    token: Lease<SecretString>,
}

/// One call.
pub(crate) struct Ask {
    operation: &'static str,
    path: String,
    secret: bool,
}

impl Ask {
    /// `operation` is its name in the statistics; `path` is below the platform's address.
    pub(crate) fn new(operation: &'static str, path: impl Into<String>) -> Self {
        Self {
            operation,
            path: path.into(),
            secret: false,
        }
    }

    /// Says that no word of the answer may be repeated.
    pub(crate) fn secret(mut self) -> Self {
        self.secret = true;
        self
    }
}

#[derive(Deserialize)]
struct Granted {
    access_token: SecretString,
    /// A number, or a number as text.
    expires_in: Option<Value>,
}

impl Caller {
    pub(crate) fn new(at: Checked) -> Self {
        Self {
            at,
            token: Lease::default(),
        }
    }

    /// Where client applications are; the older version is the one that takes a pair of ours.
    pub(crate) fn applications(&self, version: &str) -> String {
        let organization = self.at.root_organization;
        format!("/exchange/api/{version}/organizations/{organization}/applications")
    }

    /// Where API instances are.
    pub(crate) fn apis(&self) -> String {
        let (organization, environment) = (self.at.organization, self.at.environment);
        format!("/apimanager/api/v1/organizations/{organization}/environments/{environment}/apis")
    }

    /// Which token is used now.
    pub(crate) async fn generation(&self, link: &Link) -> Result<u64, Fault> {
        self.token(link).await.map(|token| token.generation)
    }

    /// Looks at one object; none: it is not there.
    pub(crate) async fn get<T: DeserializeOwned>(&self, link: &Link, ask: Ask) -> Result<Option<T>, Fault> {
        let (answer, told) = self.send(link, Method::GET, &ask, None).await?;
        if told.is_absence(&answer) {
            return Ok(None);
        }
        told.object(&answer, link).map(Some)
    }

    /// Looks at something that is always there: the raw answer, so that its head can be read as well.
    pub(crate) async fn look(&self, link: &Link, ask: Ask) -> Result<(Answer, Value), Fault> {
        let (answer, told) = self.send(link, Method::GET, &ask, None).await?;
        let value = told.object(&answer, link)?;
        Ok((answer, value))
    }

    /// Makes an object; where there is one with its name or value already, that is a [`FaultKind::Foreign`].
    pub(crate) async fn post<T: DeserializeOwned>(&self, link: &Link, ask: Ask, body: &Value) -> Result<T, Fault> {
        let (answer, told) = self.send(link, Method::POST, &ask, Some(body)).await?;
        told.object(&answer, link)
    }

    /// Changes an object; none: it is not there.
    pub(crate) async fn patch<T: DeserializeOwned>(
        &self,
        link: &Link,
        ask: Ask,
        body: &Value,
    ) -> Result<Option<T>, Fault> {
        let (answer, told) = self.send(link, Method::PATCH, &ask, Some(body)).await?;
        if told.is_absence(&answer) {
            return Ok(None);
        }
        told.object(&answer, link).map(Some)
    }

    /// Takes an object away; whether there was one.
    pub(crate) async fn delete(&self, link: &Link, ask: Ask) -> Result<bool, Fault> {
        let (answer, told) = self.send(link, Method::DELETE, &ask, None).await?;
        if told.is_absence(&answer) {
            return Ok(false);
        }
        told.done(&answer, link).map(|()| true)
    }

    async fn send<'a>(
        &'a self,
        link: &Link,
        method: Method,
        ask: &Ask,
        body: Option<&Value>,
    ) -> Result<(Answer, Told<'a>), Fault> {
        let token = self.token(link).await?;
        let answer = self.send_with(link, &token, &method, ask, body).await?;
        let answer = if answer.status == StatusCode::UNAUTHORIZED {
            // Once: a second refusal is about us and not about the token's age.
            let fetch = || self.fetch_token(link);
            let token = self.token.instead_of(&token, link.clock(), fetch).await?;
            self.send_with(link, &token, &method, ask, body).await?
        } else {
            answer
        };
        Ok((answer, self.told(&method, ask)))
    }

    async fn send_with(
        &self,
        link: &Link,
        token: &Lent<SecretString>,
        method: &Method,
        ask: &Ask,
        body: Option<&Value>,
    ) -> Result<Answer, Fault> {
        let bearer = HeaderValue::try_from(format!("Bearer {}", token.value.expose_secret()));
        let bearer = bearer.map_err(|_| Fault::new(FaultKind::Transient, "the token is no header field's value"))?;
        // Also a POST: names, client ids and an application's contract with an API are unique, so that twice is once.
        let mut request = Request::new(method.clone(), format!("{}{}", self.at.root, ask.path))
            .repeatable()
            .field(header::ACCEPT, HeaderValue::from_static("application/json"))
            .secret_field(header::AUTHORIZATION, bearer);
        if let Some(body) = body {
            request = with_json(request, body);
        }
        let sent = link.send(ask.operation, request).await;
        sent.map_err(|fault| self.told(method, ask).unanswered(fault))
    }

    async fn token(&self, link: &Link) -> Result<Lent<SecretString>, Fault> {
        self.token.get(link.clock(), || self.fetch_token(link)).await
    }

    /// OAuth 2.0 client credentials (RFC 6749 §4.4): the token, and its life in milliseconds.
    async fn fetch_token(&self, link: &Link) -> Result<(SecretString, i64), Fault> {
        let ask = Ask::new("token.create", "/accounts/api/v2/oauth2/token");
        let told = Told {
            // Nobody else's object can be in its way.
            makes: false,
            // It can be asked for again at any time: an answer that is lost leaves nothing to look for.
            writes: false,
            ..self.told(&Method::POST, &ask)
        };
        let body = json!({
            "grant_type": "client_credentials",
            "client_id": self.at.client_id,
            "client_secret": self.at.client_secret.expose_secret(),
        });
        let request = Request::new(Method::POST, format!("{}{}", self.at.root, ask.path)).repeatable();
        let answer = link
            .send(ask.operation, with_json(request, &body))
            .await
            .map_err(|fault| told.unanswered(fault))?;
        let granted: Granted = told.object(&answer, link)?;
        let life = granted.expires_in.as_ref().and_then(|value| match value {
            Value::String(text) => text.parse().ok(),
            value => value.as_i64(),
        });
        let life = life.unwrap_or(TOKEN_LIFE_SECONDS).clamp(1, TOKEN_LIFE_MAX_SECONDS);
        Ok((granted.access_token, life.saturating_mul(1000)))
    }

    fn told(&self, method: &Method, ask: &Ask) -> Told<'_> {
        Told {
            operation: ask.operation,
            writes: !method.is_safe(),
            makes: *method == Method::POST,
            secret: ask.secret,
            secrets: [&self.at.client_secret],
        }
    }
}

fn with_json(request: Request, body: &Value) -> Request {
    request
        .field(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))
        .body(Body::Whole(body.to_string().into_bytes().into()))
}

/// Whether a fault is one of those with which Anypoint says that a name or a value is taken.
pub(crate) fn is_taken(fault: &Fault) -> bool {
    fault.kind == FaultKind::Foreign && fault.status.is_some()
}
