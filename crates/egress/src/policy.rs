//! What a tenant's outgoing requests may reach.

use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::str::FromStr;

use crate::address::{AddressKind, canonical, kind};
use crate::error::Refusal;
use crate::target::Target;

/// What may be reached. The default: https to public addresses, and nothing else.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// Places that are no public addresses and may be reached all the same, also with plain http.
    pub opened: Vec<Opened>,
    /// Whether plain http may be spoken with everybody, not only with what is opened.
    pub plain_http: bool,
    /// Ports that may be reached; every one where absent.
    pub ports: Option<Vec<RangeInclusive<u16>>>,
}

/// A line of an allow-list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opened {
    /// `idp.corp.example`: this name, wherever it leads.
    Name(String),
    /// `*.corp.example`: every name below, at any depth; not the name itself.
    Below(String),
    /// `10.1.0.0/16`, `fd00:1::/64` or one address.
    Network {
        /// The first address.
        base: IpAddr,
        /// Leading bits that count.
        bits: u8,
    },
}

/// A line of an allow-list that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a host name, `*.` and a host name, an address, or a network like 10.1.0.0/16 without host bits")]
pub struct InvalidOpened;

impl FromStr for Opened {
    type Err = InvalidOpened;

    fn from_str(text: &str) -> Result<Self, InvalidOpened> {
        let (base, bits) = match text.split_once('/') {
            Some((base, bits)) => (base, Some(bits.parse::<u8>().map_err(|_| InvalidOpened)?)),
            None => (text, None),
        };
        if let Ok(base) = base.trim_matches(['[', ']']).parse::<IpAddr>() {
            let width = if base.is_ipv4() { 32 } else { 128 };
            let bits = bits.unwrap_or(width);
            if bits > width || masked(base, bits) != base {
                return Err(InvalidOpened);
            }
            return Ok(Self::Network { base, bits });
        }
        if bits.is_some() {
            return Err(InvalidOpened);
        }
        match text.strip_prefix("*.") {
            Some(parent) => Ok(Self::Below(host_name(parent)?)),
            None => Ok(Self::Name(host_name(text)?)),
        }
    }
}

/// A name as URLs hold it: lower case, punycode, no trailing dot.
fn host_name(text: &str) -> Result<String, InvalidOpened> {
    let text = text.strip_suffix('.').unwrap_or(text);
    match url::Host::parse(text) {
        Ok(url::Host::Domain(name)) if !name.contains('*') && name.split('.').all(|label| !label.is_empty()) => {
            Ok(name)
        }
        _ => Err(InvalidOpened),
    }
}

fn masked(address: IpAddr, bits: u8) -> IpAddr {
    let bits = u32::from(bits);
    match address {
        IpAddr::V4(v4) => IpAddr::V4((v4.to_bits() & u32::MAX.checked_shl(32 - bits).unwrap_or(0)).into()),
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() & u128::MAX.checked_shl(128 - bits).unwrap_or(0)).into()),
    }
}

impl Opened {
    fn names(&self, host: &str) -> bool {
        match self {
            Self::Name(name) => host == name,
            Self::Below(parent) => host
                .strip_suffix(parent.as_str())
                .is_some_and(|rest| rest.ends_with('.')),
            Self::Network { .. } => false,
        }
    }

    fn opens(&self, host: &str, address: IpAddr, kind: AddressKind) -> bool {
        match self {
            // Whoever controls the name's servers chooses the address, so a name never opens a metadata service.
            Self::Name(_) | Self::Below(_) => self.names(host) && kind != AddressKind::Metadata,
            Self::Network { base, bits } => {
                let is_one = *bits == if base.is_ipv4() { 32 } else { 128 };
                base.is_ipv4() == address.is_ipv4()
                    && masked(address, *bits) == *base
                    && (is_one || kind != AddressKind::Metadata)
            }
        }
    }
}

impl std::fmt::Display for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Below(parent) => write!(f, "*.{parent}"),
            Self::Network { base, bits } => write!(f, "{base}/{bits}"),
        }
    }
}

impl Policy {
    /// Judges what can be known of `target` before its name is looked up: the port, and plain http where no line of the
    /// allow-list could open it.
    ///
    /// # Errors
    ///
    /// Why it must not be reached.
    pub fn judge_name(&self, target: &Target) -> Result<(), Refusal> {
        let may_open = |opened: &Opened| match opened {
            Opened::Network { .. } => true,
            named => named.names(target.host()),
        };
        if !target.is_https() && !self.plain_http && !self.opened.iter().any(may_open) {
            return Err(Refusal::PlainHttp);
        }
        match &self.ports {
            Some(ports) if !ports.iter().any(|range| range.contains(&target.port())) => {
                Err(Refusal::Port(target.port()))
            }
            _ => Ok(()),
        }
    }

    /// Judges an address that `target` leads to, right before a connection is made to it.
    ///
    /// # Errors
    ///
    /// Why it must not be reached.
    pub fn judge(&self, target: &Target, address: IpAddr) -> Result<(), Refusal> {
        let host = target.host();
        let address = canonical(address);
        let kind = kind(address);
        let refused = || Refusal::Address {
            host: host.to_owned(),
            address,
            kind,
        };
        // No TCP connection with one machine begins there, whatever an allow-list says.
        if matches!(
            kind,
            AddressKind::Multicast | AddressKind::Broadcast | AddressKind::Unspecified
        ) {
            return Err(refused());
        }
        let opened = self.opened.iter().any(|opened| opened.opens(host, address, kind));
        if kind != AddressKind::Public && !opened {
            return Err(refused());
        }
        if !target.is_https() && !self.plain_http && !opened {
            return Err(Refusal::PlainHttp);
        }
        Ok(())
    }
}
