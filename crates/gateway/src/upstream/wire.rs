//! One connection to a service: bytes out, bytes in.

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use crate::limits::BUFFER_BYTES;
use crate::plain_io::write_at_once;

/// What one read asks for at first; it doubles as long as a service fills it.
const READ_BYTES: usize = 8 * 1024;

/// A connection to a service.
pub(crate) struct Wire {
    io: Io,
    /// What was read and nobody has used yet.
    pub(crate) buffer: BytesMut,
    read_bytes: usize,
}

/// With or without TLS.
pub(crate) enum Io {
    /// Without.
    Plain(TcpStream),
    /// With.
    Tls(Box<TlsStream<TcpStream>>),
}

impl Wire {
    /// A connection that was just made.
    pub(crate) fn new(io: Io) -> Self {
        Self {
            io,
            buffer: BytesMut::new(),
            read_bytes: READ_BYTES,
        }
    }

    /// Whether nothing came while it rested: no end, and no bytes that nobody has asked for.
    ///
    /// No system call as long as the runtime has not heard of anything.
    pub(crate) fn is_quiet(&mut self) -> bool {
        let mut byte = [0];
        let mut context = Context::from_waker(Waker::noop());
        let mut one = ReadBuf::new(&mut byte);
        let came = match &mut self.io {
            Io::Plain(stream) => Pin::new(stream).poll_read(&mut context, &mut one),
            Io::Tls(stream) => Pin::new(stream.as_mut()).poll_read(&mut context, &mut one),
        };
        came.is_pending() && self.buffer.is_empty()
    }

    /// Reads more into the buffer; 0 bytes are the end.
    pub(crate) fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        self.buffer.reserve(self.read_bytes);
        let room = self.buffer.capacity() - self.buffer.len();
        let filled = match &mut self.io {
            Io::Plain(stream) => pin!(stream.read_buf(&mut self.buffer)).poll(cx),
            Io::Tls(stream) => pin!(stream.read_buf(&mut self.buffer)).poll(cx),
        };
        if matches!(filled, Poll::Ready(Ok(count)) if count == room) {
            self.read_bytes = (self.read_bytes * 2).min(BUFFER_BYTES);
        }
        filled
    }

    /// Writes some of the slices.
    pub(crate) fn poll_write(&mut self, cx: &mut Context<'_>, slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        match &mut self.io {
            Io::Plain(stream) => write_at_once(Pin::new(stream), cx, slices),
            Io::Tls(stream) => Pin::new(stream.as_mut()).poll_write_vectored(cx, slices),
        }
    }

    /// Sends what TLS still holds back.
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.io {
            Io::Plain(_) => Poll::Ready(Ok(())),
            Io::Tls(stream) => Pin::new(stream.as_mut()).poll_flush(cx),
        }
    }
}
