//! A new connection to a service.

use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use gatewright_snapshot::Service;
use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::pool::Connection;
use super::send::Fault;
use super::wire::{Io, Wire};
use crate::core::Core;

/// Connects, with TLS where the service asks for it, within the service's connect time-out.
pub(crate) async fn connect(core: &Rc<Core>, service: &Service) -> Result<Connection, Fault> {
    match timeout(service.connect_timeout, try_connect(core, service)).await {
        Ok(result) => result,
        Err(_) => Err(Fault::ConnectTimedOut),
    }
}

async fn try_connect(core: &Rc<Core>, service: &Service) -> Result<Connection, Fault> {
    let url = &service.url;
    let refused = |reason: &str, error: &dyn std::fmt::Display| {
        tracing::debug!(service.id = %service.id, %error, "{reason}");
        Fault::Refused
    };
    let addresses = core.upstreams.names.resolve(&url.host, core.ticks.now_ms()).await;
    let addresses = addresses.map_err(|error| refused("a service's name cannot be resolved", &error))?;
    core.metrics.counted.connected.add(1);
    let mut failure = Fault::Refused;
    for (at, &address) in addresses.iter().enumerate() {
        // A dead address must not eat up the time of those behind it.
        let share = service.connect_timeout / u32::try_from(addresses.len() - at).unwrap_or(u32::MAX);
        match dial(SocketAddr::new(address, url.port), share).await {
            Ok(stream) if url.is_https => return encrypt(core, service, stream).await,
            Ok(stream) => return Ok(Box::new(Wire::new(Io::Plain(stream)))),
            Err(fault) => failure = fault,
        }
    }
    Err(failure)
}

async fn dial(address: SocketAddr, share: Duration) -> Result<TcpStream, Fault> {
    let stream = timeout(share, TcpStream::connect(address))
        .await
        .map_err(|_| Fault::ConnectTimedOut)?;
    let stream = stream.map_err(|_| Fault::Refused)?;
    stream.set_nodelay(true).map_err(|_| Fault::Refused)?;
    Ok(stream)
}

async fn encrypt(core: &Rc<Core>, service: &Service, stream: TcpStream) -> Result<Connection, Fault> {
    let config = core.upstreams.trust.config(service).map_err(|error| {
        tracing::warn!(service.id = %service.id, %error, "a service's certificate authorities cannot be used");
        Fault::Untrusted
    })?;
    let name = ServerName::try_from(service.url.host.clone()).map_err(|_| Fault::Untrusted)?;
    let stream = TlsConnector::from(config)
        .connect(name, stream)
        .await
        .map_err(|error| {
            tracing::debug!(service.id = %service.id, %error, "TLS with a service failed");
            Fault::Untrusted
        })?;
    Ok(Box::new(Wire::new(Io::Tls(Box::new(stream)))))
}
