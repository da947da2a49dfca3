//! Which tenant a host means, and how a tenant is reached.
//!
//! A tenant's host is `<slug>.<portal domain>`; what people see, sign in to and are mailed links to is there. Any other host
//! means one tenant: the one that the settings name, or the oldest.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use gatewright_catalog::model::Tenant;
use gatewright_catalog::tenants;
use gatewright_database::{Database, SystemUse};
use gatewright_types::ProblemCode;
use gatewright_types::ids::TenantId;
use gatewright_types::slug::Slug;
use url::Url;

use crate::error::ApiError;

/// Tenants that are remembered by their host; one more, and all of them are looked up again.
const KNOWN_MAX: usize = 1024;

/// What is set about hosts.
#[derive(Clone, Debug)]
pub struct PortalSettings {
    /// A tenant's host is `<slug>.<portal domain>`; none: tenants have no hosts of their own.
    pub domain: Option<String>,
    /// The tenant that other hosts mean; none: the oldest.
    pub default_tenant: Option<Slug>,
    /// How the control plane is reached from outside.
    pub public_url: Url,
}

/// A tenant as its host names it.
#[derive(Clone, Debug)]
pub struct Portal {
    /// Which.
    pub tenant_id: TenantId,
    /// What it is called.
    pub name: String,
    /// What its host begins with.
    pub slug: Slug,
}

/// Which tenant a host means.
pub struct Portals {
    settings: PortalSettings,
    /// By slug; the empty one is what other hosts mean. Nothing of it ever changes.
    known: Mutex<HashMap<String, Portal>>,
}

impl Portals {
    /// Knows no tenant yet.
    pub fn new(settings: PortalSettings) -> Self {
        Self {
            settings,
            known: Mutex::default(),
        }
    }

    /// The tenant that a host means.
    pub async fn find(&self, database: &Database, host: &str) -> Result<Portal, ApiError> {
        let slug = self.slug(host);
        let key = slug.as_ref().map_or_else(String::new, ToString::to_string);
        let known = self
            .known
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&key)
            .cloned();
        if let Some(portal) = known {
            return Ok(portal);
        }
        let mut tx = database.system(SystemUse::FindTenant).await?;
        let tenant = match slug.as_ref().or(self.settings.default_tenant.as_ref()) {
            Some(slug) => tenants::find_by_slug(&mut tx, slug).await?,
            None => tenants::oldest(&mut tx).await?,
        };
        tx.close().await?;
        let tenant = tenant.ok_or_else(|| ApiError::new(ProblemCode::NoTenant, "No tenant answers to this host."))?;
        let portal = Portal::from(tenant);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KNOWN_MAX {
            known.clear();
        }
        known.insert(key, portal.clone());
        Ok(portal)
    }

    /// Where a tenant is reached, without a slash at the end.
    pub fn url(&self, slug: &Slug) -> String {
        let public = &self.settings.public_url;
        let Some(domain) = &self.settings.domain else {
            return public.as_str().trim_end_matches('/').to_owned();
        };
        let port = public.port().map_or_else(String::new, |port| format!(":{port}"));
        format!("{}://{slug}.{domain}{port}", public.scheme())
    }

    /// What a page at this host has as its origin.
    pub fn origin(&self, host: &str) -> String {
        format!("{}://{host}", self.settings.public_url.scheme())
    }

    /// How people reach us.
    pub fn scheme(&self) -> &'static str {
        if self.settings.public_url.scheme() == "https" {
            "https"
        } else {
            "http"
        }
    }

    /// Whether people reach us by https, so that a cookie may insist on it.
    pub fn is_secure(&self, host: &str) -> bool {
        self.settings.public_url.scheme() == "https" || !is_loopback(host)
    }

    /// Whether a page of this origin is one of the host's own.
    pub fn is_own_origin(&self, origin: &str, host: &str) -> bool {
        let scheme = self.settings.public_url.scheme();
        origin
            .strip_prefix(scheme)
            .and_then(|rest| rest.strip_prefix("://"))
            .is_some_and(|authority| authority.eq_ignore_ascii_case(host))
    }

    /// The slug that a host begins with, where it is a tenant's.
    pub fn slug(&self, host: &str) -> Option<Slug> {
        let domain = self.settings.domain.as_ref()?;
        let name = name_of(host).to_ascii_lowercase();
        name.strip_suffix(domain.as_str())?.strip_suffix('.')?.parse().ok()
    }
}

impl From<Tenant> for Portal {
    fn from(tenant: Tenant) -> Self {
        Self {
            tenant_id: tenant.id,
            name: tenant.name,
            slug: tenant.slug,
        }
    }
}

/// A host without its port.
pub fn name_of(host: &str) -> &str {
    match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    }
}

/// Whether a host is this machine (RFC 6761 §6.3: also every name below `localhost`).
pub fn is_loopback(host: &str) -> bool {
    let name = name_of(host).to_ascii_lowercase();
    name == "localhost"
        || name.ends_with(".localhost")
        || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn portals(public_url: &str, domain: Option<&str>) -> Portals {
        Portals::new(PortalSettings {
            domain: domain.map(str::to_owned),
            default_tenant: None,
            public_url: public_url.parse().unwrap(),
        })
    }

    #[test]
    fn a_host_names_its_tenant_and_no_other_does() {
        let here = portals("http://127.0.0.1:8080", Some("localhost"));
        for host in ["acme.localhost", "acme.localhost:8080", "ACME.Localhost:1"] {
            assert_eq!(here.slug(host), Some("acme".parse().unwrap()), "{host}");
        }
        for host in [
            "localhost",
            ".localhost",
            "127.0.0.1",
            "[::1]:80",
            "acme.localhost.evil",
            "a.b.localhost",
            "acme-localhost",
        ] {
            assert_eq!(here.slug(host), None, "{host}");
        }
        let slug = "acme".parse().unwrap();
        assert_eq!(here.url(&slug), "http://acme.localhost:8080");
        assert_eq!(
            portals("https://gw.example.com/", None).url(&slug),
            "https://gw.example.com"
        );
        assert_eq!(
            portals("https://gw.example.com", Some("example.com")).url(&slug),
            "https://acme.example.com"
        );
    }

    #[test]
    fn only_a_page_of_the_host_itself_is_its_own() {
        let here = portals("https://gw.example.com", Some("example.com"));
        assert!(here.is_own_origin("https://acme.example.com", "acme.example.com"));
        for other in [
            "http://acme.example.com",
            "https://acme.example.com.evil",
            "https://evil.example.com",
            "https://acme.example.com:8443",
            "null",
            "",
            "https://",
        ] {
            assert!(!here.is_own_origin(other, "acme.example.com"), "{other}");
        }
    }

    #[test]
    fn a_cookie_goes_without_https_on_this_machine_alone() {
        let here = portals("http://127.0.0.1:8080", Some("localhost"));
        for host in [
            "localhost:8080",
            "LOCALHOST",
            "acme.localhost",
            "127.0.0.1:8080",
            "127.1.2.3",
            "[::1]:8080",
        ] {
            assert!(!here.is_secure(host), "{host}");
        }
        for host in [
            "example.com",
            "evillocalhost",
            "localhost.example.com",
            "127.0.0.1.example.com:8080",
            "10.0.0.1",
            "[::2]",
            "",
        ] {
            assert!(here.is_secure(host), "{host}");
        }
        assert!(portals("https://gw.example.com", None).is_secure("localhost"));
    }
}
