//! One request to one service.

use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

use gatewright_snapshot::Service;
use http::{Method, Request, Response};
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1::SendRequest;

use super::Lease;
use super::connect::connect;
use super::pool::Upstream;
use crate::body::{RequestBody, RequestBodyFault};
use crate::client::Client;
use crate::fields::{self, Forwarding};

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
    /// Nothing was sent: here it is again.
    NotSent(Box<Request<RequestBody>>),
    /// Too late to tell.
    Lost(Fault),
}

/// Adds our fields to a stripped request, sends it and waits for the head of the answer.
///
/// A resting connection may have been closed by the service at that very moment. Then the request is
/// sent once more, on a new connection, when nothing was sent or when it may be repeated (RFC 9110
/// §9.2.2) and had no body.
pub(crate) async fn send(
    client: &Rc<Client>,
    upstream: &Rc<Upstream>,
    service: &Service,
    forwarding: &Forwarding<'_>,
    mut request: Request<RequestBody>,
) -> Result<(Response<Incoming>, Lease), Fault> {
    let mut has_ours = false;
    if let Some(connection) = upstream.take() {
        // Copied before our own fields are added: those can be added again.
        let spare = spare(&request);
        fields::add_ours(request.headers_mut(), forwarding);
        let mut lease = Lease::new(connection, upstream);
        match attempt(client, service, &mut lease, request).await {
            Ok(response) => return Ok((response, lease)),
            Err(Attempt::NotSent(unsent)) => {
                request = *unsent;
                has_ours = true;
            }
            Err(Attempt::Lost(Fault::Failed)) => request = *spare.ok_or(Fault::Failed)?,
            Err(Attempt::Lost(fault)) => return Err(fault),
        }
    }
    if !has_ours {
        fields::add_ours(request.headers_mut(), forwarding);
    }
    let connection = Box::pin(connect(&client.core, service)).await?;
    let mut lease = Lease::new(connection, upstream);
    match attempt(client, service, &mut lease, request).await {
        Ok(response) => Ok((response, lease)),
        Err(Attempt::NotSent(_)) => Err(Fault::Failed),
        Err(Attempt::Lost(fault)) => Err(fault),
    }
}

/// A copy of a request that may be sent twice.
fn spare(request: &Request<RequestBody>) -> Option<Box<Request<RequestBody>>> {
    let may_repeat = matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS | Method::PUT | Method::DELETE
    );
    if !may_repeat || !request.body().is_end_stream() {
        return None;
    }
    let mut copy = Request::new(RequestBody::Empty);
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.headers_mut() = request.headers().clone();
    Some(Box::new(copy))
}

async fn attempt(
    client: &Rc<Client>,
    service: &Service,
    lease: &mut Lease,
    request: Request<RequestBody>,
) -> Result<Response<Incoming>, Attempt> {
    let Some(connection) = lease.connection() else {
        return Err(Attempt::NotSent(Box::new(request)));
    };
    let (vigil, ticks) = (&client.vigil, &client.core.ticks);
    vigil.upstream.set(ticks.after(service.response_timeout));
    let mut sent = pin!(SendRequest::try_send_request(connection, request));
    let result = poll_fn(|cx| match sent.as_mut().poll(cx) {
        Poll::Ready(Ok(response)) => Poll::Ready(Ok(response)),
        Poll::Ready(Err(mut error)) => Poll::Ready(Err(match error.take_message() {
            Some(request) => Attempt::NotSent(Box::new(request)),
            None => Attempt::Lost(client.body_fault.get().map_or(Fault::Failed, Fault::ClientBody)),
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
    result
}
