//! One request to one service.

use std::future::poll_fn;
use std::io;
use std::rc::Rc;
use std::task::{Context, Poll};

use gatewright_snapshot::Service;
use http::Response;

use super::answer::{self, Head};
use super::connect::connect;
use super::incoming::Ending;
use super::outgoing::{Outgoing, SendFault};
use super::pool::{Connection, Upstream};
use crate::body::RequestBodyFault;
use crate::client::Client;
use crate::limits::INTERIM_ANSWERS;

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// No connection: refused, unreachable or unknown.
    Refused,
    /// No connection that could be trusted.
    Untrusted,
    /// No connection in time.
    ConnectTimedOut,
    /// No answer in time.
    AnswerTimedOut,
    /// The connection broke, or what came was no HTTP.
    Failed,
    /// The client's body did not go on in time.
    ClientTimedOut,
    /// The client's body ended early.
    ClientBody(RequestBodyFault),
}

/// How an attempt on one connection failed.
enum Attempt {
    /// The connection broke before an answer began.
    Broke,
    /// Another connection would not help.
    Lost(Fault),
}

/// An answer whose body is still to come, on the connection it comes on.
pub(crate) struct Answer {
    /// Its head.
    pub(crate) response: Response<()>,
    /// Where the rest comes from.
    pub(crate) connection: Connection,
    /// How the body ends.
    pub(crate) ending: Ending,
    /// The rest of the request, when the service answered before it had all of it.
    pub(crate) outgoing: Option<Outgoing>,
    /// Whether the connection may be used again.
    pub(crate) is_kept: bool,
}

/// Sends a request and waits for the head of the answer.
///
/// A resting connection may have been closed by the service at that very moment. Then the request is
/// sent once more, on a new connection, when nothing was sent or when it may be repeated (RFC 9110
/// §9.2.2) and had no body.
pub(crate) async fn send(
    client: &Rc<Client>,
    upstream: &Rc<Upstream>,
    service: &Service,
    mut outgoing: Outgoing,
) -> Result<Answer, Fault> {
    if let Some(connection) = upstream.take() {
        match attempt(client, service, connection, &mut outgoing).await {
            Ok(arrived) => return Ok(arrived.with(client, outgoing)),
            Err(Attempt::Broke) if outgoing.rewind() => {}
            Err(Attempt::Broke) => return Err(Fault::Failed),
            Err(Attempt::Lost(fault)) => return Err(fault),
        }
    }
    let connection = Box::pin(connect(&client.core, service)).await?;
    match attempt(client, service, connection, &mut outgoing).await {
        Ok(arrived) => Ok(arrived.with(client, outgoing)),
        Err(Attempt::Broke) => Err(Fault::Failed),
        Err(Attempt::Lost(fault)) => Err(fault),
    }
}

/// A head that has come.
struct Arrived {
    head: Head,
    connection: Connection,
    is_sent: bool,
    is_whole: bool,
}

impl Arrived {
    fn with(self, client: &Client, outgoing: Outgoing) -> Answer {
        let outgoing = if self.is_sent {
            client.core.upstreams.recycle(outgoing.into_head());
            None
        } else {
            // What can not be sent any more is not sent.
            Some(outgoing).filter(|_| self.is_whole)
        };
        Answer {
            response: self.head.response,
            connection: self.connection,
            ending: self.head.ending,
            outgoing,
            is_kept: self.head.is_kept && self.is_whole,
        }
    }
}

async fn attempt(
    client: &Rc<Client>,
    service: &Service,
    connection: Connection,
    outgoing: &mut Outgoing,
) -> Result<Arrived, Attempt> {
    let (vigil, ticks) = (&client.vigil, &client.core.ticks);
    vigil.upstream.set(ticks.after(service.response_timeout));
    let mut under_way = UnderWay::new(connection);
    let result = poll_fn(|cx| match under_way.poll(outgoing, cx) {
        Poll::Ready(Ok(head)) => Poll::Ready(Ok(head)),
        Poll::Ready(Err(attempt)) => Poll::Ready(Err(match client.body_fault.get() {
            Some(fault) => Attempt::Lost(Fault::ClientBody(fault)),
            None => attempt,
        })),
        Poll::Pending if vigil.request_body.has_passed(ticks.now_ms()) => {
            Poll::Ready(Err(Attempt::Lost(Fault::ClientTimedOut)))
        }
        Poll::Pending if vigil.upstream.has_passed(ticks.now_ms()) => {
            Poll::Ready(Err(Attempt::Lost(Fault::AnswerTimedOut)))
        }
        Poll::Pending => Poll::Pending,
    })
    .await;
    vigil.upstream.clear();
    result.map(|head| Arrived {
        head,
        connection: under_way.connection,
        is_sent: under_way.is_sent,
        is_whole: under_way.is_whole,
    })
}

/// A request on its way out, and an answer on its way in: both at once.
struct UnderWay {
    connection: Connection,
    is_sent: bool,
    /// Whether the connection still takes what is sent.
    is_whole: bool,
    interim: usize,
}

impl UnderWay {
    fn new(connection: Connection) -> Self {
        Self {
            connection,
            is_sent: false,
            is_whole: true,
            interim: 0,
        }
    }

    fn poll(&mut self, outgoing: &mut Outgoing, cx: &mut Context<'_>) -> Poll<Result<Head, Attempt>> {
        if !self.is_sent && self.is_whole {
            match outgoing.poll_send(&mut self.connection, cx) {
                Poll::Pending => {}
                Poll::Ready(Ok(())) => self.is_sent = true,
                Poll::Ready(Err(SendFault::Body)) => return Poll::Ready(Err(Attempt::Lost(Fault::Failed))),
                // A service may refuse a request, and close, before it has read it all: its answer counts.
                Poll::Ready(Err(SendFault::Io(error))) => {
                    tracing::debug!(%error, "a service does not take a request");
                    self.is_whole = false;
                }
            }
        }
        loop {
            match answer::take_head(&mut self.connection.buffer, outgoing.is_head) {
                Err(answer::Malformed) => return Poll::Ready(Err(Attempt::Lost(Fault::Failed))),
                Ok(Some(head)) if self.is_interim(&head) => {
                    self.interim += 1;
                    if self.interim > INTERIM_ANSWERS {
                        return Poll::Ready(Err(Attempt::Lost(Fault::Failed)));
                    }
                    continue;
                }
                Ok(Some(head)) => return Poll::Ready(Ok(head)),
                Ok(None) => {}
            }
            match self.connection.poll_fill(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(count)) if count > 0 => {}
                Poll::Ready(end) => return Poll::Ready(Err(self.broke(end))),
            }
        }
    }

    /// RFC 9110 §15.2: any number of these may come before the answer; nobody asked for any.
    fn is_interim(&self, head: &Head) -> bool {
        let status = head.response.status();
        status.is_informational() && status != http::StatusCode::SWITCHING_PROTOCOLS
    }

    fn broke(&self, end: io::Result<usize>) -> Attempt {
        if let Err(error) = end {
            tracing::debug!(%error, "a connection to a service broke");
        }
        if self.connection.buffer.is_empty() && self.interim == 0 {
            Attempt::Broke
        } else {
            Attempt::Lost(Fault::Failed)
        }
    }
}
