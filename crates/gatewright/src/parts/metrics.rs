//! `/metrics`, on an address of its own.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::http;
use crate::metrics::Metrics;

/// `/metrics`, being served.
pub struct MetricsServer {
    addr: SocketAddr,
    stop: watch::Sender<bool>,
    serving: JoinHandle<()>,
}

impl MetricsServer {
    /// Serves it.
    pub fn start(listener: TcpListener, metrics: Metrics, drain: Arc<AtomicU64>) -> anyhow::Result<Self> {
        let (stop, stopped) = watch::channel(false);
        Ok(Self {
            addr: listener.local_addr()?,
            stop,
            serving: tokio::spawn(http::serve(listener, metrics.router(), [].into(), stopped, drain)),
        })
    }

    /// Where it listens.
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Ends, without waiting for a scrape under way.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        self.serving.abort();
        let _ = self.serving.await;
    }
}
