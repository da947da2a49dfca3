//! What an address is, by the IANA special-purpose registries (RFC 6890) and the metadata services of the clouds.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What kind of place an address is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AddressKind {
    /// Reachable on the internet; the only kind that needs no allow-list.
    Public,
    /// This machine (RFC 1122 §3.2.1.3, RFC 4291 §2.5.3).
    Loopback,
    /// A private network (RFC 1918), or IPv6 site-local (RFC 3879).
    Private,
    /// A link (RFC 3927, RFC 4291 §2.5.6).
    LinkLocal,
    /// A private IPv6 network (RFC 4193).
    UniqueLocal,
    /// A carrier's network (RFC 6598).
    Shared,
    /// Where a cloud hands credentials to its machines.
    Metadata,
    /// Many machines at once (RFC 5771, RFC 4291 §2.7).
    Multicast,
    /// Every machine of a link.
    Broadcast,
    /// No address at all: `0.0.0.0/8`, `::`.
    Unspecified,
    /// For books (RFC 5737, RFC 3849, RFC 9637).
    Documentation,
    /// For laboratories (RFC 2544, RFC 5180).
    Benchmarking,
    /// IPv6 that carries an IPv4 address past a judgement: 6to4, Teredo, ISATAP, IPv4-compatible, local NAT64.
    Tunnel,
    /// Everything else that is not assigned for the internet.
    Reserved,
}

impl std::fmt::Display for AddressKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Public => "a public address",
            Self::Loopback => "a loopback address",
            Self::Private => "a private address",
            Self::LinkLocal => "a link-local address",
            Self::UniqueLocal => "a unique local address",
            Self::Shared => "an address of a carrier's network",
            Self::Metadata => "a cloud's metadata service",
            Self::Multicast => "a multicast address",
            Self::Broadcast => "a broadcast address",
            Self::Unspecified => "an unspecified address",
            Self::Documentation => "a documentation address",
            Self::Benchmarking => "a benchmarking address",
            Self::Tunnel => "a tunnel address",
            Self::Reserved => "a reserved address",
        })
    }
}

/// Metadata services: AWS, GCP, Azure, OpenStack, DigitalOcean (`169.254.169.254`), AWS ECS and EKS, Alibaba, Oracle, Azure's
/// wire server, which has a public address.
const METADATA_V4: [Ipv4Addr; 6] = [
    Ipv4Addr::new(169, 254, 169, 254),
    Ipv4Addr::new(169, 254, 170, 2),
    Ipv4Addr::new(169, 254, 170, 23),
    Ipv4Addr::new(100, 100, 100, 200),
    Ipv4Addr::new(192, 0, 0, 192),
    Ipv4Addr::new(168, 63, 129, 16),
];
/// AWS, AWS EKS, GCP.
const METADATA_V6: [Ipv6Addr; 3] = [
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254),
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23),
    Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254),
];

/// The address that packets to this one reach in the end: IPv4 inside of IPv4-mapped IPv6 (RFC 4291 §2.5.5.2) and of the
/// well-known NAT64 prefix (RFC 6052 §2.1), else the address itself.
pub fn canonical(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else { return address };
    match v6.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            IpAddr::V4(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)))
        }
        _ => address,
    }
}

/// What kind of place an address is, looked at through [`canonical`].
pub fn kind(address: IpAddr) -> AddressKind {
    match canonical(address) {
        IpAddr::V4(v4) => kind_v4(v4),
        IpAddr::V6(v6) => kind_v6(v6),
    }
}

fn kind_v4(v4: Ipv4Addr) -> AddressKind {
    if METADATA_V4.contains(&v4) {
        return AddressKind::Metadata;
    }
    match v4.octets() {
        [0, ..] => AddressKind::Unspecified,
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => AddressKind::Private,
        [100, 64..=127, ..] => AddressKind::Shared,
        [127, ..] => AddressKind::Loopback,
        [169, 254, ..] => AddressKind::LinkLocal,
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => AddressKind::Documentation,
        [192, 0, 0, _] => AddressKind::Reserved,
        [192, 88, 99, _] => AddressKind::Tunnel,
        [198, 18..=19, ..] => AddressKind::Benchmarking,
        [224..=239, ..] => AddressKind::Multicast,
        [255, 255, 255, 255] => AddressKind::Broadcast,
        [240..=255, ..] => AddressKind::Reserved,
        _ => AddressKind::Public,
    }
}

fn kind_v6(v6: Ipv6Addr) -> AddressKind {
    if METADATA_V6.contains(&v6) {
        return AddressKind::Metadata;
    }
    match v6.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => AddressKind::Unspecified,
        [0, 0, 0, 0, 0, 0, 0, 1] => AddressKind::Loopback,
        // IPv4-compatible (RFC 4291 §2.5.5.1), IPv4-translated (RFC 2765), local NAT64 (RFC 8215).
        [0, 0, 0, 0, 0, 0, ..] | [0, 0, 0, 0, 0xffff, 0, ..] | [0x64, 0xff9b, 1, ..] => AddressKind::Tunnel,
        // ISATAP (RFC 5214 §6.1), under any prefix.
        [_, _, _, _, 0 | 0x200, 0x5efe, ..] => AddressKind::Tunnel,
        [0xfe80..=0xfebf, ..] => AddressKind::LinkLocal,
        [0xfec0..=0xfeff, ..] => AddressKind::Private,
        [0xfc00..=0xfdff, ..] => AddressKind::UniqueLocal,
        [0xff00..=0xffff, ..] => AddressKind::Multicast,
        [0x2001, 0, ..] | [0x2002, ..] => AddressKind::Tunnel,
        [0x2001, 2, 0, ..] => AddressKind::Benchmarking,
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0x0fff, ..] => AddressKind::Documentation,
        [0x2001, 0..=0x01ff, ..] => AddressKind::Reserved,
        // Global unicast is 2000::/3; nothing else is assigned.
        [0x2000..=0x3fff, ..] => AddressKind::Public,
        _ => AddressKind::Reserved,
    }
}
