//! The calls themselves: addresses, tokens, pages, and what an answer's absence means.

use gatewright_egress::{Answer, Body, Request};
use http::header::{self, HeaderValue};
use http::{Method, StatusCode};
use secrecy::SecretString;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::answers::Told;
use super::rows::Rows;
use super::settings::Checked;
use super::token;
use crate::fault::{Fault, FaultKind};
use crate::lease::Lease;
use crate::link::Link;
use crate::model::Page;

/// The newest version of the API that is not a preview.
const API_VERSION: &str = "2024-05-01";
/// Objects on a page.
pub(crate) const PAGE: u32 = 100;
/// Calls of one step or list under way at once.
pub(crate) const CALLS_AT_ONCE: usize = 8;
/// How often a deletion that takes its time is asked about before that is left to whoever comes again.
const POLLS_MAX: u32 = 3;

/// How a service is called.
pub(crate) struct Caller {
    at: Checked,
    token: Lease<SecretString>,
}

/// One call. Its operation's name begins with `read.`, `write.` or `delete.`: Azure counts these apart.
pub(crate) struct Ask {
    operation: &'static str,
    path: String,
    body: Option<Value>,
    if_match: Option<String>,
    secret: bool,
}

impl Ask {
    pub(crate) fn new(operation: &'static str, path: impl Into<String>) -> Self {
        Self {
            operation,
            path: path.into(),
            body: None,
            if_match: None,
            secret: false,
        }
    }

    pub(crate) fn body(mut self, properties: &Value) -> Self {
        self.body = Some(serde_json::json!({ "properties": properties }));
        self
    }

    /// Only if the object is as it was then; `*`: however it is.
    pub(crate) fn if_match(mut self, etag: &str) -> Self {
        self.if_match = Some(etag.to_owned());
        self
    }

    /// Says that no word of the answer may be repeated.
    pub(crate) fn secret(mut self) -> Self {
        self.secret = true;
        self
    }
}

/// An object and its ETag.
pub(crate) struct Found<T> {
    pub(crate) object: T,
    pub(crate) etag: String,
}

impl Caller {
    pub(crate) fn new(at: Checked) -> Self {
        Self {
            at,
            token: Lease::default(),
        }
    }

    /// What we log in with.
    pub(crate) const fn client_secret(&self) -> &SecretString {
        &self.at.client_secret
    }

    /// Looks at one object; none: it is not there.
    pub(crate) async fn get<T: DeserializeOwned>(&self, link: &Link, ask: Ask) -> Result<Option<Found<T>>, Fault> {
        let (answer, told) = self.send(link, Method::GET, ask).await?;
        if told.is_absence(&answer) {
            return Ok(None);
        }
        let object = told.object(&answer, link)?;
        let etag = answer.fields.get(header::ETAG).and_then(|etag| etag.to_str().ok());
        let etag = etag.unwrap_or("*").to_owned();
        Ok(Some(Found { object, etag }))
    }

    /// Looks at the service itself: the raw answer, so that its head can be read as well.
    pub(crate) async fn service(&self, link: &Link) -> Result<(Answer, Value), Fault> {
        let (answer, told) = self.send(link, Method::GET, Ask::new("read.service", "")).await?;
        let value = told.object(&answer, link)?;
        Ok((answer, value))
    }

    /// Puts an object where we say.
    pub(crate) async fn put(&self, link: &Link, ask: Ask) -> Result<(), Fault> {
        let (answer, told) = self.send(link, Method::PUT, ask).await?;
        told.object::<Value>(&answer, link).map(|_| ())
    }

    /// Changes what is named of an object; whether there is one. Older versions answer 204 and nothing.
    pub(crate) async fn patch(&self, link: &Link, ask: Ask) -> Result<bool, Fault> {
        let (answer, told) = self.send(link, Method::PATCH, ask).await?;
        if told.is_absence(&answer) {
            return Ok(false);
        }
        if answer.status == StatusCode::NO_CONTENT {
            return Ok(true);
        }
        told.object::<Value>(&answer, link).map(|_| true)
    }

    /// Does something with an object; none: there is no such object.
    pub(crate) async fn post(&self, link: &Link, ask: Ask) -> Result<Option<(Answer, Told)>, Fault> {
        let (answer, told) = self.send(link, Method::POST, ask).await?;
        if told.is_absence(&answer) {
            return Ok(None);
        }
        told.done(&answer, link)?;
        Ok(Some((answer, told)))
    }

    /// Takes an object away; whether there was one. What takes its time is asked about a few times, and is a conflict then.
    pub(crate) async fn delete(&self, link: &Link, ask: Ask) -> Result<bool, Fault> {
        let operation = ask.operation;
        let (mut answer, mut told) = self.send(link, Method::DELETE, ask).await?;
        let mut place = None;
        for poll in 0..=POLLS_MAX {
            if told.is_absence(&answer) {
                return Ok(false);
            }
            told.done(&answer, link)?;
            if answer.status != StatusCode::ACCEPTED {
                return Ok(true);
            }
            place = self.polled(&answer).or(place);
            let Some(place) = place.clone().filter(|_| poll < POLLS_MAX) else {
                break;
            };
            (answer, told) = self.send(link, Method::GET, Ask::new("read.operation", place)).await?;
        }
        let words = format!("{operation}: Azure has begun and not ended yet");
        Err(Fault::answered(FaultKind::Conflict, answer.status, &words))
    }

    /// Where to ask how far a deletion is: only below our own service, because the token goes there.
    fn polled(&self, answer: &Answer) -> Option<String> {
        let location = answer.fields.get(header::LOCATION)?.to_str().ok()?;
        let below = location.strip_prefix(&self.at.root)?;
        let service = self.at.base.strip_prefix(&self.at.root)?;
        let (path, query) = below.split_once('?').unwrap_or((below, ""));
        let rest = path
            .get(..service.len())
            .filter(|start| start.eq_ignore_ascii_case(service));
        let rest = rest
            .and_then(|_| path.get(service.len()..))
            .filter(|rest| rest.starts_with('/'))?;
        let others = query
            .split('&')
            .filter(|pair| !pair.is_empty() && !pair.starts_with("api-version="));
        let others: Vec<_> = others.collect();
        Some(if others.is_empty() {
            rest.to_owned()
        } else {
            format!("{rest}?{}", others.join("&"))
        })
    }

    /// One page of a list, and how many there are in all; none: what it hangs on is not there.
    pub(crate) async fn page<T: DeserializeOwned>(
        &self,
        link: &Link,
        operation: &'static str,
        path: &str,
        (top, cursor): (u32, Option<&str>),
    ) -> Result<Option<(Page<T>, Option<u64>)>, Fault> {
        let sign = if path.contains('?') { '&' } else { '?' };
        let skip = cursor.map(|cursor| format!("&%24{cursor}")).unwrap_or_default();
        let ask = Ask::new(operation, format!("{path}{sign}%24top={top}{skip}"));
        let Some(rows) = self.get::<Rows<T>>(link, ask).await? else {
            return Ok(None);
        };
        let rows = rows.object;
        let next = match rows.next_link.as_deref().filter(|next| !next.is_empty()) {
            None => None,
            Some(next) => Some(next_page(next, cursor).ok_or_else(|| {
                let words = format!("{operation}: the next page's address does not lead on");
                Fault::new(FaultKind::Transient, words)
            })?),
        };
        let items = rows.value;
        Ok(Some((Page { items, next }, rows.count)))
    }

    /// A whole list of at most `most` objects; none: what it hangs on is not there.
    pub(crate) async fn all<T: DeserializeOwned>(
        &self,
        link: &Link,
        operation: &'static str,
        path: &str,
        most: usize,
    ) -> Result<Option<Vec<T>>, Fault> {
        let (mut all, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let Some((page, _)) = self.page(link, operation, path, (PAGE, cursor.as_deref())).await? else {
                return Ok(None);
            };
            all.extend(page.items);
            if all.len() > most {
                let words = format!("{path} has more than {most} entries, which is more than Gatewright reads");
                return Err(Fault::new(FaultKind::QuotaExhausted, words));
            }
            cursor = page.next;
            if cursor.is_none() {
                return Ok(Some(all));
            }
        }
    }

    async fn send(&self, link: &Link, method: Method, ask: Ask) -> Result<(Answer, Told), Fault> {
        let mut bearer = self.token.get(link.clock(), || token::fetch(link, &self.at)).await?;
        let mut told = Told {
            operation: ask.operation,
            writes: !method.is_safe(),
            secret: ask.secret,
            secrets: Vec::new(),
        };
        let mut refused = false;
        loop {
            told.secrets = vec![self.at.client_secret.clone(), bearer.value.clone()];
            let request = self
                .request(&method, &ask)?
                .secret_field(header::AUTHORIZATION, token::field(&bearer.value)?);
            let answer = link
                .send(ask.operation, request)
                .await
                .map_err(|fault| told.unanswered(fault))?;
            // It may have ended before its time; nothing was done.
            if answer.status != StatusCode::UNAUTHORIZED || refused {
                return Ok((answer, told));
            }
            refused = true;
            let fetch = || token::fetch(link, &self.at);
            bearer = self.token.instead_of(&bearer, link.clock(), fetch).await?;
        }
    }

    fn request(&self, method: &Method, ask: &Ask) -> Result<Request, Fault> {
        let sign = if ask.path.contains('?') { '&' } else { '?' };
        let url = format!("{}{}{sign}api-version={API_VERSION}", self.at.base, ask.path);
        // Also a POST: listing keys changes nothing, and a key is made anew only while nobody has it.
        let mut request = Request::new(method.clone(), url).repeatable();
        request = request.field(header::ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(etag) = &ask.if_match {
            let etag = HeaderValue::try_from(etag)
                .map_err(|_| Fault::new(FaultKind::Transient, "the ETag cannot be sent in a header field"))?;
            request = request.field(header::IF_MATCH, etag);
        }
        if let Some(body) = &ask.body {
            request = request
                .field(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))
                .body(Body::Whole(body.to_string().into_bytes().into()));
        }
        Ok(request)
    }
}

/// What of a next page's address says where it begins, as in `skip=100`. The rest of it is not ours to follow: the token
/// goes where we say.
fn next_page(link: &str, cursor: Option<&str>) -> Option<String> {
    let (_, query) = link.split_once('?')?;
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let mut places = pairs.filter_map(|(name, value)| {
        let name = name.strip_prefix('$').or_else(|| name.strip_prefix("%24"))?;
        let plain = value
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte));
        (name.to_ascii_lowercase().starts_with("skip") && plain).then(|| format!("{name}={value}"))
    });
    places.next().filter(|next| Some(next.as_str()) != cursor)
}
