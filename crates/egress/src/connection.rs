//! One connection, with the task that drives it.

use std::net::SocketAddr;

use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinHandle;

use crate::error::EgressError;
use crate::limits::Limits;
use crate::request::Sent;

/// Ends when it is dropped.
pub(crate) struct Connection {
    pub(crate) sender: SendRequest<Sent>,
    /// Whom it was made to.
    pub(crate) peer: SocketAddr,
    driver: JoinHandle<()>,
}

impl Connection {
    pub(crate) async fn open<S>(stream: S, peer: SocketAddr, limits: &Limits) -> Result<Self, EgressError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let handshake = http1::Builder::new()
            .max_buf_size(limits.max_head_bytes)
            .max_header_size(limits.max_head_bytes)
            .max_headers(limits.max_fields)
            .handshake(TokioIo::new(stream))
            .await;
        let (sender, connection) = handshake.map_err(|_| EgressError::BrokenOff)?;
        let driver = tokio::spawn(async move {
            // What went wrong is told to whoever waits for the answer.
            let _ = connection.await;
        });
        Ok(Self { sender, peer, driver })
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}
