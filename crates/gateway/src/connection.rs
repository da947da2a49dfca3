//! One client connection, from accept to close.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;

use gatewright_snapshot::Refusal;
use gatewright_types::ProblemCode;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::Client;
use crate::client_io::ClientIo;
use crate::core::Core;
use crate::exchange;
use crate::limits::{LINGER, LINGER_BYTES};
use crate::problem::{self, Scene};
use crate::vigil::Phase;

/// Why a connection is over.
enum End {
    /// HTTP says so.
    Done,
    /// What came was no HTTP, or the connection broke.
    Broken,
    /// The next head did not come, or not whole.
    HeadLate,
    /// The client stopped sending or taking in the middle of an exchange.
    Stalled,
}

/// Serves a connection until it is over.
pub(crate) async fn serve(core: Rc<Core>, stream: TcpStream, peer: SocketAddr) {
    let client = Rc::new(Client::new(Rc::clone(&core), peer.ip()));
    let io = TokioIo::new(ClientIo::new(stream, Rc::clone(&client)));
    let for_requests = Rc::clone(&client);
    let service = service_fn(move |request| exchange::answer(Rc::clone(&for_requests), request));
    let mut connection = core.http.serve_connection(io, service);
    let mut was_told = false;
    let end = poll_fn(|cx| {
        client.vigil.remember(cx);
        if core.draining.get() && !was_told {
            was_told = true;
            Pin::new(&mut connection).graceful_shutdown();
        }
        if let Some(end) = late(&client) {
            return Poll::Ready(end);
        }
        Pin::new(&mut connection).poll(cx).map(|result| match result {
            Ok(()) => End::Done,
            Err(error) => {
                tracing::debug!(%error, "a client connection broke");
                End::Broken
            }
        })
    })
    .await;
    let parts = connection.into_parts();
    let stream = parts.io.into_inner().stream;
    match end {
        End::Stalled => {}
        End::HeadLate => {
            if client.vigil.phase() == Phase::Head || !parts.read_buf.is_empty() {
                refuse_late_head(&client, stream).await;
            }
        }
        // A 4xx must not be torn up by the reset that unread bytes would cause (RFC 9112 §9.6).
        End::Broken => linger(stream).await,
        End::Done if client.lingers.get() => linger(stream).await,
        End::Done => {}
    }
}

fn late(client: &Client) -> Option<End> {
    let (vigil, now_ms) = (&client.vigil, client.core.ticks.now_ms());
    if vigil.write.has_passed(now_ms) {
        return Some(End::Stalled);
    }
    match vigil.phase() {
        Phase::Idle | Phase::Head => vigil.head.has_passed(now_ms).then_some(End::HeadLate),
        // What is late now gets an answer of its own, from the exchange.
        Phase::Serving => None,
        Phase::Answering => vigil.request_body.has_passed(now_ms).then_some(End::Stalled),
    }
}

/// hyper answers a late head with silence, so this one is written by hand.
async fn refuse_late_head(client: &Rc<Client>, mut stream: TcpStream) {
    let refusal = Refusal::new(
        ProblemCode::RequestTimedOut,
        "The head of the request did not come in time.",
    );
    let core = &client.core;
    let request_id = core.request_ids.mint(core.clock.now_ms());
    let snapshot = client.core.snapshot();
    let body = problem::document(
        &Scene {
            snapshot: &snapshot,
            realm: None,
            request_id: &request_id,
        },
        &refusal,
    );
    let head = format!(
        "HTTP/1.1 408 Request Timeout\r\ncontent-type: application/problem+json\r\ncache-control: no-store\r\n\
         connection: close\r\ncontent-length: {}\r\nx-request-id: {}\r\n\r\n",
        body.len(),
        request_id.to_str().unwrap_or_default()
    );
    let whole = [head.as_bytes(), &body].concat();
    if tokio::time::timeout(LINGER, stream.write_all(&whole))
        .await
        .is_ok_and(|written| written.is_ok())
    {
        linger(stream).await;
    }
}

/// Says that nothing more comes, and reads on for a while so that what was said is heard.
async fn linger(mut stream: TcpStream) {
    let reading = async {
        stream.shutdown().await?;
        let mut waste = Box::new([0u8; 4096]);
        let mut read = 0;
        while read < LINGER_BYTES {
            match stream.read(&mut waste[..]).await? {
                0 => break,
                count => read += count,
            }
        }
        Ok::<(), std::io::Error>(())
    };
    // Whether the client takes its leave in time or not, this is the end.
    let _ = tokio::time::timeout(LINGER, Box::pin(reading)).await;
}
