//! The calls themselves: addresses, pages, signatures, and what an answer's absence means.

use std::sync::Arc;

use gatewright_egress::{Answer, Body, Request};
use http::Method;
use http::header::{self, HeaderName, HeaderValue};
use secrecy::ExposeSecret;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::answers::{Told, is_expired};
use super::rows::Rows;
use super::session::Session;
use super::settings::{Checked, Endpoint};
use super::sign::{Keys, Unsigned};
use crate::fault::{Fault, FaultKind};
use crate::link::Link;
use crate::model::Page;
use crate::wire::segment;

/// Most objects on a page that AWS answers.
pub(crate) const PAGE_MAX: u32 = 500;
/// Changes and look-ups of one step under way at once: more would only wait for the account's rate.
pub(crate) const CALLS_AT_ONCE: usize = 4;
const CONTENT_TYPE: &str = "application/json";

/// How an account is called.
pub(crate) struct Caller {
    region: String,
    gateway: Endpoint,
    session: Session,
}

/// One call.
pub(crate) struct Ask {
    operation: &'static str,
    method: Method,
    path: String,
    /// Names and values, in the order of their names.
    query: Vec<(&'static str, String)>,
    body: Option<Value>,
    secret: bool,
    repeatable: bool,
}

impl Ask {
    /// `operation` is what it is for, as rates and statistics name it.
    pub(crate) fn new(operation: &'static str, method: Method, path: impl Into<String>) -> Self {
        Self {
            operation,
            // What makes nothing of which there may be two.
            repeatable: method != Method::POST,
            method,
            path: path.into(),
            query: Vec::new(),
            body: None,
            secret: false,
        }
    }

    pub(crate) fn get(operation: &'static str, path: impl Into<String>) -> Self {
        Self::new(operation, Method::GET, path)
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self.query.sort_unstable();
        self
    }

    pub(crate) fn body(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    /// Says that no word of the answer may be repeated: the body may hold a customer's secret.
    pub(crate) fn secret(mut self) -> Self {
        self.secret = true;
        self
    }

    /// Says that twice is once, although it is a POST.
    pub(crate) fn repeatable(mut self) -> Self {
        self.repeatable = true;
        self
    }

    fn query(&self) -> String {
        let pairs = self
            .query
            .iter()
            .map(|(name, value)| format!("{name}={}", segment(value)));
        pairs.collect::<Vec<_>>().join("&")
    }
}

impl Caller {
    pub(crate) fn new(at: Checked) -> Self {
        Self {
            session: Session::new(at.keys, at.role, at.region.clone(), at.tokens),
            region: at.region,
            gateway: at.gateway,
        }
    }

    pub(crate) fn region(&self) -> &str {
        &self.region
    }

    /// Makes a call that answers an object.
    pub(crate) async fn object<T: DeserializeOwned>(&self, link: &Link, ask: Ask) -> Result<T, Fault> {
        Ok(self.whole(link, ask).await?.1)
    }

    /// The same, with the answer itself, so that its head can be read as well.
    pub(crate) async fn whole<T: DeserializeOwned>(&self, link: &Link, ask: Ask) -> Result<(Answer, T), Fault> {
        let (answer, keys) = self.send(link, &ask).await?;
        let object = told(&ask, &keys).object(&answer, link)?;
        Ok((answer, object))
    }

    /// Looks at one object; none: it is not there.
    pub(crate) async fn find<T: DeserializeOwned>(&self, link: &Link, ask: Ask) -> Result<Option<T>, Fault> {
        let (answer, keys) = self.send(link, &ask).await?;
        let told = told(&ask, &keys);
        if told.is_absence(&answer) {
            return Ok(None);
        }
        told.object(&answer, link).map(Some)
    }

    /// Makes a call of whose answer only matters that it was done; whether there was what it is about.
    pub(crate) async fn done(&self, link: &Link, ask: Ask) -> Result<bool, Fault> {
        let (answer, keys) = self.send(link, &ask).await?;
        let told = told(&ask, &keys);
        if told.is_absence(&answer) {
            return Ok(false);
        }
        told.done(&answer, link).map(|()| true)
    }

    /// One page of a list.
    pub(crate) async fn page<T: DeserializeOwned>(
        &self,
        link: &Link,
        ask: Ask,
        limit: u32,
        cursor: Option<String>,
    ) -> Result<Page<T>, Fault> {
        let mut ask = ask.with("limit", limit.to_string());
        if let Some(cursor) = cursor {
            ask = ask.with("position", cursor);
        }
        let rows: Rows<T> = self.object(link, ask).await?;
        Ok(Page {
            items: rows.item,
            next: rows.position,
        })
    }

    /// A whole list of at most `most` objects; `ask` makes the call for its pages.
    pub(crate) async fn all<T: DeserializeOwned>(
        &self,
        link: &Link,
        ask: impl Fn() -> Ask,
        most: usize,
    ) -> Result<Vec<T>, Fault> {
        let (mut all, mut cursor) = (Vec::new(), None);
        loop {
            let page = self.page(link, ask(), PAGE_MAX, cursor.clone()).await?;
            all.extend(page.items);
            if all.len() > most {
                let words = format!(
                    "{} has more than {most} entries, which is more than Gatewright reads",
                    ask().path
                );
                return Err(Fault::new(FaultKind::QuotaExhausted, words));
            }
            if page.next.is_none() {
                return Ok(all);
            }
            if page.next == cursor {
                let words = format!("the pages of {} do not end: the same one follows itself", ask().path);
                return Err(Fault::new(FaultKind::Transient, words));
            }
            cursor = page.next;
        }
    }

    /// Sends a call; once more where what a role lent turned out to have ended.
    async fn send(&self, link: &Link, ask: &Ask) -> Result<(Answer, Arc<Keys>), Fault> {
        let lent = self.session.keys(link).await?;
        let answer = self.once(link, ask, &lent.value).await?;
        if !is_expired(&answer) {
            return Ok((answer, lent.value));
        }
        match self.session.instead_of(&lent, link).await? {
            None => Ok((answer, lent.value)),
            Some(lent) => Ok((self.once(link, ask, &lent.value).await?, lent.value)),
        }
    }

    async fn once(&self, link: &Link, ask: &Ask, keys: &Keys) -> Result<Answer, Fault> {
        let query = ask.query();
        let body = ask.body.as_ref().map(Value::to_string).unwrap_or_default();
        let signature = keys.sign(&Unsigned {
            region: &self.region,
            service: "apigateway",
            method: &ask.method,
            host: &self.gateway.host,
            path: &ask.path,
            query: &query,
            content_type: ask.body.is_some().then_some(CONTENT_TYPE),
            body: body.as_bytes(),
            now_ms: link.clock().now_ms(),
        });
        let mark = if query.is_empty() { "" } else { "?" };
        let url = format!("{}{}{mark}{query}", self.gateway.url, ask.path);
        let mut request = Request::new(ask.method.clone(), url);
        request = request.field(header::ACCEPT, HeaderValue::from_static(CONTENT_TYPE));
        if ask.repeatable {
            request = request.repeatable();
        }
        if ask.body.is_some() {
            request = request
                .field(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE))
                .body(Body::Whole(body.into_bytes().into()));
        }
        request = sensitive(request, header::AUTHORIZATION, &signature.authorization)?;
        request = sensitive(request, HeaderName::from_static("x-amz-date"), &signature.date)?;
        if let Some(token) = &keys.token {
            let name = HeaderName::from_static("x-amz-security-token");
            request = sensitive(request, name, token.expose_secret())?;
        }
        let answer = link.send(ask.operation, request).await;
        answer.map_err(|fault| told(ask, keys).unanswered(fault))
    }
}

fn told<'a>(ask: &Ask, keys: &'a Keys) -> Told<'a> {
    Told {
        operation: ask.operation,
        writes: !ask.method.is_safe(),
        secret: ask.secret,
        keys,
    }
}

/// A field that does not follow to another origin and is not shown.
pub(crate) fn sensitive(request: Request, name: HeaderName, value: &str) -> Result<Request, Fault> {
    match HeaderValue::from_str(value) {
        Ok(value) => Ok(request.secret_field(name, value)),
        Err(_) => {
            let words = "what signs the call has characters that no header field may have";
            Err(Fault::new(FaultKind::Unauthenticated, words))
        }
    }
}
