//! Stands between Gatewright and PostgreSQL, notes what is asked and can be slow to pass it on.

use std::net::SocketAddr;
use std::str::FromStr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::task::JoinHandle;

/// Something that makes the server answer, and the client wait for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// A simple query.
    Query(String),
    /// A statement, to be prepared: once per connection.
    Prepare,
    /// A prepared statement, to be executed.
    Execute,
    /// A Sync with nothing before it: sqlx pings a connection that returns to the pool.
    Ping,
}

#[derive(Default)]
struct Noting {
    asked: Mutex<Vec<Asked>>,
    slow: Mutex<Option<Slow>>,
}

struct Slow {
    nth: usize,
    query: &'static str,
    by: Duration,
}

impl Noting {
    /// How long this query is held back.
    fn delay(&self, text: &str) -> Option<Duration> {
        let mut slow = self.slow.lock().unwrap();
        let next = slow.as_mut().filter(|slow| slow.query == text)?;
        next.nth -= 1;
        slow.take_if(|slow| slow.nth == 0).map(|slow| slow.by)
    }
}

/// A way to a database that notes every round trip.
pub struct Proxy {
    addr: SocketAddr,
    user: String,
    database: String,
    noting: Arc<Noting>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// Starts one in front of the database at `url`.
    pub async fn start(url: &str) -> Self {
        let options = PgConnectOptions::from_str(url).unwrap();
        let (user, database) = (
            options.get_username().to_owned(),
            options.get_database().unwrap().to_owned(),
        );
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let noting = Arc::new(Noting::default());
        let ours = Arc::clone(&noting);
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (options, noting) = (options.clone(), Arc::clone(&ours));
                tokio::spawn(async move { connect(client, &options, &noting).await });
            }
        });
        Self {
            addr,
            user,
            database,
            noting,
            task,
        }
    }

    /// The URL of the database through here.
    pub fn url(&self) -> String {
        format!(
            "postgres://{}@{}/{}?sslmode=disable",
            self.user, self.addr, self.database
        )
    }

    /// What was asked since the last call.
    pub fn take(&self) -> Vec<Asked> {
        std::mem::take(&mut self.noting.asked.lock().unwrap())
    }

    /// Passes the `nth` of this simple query from now on, once, so much later.
    pub fn hold_back(&self, nth: usize, query: &'static str, by: Duration) {
        *self.noting.slow.lock().unwrap() = Some(Slow { nth, query, by });
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn connect(client: TcpStream, options: &PgConnectOptions, noting: &Noting) {
    let (host, port) = (options.get_host(), options.get_port());
    let folder = options.get_socket().map(|path| path.display().to_string());
    let folder = folder.or_else(|| host.starts_with('/').then(|| host.to_owned()));
    match folder {
        Some(folder) => {
            let server = UnixStream::connect(format!("{folder}/.s.PGSQL.{port}")).await.unwrap();
            pass(client, server.into_split(), noting).await;
        }
        None => {
            let server = TcpStream::connect((host, port)).await.unwrap();
            pass(client, server.into_split(), noting).await;
        }
    }
}

async fn pass<R, W>(client: TcpStream, server: (R, W), noting: &Noting)
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server;
    tokio::select! {
        _ = copy(&mut from_server, &mut to_client) => {}
        () = note(&mut from_client, &mut to_server, noting) => {}
    }
}

/// Passes the client's messages on, one by one (PostgreSQL's manual, "Message Formats").
async fn note<R: AsyncRead + Unpin, W: AsyncWrite + Unpin>(from: &mut R, to: &mut W, noting: &Noting) {
    // The start-up message has no type; with sslmode=disable it is the first one.
    let Ok(length) = from.read_u32().await else { return };
    let mut message = vec![0; length as usize - 4];
    if from.read_exact(&mut message).await.is_err() {
        return;
    }
    to.write_u32(length).await.unwrap();
    to.write_all(&message).await.unwrap();
    // What came since the last Sync.
    let mut open = None;
    while let (Ok(kind), Ok(length)) = (from.read_u8().await, from.read_u32().await) {
        let mut message = vec![0; length as usize - 4];
        if from.read_exact(&mut message).await.is_err() {
            return;
        }
        match kind {
            b'Q' => {
                let text = String::from_utf8_lossy(&message).trim_end_matches('\0').to_owned();
                let delay = noting.delay(&text);
                noting.asked.lock().unwrap().push(Asked::Query(text));
                if let Some(by) = delay {
                    tokio::time::sleep(by).await;
                }
            }
            b'S' => noting.asked.lock().unwrap().push(open.take().unwrap_or(Asked::Ping)),
            b'P' => open = Some(Asked::Prepare),
            _ => open = open.or(Some(Asked::Execute)),
        }
        let mut bytes = vec![kind];
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(&message);
        if to.write_all(&bytes).await.is_err() {
            return;
        }
    }
}
