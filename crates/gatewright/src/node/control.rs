//! Asking the control plane: HTTP/1.1, over TLS where its address says so.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use gatewright_snapshot::protocol::{
    Answers, BASE_PATH, Enrolled, Enrollment, KeyUse, Questions, REQUEST_MAX_BYTES, Report, SharedCacheKey, Told, Uses,
};
use gatewright_snapshot::target_url::TargetUrl;
use gatewright_types::{CredentialHash, ProblemCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{HeaderMap, Method, Request, Response, StatusCode, header};
use hyper_util::rt::TokioIo;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// Longest wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// Longest wait for an answer. A look-up that takes longer is believed by nobody.
const CALL_TIMEOUT: Duration = Duration::from_secs(2);
/// Longest wait for a configuration.
const SNAPSHOT_TIMEOUT: Duration = Duration::from_secs(30);
/// Longest answer but a configuration, in bytes.
const ANSWER_MAX_BYTES: usize = 8 * 1024 * 1024;
/// Longest configuration, in bytes.
pub(super) const SNAPSHOT_MAX_BYTES: usize = 256 * 1024 * 1024;
/// Connections that are kept while they rest.
const IDLE_MAX: usize = 8;
/// Most places that are tried in turn.
const PLACES_MAX: usize = 16;

/// Why the control plane did not answer as hoped.
#[derive(Debug, thiserror::Error)]
pub(super) enum CallError {
    /// It cannot be reached, or broke off.
    #[error("{place}: {why}")]
    Away {
        /// Where it was looked for.
        place: String,
        /// What happened.
        why: String,
    },
    /// It answered something else.
    #[error("{place}: {status} {code}: {detail}")]
    Refused {
        /// Who said so.
        place: String,
        /// The status.
        status: StatusCode,
        /// The problem's code.
        code: String,
        /// What is wrong.
        detail: String,
    },
    /// This node was shut out for ever.
    #[error("this node was revoked; empty the folder `node` of data_dir and enroll it again with a new code")]
    Revoked,
}

/// What became of asking for a configuration.
pub(super) enum Fetched {
    /// There is no other one.
    Same,
    /// Here it is.
    New {
        /// Its name.
        etag: String,
        /// A `SnapshotConfig`.
        json: Bytes,
    },
}

/// The control plane, wherever it is.
pub(super) struct ControlPlane {
    places: Vec<Place>,
    chosen: AtomicUsize,
    token: OnceLock<SecretString>,
    tls: Option<TlsConnector>,
    idle: Mutex<Vec<Kept>>,
}

/// A connection, and to which place.
type Kept = (usize, SendRequest<Full<Bytes>>);
/// An answer whose body is still to come, and the connection it comes over.
type Answered = (Response<Incoming>, Kept);

struct Place {
    name: String,
    url: TargetUrl,
}

impl ControlPlane {
    /// From `https://one.example.com,https://other.example.com`, believed by the authorities in the file if there is one.
    pub(super) fn new(urls: &str, ca_file: Option<&Path>) -> anyhow::Result<Self> {
        let places = urls.split(',').map(str::trim).filter(|url| !url.is_empty()).map(|url| {
            let parsed = TargetUrl::parse(url).with_context(|| format!("control_url: {url}"))?;
            Ok(Place {
                name: url.to_owned(),
                url: parsed,
            })
        });
        let places: Vec<Place> = places.collect::<anyhow::Result<_>>()?;
        if places.is_empty() || places.len() > PLACES_MAX {
            bail!("control_url: expected 1 to {PLACES_MAX} addresses");
        }
        let is_tls = places.iter().any(|place| place.url.is_https);
        Ok(Self {
            tls: is_tls.then(|| connector(ca_file)).transpose()?,
            places,
            chosen: AtomicUsize::new(0),
            token: OnceLock::new(),
            idle: Mutex::default(),
        })
    }

    /// From now on as this node.
    pub(super) fn sign_in(&self, token: SecretString) {
        let _ = self.token.set(token);
    }

    /// Goes to the next place; that it is away was just seen.
    pub(super) fn turn(&self) {
        self.chosen.fetch_add(1, Ordering::Relaxed);
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// How many places there are.
    pub(super) fn places(&self) -> usize {
        self.places.len()
    }

    pub(super) async fn enroll(&self, enrollment: &Enrollment) -> Result<Enrolled, CallError> {
        let reply = self.call(Method::POST, "/enrollments", Some(enrollment)).await?;
        self.read(&reply)
    }

    pub(super) async fn look_up(&self, hashes: Vec<CredentialHash>) -> Result<Answers, CallError> {
        let reply = self.call(Method::POST, "/lookups", Some(&Questions { hashes })).await?;
        self.read(&reply)
    }

    pub(super) async fn report(&self, report: &Report) -> Result<Told, CallError> {
        let reply = self.call(Method::POST, "/reports", Some(report)).await?;
        self.read(&reply)
    }

    pub(super) async fn tell_uses(&self, uses: Vec<KeyUse>) -> Result<(), CallError> {
        self.call(Method::POST, "/uses", Some(&Uses { uses })).await?;
        Ok(())
    }

    pub(super) async fn shared_cache_key(&self) -> Result<SecretString, CallError> {
        let reply = self.call(Method::GET, "/shared-cache-key", None::<&()>).await?;
        Ok(self.read::<SharedCacheKey>(&reply)?.key)
    }

    pub(super) async fn snapshot(&self, known: Option<&str>) -> Result<Fetched, CallError> {
        let response = self.send(Method::GET, "/snapshot", Bytes::new(), known, SNAPSHOT_TIMEOUT);
        let (response, connection) = response.await?;
        if response.status() == StatusCode::NOT_MODIFIED {
            self.rest(connection);
            return Ok(Fetched::Same);
        }
        let etag = text(response.headers(), &header::ETAG);
        let whole = self.collect(response, SNAPSHOT_MAX_BYTES, SNAPSHOT_TIMEOUT).await?;
        self.rest(connection);
        Ok(Fetched::New { etag, json: whole })
    }

    /// Every place, and what time it is there by the Date of its answer (RFC 9110 §6.6.1).
    pub(super) async fn clocks(&self) -> Vec<(String, anyhow::Result<i64>)> {
        let mut clocks = Vec::new();
        for (at, place) in self.places.iter().enumerate() {
            clocks.push((place.name.clone(), self.clock(at).await));
        }
        clocks
    }

    async fn clock(&self, at: usize) -> anyhow::Result<i64> {
        let connecting = tokio::time::timeout(CONNECT_TIMEOUT, self.connect_to(&self.places[at].url));
        let connection = connecting.await.context("no connection in time")??;
        let request = self.request(at, &Method::GET, "/snapshot", Bytes::new(), None)?;
        let (response, _) = self.exchange(at, connection, request, CALL_TIMEOUT).await?;
        // Without a token a control plane says so, and nothing else does at this path.
        let status = response.status();
        ensure!(
            status == StatusCode::UNAUTHORIZED,
            "{BASE_PATH} answers {status}: no control plane for nodes"
        );
        let date = text(response.headers(), &header::DATE);
        let date = chrono::DateTime::parse_from_rfc2822(&date).context("it does not say what time it is")?;
        Ok(date.timestamp_millis())
    }

    /// The news, as they come.
    pub(super) async fn news(&self, after: Option<u64>, starting: bool) -> Result<Incoming, CallError> {
        let after = after.map_or_else(String::new, |after| format!("&after={after}"));
        let path = format!("/news?starting={starting}{after}");
        // On a connection of its own: the answer never ends.
        let (at, connection) = self.connect().await?;
        let request = self.request(at, &Method::GET, &path, Bytes::new(), None)?;
        let (response, _) = self.exchange(at, connection, request, CALL_TIMEOUT).await?;
        if response.status() == StatusCode::OK {
            return Ok(response.into_body());
        }
        self.collect(response, ANSWER_MAX_BYTES, CALL_TIMEOUT).await?;
        Err(self.away("an unexpected answer"))
    }

    async fn call<T: Serialize + Sync>(
        &self,
        method: Method,
        path: &str,
        body: Option<&T>,
    ) -> Result<Bytes, CallError> {
        let body = body.map(serde_json::to_vec).transpose();
        let body = body.map_err(|error| self.away(error))?.unwrap_or_default();
        debug_assert!(body.len() <= REQUEST_MAX_BYTES);
        let (response, connection) = self.send(method, path, body.into(), None, CALL_TIMEOUT).await?;
        let whole = self.collect(response, ANSWER_MAX_BYTES, CALL_TIMEOUT).await?;
        self.rest(connection);
        Ok(whole)
    }

    fn read<T: DeserializeOwned>(&self, bytes: &[u8]) -> Result<T, CallError> {
        serde_json::from_slice(bytes).map_err(|error| self.away(error))
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
        known: Option<&str>,
        limit: Duration,
    ) -> Result<Answered, CallError> {
        if let Some((at, connection)) = self.take() {
            let request = self.request(at, &method, path, body.clone(), known)?;
            // A connection that rested may be dead, and all of our requests may be sent again.
            if let Ok(answered) = self.exchange(at, connection, request, limit).await {
                return Ok(answered);
            }
        }
        let (at, connection) = self.connect().await?;
        let request = self.request(at, &method, path, body, known)?;
        self.exchange(at, connection, request, limit).await
    }

    async fn exchange(
        &self,
        at: usize,
        mut connection: SendRequest<Full<Bytes>>,
        request: Request<Full<Bytes>>,
        limit: Duration,
    ) -> Result<Answered, CallError> {
        match tokio::time::timeout(limit, connection.send_request(request)).await {
            Ok(Ok(response)) => Ok((response, (at, connection))),
            Ok(Err(error)) => Err(self.away(error)),
            Err(_) => Err(self.away("no answer in time")),
        }
    }

    fn request(
        &self,
        at: usize,
        method: &Method,
        path: &str,
        body: Bytes,
        known: Option<&str>,
    ) -> Result<Request<Full<Bytes>>, CallError> {
        let url = &self.places[at].url;
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{BASE_PATH}{path}", url.base_path))
            .header(header::HOST, &url.authority)
            .header(header::USER_AGENT, concat!("gatewright/", env!("CARGO_PKG_VERSION")));
        if let Some(token) = self.token.get() {
            request = request.header(header::AUTHORIZATION, format!("Bearer {}", token.expose_secret()));
        }
        if !body.is_empty() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        if let Some(known) = known {
            request = request.header(header::IF_NONE_MATCH, known);
        }
        request.body(Full::new(body)).map_err(|error| self.away(error))
    }

    /// The whole body of a good answer; a problem as an error.
    async fn collect(&self, response: Response<Incoming>, max: usize, limit: Duration) -> Result<Bytes, CallError> {
        let status = response.status();
        let body = Limited::new(response.into_body(), max).collect();
        let whole = match tokio::time::timeout(limit, body).await {
            Ok(Ok(whole)) => whole.to_bytes(),
            Ok(Err(error)) => return Err(self.away(error)),
            Err(_) => return Err(self.away("the answer stopped coming")),
        };
        if status.is_success() {
            return Ok(whole);
        }
        let problem: serde_json::Value = serde_json::from_slice(&whole).unwrap_or_default();
        let text = |name: &str| problem[name].as_str().unwrap_or_default().to_owned();
        if text("code") == ProblemCode::NodeRevoked.as_str() {
            return Err(CallError::Revoked);
        }
        Err(CallError::Refused {
            place: self.place().name.clone(),
            status,
            code: text("code"),
            detail: text("detail"),
        })
    }

    async fn connect(&self) -> Result<Kept, CallError> {
        let at = self.chosen.load(Ordering::Relaxed) % self.places.len();
        match tokio::time::timeout(CONNECT_TIMEOUT, self.connect_to(&self.places[at].url)).await {
            Ok(Ok(connection)) => Ok((at, connection)),
            Ok(Err(error)) => Err(self.away(format!("{error:#}"))),
            Err(_) => Err(self.away("no connection in time")),
        }
    }

    async fn connect_to(&self, url: &TargetUrl) -> anyhow::Result<SendRequest<Full<Bytes>>> {
        let stream = TcpStream::connect((url.host.as_str(), url.port)).await?;
        stream.set_nodelay(true)?;
        if !url.is_https {
            return shake_hands(stream).await;
        }
        let name = ServerName::try_from(url.host.clone())?;
        let tls = self.tls.as_ref().context("no TLS")?;
        shake_hands(tls.connect(name, stream).await?).await
    }

    fn take(&self) -> Option<Kept> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some((at, connection)) = idle.pop() {
            if connection.is_ready() {
                return Some((at, connection));
            }
        }
        None
    }

    fn rest(&self, (at, connection): Kept) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let is_of_use = at == self.chosen.load(Ordering::Relaxed) % self.places.len();
        if is_of_use && idle.len() < IDLE_MAX && !connection.is_closed() {
            idle.push((at, connection));
        }
    }

    fn place(&self) -> &Place {
        &self.places[self.chosen.load(Ordering::Relaxed) % self.places.len()]
    }

    fn away(&self, why: impl std::fmt::Display) -> CallError {
        CallError::Away {
            place: self.place().name.clone(),
            why: why.to_string(),
        }
    }
}

async fn shake_hands<S>(stream: S) -> anyhow::Result<SendRequest<Full<Bytes>>>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // Ends with the sender, or when the other side closes.
    tokio::spawn(connection);
    Ok(sender)
}

fn connector(ca_file: Option<&Path>) -> anyhow::Result<TlsConnector> {
    let mut roots = RootCertStore::empty();
    match ca_file {
        Some(path) => {
            let of_file = || format!("ca_file: {}", path.display());
            for certificate in CertificateDer::pem_file_iter(path).with_context(of_file)? {
                roots.add(certificate.with_context(of_file)?).with_context(of_file)?;
            }
            ensure!(!roots.is_empty(), "{}: no certificate is in it", of_file());
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    let provider = Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("aws-lc-rs speaks the protocol versions of rustls")
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

fn text(fields: &HeaderMap, name: &header::HeaderName) -> String {
    let value = fields.get(name).and_then(|value| value.to_str().ok());
    value.unwrap_or_default().to_owned()
}
