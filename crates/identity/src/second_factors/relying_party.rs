//! For whom a passkey is made: a host, and nobody else's (WebAuthn Level 3 §5.1.3).

use webauthn_rs::prelude::Url;
use webauthn_rs::{Webauthn, WebauthnBuilder};

use super::ceremonies::CEREMONY_LIFE;
use crate::IdentityError;

/// The host of a tenant, as authenticators know it.
#[derive(Clone, Debug)]
pub struct RelyingParty {
    origin: Url,
    id: String,
    name: String,
}

impl RelyingParty {
    /// Of an origin (`https://acme.example.com`), by the tenant's name.
    ///
    /// Fails where the host is an address: authenticators know names only.
    pub fn new(origin: &str, name: &str) -> Result<Self, IdentityError> {
        let origin = Url::parse(origin).map_err(|_| IdentityError::NoRelyingParty)?;
        let id = origin.domain().ok_or(IdentityError::NoRelyingParty)?.to_owned();
        let party = Self {
            origin,
            id,
            name: name.to_owned(),
        };
        party.webauthn()?;
        Ok(party)
    }

    /// What makes challenges and judges answers: user verification is asked for, the origin is this one exactly.
    pub(super) fn webauthn(&self) -> Result<Webauthn, IdentityError> {
        WebauthnBuilder::new(&self.id, &self.origin)
            .map(|builder| {
                builder
                    .rp_name(&self.name)
                    .timeout(CEREMONY_LIFE.to_std().unwrap_or_default())
            })
            .and_then(WebauthnBuilder::build)
            .map_err(|_| IdentityError::NoRelyingParty)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relying_party_is_a_host_with_a_name() {
        for right in [
            "https://acme.example.com",
            "http://localhost:8080",
            "http://acme.localhost:8080",
        ] {
            assert!(RelyingParty::new(right, "Acme").is_ok(), "{right}");
        }
        for wrong in ["http://127.0.0.1:8080", "http://[::1]:8080", "acme", ""] {
            assert!(RelyingParty::new(wrong, "Acme").is_err(), "{wrong}");
        }
    }
}
