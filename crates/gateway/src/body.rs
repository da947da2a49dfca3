//! Bodies on their way through: streamed, limited, and with an eye on the clock.

use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use crate::client::Client;
use crate::fields;
use crate::upstream::{Answer, Connection, Ending, Outgoing, Step, Upstream};

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
    /// All of it is here.
    Whole(Option<Bytes>),
    /// It comes from a service.
    Streamed(Box<StreamedAnswer>),
}

/// An answer's body that is passed on as it comes. The connection that it comes on rests again once all
/// of it has come, and is closed when this is dropped before.
struct StreamedAnswer {
    connection: Option<Connection>,
    ending: Ending,
    outgoing: Option<Outgoing>,
    is_kept: bool,
    /// The connection broke in the middle.
    is_broken: bool,
    upstream: Rc<Upstream>,
    response_timeout: Duration,
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

    /// A service's answer: its head, and its body.
    pub(crate) fn streamed(
        client: &Rc<Client>,
        upstream: Rc<Upstream>,
        answer: Answer,
        response_timeout: Duration,
    ) -> (Response<()>, Self) {
        let Answer {
            response,
            mut connection,
            ending,
            outgoing,
            is_kept,
        } = answer;
        // Most answers are here as a whole, and need their connection no more.
        if outgoing.is_none()
            && let Ending::Length(length) = ending
            && let Some(length) = usize::try_from(length)
                .ok()
                .filter(|length| *length <= connection.buffer.len())
        {
            let bytes = connection.buffer.split_to(length).freeze();
            if is_kept {
                upstream.put(connection);
            }
            return (response, Self::whole(client, bytes));
        }
        let streamed = StreamedAnswer {
            connection: Some(connection),
            ending,
            outgoing,
            is_kept,
            is_broken: false,
            upstream,
            response_timeout,
        };
        let body = Self {
            client: Rc::clone(client),
            kind: ResponseKind::Streamed(Box::new(streamed)),
        };
        (response, body)
    }
}

impl Drop for ResponseBody {
    fn drop(&mut self) {
        self.client.rest();
    }
}

impl StreamedAnswer {
    /// The next part, while the rest of the request goes on its way.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let Some(connection) = &mut self.connection else {
            return Poll::Ready(None);
        };
        if let Some(outgoing) = &mut self.outgoing {
            match outgoing.poll_send(connection, cx) {
                Poll::Pending => {}
                Poll::Ready(Ok(())) => self.outgoing = None,
                Poll::Ready(Err(_)) => {
                    // The rest of the answer may still come; the connection is of no use after it.
                    self.outgoing = None;
                    self.is_kept = false;
                }
            }
        }
        loop {
            match self.ending.take(&mut connection.buffer) {
                Err(_) => return self.break_off(cx),
                Ok(Step::Data(data)) => return Poll::Ready(Some(Ok(Frame::data(data)))),
                Ok(Step::Trailers(trailers)) => {
                    self.finish();
                    return Poll::Ready(Some(Ok(Frame::trailers(trailers))));
                }
                Ok(Step::End) => {
                    self.finish();
                    return Poll::Ready(None);
                }
                Ok(Step::More) => {}
            }
            match connection.poll_fill(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(count)) if count > 0 => {}
                Poll::Ready(Ok(_)) if self.ending == Ending::Close => {
                    self.finish();
                    return Poll::Ready(None);
                }
                Poll::Ready(_) => return self.break_off(cx),
            }
        }
    }

    /// Ends in the middle, but not before hyper has sent what it was given: it drops that with an error.
    fn break_off(&mut self, cx: &Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if self.is_broken {
            return Poll::Ready(Some(Err(BodyError::Broken)));
        }
        self.is_broken = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// All of the answer is here.
    fn finish(&mut self) {
        if let Some(connection) = self.connection.take()
            && self.is_kept
            && self.outgoing.take().is_none()
        {
            self.upstream.put(connection);
        }
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        let streamed = match &mut this.kind {
            ResponseKind::Whole(bytes) => return Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            ResponseKind::Streamed(streamed) => streamed,
        };
        let (vigil, ticks) = (&this.client.vigil, &this.client.core.ticks);
        match streamed.poll(cx) {
            Poll::Pending if vigil.upstream.has_passed(ticks.now_ms()) => Poll::Ready(Some(Err(BodyError::TimedOut))),
            Poll::Pending => {
                let response_timeout = streamed.response_timeout;
                vigil.upstream.start(|| ticks.after(response_timeout));
                Poll::Pending
            }
            Poll::Ready(frame) => {
                vigil.upstream.clear();
                Poll::Ready(frame)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            ResponseKind::Whole(bytes) => bytes.is_none(),
            ResponseKind::Streamed(streamed) => streamed.connection.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        let left = match &self.kind {
            ResponseKind::Whole(bytes) => Some(bytes.as_ref().map_or(0, Bytes::len) as u64),
            ResponseKind::Streamed(streamed) => streamed.ending.left(),
        };
        left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
