//! Whom TLS connections trust.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

/// Certificate authorities that are believed. Cloning is cheap; connections are shared between clones only.
#[derive(Clone)]
pub struct Trust(Arc<ClientConfig>);

/// Why certificate authorities cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAuthorities {
    /// Not PEM.
    #[error("the certificate authorities are no PEM")]
    NotPem,
    /// No certificate in it.
    #[error("the certificate authorities hold no certificate")]
    Empty,
    /// One that cannot be used.
    #[error("a certificate authority cannot be used: {0}")]
    Unusable(String),
}

impl Trust {
    /// The machine's own.
    pub fn system() -> Self {
        Self::configure(system_roots())
    }

    /// The machine's own and those of a PEM text, as of a company's internal authority.
    ///
    /// # Errors
    ///
    /// What is wrong with the text.
    pub fn with_extra(pem: &str) -> Result<Self, InvalidAuthorities> {
        let mut roots = system_roots();
        add(&mut roots, pem)?;
        Ok(Self::configure(roots))
    }

    /// Those of a PEM text and no others.
    ///
    /// # Errors
    ///
    /// What is wrong with the text.
    pub fn only(pem: &str) -> Result<Self, InvalidAuthorities> {
        let mut roots = RootCertStore::empty();
        add(&mut roots, pem)?;
        Ok(Self::configure(roots))
    }

    fn configure(roots: RootCertStore) -> Self {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("aws-lc-rs speaks the protocol versions of rustls")
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Self(Arc::new(config))
    }

    pub(crate) fn config(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.0)
    }

    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

fn system_roots() -> RootCertStore {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    for error in found.errors {
        tracing::warn!(%error, "some of the system's certificate authorities cannot be read");
    }
    roots
}

fn add(roots: &mut RootCertStore, pem: &str) -> Result<(), InvalidAuthorities> {
    let mut any = false;
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        let certificate = certificate.map_err(|_| InvalidAuthorities::NotPem)?;
        let added = roots.add(certificate);
        added.map_err(|error| InvalidAuthorities::Unusable(error.to_string()))?;
        any = true;
    }
    if any { Ok(()) } else { Err(InvalidAuthorities::Empty) }
}
