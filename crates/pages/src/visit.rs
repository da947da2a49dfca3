//! One request of a browser: what it brought, what it is given back beside the page.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use gatewright_types::ids::RequestId;
use http::request::Parts;
use http::{Extensions, HeaderMap, HeaderValue, Method, StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::brand::Brand;
use crate::client::{self, Problem};
use crate::failure::Failure;
use crate::reference::Navigations;
use crate::theme::Theme;
use crate::{Pages, problems, return_to};

/// Nothing but files of ours, and nothing inline; no other site frames a page or is sent a form.
///
/// Chromium holds `form-action` against redirects too, so a form never answers with one to another origin
/// (`sign_in/provider.rs` has the page between).
const CONTENT_SECURITY_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
);
/// Nothing of the address but the origin goes anywhere, for pages with a token in theirs. `no-referrer` would turn the
/// `Origin` of their forms into `null` (Fetch §4.6, "append a request Origin header"), which the API refuses.
pub(crate) const ORIGIN_ONLY: HeaderValue = HeaderValue::from_static("strict-origin");

/// What the API calls its cookies, behind the prefix that a secure origin gives them.
const SESSION_COOKIES: [&str; 2] = ["gatewright_session", "gatewright_refresh"];

/// Longest id in an address.
const ID_MAX: usize = 64;

/// One request of a browser.
#[derive(Clone)]
pub(crate) struct Visit(Arc<Inner>);

struct Inner {
    api: Router,
    navigations: Arc<Navigations>,
    headers: HeaderMap,
    carried: Extensions,
    /// Path and query.
    address: String,
    method: Method,
    scheme: &'static str,
    theme: Theme,
    brand: Arc<Brand>,
    jar: Mutex<Jar>,
}

/// The cookies of the browser as they are now, and what it is to be told of them.
#[derive(Default)]
struct Jar {
    held: BTreeMap<String, String>,
    set: BTreeMap<String, HeaderValue>,
}

impl Visit {
    async fn new(pages: &Pages, request: &Parts) -> Self {
        let headers = &request.headers;
        let mut carried = Extensions::new();
        (pages.0.carry)(&request.extensions, &mut carried);
        let brand = pages.2.of(pages, headers, &carried).await;
        let cookies = headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok());
        let held: BTreeMap<String, String> = cookies
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let address = request.uri.path_and_query().map_or("/", |address| address.as_str());
        Self(Arc::new(Inner {
            api: pages.0.api.clone(),
            navigations: Arc::clone(&pages.1),
            headers: client::forwarded(headers),
            carried,
            address: address.to_owned(),
            method: request.method.clone(),
            scheme: pages.0.scheme,
            theme: held.get("theme").map(|theme| Theme::read(theme)).unwrap_or_default(),
            brand,
            jar: Mutex::new(Jar { held, ..Jar::default() }),
        }))
    }

    /// What is remembered of references.
    pub(crate) fn navigations(&self) -> &Navigations {
        &self.0.navigations
    }

    /// The tenant as its pages show it.
    pub(crate) fn brand(&self) -> &Brand {
        &self.0.brand
    }

    /// Light, dark or the system's.
    pub(crate) fn theme(&self) -> Theme {
        self.0.theme
    }

    /// A cookie that the browser has.
    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        self.jar(|jar| jar.held.get(name).cloned())
    }

    /// Whether the browser shows anything of a session; what it is good for, the API says.
    pub(crate) fn shows_a_session(&self) -> bool {
        let ours = |name: &String| SESSION_COOKIES.iter().any(|ours| name.ends_with(ours));
        self.jar(|jar| jar.held.keys().any(ours))
    }

    /// Where the page stands as others name it: scheme and host, without a slash at the end.
    pub(crate) fn origin(&self) -> String {
        let host = self.0.headers.get(header::HOST).and_then(|host| host.to_str().ok());
        format!("{}://{}", self.0.scheme, host.unwrap_or("localhost"))
    }

    /// Path and query, for coming back to it.
    pub(crate) fn address(&self) -> &str {
        &self.0.address
    }

    /// The page that is shown, for coming back to it.
    pub(crate) fn path(&self) -> &str {
        self.0.address.split('?').next().unwrap_or("/")
    }

    /// Reads something of the API.
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Problem> {
        parse(&self.ask(self.0.headers.clone(), Method::GET, path, None).await?)
    }

    /// Passes something of the API on as it is, or says that the browser has it.
    pub(crate) async fn pass(&self, path: &str, asked: &HeaderMap) -> Result<Response, Problem> {
        let mut headers = self.0.headers.clone();
        if let Some(cookies) = self.jar(Jar::header) {
            headers.insert(header::COOKIE, cookies);
        }
        headers.extend(
            asked
                .get(header::IF_NONE_MATCH)
                .map(|tags| (header::IF_NONE_MATCH, tags.clone())),
        );
        client::pass(self.0.api.clone(), self.0.carried.clone(), headers, path).await
    }

    /// Sends something to the API.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Value, Problem> {
        self.call(Method::POST, path, Some(body)).await
    }

    /// Sends something to the API that is done once, however often it is sent under the same key.
    pub(crate) async fn post_once(&self, path: &str, key: &str, body: &Value) -> Result<Value, Problem> {
        let mut headers = self.0.headers.clone();
        let key = HeaderValue::from_str(key).map_err(|_| Problem::not_found())?;
        headers.insert("idempotency-key", key);
        parse(&self.ask(headers, Method::POST, path, Some(body)).await?)
    }

    /// Asks the API. Cookies that it sets are kept for what is asked next, and for the browser.
    pub(crate) async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, Problem> {
        parse(&self.ask(self.0.headers.clone(), method, path, body).await?)
    }

    async fn ask(
        &self,
        mut headers: HeaderMap,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Bytes, Problem> {
        if let Some(cookies) = self.jar(Jar::header) {
            headers.insert(header::COOKIE, cookies);
        }
        let (api, carried) = (self.0.api.clone(), self.0.carried.clone());
        let answer = client::ask(api, carried, headers, method, path, body).await;
        self.jar(|jar| answer.cookies.into_iter().for_each(|cookie| jar.take(cookie)));
        answer.result
    }

    /// The same visit, for a page that a link on another site led to and that asks the API with an unsafe method by itself.
    ///
    /// The API would take that for a forgery. It is none where what is asked changes nothing, or where a value that the
    /// browser was given before, in a cookie, has to come with it.
    pub(crate) fn vouched(&self) -> Vouched<'_> {
        Vouched(self)
    }

    /// Sets a cookie of the pages' own.
    pub(crate) fn set_cookie(&self, cookie: HeaderValue) {
        self.jar(|jar| jar.take(cookie));
    }

    fn jar<T>(&self, with: impl FnOnce(&mut Jar) -> T) -> T {
        with(&mut self.0.jar.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The page for what went wrong, or the way to what has to be done first.
    async fn answer_problem(&self, problem: &Problem) -> Response {
        let here = if self.0.method.is_safe() {
            &self.0.address
        } else {
            self.path()
        };
        let here = return_to::local(here);
        match (problem.status, problem.code.as_str()) {
            (401, _) => see_other(&return_to::with("/sign-in", here)),
            (_, "reauthentication-required") => see_other(&return_to::with("/account/reauthenticate", here)),
            _ => problems::failed(self, problem).await,
        }
    }
}

/// See [`Visit::vouched`].
pub(crate) struct Vouched<'a>(&'a Visit);

impl Vouched<'_> {
    /// Sends something to the API.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Value, Problem> {
        let mut headers = self.0.0.headers.clone();
        headers.remove(header::ORIGIN);
        headers.insert("sec-fetch-site", HeaderValue::from_static("same-origin"));
        parse(&self.0.ask(headers, Method::POST, path, Some(body)).await?)
    }
}

impl Jar {
    fn header(&mut self) -> Option<HeaderValue> {
        let pairs: Vec<String> = self
            .held
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        if pairs.is_empty() {
            return None;
        }
        HeaderValue::from_str(&pairs.join("; ")).ok()
    }

    fn take(&mut self, cookie: HeaderValue) {
        let text = cookie.to_str().unwrap_or_default();
        let Some((name, rest)) = text.split_once('=') else {
            return;
        };
        let (name, value) = (
            name.trim().to_owned(),
            rest.split(';').next().unwrap_or_default().to_owned(),
        );
        if value.is_empty() {
            self.held.remove(&name);
        } else {
            self.held.insert(name.clone(), value);
        }
        self.set.insert(name, cookie);
    }
}

/// Reads an answer as what it is known to be.
pub(crate) fn read<T: DeserializeOwned>(value: Value) -> Result<T, Problem> {
    serde_json::from_value(value).map_err(unreadable)
}

/// Reads an answer's body as what it is known to be; one that is empty is null.
pub(crate) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let body: &[u8] = if body.is_empty() { b"null" } else { body };
    serde_json::from_slice(body).map_err(unreadable)
}

#[expect(clippy::needless_pass_by_value, reason = "what `map_err` gives")]
fn unreadable(error: serde_json::Error) -> Problem {
    tracing::error!(%error, "a page cannot read an answer of the API");
    Problem::of(
        500,
        "internal",
        "This page could not read what it is to show; the log has more.",
    )
}

/// An id as a segment of an address of the API; what is none names nothing.
pub(crate) fn segment(id: &str) -> Result<&str, Problem> {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if !id.is_empty() && id.len() <= ID_MAX && id.bytes().all(fits) {
        return Ok(id);
    }
    Err(Problem::not_found())
}

/// Goes on to another page of ours.
pub(crate) fn see_other(path: &str) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    let location = HeaderValue::from_str(path).unwrap_or(HeaderValue::from_static("/"));
    response.headers_mut().insert(header::LOCATION, location);
    response
}

impl<S: Sync> FromRequestParts<S> for Visit {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let visit = parts.extensions.get::<Self>().cloned();
        visit.ok_or_else(|| Problem::of(500, "internal", "A page has no visit.").into())
    }
}

/// What stands around every page.
pub(crate) async fn surround(State(pages): State<Pages>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let request_id = RequestId::mint(&pages.0.clock, &pages.0.rng);
    let (parts, body) = request.into_parts();
    let visit = Visit::new(&pages, &parts).await;
    let mut request = Request::from_parts(parts, body);
    request.extensions_mut().insert(visit.clone());
    let method = request.method().clone();
    // The template, not the path: ids and whatever callers invent stay out of the log.
    let matched = request.extensions().get::<MatchedPath>();
    let route = matched.map_or("none", MatchedPath::as_str).to_owned();
    let mut response = next.run(request).await;
    if let Some(problem) = response.extensions_mut().remove::<Arc<Problem>>() {
        let allow = response.headers_mut().remove(header::ALLOW);
        response = visit.answer_problem(&problem).await.into_response();
        response.headers_mut().extend(allow.map(|allow| (header::ALLOW, allow)));
    }
    let (status, took_ms) = (response.status().as_u16(), begun.elapsed().as_millis());
    tracing::debug!(request.id = %request_id, %method, route, status, took_ms, "page answered");
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&request_id.to_string()) {
        headers.insert("x-request-id", value);
    }
    visit.jar(|jar| {
        for cookie in std::mem::take(&mut jar.set).into_values() {
            headers.append(header::SET_COOKIE, cookie);
        }
    });
    headers.insert(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers
        .entry(header::REFERRER_POLICY)
        .or_insert(HeaderValue::from_static("same-origin"));
    // Whose a page is, and what it says, changes; only files with their hash in the name do not.
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}
