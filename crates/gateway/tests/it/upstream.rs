//! A service that writes down every byte it gets.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::client::{PATIENCE, field, find};

/// A request as it came over the wire.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// Which connection it came on, from 0.
    pub(crate) connection: usize,
    /// Which request of that connection it is, from 0.
    pub(crate) number: usize,
    pub(crate) head: String,
    /// The body, still in its chunks.
    pub(crate) body: Vec<u8>,
}

impl Seen {
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        field(&self.head, name)
    }

    pub(crate) fn line(&self) -> &str {
        self.head.lines().next().unwrap()
    }

    /// Names of all fields, as they were spelled.
    pub(crate) fn names(&self) -> Vec<&str> {
        self.head
            .lines()
            .skip(1)
            .filter_map(|line| Some(line.split_once(':')?.0))
            .collect()
    }
}

/// What a service does with a request.
pub(crate) enum Reply {
    /// These bytes, then the next request.
    Answer(Vec<u8>),
    /// These bytes, then the end of the connection.
    Last(Vec<u8>),
    /// These bytes, once the test says so.
    When(Arc<tokio::sync::Notify>, Vec<u8>),
    /// Nothing, ever.
    Silence,
}

impl Reply {
    pub(crate) fn ok(body: &str) -> Self {
        Self::Answer(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes())
    }
}

pub(crate) struct Upstream {
    pub(crate) addr: SocketAddr,
    seen: mpsc::UnboundedReceiver<Seen>,
    pub(crate) connections: Arc<AtomicUsize>,
    log: Arc<Mutex<Vec<u8>>>,
}

impl Upstream {
    /// A service that answers as `script` says.
    pub(crate) async fn start(script: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        Self::start_with(script, |stream| async move { Some(stream) }).await
    }

    /// The same behind a handshake of its own, as of TLS.
    pub(crate) async fn start_with<S, F>(
        script: impl Fn(&Seen) -> Reply + Send + Sync + 'static,
        wrap: impl Fn(tokio::net::TcpStream) -> F + Send + Sync + 'static,
    ) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        F: Future<Output = Option<S>> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (tell, seen) = mpsc::unbounded_channel();
        let connections = Arc::new(AtomicUsize::new(0));
        let log = Arc::new(Mutex::new(Vec::new()));
        let (counted, written, script, wrap) = (
            Arc::clone(&connections),
            Arc::clone(&log),
            Arc::new(script),
            Arc::new(wrap),
        );
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let connection = counted.fetch_add(1, Ordering::SeqCst);
                let (tell, script, wrap, written) = (
                    tell.clone(),
                    Arc::clone(&script),
                    Arc::clone(&wrap),
                    Arc::clone(&written),
                );
                tokio::spawn(async move {
                    if let Some(stream) = wrap(stream).await {
                        serve(stream, connection, &*script, &tell, &written).await;
                    }
                });
            }
        });
        Self {
            addr,
            seen,
            connections,
            log,
        }
    }

    /// The next request that came.
    pub(crate) async fn seen(&mut self) -> Seen {
        timeout(PATIENCE, self.seen.recv())
            .await
            .expect("the upstream saw nothing")
            .unwrap()
    }

    /// Whether anything came that was not asked for yet.
    pub(crate) fn saw_nothing(&mut self) -> bool {
        self.seen.try_recv().is_err() && self.log.lock().unwrap().is_empty()
    }

    pub(crate) fn saw_nothing_more(&mut self) -> bool {
        self.seen.try_recv().is_err()
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.addr)
    }
}

async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    connection: usize,
    script: &(impl Fn(&Seen) -> Reply + Send + Sync),
    tell: &mpsc::UnboundedSender<Seen>,
    log: &Mutex<Vec<u8>>,
) {
    let mut buffer = Vec::new();
    for number in 0.. {
        let Some((head, body)) = read_request(&mut stream, &mut buffer, log).await else {
            return;
        };
        let seen = Seen {
            connection,
            number,
            head,
            body,
        };
        let reply = script(&seen);
        let _ = tell.send(seen);
        match reply {
            Reply::Answer(bytes) => {
                if stream.write_all(&bytes).await.is_err() {
                    return;
                }
            }
            Reply::Last(bytes) => {
                let _ = stream.write_all(&bytes).await;
                let _ = stream.shutdown().await;
                return;
            }
            Reply::When(go, bytes) => {
                go.notified().await;
                if stream.write_all(&bytes).await.is_err() {
                    return;
                }
            }
            Reply::Silence => std::future::pending().await,
        }
    }
}

async fn read_request(
    stream: &mut (impl AsyncRead + Unpin),
    buffer: &mut Vec<u8>,
    log: &Mutex<Vec<u8>>,
) -> Option<(String, Vec<u8>)> {
    let head_end = loop {
        if let Some(at) = find(buffer, b"\r\n\r\n") {
            break at + 4;
        }
        fill(stream, buffer, log).await?;
    };
    let head = String::from_utf8(buffer.drain(..head_end).collect()).unwrap();
    let body_end = loop {
        let end = if let Some(length) = field(&head, "content-length") {
            Some(length.parse::<usize>().unwrap()).filter(|&length| buffer.len() >= length)
        } else if field(&head, "transfer-encoding").is_some() {
            chunked_end(buffer)
        } else {
            Some(0)
        };
        if let Some(end) = end {
            break end;
        }
        fill(stream, buffer, log).await?;
    };
    Some((head, buffer.drain(..body_end).collect()))
}

/// Where a chunked body ends, trailers included.
fn chunked_end(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let line = at + find(&bytes[at..], b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&bytes[at..line]).unwrap(), 16).unwrap();
        at = line + 2;
        if size == 0 {
            break;
        }
        at += size + 2;
        if at > bytes.len() {
            return None;
        }
    }
    loop {
        let line = at + find(&bytes[at..], b"\r\n")?;
        let is_empty = line == at;
        at = line + 2;
        if is_empty {
            return Some(at);
        }
    }
}

async fn fill(stream: &mut (impl AsyncRead + Unpin), buffer: &mut Vec<u8>, log: &Mutex<Vec<u8>>) -> Option<()> {
    let before = buffer.len();
    match stream.read_buf(buffer).await {
        Ok(0) | Err(_) => None,
        Ok(_) => {
            log.lock().unwrap().extend_from_slice(&buffer[before..]);
            Some(())
        }
    }
}
