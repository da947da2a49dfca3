//! A request on its way out.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use http::{HeaderMap, Method};
use http_body::Body;

use super::wire::Wire;
use crate::body::RequestBody;
use crate::fields::Framing;

/// A chunk's size in hexadecimal and its line end.
const SIZE_LINE_MAX: usize = 18;
/// The end of a chunked body without trailers.
const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

/// A request: its head as the service gets it, and its body as it comes from the client.
pub(crate) struct Outgoing {
    head: Vec<u8>,
    head_at: usize,
    framing: Framing,
    /// `None` once all of it has been taken.
    body: Option<RequestBody>,
    piece: Piece,
    /// Whether a byte of it has left.
    has_begun: bool,
    may_repeat: bool,
    /// Whether the answer has no body, whatever it says (RFC 9112 §6.3).
    pub(crate) is_head: bool,
}

/// A part of the body with what frames it.
#[derive(Default)]
struct Piece {
    lead: Bytes,
    data: Bytes,
    tail: Bytes,
}

/// Why a request cannot be sent to its end.
pub(crate) enum SendFault {
    /// The connection broke.
    Io(io::Error),
    /// The body did.
    Body,
}

impl Outgoing {
    /// A request with a head that is written already.
    pub(crate) fn new(head: Vec<u8>, method: &Method, framing: Framing, body: RequestBody) -> Self {
        let is_bodiless = body.is_end_stream();
        // RFC 9110 §9.2.2.
        let is_idempotent = matches!(
            *method,
            Method::GET | Method::HEAD | Method::OPTIONS | Method::PUT | Method::DELETE
        );
        Self {
            head,
            head_at: 0,
            framing,
            body: (!is_bodiless).then_some(body),
            piece: Piece::default(),
            has_begun: false,
            may_repeat: is_idempotent && is_bodiless,
            is_head: *method == Method::HEAD,
        }
    }

    /// Makes it ready for another connection, if it may be sent there: nothing of it has left, or it
    /// may be repeated.
    pub(crate) fn rewind(&mut self) -> bool {
        if self.has_begun && !self.may_repeat {
            return false;
        }
        self.head_at = 0;
        self.has_begun = false;
        true
    }

    /// The head's memory, to be used again.
    pub(crate) fn into_head(self) -> Vec<u8> {
        self.head
    }

    /// Sends as much as the connection takes; ready when all of it has left.
    pub(crate) fn poll_send(&mut self, wire: &mut Wire, cx: &mut Context<'_>) -> Poll<Result<(), SendFault>> {
        loop {
            // Before the head is written: a small body goes out in the same packet.
            let waits_for_body = self.take_piece(cx)?;
            if self.head_at == self.head.len() && self.piece.is_empty() {
                ready!(wire.poll_flush(cx)).map_err(SendFault::Io)?;
                return if waits_for_body {
                    Poll::Pending
                } else {
                    Poll::Ready(Ok(()))
                };
            }
            let slices = [
                IoSlice::new(&self.head[self.head_at..]),
                IoSlice::new(&self.piece.lead),
                IoSlice::new(&self.piece.data),
                IoSlice::new(&self.piece.tail),
            ];
            // Most requests are a head alone.
            let used = if self.piece.is_empty() { 1 } else { slices.len() };
            let sent = ready!(wire.poll_write(cx, &slices[..used])).map_err(SendFault::Io)?;
            if sent == 0 {
                return Poll::Ready(Err(SendFault::Io(io::ErrorKind::WriteZero.into())));
            }
            self.has_begun = true;
            let of_head = sent.min(self.head.len() - self.head_at);
            self.head_at += of_head;
            self.piece.advance(sent - of_head);
        }
    }

    /// Takes the next part of the body when the last one is out; says whether it has to be waited for.
    fn take_piece(&mut self, cx: &mut Context<'_>) -> Result<bool, SendFault> {
        while self.piece.is_empty() {
            let Some(body) = &mut self.body else {
                return Ok(false);
            };
            let is_chunked = self.framing == Framing::Chunked;
            match Pin::new(body).poll_frame(cx) {
                Poll::Pending => return Ok(true),
                Poll::Ready(Some(Err(_))) => return Err(SendFault::Body),
                Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                    // An empty chunk would be the last one.
                    Ok(data) if data.is_empty() => {}
                    Ok(data) if is_chunked => self.piece = Piece::chunk(data),
                    Ok(data) => self.piece.data = data,
                    Err(frame) => {
                        self.body = None;
                        if is_chunked {
                            self.piece.data = last_chunk(&frame.into_trailers().unwrap_or_default());
                        }
                    }
                },
                Poll::Ready(None) => {
                    self.body = None;
                    if is_chunked {
                        self.piece.data = Bytes::from_static(LAST_CHUNK);
                    }
                }
            }
        }
        Ok(false)
    }
}

impl Piece {
    fn chunk(data: Bytes) -> Self {
        let mut lead = Vec::with_capacity(SIZE_LINE_MAX);
        lead.extend_from_slice(format!("{:x}\r\n", data.len()).as_bytes());
        Self {
            lead: lead.into(),
            data,
            tail: Bytes::from_static(b"\r\n"),
        }
    }

    fn is_empty(&self) -> bool {
        self.tail.is_empty() && self.data.is_empty() && self.lead.is_empty()
    }

    fn advance(&mut self, mut count: usize) {
        for part in [&mut self.lead, &mut self.data, &mut self.tail] {
            let of_part = count.min(part.len());
            part.advance(of_part);
            count -= of_part;
        }
    }
}

fn last_chunk(trailers: &HeaderMap) -> Bytes {
    let mut text = b"0\r\n".to_vec();
    for (name, value) in trailers {
        text.extend_from_slice(name.as_str().as_bytes());
        text.extend_from_slice(b": ");
        text.extend_from_slice(value.as_bytes());
        text.extend_from_slice(b"\r\n");
    }
    text.extend_from_slice(b"\r\n");
    text.into()
}
