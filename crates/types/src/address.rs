//! Ranges of addresses, as a key's allow-list has them.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// Most ranges of one list.
pub const ADDRESSES_MAX: usize = 64;

/// A range of addresses in CIDR notation (RFC 4632 §3.1, RFC 4291 §2.3), as in `192.0.2.0/24`.
///
/// IPv4 addresses written as IPv6 (`::ffff:192.0.2.1`, RFC 4291 §2.5.5.2) are the IPv4 ones, in a range
/// as in an address, because a listener for both families reports them in that form.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cidr {
    network: IpAddr,
    prefix: u8,
}

/// Why a text is no range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidCidr(String);

impl Cidr {
    /// Whether an address lies in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        let (Some(network), Some(address)) = (
            bits(self.network, self.prefix),
            bits_of(self.network, address, self.prefix),
        ) else {
            return false;
        };
        network == address
    }

    fn new(address: IpAddr, prefix: u8) -> Option<Self> {
        let (network, prefix) = match address {
            IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
                Some(v4) if (96..=128).contains(&prefix) => (IpAddr::V4(v4), prefix - 96),
                _ => (address, prefix),
            },
            IpAddr::V4(_) => (address, prefix),
        };
        (prefix <= width(network)).then_some(Self { network, prefix })
    }

    /// The same range with nothing behind its prefix.
    fn trimmed(self) -> Self {
        let kept = u32::from(self.prefix);
        let network = match self.network {
            IpAddr::V4(v4) => IpAddr::V4((v4.to_bits() & u32::MAX.checked_shl(32 - kept).unwrap_or(0)).into()),
            IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() & u128::MAX.checked_shl(128 - kept).unwrap_or(0)).into()),
        };
        Self { network, ..self }
    }
}

const fn width(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

/// The first `prefix` bits of an address.
fn bits(address: IpAddr, prefix: u8) -> Option<u128> {
    let (value, width) = match address {
        IpAddr::V4(v4) => (u128::from(v4.to_bits()), 32),
        IpAddr::V6(v6) => (v6.to_bits(), 128),
    };
    Some(value.checked_shr(width - u32::from(prefix)).unwrap_or(0))
}

/// The same of an address of the network's family; none of another.
fn bits_of(network: IpAddr, address: IpAddr, prefix: u8) -> Option<u128> {
    let address = address.to_canonical();
    (address.is_ipv4() == network.is_ipv4())
        .then(|| bits(address, prefix))
        .flatten()
}

impl FromStr for Cidr {
    type Err = InvalidCidr;

    fn from_str(text: &str) -> Result<Self, InvalidCidr> {
        let invalid = || InvalidCidr("expected an address or a range like 192.0.2.0/24 or 2001:db8::/32".to_owned());
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| invalid())?;
        let prefix = match prefix {
            None => width(address),
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse().map_err(|_| invalid())?
            }
            Some(_) => return Err(invalid()),
        };
        let cidr = Self::new(address, prefix).ok_or_else(invalid)?;
        let trimmed = cidr.trimmed();
        if trimmed == cidr {
            Ok(cidr)
        } else {
            // One of the two is a slip, and which one decides who is admitted.
            Err(InvalidCidr(format!(
                "there are bits behind the prefix: {trimmed} is the range, {}/{} the address",
                cidr.network,
                width(cidr.network)
            )))
        }
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.network, self.prefix)
    }
}

impl fmt::Debug for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for InvalidCidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for InvalidCidr {}

impl serde::Serialize for Cidr {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Cidr {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// From where a key may be used: at least one range.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct AddressList(Vec<Cidr>);

impl AddressList {
    /// A list of these ranges.
    pub const fn new(ranges: Vec<Cidr>) -> Self {
        Self(ranges)
    }

    /// Whether an address lies in one of them.
    pub fn allows(&self, address: IpAddr) -> bool {
        self.0.iter().any(|range| range.contains(address))
    }
}

#[cfg(feature = "sqlx")]
mod column {
    use super::Cidr;
    use sqlx::Postgres;
    use sqlx::error::BoxDynError;
    use sqlx::postgres::{PgHasArrayType, PgTypeInfo, PgValueRef};

    impl sqlx::Type<Postgres> for Cidr {
        fn type_info() -> PgTypeInfo {
            <str as sqlx::Type<Postgres>>::type_info()
        }
        fn compatible(ty: &PgTypeInfo) -> bool {
            <str as sqlx::Type<Postgres>>::compatible(ty)
        }
    }

    impl<'r> sqlx::Decode<'r, Postgres> for Cidr {
        fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
            Ok(<&str as sqlx::Decode<Postgres>>::decode(value)?.parse()?)
        }
    }

    impl PgHasArrayType for Cidr {
        fn array_type_info() -> PgTypeInfo {
            <String as PgHasArrayType>::array_type_info()
        }
    }
}

#[cfg(feature = "utoipa")]
impl utoipa::PartialSchema for Cidr {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .examples(["192.0.2.0/24", "2001:db8::/32"])
            .description(Some("An address, or a range of addresses in CIDR notation."))
            .into()
    }
}

#[cfg(feature = "utoipa")]
impl utoipa::ToSchema for Cidr {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

    fn cidr(text: &str) -> Cidr {
        text.parse().unwrap()
    }

    #[test]
    fn a_range_contains_its_addresses_and_no_others() {
        for (range, inside, outside) in [
            (
                "192.0.2.0/24",
                &["192.0.2.0", "192.0.2.255", "::ffff:192.0.2.7"][..],
                &["192.0.3.0", "191.255.255.255", "::c000:207"][..],
            ),
            ("192.0.2.1", &["192.0.2.1"], &["192.0.2.0", "192.0.2.2"]),
            ("0.0.0.0/0", &["1.2.3.4", "::ffff:1.2.3.4"], &["::1"]),
            ("::/0", &["::1", "ffff::"], &["1.2.3.4", "::ffff:1.2.3.4"]),
            ("2001:db8::/33", &["2001:db8:7fff::1"], &["2001:db8:8000::"]),
            ("::ffff:10.0.0.0/104", &["10.255.0.1"], &["11.0.0.0"]),
            ("::ffff:10.1.2.3", &["10.1.2.3"], &["10.1.2.4"]),
        ] {
            for address in inside {
                assert!(cidr(range).contains(address.parse().unwrap()), "{range} {address}");
            }
            for address in outside {
                assert!(!cidr(range).contains(address.parse().unwrap()), "{range} {address}");
            }
        }
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_refused() {
        for wrong in [
            "",
            "10.0.0.1/8",
            "10.0.0.0/33",
            "::/129",
            "10.0.0/8",
            "010.0.0.0/8",
            "10.0.0.0/",
            "10.0.0.0/+8",
            "10.0.0.0/8/8",
            " 10.0.0.0/8",
            "fe80::1%eth0",
            "::ffff:10.0.0.0/95",
            "0x0a000000/8",
            "localhost",
            "2001:db8::1/32",
        ] {
            assert!(wrong.parse::<Cidr>().is_err(), "{wrong}");
        }
        let said = "10.0.0.1/8".parse::<Cidr>().unwrap_err().to_string();
        assert!(said.contains("10.0.0.0/8") && said.contains("10.0.0.1/32"), "{said}");
    }

    proptest! {
        #[test]
        fn a_range_survives_its_text_and_holds_its_first_and_last_address(address: u128, prefix in 0_u8..=128, is_v4: bool) {
            let address = if is_v4 { IpAddr::V4((address as u32).into()) } else { IpAddr::V6(address.into()) };
            let Some(range) = Cidr::new(address, prefix) else { return Ok(()) };
            let range = range.trimmed();
            prop_assert_eq!(cidr(&range.to_string()), range);
            prop_assert!(range.contains(range.network));
            prop_assert!(range.contains(address));
        }

        #[test]
        fn no_text_makes_it_panic(text in any::<String>()) {
            let _ = text.parse::<Cidr>();
        }
    }
}
