//! The connection to Redis: one, made in the background. Whoever asks does not wait for it to be made.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, bail};
use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, FromRedisValue, IntoConnectionInfo, ProtocolVersion, PushInfo,
    PushKind, RedisError, Script, ScriptInvocation, TlsCertificates, Value,
};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::{Notify, mpsc};

use super::entry::ENTRY_MAX_BYTES;

/// Longest wait for an answer; then the control plane is asked, as if there were no Redis.
pub(super) const ANSWER_TIMEOUT: Duration = Duration::from_millis(50);
/// Longest wait for a connection, in the background.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// Calls about changes of access that wait to be taken in; further ones are dropped, as the news will tell.
const CALLS_WAITING_MAX: usize = 1_024;

/// Why Redis has not answered.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    /// There is no connection right now.
    #[error("it is away")]
    Away,
    /// There was no answer in time.
    #[error("no answer within {} ms", ANSWER_TIMEOUT.as_millis())]
    Slow,
    /// It answered something else.
    #[error("{0}")]
    Failed(String),
}

impl From<RedisError> for Trouble {
    fn from(error: RedisError) -> Self {
        // A server that does not know a command repeats its arguments in the error, and one of them is the password.
        Self::Failed(match error.code() {
            _ if error.is_io_error() => error.to_string(),
            Some(code) => format!("{:?} ({code})", error.kind()),
            None => format!("{:?}", error.kind()),
        })
    }
}

/// Redis at its address.
pub(super) struct Server {
    client: Client,
    connection: Mutex<Option<MultiplexedConnection>>,
    /// Rings when a connection was given up.
    pub(super) lost: Notify,
    /// Whether it has answered since the last connection was made.
    has_answered: AtomicBool,
}

impl Server {
    /// Redis at `redis_url`, over TLS believing only the authorities in the file if there is one.
    pub(super) fn new(url: &SecretString, ca_file: Option<&Path>) -> anyhow::Result<Self> {
        let Ok(info) = url.expose_secret().into_connection_info() else {
            // Without the library's own words: they are about a text that may hold a password.
            bail!("redis_url: expected redis://host:port, rediss://user:password@host:port or unix:///path");
        };
        let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
        let info = info.set_redis_settings(settings);
        let is_tls = matches!(info.addr(), ConnectionAddr::TcpTls { .. });
        if matches!(info.addr(), ConnectionAddr::TcpTls { insecure: true, .. }) {
            bail!("redis_url: TLS without checking the certificate protects from nobody; set ca_file instead");
        }
        let client = match ca_file.filter(|_| is_tls) {
            Some(path) => {
                let pem = std::fs::read(path).with_context(|| format!("ca_file: {}", path.display()))?;
                let certificates = TlsCertificates {
                    client_tls: None,
                    root_cert: Some(pem),
                };
                Client::build_with_tls(info, certificates).context("ca_file: expected certificates, as PEM")?
            }
            None => Client::open(info).map_err(Trouble::from).context("redis_url")?,
        };
        Ok(Self {
            client,
            connection: Mutex::default(),
            lost: Notify::new(),
            has_answered: AtomicBool::new(false),
        })
    }

    /// Where it is, without user and password.
    pub(super) fn place(&self) -> String {
        match self.client.get_connection_info().addr() {
            ConnectionAddr::Unix(path) => path.display().to_string(),
            addr => addr.to_string(),
        }
    }

    /// Whether what is said to it stays on this machine or is encrypted.
    pub(super) fn is_private(&self) -> bool {
        match self.client.get_connection_info().addr() {
            ConnectionAddr::Tcp(host, _) => ["localhost", "127.0.0.1", "::1"].contains(&host.as_str()),
            _ => true,
        }
    }

    /// Connects and listens to a channel; what is called out there comes out of the receiver.
    pub(super) async fn connect(&self, channel: &str, scripts: &[&Script]) -> Result<mpsc::Receiver<Vec<u8>>, Trouble> {
        let (call, calls) = mpsc::channel(CALLS_WAITING_MAX);
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT_TIMEOUT))
            .set_response_timeout(Some(CONNECT_TIMEOUT))
            .set_push_sender(move |push: PushInfo| {
                if let Some(sealed) = message(push) {
                    let _ = call.try_send(sealed);
                }
                Ok::<(), ()>(())
            });
        let connecting = async {
            let mut connection = self
                .client
                .get_multiplexed_async_connection_with_config(&config)
                .await?;
            connection.subscribe(channel).await?;
            for script in scripts {
                script.load_async(&mut connection).await?;
            }
            Ok::<_, RedisError>(connection)
        };
        let connected = tokio::time::timeout(CONNECT_TIMEOUT, connecting).await;
        let mut connection = connected.map_err(|_| Trouble::Failed("no connection in time".to_owned()))??;
        connection.set_response_timeout(ANSWER_TIMEOUT);
        self.has_answered.store(false, Ordering::Release);
        *self.held() = Some(connection);
        Ok(calls)
    }

    /// Lets go of the connection; says whether it was of any use.
    pub(super) fn disconnect(&self) -> bool {
        *self.held() = None;
        self.has_answered.load(Ordering::Acquire)
    }

    /// Whether there is a connection.
    pub(super) fn is_connected(&self) -> bool {
        self.held().is_some()
    }

    /// Runs a script, if there is a connection and it answers in time.
    pub(super) async fn run<T: FromRedisValue>(&self, call: &ScriptInvocation<'_>) -> Result<T, Trouble> {
        let Some(mut connection) = self.held().clone() else {
            return Err(Trouble::Away);
        };
        self.settle(tokio::time::timeout(ANSWER_TIMEOUT, call.invoke_async(&mut connection)).await)
    }

    /// Asks whether it is there.
    pub(super) async fn ping(&self) -> Result<(), Trouble> {
        let Some(mut connection) = self.held().clone() else {
            return Err(Trouble::Away);
        };
        let ping = redis::cmd("PING");
        self.settle(tokio::time::timeout(ANSWER_TIMEOUT, ping.query_async(&mut connection)).await)
    }

    fn settle<T>(&self, ended: Result<Result<T, RedisError>, tokio::time::error::Elapsed>) -> Result<T, Trouble> {
        let trouble = match ended {
            Ok(Ok(answer)) => {
                self.has_answered.store(true, Ordering::Release);
                return Ok(answer);
            }
            Ok(Err(error)) if error.is_timeout() => Trouble::Slow,
            Ok(Err(error)) => error.into(),
            Err(_) => Trouble::Slow,
        };
        // The next one shall not wait as well: there is no connection until the background has made another.
        *self.held() = None;
        self.lost.notify_one();
        Err(trouble)
    }

    fn held(&self) -> MutexGuard<'_, Option<MultiplexedConnection>> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What was called out on a channel.
fn message(push: PushInfo) -> Option<Vec<u8>> {
    match (push.kind, push.data.into_iter().next_back()) {
        (PushKind::Message, Some(Value::BulkString(sealed))) if sealed.len() <= ENTRY_MAX_BYTES => Some(sealed),
        _ => None,
    }
}
