//! The control plane's listener.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use gatewright_api::principal::Peer;
use gatewright_types::address::Cidr;
use http::HeaderMap;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tower::ServiceExt;

/// Longest wait for a request's head, and longest rest between two requests.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// Longest head, in bytes.
const HEAD_MAX_BYTES: usize = 64 * 1024;
/// Most connections at once; further ones wait to be accepted.
const CONNECTIONS_MAX: usize = 4096;
/// Pause after an accept that failed, as when the process is out of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Who is at the other end: whoever connected, or, behind proxies that are trusted, whoever the last of them saw.
///
/// Each proxy appends to `X-Forwarded-For` whom it saw, so it is read from its end, and what a stranger wrote counts nothing.
fn peer_of(connected: IpAddr, headers: &HeaderMap, trusted: &[Cidr]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|range| range.contains(address));
    let lines = headers.get_all("x-forwarded-for").iter().rev();
    let seen = lines
        .flat_map(|line| line.to_str().unwrap_or_default().rsplit(','))
        .map(|text| text.trim().parse::<IpAddr>());
    let mut peer = connected;
    for address in seen {
        match address {
            Ok(address) if is_trusted(peer) => peer = address,
            _ => break,
        }
    }
    peer
}

/// Serves until `stop` turns true, then finishes what is under way for at most as many seconds as `drain`
/// says by then.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    trusted: Arc<[Cidr]>,
    mut stop: watch::Receiver<bool>,
    drain: Arc<AtomicU64>,
) {
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let accepted = tokio::select! {
            _ = stop.wait_for(|stop| *stop) => break,
            accepted = async {
                let place = Arc::clone(&places).acquire_owned().await;
                (listener.accept().await, place)
            } => accepted,
        };
        let (stream, peer, place) = match accepted {
            (Ok((stream, peer)), Ok(place)) => (stream, peer, place),
            (Err(error), _) => {
                tracing::warn!(%error, "the control plane could not accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
            (_, Err(_)) => break,
        };
        let (connected, trusted) = (peer.ip(), Arc::clone(&trusted));
        let service = router.clone().map_request(move |mut request: Request<Incoming>| {
            let peer = Peer(peer_of(connected, request.headers(), &trusted));
            request.extensions_mut().insert(peer);
            request
        });
        let service = TowerToHyperService::new(service);
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT)
            .max_buf_size(HEAD_MAX_BYTES)
            .serve_connection(TokioIo::new(stream), service);
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            let _place = place;
            // What goes wrong here is the client's end of the connection.
            let _ = connection.await;
        });
    }
    drop(listener);
    let drain = Duration::from_secs(drain.load(Ordering::Relaxed));
    if tokio::time::timeout(drain, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests to the control plane were still under way when their time was over");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_trusted_proxy_saw_is_believed() {
        let trusted = ["10.0.0.0/8".parse().unwrap(), "192.0.2.1".parse().unwrap()];
        let peer = |connected: &str, forwarded: &[&str]| {
            let mut headers = HeaderMap::new();
            for line in forwarded {
                headers.append("x-forwarded-for", line.parse().unwrap());
            }
            peer_of(connected.parse().unwrap(), &headers, &trusted).to_string()
        };
        assert_eq!(
            peer("203.0.113.9", &["198.51.100.1"]),
            "203.0.113.9",
            "a stranger says so"
        );
        assert_eq!(peer("10.0.0.1", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(
            peer("10.0.0.1", &["1.2.3.4, 198.51.100.1"]),
            "198.51.100.1",
            "what came before is the stranger's"
        );
        assert_eq!(
            peer("10.0.0.1", &["1.2.3.4", "198.51.100.1, 192.0.2.1"]),
            "198.51.100.1"
        );
        assert_eq!(peer("10.0.0.1", &["198.51.100.1, nonsense"]), "10.0.0.1");
        assert_eq!(peer("10.0.0.1", &[]), "10.0.0.1");
    }
}
