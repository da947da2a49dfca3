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
    /// What a tenant may open beyond that, for itself and by its own list: see [`Policy::only`].
    pub delegated: Vec<Opened>,
    /// A tenant's own list: nothing else is reached. It never opens a metadata service, nor a place that is no public
    /// address and neither opened nor delegated.
    pub only: Option<Vec<Destination>>,
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

/// A line of a tenant's own list: a place as in [`Opened`], and one port of it, or all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    place: Opened,
    port: Option<u16>,
}

impl FromStr for Destination {
    type Err = InvalidOpened;

    /// `hooks.example.com`, `*.example.com:8443`, `192.0.2.7`, `[2001:db8::1]:443`, `10.1.0.0/16`.
    fn from_str(text: &str) -> Result<Self, InvalidOpened> {
        let (place, port) = match text.rsplit_once(':') {
            // Every other colon is one of an IPv6 address.
            Some((place, port)) if !place.contains(':') || place.ends_with(']') => (place, Some(port)),
            _ => (text, None),
        };
        let port = match port {
            None => None,
            Some(digits) if digits.bytes().all(|one| one.is_ascii_digit()) => {
                let port = digits.parse().ok().filter(|port| *port != 0);
                Some(port.ok_or(InvalidOpened)?)
            }
            Some(_) => return Err(InvalidOpened),
        };
        let place = place.parse()?;
        Ok(Self { place, port })
    }
}

impl Destination {
    /// Whether `target` may be meant; the addresses behind a name are not known yet.
    fn may_mean(&self, target: &Target) -> bool {
        self.is_port(target)
            && match target.address() {
                Some(address) => self.place.contains(canonical(address)),
                None => matches!(self.place, Opened::Network { .. }) || self.place.names(target.host()),
            }
    }

    fn means(&self, target: &Target, address: IpAddr) -> bool {
        self.is_port(target) && (self.place.names(target.host()) || self.place.contains(address))
    }

    fn is_port(&self, target: &Target) -> bool {
        self.port.is_none_or(|port| port == target.port())
    }
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
                self.contains(address) && (is_one || kind != AddressKind::Metadata)
            }
        }
    }

    fn contains(&self, address: IpAddr) -> bool {
        match self {
            Self::Name(_) | Self::Below(_) => false,
            Self::Network { base, bits } => base.is_ipv4() == address.is_ipv4() && masked(address, *bits) == *base,
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
        if let Some(only) = &self.only
            && !only.iter().any(|one| one.may_mean(target))
        {
            return Err(Refusal::NotListed(target.host().to_owned()));
        }
        let may_open = |opened: &Opened| match opened {
            Opened::Network { .. } => true,
            named => named.names(target.host()),
        };
        let delegated = self.delegated.iter().filter(|_| self.only.is_some());
        if !target.is_https() && !self.plain_http && !self.opened.iter().chain(delegated).any(may_open) {
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
        if let Some(only) = &self.only
            && !only.iter().any(|one| one.means(target, address))
        {
            return Err(Refusal::NotListed(host.to_owned()));
        }
        let opened = self.opens(host, address, kind);
        if kind != AddressKind::Public && !opened {
            return Err(refused());
        }
        if !target.is_https() && !self.plain_http && !opened {
            return Err(Refusal::PlainHttp);
        }
        Ok(())
    }

    /// Whether a place that is no public address may be reached all the same. What is delegated counts only where a
    /// tenant has a list, which has been asked before.
    fn opens(&self, host: &str, address: IpAddr, kind: AddressKind) -> bool {
        let opens = |opened: &Opened| opened.opens(host, address, kind);
        let by_tenant = self.only.is_some() && kind != AddressKind::Metadata;
        self.opened.iter().any(opens) || by_tenant && self.delegated.iter().any(opens)
    }

    /// Judges a line before a tenant puts it on its list: what it could never open is no line of it.
    ///
    /// # Errors
    ///
    /// What kind of place it is.
    pub fn judge_line(&self, line: &Destination) -> Result<(), AddressKind> {
        let Opened::Network { base, bits } = line.place else {
            // Where a name leads is judged at each connection.
            return Ok(());
        };
        let address = canonical(base);
        let kind = kind(address);
        let listed = Self {
            only: Some(Vec::new()),
            ..self.clone()
        };
        // Of everything there is, the public part counts.
        if kind == AddressKind::Public || bits == 0 || listed.opens("", address, kind) {
            return Ok(());
        }
        Err(kind)
    }
}
