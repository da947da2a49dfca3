//! The calls themselves: addresses, pages, and what an answer's absence means.

use gatewright_egress::{Answer, Body, Request};
use http::Method;
use http::header::{self, HeaderValue};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::answers::Told;
use super::rows::Rows;
use super::settings::Checked;
use crate::fault::{Fault, FaultKind};
use crate::link::Link;
use crate::model::Page;
use crate::wire::segment;

/// Most objects on a page that Kong answers.
pub(crate) const PAGE_MAX: u32 = 1000;
/// Changes and look-ups of one step under way at once.
pub(crate) const CALLS_AT_ONCE: usize = 8;

/// How a Kong is called.
pub(crate) struct Caller {
    at: Checked,
}

/// One call.
pub(crate) struct Ask {
    /// What it is for, as the statistics show it.
    pub(crate) operation: &'static str,
    /// Below the address of the objects.
    pub(crate) path: String,
    /// Whether its body, and so a complaint about it, may hold a customer's secret.
    pub(crate) secret: bool,
}

impl Ask {
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

impl Caller {
    pub(crate) const fn new(at: Checked) -> Self {
        Self { at }
    }

    /// Looks at one object; none: it is not there.
    pub(crate) async fn get<T: DeserializeOwned>(&self, link: &Link, ask: Ask) -> Result<Option<T>, Fault> {
        let (answer, told) = self.send(link, Method::GET, &ask, None).await?;
        if told.is_absence(&answer) {
            return Ok(None);
        }
        told.object(&answer, link).map(Some)
    }

    /// Looks at the node or the control plane itself: the raw answer, so that its head can be read as well.
    pub(crate) async fn root(
        &self,
        link: &Link,
        operation: &'static str,
        path: &str,
    ) -> Result<(Answer, Value), Fault> {
        let ask = Ask::new(operation, path);
        let url = format!("{}{path}", self.at.root);
        let (answer, told) = self.send_to(link, Method::GET, url, &ask, None).await?;
        let value = told.object(&answer, link)?;
        Ok((answer, value))
    }

    /// Puts an object where we say. All of its fields have to be in `body`: Kong resets those that are not.
    pub(crate) async fn put<T: DeserializeOwned>(&self, link: &Link, ask: Ask, body: &Value) -> Result<T, Fault> {
        let (answer, told) = self.send(link, Method::PUT, &ask, Some(body)).await?;
        told.object(&answer, link)
    }

    /// Makes an object that is not there yet: other than a PUT it never changes one that is.
    pub(crate) async fn post<T: DeserializeOwned>(&self, link: &Link, ask: Ask, body: &Value) -> Result<T, Fault> {
        let (answer, told) = self.send(link, Method::POST, &ask, Some(body)).await?;
        told.object(&answer, link)
    }

    /// Takes an object away; whether there was one.
    pub(crate) async fn delete(&self, link: &Link, ask: Ask) -> Result<bool, Fault> {
        let (answer, told) = self.send(link, Method::DELETE, &ask, None).await?;
        if told.is_absence(&answer) {
            return Ok(false);
        }
        told.done(&answer, link).map(|()| true)
    }

    /// One page of a list; none: what it hangs on is not there.
    pub(crate) async fn page<T: DeserializeOwned>(
        &self,
        link: &Link,
        ask: Ask,
        (size, filter): (u32, &str),
        cursor: Option<&str>,
    ) -> Result<Option<Page<T>>, Fault> {
        let offset = cursor
            .map(|cursor| format!("&offset={}", segment(cursor)))
            .unwrap_or_default();
        let path = format!("{}?size={size}{filter}{offset}", ask.path);
        let rows: Option<Rows<T>> = self.get(link, Ask { path, ..ask }).await?;
        Ok(rows.map(|rows| Page {
            items: rows.data,
            next: rows.offset,
        }))
    }

    /// A whole list of at most `most` objects; none: what it hangs on is not there.
    pub(crate) async fn all<T: DeserializeOwned>(
        &self,
        link: &Link,
        operation: &'static str,
        path: &str,
        most: usize,
    ) -> Result<Option<Vec<T>>, Fault> {
        let (mut all, mut cursor) = (Vec::new(), None);
        loop {
            let ask = Ask::new(operation, path).secret();
            let Some(page) = self.page(link, ask, (PAGE_MAX, ""), cursor.as_deref()).await? else {
                return Ok(None);
            };
            all.extend(page.items);
            if all.len() > most {
                let words = format!("{path} has more than {most} entries, which is more than Gatewright reads");
                return Err(Fault::new(FaultKind::QuotaExhausted, words));
            }
            if page.next.is_none() {
                return Ok(Some(all));
            }
            if page.next == cursor {
                let words = format!("the pages of {path} do not end: the same one follows itself");
                return Err(Fault::new(FaultKind::Transient, words));
            }
            cursor = page.next;
        }
    }

    async fn send<'a>(
        &'a self,
        link: &Link,
        method: Method,
        ask: &Ask,
        body: Option<&Value>,
    ) -> Result<(Answer, Told<'a>), Fault> {
        let url = format!("{}{}", self.at.base, ask.path);
        self.send_to(link, method, url, ask, body).await
    }

    async fn send_to<'a>(
        &'a self,
        link: &Link,
        method: Method,
        url: String,
        ask: &Ask,
        body: Option<&Value>,
    ) -> Result<(Answer, Told<'a>), Fault> {
        let told = Told {
            operation: ask.operation,
            writes: !method.is_safe(),
            puts: body.is_some(),
            secret: ask.secret,
            secrets: &self.at.secrets,
        };
        // Also a POST: what it makes has our id or is unique by nature, so that twice is once.
        let mut request = Request::new(method, url).repeatable();
        request = request.field(header::ACCEPT, HeaderValue::from_static("application/json"));
        for (name, value) in &self.at.fields {
            request = request.secret_field(name.clone(), value.clone());
        }
        if let Some(body) = body {
            request = request
                .field(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))
                .body(Body::Whole(body.to_string().into_bytes().into()));
        }
        if let Some(trust) = &self.at.trust {
            request = request.trust(trust.clone());
        }
        let answer = link
            .send(ask.operation, request)
            .await
            .map_err(|fault| told.unanswered(fault))?;
        Ok((answer, told))
    }
}

/// Whether a fault is one of those with which Kong says that a name, a value or an id is taken.
pub(crate) fn is_taken(fault: &Fault) -> bool {
    fault.kind == FaultKind::Foreign && fault.status.is_some()
}

/// Whether it says that the consumer is not there.
pub(crate) fn is_missing(fault: &Fault) -> bool {
    fault.kind == FaultKind::NotFound
}
