//! `gatewright health`: whether the server that these settings describe is ready, for whoever watches a container.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::print;
use crate::settings::Settings;

/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(4);
/// Most of an answer that is read, in bytes.
const ANSWER_MAX_BYTES: u64 = 4096;

/// Asks `/health/ready`; fails unless it is.
pub async fn run(settings: &Settings) -> anyhow::Result<()> {
    let addr = reachable(settings.front().1);
    let answer = tokio::time::timeout(PATIENCE, ask(addr))
        .await
        .with_context(|| format!("no answer from {addr} within {} s", PATIENCE.as_secs()))?
        .with_context(|| format!("nobody answers on {addr}"))?;
    let status = answer.lines().next().unwrap_or_default();
    ensure!(status.starts_with("HTTP/1.1 200"), "not ready: {status}");
    print("ready\n")
}

async fn ask(addr: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(addr).await?;
    let request = format!("GET /health/ready HTTP/1.1\r\nHost: {addr}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(ANSWER_MAX_BYTES).read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// Where a listener on every address is reached from here.
fn reachable(addr: SocketAddr) -> SocketAddr {
    let ip = match addr.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, addr.port())
}
