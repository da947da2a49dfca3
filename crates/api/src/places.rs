//! Where an address is, as far as a file says that the installation has: people find their sessions again by it.
//!
//! Nothing is asked of anybody else, and nothing is decided by it.

use std::net::IpAddr;
use std::path::Path;

use maxminddb::{MaxMindDbError, Reader};
use serde::Deserialize;

/// A file in the format of MaxMind's databases, by city or by country; or none.
#[derive(Default)]
pub struct Places(Option<Reader<Vec<u8>>>);

#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow)]
    city: Option<Named<'a>>,
    #[serde(borrow)]
    country: Option<Named<'a>>,
}

#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow)]
    names: Option<Names<'a>>,
}

#[derive(Deserialize)]
struct Names<'a> {
    en: Option<&'a str>,
}

impl Places {
    /// What a file says; read as a whole, once.
    pub fn open(file: &Path) -> Result<Self, MaxMindDbError> {
        Ok(Self(Some(Reader::open_readfile(file)?)))
    }

    /// City and country of an address, as far as they are known.
    pub fn find(&self, address: &str) -> Option<String> {
        let (reader, address) = (self.0.as_ref()?, address.parse::<IpAddr>().ok()?);
        // What cannot be read is not known.
        let entry = reader.lookup(address).ok()?.decode::<Entry<'_>>().ok()??;
        let name = |named: Option<Named<'_>>| named?.names?.en.map(str::to_owned);
        match (name(entry.city), name(entry.country)) {
            (Some(city), Some(country)) => Some(format!("{city}, {country}")),
            (one, other) => one.or(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_where_the_file_says() {
        // Invented places; written by another program than the one that reads it (mmdb_writer).
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/src/places.test.mmdb");
        let places = Places::open(Path::new(file)).unwrap();
        assert_eq!(places.find("203.0.113.7").as_deref(), Some("Berlin, Germany"));
        assert_eq!(places.find("2001:db8::1").as_deref(), Some("France"));
        for unknown in ["198.51.100.1", "127.0.0.1", "nonsense", ""] {
            assert_eq!(places.find(unknown), None, "{unknown}");
        }
        assert_eq!(Places::default().find("203.0.113.7"), None);
        assert!(Places::open(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))).is_err());
    }
}
