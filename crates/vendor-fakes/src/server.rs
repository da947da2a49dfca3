//! A listener that can answer, drop, cut short or leave hanging; and that can go away and come back at its port.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::Frame;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, JoinSet};

use crate::wire::{Request, Response};

/// A longer body is refused with 413.
const MAX_BODY_BYTES: usize = 1024 * 1024;
/// More connections wait in the system's backlog.
const MAX_CONNECTIONS: usize = 1024;
/// Who sends no whole head in this time is hung up on.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// How long to wait after `accept` failed, for instance because no descriptor is left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What becomes of a request.
pub enum Outcome {
    /// It is answered.
    Answer(Response),
    /// The connection ends with half of the body missing.
    Truncated(Response),
    /// The connection ends without an answer.
    Drop,
    /// The connection stays and nothing comes.
    BlackHole,
}

/// Turns a request into an outcome.
pub type Handler = Arc<dyn Fn(Request) -> Pin<Box<dyn Future<Output = Outcome> + Send>> + Send + Sync>;

/// One address that is served, until this is dropped.
pub struct Listening {
    addr: SocketAddr,
    handler: Handler,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Listening {
    /// Binds `addr` (port 0: a free one) and serves it. Fails when the address cannot be bound.
    pub async fn start(addr: SocketAddr, handler: Handler) -> io::Result<Self> {
        let listener = TcpListener::bind(addr).await?;
        let addr = listener.local_addr()?;
        let task = tokio::spawn(accept(listener, Arc::clone(&handler)));
        Ok(Self {
            addr,
            handler,
            task: Mutex::new(Some(task)),
        })
    }

    /// Where it listens, or listened before it went down.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Refuses connections from now on and ends those there are.
    pub async fn down(&self) {
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task {
            task.abort();
            // It ends as cancelled; only that it has ended matters: its listener is closed then.
            let _ = task.await;
        }
    }

    /// Serves the same port again. Fails when somebody else has taken it.
    pub async fn up(&self) -> io::Result<()> {
        if self.task.lock().unwrap_or_else(PoisonError::into_inner).is_some() {
            return Ok(());
        }
        let listener = TcpListener::bind(self.addr).await?;
        let task = tokio::spawn(accept(listener, Arc::clone(&self.handler)));
        *self.task.lock().unwrap_or_else(PoisonError::into_inner) = Some(task);
        Ok(())
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        if let Some(task) = self.task.get_mut().unwrap_or_else(PoisonError::into_inner).take() {
            task.abort();
        }
    }
}

async fn accept(listener: TcpListener, handler: Handler) {
    let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    // Dropped with this task, and every connection with it.
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let place = Arc::clone(&room).acquire_owned().await;
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        let handler = Arc::clone(&handler);
        connections.spawn(async move {
            let service = service_fn(move |request| serve(request, Arc::clone(&handler)));
            // A connection that a fault ended is an error here, too; nobody needs to hear of it.
            let _ = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_TIMEOUT)
                .serve_connection(TokioIo::new(stream), service)
                .await;
            drop(place);
        });
    }
}

/// Ends the connection when a service returns it.
#[derive(Debug)]
struct HangUp;

impl std::fmt::Display for HangUp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the fake hangs up")
    }
}

impl std::error::Error for HangUp {}

async fn serve(request: hyper::Request<Incoming>, handler: Handler) -> Result<hyper::Response<Body>, HangUp> {
    let (parts, body) = request.into_parts();
    let Ok(body) = Limited::new(body, MAX_BODY_BYTES).collect().await else {
        return Ok(framed(Response::empty(http::StatusCode::PAYLOAD_TOO_LARGE), None));
    };
    let request = Request {
        method: parts.method,
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().map(str::to_owned),
        headers: parts.headers,
        body: body.to_bytes(),
    };
    match handler(request).await {
        Outcome::Answer(answer) => Ok(framed(answer, None)),
        Outcome::Truncated(answer) if !answer.body.is_empty() => {
            let whole = answer.body.len();
            Ok(framed(answer, Some(whole)))
        }
        Outcome::Truncated(_) | Outcome::Drop => Err(HangUp),
        // hyper drops this when the caller hangs up.
        Outcome::BlackHole => std::future::pending().await,
    }
}

/// `cut` is the length to announce, of which half is sent.
fn framed(answer: Response, cut: Option<usize>) -> hyper::Response<Body> {
    let body = match cut {
        None => Body::Whole(Full::new(answer.body)),
        Some(whole) => Body::Half(Half::Unsent(answer.body.slice(..whole / 2))),
    };
    let mut response = hyper::Response::new(body);
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    if let Some(whole) = cut {
        response
            .headers_mut()
            .insert(http::header::CONTENT_LENGTH, whole.into());
    }
    response
}

enum Body {
    Whole(Full<Bytes>),
    Half(Half),
}

/// A body that breaks off.
enum Half {
    Unsent(Bytes),
    /// Given to the connection, which sends it only when no more is at hand.
    Sent,
    Over,
}

impl Half {
    fn poll(&mut self, context: &Context<'_>) -> Poll<Option<Result<Frame<Bytes>, HangUp>>> {
        match std::mem::replace(self, Self::Over) {
            Self::Unsent(bytes) => {
                *self = Self::Sent;
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            Self::Sent => {
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Self::Over => Poll::Ready(Some(Err(HangUp))),
        }
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = HangUp;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, HangUp>>> {
        match self.get_mut() {
            Self::Whole(body) => Pin::new(body)
                .poll_frame(context)
                .map_err(|never: Infallible| match never {}),
            Self::Half(half) => half.poll(context),
        }
    }

    fn size_hint(&self) -> http_body::SizeHint {
        match self {
            Self::Whole(body) => body.size_hint(),
            Self::Half(_) => http_body::SizeHint::default(),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(body) if body.is_end_stream())
    }
}
