//! A client's socket, which tells its vigil what it sees.

use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::client::Client;
use crate::plain_io::write_at_once;
use crate::vigil::Phase;

/// A client's socket. Its bytes go through unchanged.
pub(crate) struct ClientIo {
    pub(crate) stream: TcpStream,
    client: Rc<Client>,
}

impl ClientIo {
    /// Watches `stream` on behalf of `client`.
    pub(crate) fn new(stream: TcpStream, client: Rc<Client>) -> Self {
        Self { stream, client }
    }

    fn note_write<T>(&self, result: &Poll<io::Result<T>>) {
        let core = &self.client.core;
        match result {
            Poll::Pending => self
                .client
                .vigil
                .write
                .start(|| core.ticks.after(core.limits.write_timeout)),
            Poll::Ready(_) => self.client.vigil.write.clear(),
        }
    }
}

impl AsyncRead for ClientIo {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let result = Pin::new(&mut self.stream).poll_read(cx, buf);
        let client = &self.client;
        if buf.filled().len() > before && client.vigil.phase() == Phase::Idle {
            client.vigil.enter(Phase::Head);
            client
                .vigil
                .head
                .set(client.core.ticks.after(client.core.limits.head_timeout));
        }
        result
    }
}

impl AsyncWrite for ClientIo {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.note_write(&result);
        result
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = write_at_once(Pin::new(&mut self.stream), cx, bufs);
        self.note_write(&result);
        result
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
