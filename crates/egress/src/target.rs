//! URLs, read as the WHATWG standard says.
//!
//! That matters for the guard: `http://0x7f.1/`, `http://2130706433/` and `http://①②⑦.0.0.1/` all become 127.0.0.1 here, before
//! anything is judged.

use std::net::IpAddr;

use url::{Host, Url};

use crate::error::{EgressError, Refusal};

/// Where a request goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    url: Url,
    host: String,
    address: Option<IpAddr>,
    port: u16,
}

impl Target {
    /// Reads an absolute URL; a fragment is dropped.
    ///
    /// # Errors
    ///
    /// What is wrong with it, or why no URL of its kind is asked.
    pub fn parse(text: &str, max_bytes: usize) -> Result<Self, EgressError> {
        if text.len() > max_bytes {
            return Err(EgressError::InvalidUrl("it is too long"));
        }
        let url = Url::parse(text).map_err(|_| EgressError::InvalidUrl("it is no absolute URL"))?;
        Self::from_url(url)
    }

    /// What a `Location` field names (RFC 9110 §10.2.2), relative to this one.
    pub(crate) fn join(&self, location: &str, max_bytes: usize) -> Result<Self, EgressError> {
        if location.len() > max_bytes {
            return Err(EgressError::BadRedirect("its Location is too long"));
        }
        let url = self
            .url
            .join(location)
            .map_err(|_| EgressError::BadRedirect("its Location is no URL"))?;
        Self::from_url(url)
    }

    fn from_url(mut url: Url) -> Result<Self, EgressError> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(EgressError::Refused(Refusal::Scheme));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(EgressError::Refused(Refusal::UserInfo));
        }
        url.set_fragment(None);
        let (host, address) = match url.host() {
            Some(Host::Ipv4(v4)) => (v4.to_string(), Some(IpAddr::V4(v4))),
            Some(Host::Ipv6(v6)) => (v6.to_string(), Some(IpAddr::V6(v6))),
            Some(Host::Domain(name)) => {
                // `example.com.` is the same host; without the dot it cannot pass by a rule or a certificate.
                let name = name.strip_suffix('.').unwrap_or(name).to_owned();
                if name.is_empty()
                    || name.split('.').any(|label| label.is_empty() || label.len() > 63)
                    || name.len() > 253
                {
                    return Err(EgressError::InvalidUrl("its host is no host name"));
                }
                url.set_host(Some(&name))
                    .map_err(|_| EgressError::InvalidUrl("its host is no host name"))?;
                (name, None)
            }
            None => return Err(EgressError::InvalidUrl("it has no host")),
        };
        match url.port_or_known_default() {
            Some(port) if port != 0 => Ok(Self {
                url,
                host,
                address,
                port,
            }),
            _ => Err(EgressError::InvalidUrl("port 0 is no port")),
        }
    }

    /// The whole URL.
    pub fn as_str(&self) -> &str {
        self.url.as_str()
    }

    /// The host, in lower case, without brackets or trailing dot.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The address, where the URL holds one instead of a name.
    pub const fn address(&self) -> Option<IpAddr> {
        self.address
    }

    /// The port, also when it is the scheme's own.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Whether the connection is TLS.
    pub fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// What goes into the `Host` field: the port only when it is not the scheme's own.
    pub(crate) fn authority(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        match self.url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }
    }

    /// What goes into the request line.
    pub(crate) fn path_and_query(&self) -> String {
        match self.url.query() {
            Some(query) => format!("{}?{query}", self.url.path()),
            None => self.url.path().to_owned(),
        }
    }

    /// Whether both have scheme, host and port in common (RFC 9110 §4.3.1).
    pub(crate) fn has_same_origin(&self, other: &Self) -> bool {
        self.is_https() == other.is_https() && self.host == other.host && self.port == other.port
    }
}
