//! A new connection: look up, judge, connect to what was judged, agree on TLS.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::client::{Deadline, Inner};
use crate::connection::Connection;
use crate::error::{EgressError, Phase, Refusal};
use crate::policy::Policy;
use crate::target::Target;
use crate::timings::Timings;
use crate::trust::Trust;

pub(crate) async fn dial(
    client: &Inner,
    target: &Target,
    policy: &Policy,
    trust: &Trust,
    deadline: Deadline,
    timings: &mut Timings,
) -> Result<Connection, EgressError> {
    let addresses = match target.address() {
        Some(address) => vec![address],
        None => {
            let begun = Instant::now();
            let found = look_up(client, target.host(), deadline).await?;
            timings.dns = Some(begun.elapsed());
            found
        }
    };
    let allowed = judge(policy, target, &addresses)?;

    let begun = Instant::now();
    let limit = client.limits.connect_timeout;
    let connecting = connect(target, &allowed, limit);
    let stream = deadline.within(Phase::Connect, limit, connecting).await??;
    timings.connect = Some(begun.elapsed());
    let peer = refuse_ourselves(client, target, &stream)?;

    if !target.is_https() {
        return Connection::open(stream, peer, &client.limits).await;
    }
    let begun = Instant::now();
    let agreeing = encrypt(target, trust, stream);
    let stream = deadline
        .within(Phase::Tls, client.limits.tls_timeout, agreeing)
        .await??;
    timings.tls = Some(begun.elapsed());
    Connection::open(stream, peer, &client.limits).await
}

async fn look_up(client: &Inner, name: &str, deadline: Deadline) -> Result<Vec<IpAddr>, EgressError> {
    let asking = async {
        // Never closed.
        let _turn = client.lookups.acquire().await;
        client.resolver.resolve(name).await
    };
    match deadline.within(Phase::Dns, client.limits.dns_timeout, asking).await? {
        Ok(mut addresses) => {
            addresses.truncate(client.limits.max_addresses);
            if addresses.is_empty() {
                return Err(EgressError::NameNotFound(name.to_owned()));
            }
            Ok(addresses)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(EgressError::NameNotFound(name.to_owned())),
        Err(_) => Err(EgressError::LookupFailed(name.to_owned())),
    }
}

/// Those that may be reached. A name may have inner and outer addresses; only when none is left, it is refused.
fn judge(policy: &Policy, target: &Target, addresses: &[IpAddr]) -> Result<Vec<IpAddr>, EgressError> {
    let mut allowed = Vec::with_capacity(addresses.len());
    let mut refused = None;
    for &address in addresses {
        match policy.judge(target, address) {
            Ok(()) => allowed.push(address),
            Err(refusal) => refused = Some(refusal),
        }
    }
    match refused {
        Some(refusal) if allowed.is_empty() => Err(EgressError::Refused(refusal)),
        _ => Ok(allowed),
    }
}

async fn connect(target: &Target, addresses: &[IpAddr], limit: Duration) -> Result<TcpStream, EgressError> {
    let mut failure = EgressError::Unreachable(target.host().to_owned());
    for (at, &address) in addresses.iter().enumerate() {
        // A dead address must not eat up the time of those behind it.
        let share = limit / u32::try_from(addresses.len() - at).unwrap_or(u32::MAX);
        match timeout(share, TcpStream::connect(SocketAddr::new(address, target.port()))).await {
            Ok(Ok(stream)) => {
                // Only a hint; without it the request is a little later.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => {
                failure = EgressError::ConnectionRefused {
                    host: target.host().to_owned(),
                    port: target.port(),
                };
            }
            Ok(Err(_)) => failure = EgressError::Unreachable(target.host().to_owned()),
            Err(_) => {
                failure = EgressError::TimedOut {
                    phase: Phase::Connect,
                    after: share,
                }
            }
        }
    }
    Err(failure)
}

/// Nothing was sent yet. A listener on `0.0.0.0` answers at every address this machine has, and then both ends have the
/// same address.
fn refuse_ourselves(client: &Inner, target: &Target, stream: &TcpStream) -> Result<SocketAddr, EgressError> {
    let unreachable = |_| EgressError::Unreachable(target.host().to_owned());
    let peer = stream.peer_addr().map_err(unreachable)?;
    let here = stream.local_addr().map_err(unreachable)?;
    let is_here = peer.ip() == here.ip() || peer.ip().to_canonical().is_loopback();
    let ours = client.own_listeners.iter().any(|own| {
        own.port() == peer.port()
            && (own.ip().to_canonical() == peer.ip().to_canonical() || (own.ip().is_unspecified() && is_here))
    });
    if ours {
        return Err(EgressError::Refused(Refusal::Ourselves(target.host().to_owned())));
    }
    Ok(peer)
}

async fn encrypt(target: &Target, trust: &Trust, stream: TcpStream) -> Result<TlsStream<TcpStream>, EgressError> {
    let untrusted = |why: String| EgressError::Untrusted {
        host: target.host().to_owned(),
        why,
    };
    let name = ServerName::try_from(target.host().to_owned()).map_err(|error| untrusted(error.to_string()))?;
    let connecting = TlsConnector::from(trust.config()).connect(name, stream).await;
    connecting.map_err(|error| match error.get_ref() {
        Some(_) => untrusted(error.to_string()),
        None => untrusted("the connection ended during the handshake".to_owned()),
    })
}
