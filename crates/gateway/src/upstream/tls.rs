//! Whom connections to services trust.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use gatewright_snapshot::{Service, ServiceIdentity};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

/// TLS configurations, shared by all cores; looked at only when a connection is made.
#[derive(Default)]
pub(crate) struct Trust {
    system: OnceLock<Arc<ClientConfig>>,
    own: Mutex<HashMap<ServiceIdentity, Arc<ClientConfig>>>,
}

/// Most configurations that are remembered; they are cheap to make again.
const REMEMBERED: usize = 1_024;

impl Trust {
    /// The configuration for a service; an error is words for an operator.
    pub(crate) fn config(&self, service: &Service) -> Result<Arc<ClientConfig>, String> {
        let Some(pem) = &service.ca_pem else {
            return Ok(Arc::clone(self.system.get_or_init(|| configure(system_roots()))));
        };
        if let Some(config) = self.lock().get(&service.identity) {
            return Ok(Arc::clone(config));
        }
        let config = configure(own_roots(pem)?);
        let mut own = self.lock();
        if own.len() >= REMEMBERED {
            own.clear();
        }
        own.insert(service.identity, Arc::clone(&config));
        Ok(config)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<ServiceIdentity, Arc<ClientConfig>>> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn system_roots() -> RootCertStore {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (added, ignored) = roots.add_parsable_certificates(found.certs);
    tracing::info!(
        tls.roots = added,
        tls.ignored = ignored,
        "loaded the system's certificate authorities"
    );
    for error in found.errors {
        tracing::warn!(%error, "some of the system's certificate authorities cannot be read");
    }
    roots
}

fn own_roots(pem: &str) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        let certificate = certificate.map_err(|error| format!("its certificate authorities are no PEM: {error}"))?;
        roots
            .add(certificate)
            .map_err(|error| format!("a certificate authority cannot be used: {error}"))?;
    }
    if roots.is_empty() {
        return Err("its certificate authorities hold no certificate".to_owned());
    }
    Ok(roots)
}

fn configure(roots: RootCertStore) -> Arc<ClientConfig> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("aws-lc-rs speaks the protocol versions of rustls")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Arc::new(config)
}
