//! Bodies on their way through: streamed, limited, and with an eye on the clock.

use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use crate::client::Client;
use crate::fields;
use crate::upstream::Lease;

/// Why a body ended early.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BodyError {
    /// The request's body.
    #[error("the request's body ended early: {0:?}")]
    Request(RequestBodyFault),
    /// The answer's body broke off.
    #[error("the service broke off its answer")]
    Broken,
    /// The answer's body did not go on in time.
    #[error("the service paused too long in the middle of its answer")]
    TimedOut,
}

/// Why the body of a request ended early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RequestBodyFault {
    /// It is longer than the gateway allows.
    TooLong,
    /// The client broke it off, or it was not well-formed.
    Broken,
}

/// The body of a request, on its way to a service.
pub(crate) enum RequestBody {
    /// There is none.
    Empty,
    /// It is passed on as it comes.
    Streamed(Box<StreamedRequest>),
}

/// A request's body that is passed on as it comes.
pub(crate) struct StreamedRequest {
    incoming: Incoming,
    client: Rc<Client>,
    /// Bytes that may still come.
    allowed: u64,
    response_timeout: Duration,
}

impl RequestBody {
    /// Takes the body of a request; `allowed` is its longest length in bytes.
    pub(crate) fn new(incoming: Incoming, client: &Rc<Client>, allowed: u64, response_timeout: Duration) -> Self {
        if incoming.is_end_stream() {
            return Self::Empty;
        }
        Self::Streamed(Box::new(StreamedRequest {
            incoming,
            client: Rc::clone(client),
            allowed,
            response_timeout,
        }))
    }
}

impl StreamedRequest {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let polled = Pin::new(&mut self.incoming).poll_frame(cx);
        let (core, vigil) = (&self.client.core, &self.client.vigil);
        let Poll::Ready(frame) = polled else {
            // Now it is the client that everybody waits for.
            vigil.request_body.start(|| core.ticks.after(core.limits.body_timeout));
            vigil.upstream.clear();
            return Poll::Pending;
        };
        vigil.request_body.clear();
        vigil.upstream.set(core.ticks.after(self.response_timeout));
        Poll::Ready(match frame {
            None => None,
            Some(Err(_)) => Some(Err(self.fail(RequestBodyFault::Broken))),
            Some(Ok(frame)) => Some(self.pass(frame)),
        })
    }

    fn pass(&mut self, frame: Frame<Bytes>) -> Result<Frame<Bytes>, BodyError> {
        match frame.into_data() {
            Ok(data) => {
                let left = self.allowed.checked_sub(data.len() as u64);
                self.allowed = left.ok_or_else(|| self.fail(RequestBodyFault::TooLong))?;
                Ok(Frame::data(data))
            }
            Err(frame) => {
                let mut trailers = frame.into_trailers().unwrap_or_default();
                fields::clean_trailers(&mut trailers);
                Ok(Frame::trailers(trailers))
            }
        }
    }

    fn fail(&self, fault: RequestBodyFault) -> BodyError {
        self.client.body_fault.set(Some(fault));
        BodyError::Request(fault)
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match self.get_mut() {
            Self::Empty => Poll::Ready(None),
            Self::Streamed(streamed) => streamed.poll(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Streamed(streamed) => streamed.incoming.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty => SizeHint::with_exact(0),
            Self::Streamed(streamed) => streamed.incoming.size_hint(),
        }
    }
}

/// The body of an answer. When it is dropped, the client's connection rests.
pub(crate) struct ResponseBody {
    client: Rc<Client>,
    kind: ResponseKind,
}

enum ResponseKind {
    Whole(Option<Bytes>),
    Streamed {
        incoming: Incoming,
        response_timeout: Duration,
        _lease: Option<Lease>,
    },
}

impl ResponseBody {
    /// A body of our own; may be empty.
    pub(crate) fn whole(client: &Rc<Client>, bytes: Bytes) -> Self {
        let bytes = Some(bytes).filter(|bytes| !bytes.is_empty());
        Self {
            client: Rc::clone(client),
            kind: ResponseKind::Whole(bytes),
        }
    }

    /// A service's body, passed on as it comes. The connection it comes on is kept once it has ended.
    pub(crate) fn streamed(client: &Rc<Client>, incoming: Incoming, response_timeout: Duration, lease: Lease) -> Self {
        // What has already arrived whole does not need its connection any more.
        let lease = lease.give_back_if_ready();
        let kind = ResponseKind::Streamed {
            incoming,
            response_timeout,
            _lease: lease,
        };
        Self {
            client: Rc::clone(client),
            kind,
        }
    }
}

impl Drop for ResponseBody {
    fn drop(&mut self) {
        self.client.rest();
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        let (incoming, response_timeout) = match &mut this.kind {
            ResponseKind::Whole(bytes) => return Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            ResponseKind::Streamed {
                incoming,
                response_timeout,
                ..
            } => (incoming, *response_timeout),
        };
        let (vigil, ticks) = (&this.client.vigil, &this.client.core.ticks);
        match Pin::new(incoming).poll_frame(cx) {
            Poll::Pending if vigil.upstream.has_passed(ticks.now_ms()) => Poll::Ready(Some(Err(BodyError::TimedOut))),
            Poll::Pending => {
                vigil.upstream.start(|| ticks.after(response_timeout));
                Poll::Pending
            }
            Poll::Ready(frame) => {
                vigil.upstream.clear();
                Poll::Ready(frame.map(|frame| frame.map_err(|_| BodyError::Broken)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            ResponseKind::Whole(bytes) => bytes.is_none(),
            ResponseKind::Streamed { incoming, .. } => incoming.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            ResponseKind::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, Bytes::len) as u64),
            ResponseKind::Streamed { incoming, .. } => incoming.size_hint(),
        }
    }
}
