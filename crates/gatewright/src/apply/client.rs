//! The REST API of an installation, as its operator's tool sees it: one connection, limits on everything,
//! and another attempt where that is safe.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use bytes::Bytes;
use gatewright_types::Rng;
use http::{HeaderValue, Method, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Longest wait for a connection, with TLS.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest wait for a whole answer.
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(90);
/// Longest answer, in bytes: a contract with room for escapes.
pub const ANSWER_MAX_BYTES: usize = 40 * 1024 * 1024;
/// Most attempts of one request.
pub const ATTEMPTS_MAX: u32 = 5;
/// Pause before the second attempt; it doubles with each further one.
pub const PAUSE_FIRST: Duration = Duration::from_millis(250);
/// Longest pause, also when the server asks for a longer one.
pub const PAUSE_MAX: Duration = Duration::from_secs(30);
/// Most pages of one list, of 100 items each.
pub const LIST_PAGES_MAX: usize = 1_000;

/// An answer that is no refusal.
#[derive(Debug)]
pub struct Answer {
    /// The version that it shows.
    pub etag: Option<String>,
    /// Its JSON; null when there is none.
    pub body: Value,
}

/// Why a request was not answered as asked.
#[derive(Debug)]
pub struct Refused {
    /// The HTTP status.
    pub status: StatusCode,
    /// The problem's code, or nothing when whoever answered is no Gatewright.
    pub code: String,
    /// What is wrong, for people.
    pub detail: String,
    /// What the server's log calls the request.
    pub request_id: String,
    /// Whether an attempt before this one may have had its effect.
    pub repeated: bool,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.detail)?;
        if !self.code.is_empty() {
            write!(f, " ({} {}, {})", self.status.as_u16(), self.code, self.request_id)?;
        }
        match self.status {
            StatusCode::UNAUTHORIZED => write!(
                f,
                "; nobody holds this token: `gatewright token <tenant>` beside the server makes a new one, for --token-file or GATEWRIGHT_TOKEN"
            ),
            StatusCode::FORBIDDEN => write!(f, "; use the token of an operator of the tenant whose role allows it"),
            _ if self.repeated => write!(
                f,
                "; an earlier attempt got no answer and may have succeeded, so look at the plan again"
            ),
            _ => Ok(()),
        }
    }
}

impl std::error::Error for Refused {}

/// A client of one installation, as one operator.
pub struct Client {
    root: Uri,
    host: String,
    port: u16,
    authorization: SecretString,
    tls: Option<TlsConnector>,
    connection: Option<SendRequest<Full<Bytes>>>,
    rng: Rng,
}

impl Client {
    /// For the installation at `url` (with or without `/api/v1`), as whoever holds the token.
    ///
    /// # Errors
    ///
    /// When the URL is none.
    pub fn new(url: &str, token: &SecretString, rng: Rng) -> anyhow::Result<Self> {
        let trimmed = url.trim_end_matches('/').trim_end_matches("/api/v1");
        // Not shown: a URL may hold a password.
        let root: Uri = trimmed
            .parse()
            .map_err(|_| anyhow::anyhow!("the URL of the installation is no URL"))?;
        let is_https = match root.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => bail!("the URL of the installation starts with http:// or https://"),
        };
        let authority = root.authority().context("the URL of the installation has no host")?;
        if authority.as_str().contains('@') || root.query().is_some() {
            bail!("the URL of the installation holds no user, password or query");
        }
        let token = token.expose_secret().trim();
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            bail!("the token is empty or no token");
        }
        Ok(Self {
            host: authority.host().trim_matches(['[', ']']).to_owned(),
            port: authority.port_u16().unwrap_or(if is_https { 443 } else { 80 }),
            authorization: format!("Bearer {token}").into(),
            tls: is_https.then(trust).transpose()?,
            connection: None,
            root,
            rng,
        })
    }

    /// The installation's address, for people.
    pub fn url(&self) -> String {
        self.root.to_string().trim_end_matches('/').to_owned()
    }

    /// Whether the token goes over a network in the clear.
    pub fn is_readable_on_the_way(&self) -> bool {
        let is_local = match self.host.parse::<std::net::IpAddr>() {
            Ok(address) => address.is_loopback(),
            Err(_) => self.host == "localhost" || self.host.ends_with(".localhost"),
        };
        self.tls.is_none() && !is_local
    }

    /// GETs `path`, below `/api/v1`.
    pub async fn get(&mut self, path: &str) -> anyhow::Result<Answer> {
        self.send(Method::GET, path, None, None).await
    }

    /// Every item of a list.
    pub async fn list(&mut self, path: &str) -> anyhow::Result<Vec<Value>> {
        let mut items = Vec::new();
        let mut cursor: Option<String> = None;
        for _ in 0..LIST_PAGES_MAX {
            let separator = if path.contains('?') { '&' } else { '?' };
            let after = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
            let mut page = self.get(&format!("{path}{separator}limit=100{after}")).await?.body;
            let Some(found) = page["items"].as_array_mut() else {
                bail!("{path}: whoever answered is no Gatewright");
            };
            items.append(found);
            match page["nextCursor"].as_str() {
                None => return Ok(items),
                Some(next) => cursor = Some(next.to_owned()),
            }
        }
        bail!("{path}: the list has more than {LIST_PAGES_MAX} pages");
    }

    /// Sends a request, again where that is safe: a POST carries an `Idempotency-Key`, and any other change
    /// leaves the same state when it is sent twice.
    pub async fn send(
        &mut self,
        method: Method,
        path: &str,
        if_match: Option<&str>,
        body: Option<&Value>,
    ) -> anyhow::Result<Answer> {
        let idempotency_key = self.random_text();
        let mut pause = PAUSE_FIRST;
        for attempt in 1.. {
            let request = self.request(&method, path, if_match, &idempotency_key, body)?;
            let failure = match self.once(request).await {
                Ok((status, headers, body)) => match judge(status, &headers, &body, path, attempt > 1) {
                    Ok(answer) => return Ok(answer),
                    Err(refused) if !worth_repeating(status) => return Err(refused.into()),
                    Err(refused) => {
                        pause = retry_after(&headers).unwrap_or(pause);
                        anyhow::Error::from(refused)
                    }
                },
                Err(error) if is_not_trusted(&error) => return Err(error),
                Err(error) => error,
            };
            if attempt == ATTEMPTS_MAX {
                return Err(failure.context(format!("given up after {ATTEMPTS_MAX} attempts")));
            }
            self.connection = None;
            tokio::time::sleep(pause.min(PAUSE_MAX)).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
        unreachable!("the loop returns at the last attempt")
    }

    fn request(
        &self,
        method: &Method,
        path: &str,
        if_match: Option<&str>,
        idempotency_key: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Request<Full<Bytes>>> {
        let base = self.root.path().trim_end_matches('/');
        let mut authorization = HeaderValue::from_str(self.authorization.expose_secret())?;
        authorization.set_sensitive(true);
        let authority = self.root.authority().map_or("", |authority| authority.as_str());
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{base}/api/v1{path}"))
            .header(header::HOST, authority)
            .header(header::AUTHORIZATION, authorization)
            .header(header::USER_AGENT, concat!("gatewright/", env!("CARGO_PKG_VERSION")));
        if let Some(tag) = if_match {
            request = request.header(header::IF_MATCH, tag);
        }
        if method == Method::POST {
            request = request.header("idempotency-key", idempotency_key);
        }
        let bytes = match body {
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                serde_json::to_vec(body)?
            }
            None => Vec::new(),
        };
        Ok(request.body(Full::new(bytes.into()))?)
    }

    async fn once(&mut self, request: Request<Full<Bytes>>) -> anyhow::Result<(StatusCode, http::HeaderMap, Bytes)> {
        let mut connection = match self.connection.take().filter(SendRequest::is_ready) {
            Some(connection) => connection,
            None => tokio::time::timeout(CONNECT_TIMEOUT, self.connect())
                .await
                .map_err(|_| anyhow::anyhow!("{}: no connection within {CONNECT_TIMEOUT:?}", self.url()))?
                .with_context(|| self.url())?,
        };
        let answer = async {
            let response = connection.send_request(request).await?;
            let (parts, body) = response.into_parts();
            let body = Limited::new(body, ANSWER_MAX_BYTES)
                .collect()
                .await
                .map_err(|error| anyhow::anyhow!("the answer cannot be read: {error}"))?;
            anyhow::Ok((parts.status, parts.headers, body.to_bytes()))
        };
        let answer = tokio::time::timeout(ANSWER_TIMEOUT, answer)
            .await
            .map_err(|_| anyhow::anyhow!("{}: no answer within {ANSWER_TIMEOUT:?}", self.url()))?
            .with_context(|| self.url())?;
        self.connection = Some(connection);
        Ok(answer)
    }

    async fn connect(&self) -> anyhow::Result<SendRequest<Full<Bytes>>> {
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
        stream.set_nodelay(true)?;
        match &self.tls {
            None => shake_hands(stream).await,
            Some(tls) => {
                let name = rustls::pki_types::ServerName::try_from(self.host.clone())?;
                shake_hands(tls.connect(name, stream).await?).await
            }
        }
    }

    fn random_text(&self) -> String {
        let bytes = self.rng.bytes::<16>();
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

async fn shake_hands<S>(stream: S) -> anyhow::Result<SendRequest<Full<Bytes>>>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // Ends with the sender; what goes wrong on it is also said to whoever waits for an answer.
    tokio::spawn(async move {
        let _ = connection.await;
    });
    Ok(sender)
}

fn trust() -> anyhow::Result<TlsConnector> {
    let mut roots = rustls::RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    let (added, _) = roots.add_parsable_certificates(found.certs);
    if added == 0 {
        bail!("the system has no certificate authorities to trust; SSL_CERT_FILE can name some");
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Whether TLS failed for a reason that does not pass.
fn is_not_trusted(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let inner = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        matches!(inner, Some(inner) if inner.is::<rustls::Error>())
    })
}

/// Busy, or somebody between us was; a plain 500 would fail again.
fn worth_repeating(status: StatusCode) -> bool {
    matches!(status.as_u16(), 429 | 502 | 503 | 504)
}

fn retry_after(headers: &http::HeaderMap) -> Option<Duration> {
    let seconds = headers.get(header::RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// A problem's detail; where it has several fields, all of them.
fn said(problem: Option<&Value>) -> String {
    let Some(problem) = problem else { return String::new() };
    let errors = problem["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
    if errors.len() < 2 {
        return problem["detail"].as_str().unwrap_or_default().to_owned();
    }
    let part = |error: &Value| {
        let part = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
        format!("{}: {}", part("field"), part("detail"))
    };
    errors.iter().map(part).collect::<Vec<_>>().join("; ")
}

fn judge(
    status: StatusCode,
    headers: &http::HeaderMap,
    bytes: &[u8],
    path: &str,
    repeated: bool,
) -> Result<Answer, Refused> {
    let body: Option<Value> = if bytes.is_empty() {
        Some(Value::Null)
    } else {
        serde_json::from_slice(bytes).ok()
    };
    let text = |body: &Option<Value>, field: &str| {
        let value = body.as_ref().and_then(|body| body[field].as_str());
        value.unwrap_or_default().to_owned()
    };
    match body {
        Some(body) if status.is_success() => Ok(Answer {
            etag: headers
                .get(header::ETAG)
                .and_then(|tag| tag.to_str().ok())
                .map(str::to_owned),
            body,
        }),
        body => {
            let code = text(&body, "code");
            let detail = match (code.as_str(), status.is_redirection()) {
                (_, true) => {
                    format!("{path}: answered {status}; redirects are not followed, give the address behind it")
                }
                ("", _) => format!("{path}: answered {status}, and not by Gatewright's API"),
                _ => said(body.as_ref()),
            };
            Err(Refused {
                status,
                request_id: text(&body, "requestId"),
                code,
                detail: detail.trim_end_matches('.').to_owned(),
                repeated,
            })
        }
    }
}
