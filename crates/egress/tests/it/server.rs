//! A server that answers each request with the bytes it is told, and clients that may reach it.

use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gatewright_egress::resolve::Resolving;
use gatewright_egress::{Client, Limits, Opened, Options, Policy, Resolve, Trust};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What a server has seen: whole heads, with the body behind them as far as it had come.
pub(crate) type Seen = Arc<Mutex<Vec<String>>>;

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) seen: Seen,
    pub(crate) connections: Arc<AtomicUsize>,
}

impl Server {
    /// Listens on `ip` and answers with what `answer` makes of the request's head; an empty answer hangs up.
    pub(crate) async fn start(ip: &str, answer: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        Self::start_at(SocketAddr::new(ip.parse().unwrap(), 0), answer).await
    }

    pub(crate) async fn start_at(address: SocketAddr, answer: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        let answer = Arc::new(answer);
        Self::raw(address, move |mut stream, seen| {
            let answer = Arc::clone(&answer);
            async move {
                while let Some(request) = read_request(&mut stream).await {
                    let bytes = answer(&request);
                    seen.lock().unwrap().push(request);
                    if bytes.is_empty() || stream.write_all(bytes.as_bytes()).await.is_err() {
                        return;
                    }
                }
            }
        })
        .await
    }

    /// Hands each connection to `serve`.
    pub(crate) async fn raw<F>(address: SocketAddr, serve: impl Fn(TcpStream, Seen) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (seen, connections) = (Seen::default(), Arc::new(AtomicUsize::new(0)));
        let (for_task, counter) = (Arc::clone(&seen), Arc::clone(&connections));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counter.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(stream, Arc::clone(&for_task)));
            }
        });
        Self {
            address,
            seen,
            connections,
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// A request's head and, by its `content-length`, its body.
pub(crate) async fn read_request<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let mut buffer = [0; 4096];
        let read = stream.read(&mut buffer).await.ok().filter(|&read| read > 0)?;
        bytes.extend_from_slice(&buffer[..read]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
            return Some(text);
        }
    }
}

pub(crate) fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

pub(crate) fn redirect(status: u16, location: &str) -> String {
    format!("HTTP/1.1 {status} Elsewhere\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n")
}

/// Names to the answers they give, one after the other; the last one stays.
#[derive(Default)]
pub(crate) struct Names {
    answers: Mutex<HashMap<String, Vec<Vec<IpAddr>>>>,
    pub(crate) asked: AtomicUsize,
}

impl Names {
    pub(crate) fn one(name: &str, answers: &[&[&str]]) -> Arc<Self> {
        let names = Self::default();
        names.also(name, answers);
        Arc::new(names)
    }

    pub(crate) fn also(&self, name: &str, answers: &[&[&str]]) {
        let parsed = answers
            .iter()
            .map(|one| one.iter().map(|ip| ip.parse().unwrap()).collect());
        self.answers.lock().unwrap().insert(name.to_owned(), parsed.collect());
    }
}

impl Resolve for Names {
    fn resolve<'a>(&'a self, name: &'a str) -> Resolving<'a> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let mut answers = self.answers.lock().unwrap();
        let answer = match answers.get_mut(name) {
            Some(left) if left.len() > 1 => Ok(left.remove(0)),
            Some(left) => Ok(left[0].clone()),
            None => Err(io::Error::from(io::ErrorKind::NotFound)),
        };
        Box::pin(async { answer })
    }
}

pub(crate) fn policy(opened: &[&str]) -> Policy {
    Policy {
        opened: opened.iter().map(|line| line.parse::<Opened>().unwrap()).collect(),
        ..Policy::default()
    }
}

/// Short limits, so that what hangs ends soon.
pub(crate) fn limits() -> Limits {
    Limits {
        dns_timeout: Duration::from_millis(300),
        connect_timeout: Duration::from_millis(300),
        tls_timeout: Duration::from_millis(300),
        first_byte_timeout: Duration::from_millis(300),
        pause_timeout: Duration::from_millis(300),
        total_timeout: Duration::from_secs(5),
        max_body_bytes: 64 * 1024,
        ..Limits::default()
    }
}

pub(crate) fn options() -> Options {
    Options {
        limits: limits(),
        ..Options::default()
    }
}

pub(crate) fn client() -> Client {
    Client::new(options())
}

pub(crate) fn client_with(resolver: Arc<dyn Resolve>) -> Client {
    Client::new(Options { resolver, ..options() })
}

pub(crate) fn client_trusting(trust: Trust) -> Client {
    Client::new(Options { trust, ..options() })
}
