//! An upstream, as a node uses it.

use std::time::Duration;

use gatewright_types::ids::ServiceId;
use http::HeaderValue;
use sha2::{Digest, Sha256};

use crate::config::ServiceConfig;
use crate::target_url::TargetUrl;

/// Names one upstream together with everything that decides whom a connection to it trusts.
///
/// A connection may be used again only under the identity it was made for: when the address or the
/// certificate authorities of a service change, so does its identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ServiceIdentity([u8; 32]);

impl ServiceIdentity {
    /// The first eight bytes as a number: already evenly spread, so a map needs no other hash.
    pub fn spread(&self) -> u64 {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&self.0[..8]);
        u64::from_le_bytes(bytes)
    }
}

/// An upstream that was judged.
#[derive(Debug)]
pub struct Service {
    /// Its id.
    pub id: ServiceId,
    /// What its connections are kept under.
    pub identity: ServiceIdentity,
    /// Where it is.
    pub url: TargetUrl,
    /// The `Host` field of every request to it.
    pub host: HeaderValue,
    /// Certificate authorities (PEM) that are trusted instead of the system's.
    pub ca_pem: Option<String>,
    /// Longest wait for a connection, with TLS.
    pub connect_timeout: Duration,
    /// Longest wait for the head of the answer, and between two parts of a body.
    pub response_timeout: Duration,
}

impl Service {
    pub(crate) fn new(config: &ServiceConfig, url: TargetUrl, host: HeaderValue) -> Self {
        let mut identity = Sha256::new();
        identity.update(config.id.uuid().as_bytes());
        // The base path is no part of it: it changes what is asked, not who is asked.
        identity.update([u8::from(url.is_https)]);
        identity.update(url.port.to_le_bytes());
        identity.update(url.host.len().to_le_bytes());
        identity.update(url.host.as_bytes());
        if let Some(pem) = &config.ca_pem {
            identity.update(b"\x01");
            identity.update(pem.as_bytes());
        }
        Self {
            id: config.id,
            identity: ServiceIdentity(identity.finalize().into()),
            url,
            host,
            ca_pem: config.ca_pem.clone(),
            connect_timeout: Duration::from_millis(config.connect_timeout_ms.into()),
            response_timeout: Duration::from_millis(config.response_timeout_ms.into()),
        }
    }
}
