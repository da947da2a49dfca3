//! Services behind TLS.

use std::sync::Arc;

use gatewright_snapshot::Snapshot;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

use crate::upstream::{Reply, Upstream};
use crate::world::{Setup, config};

fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

async fn service(issuer: &CertifiedIssuer<'static, KeyPair>, name: &str) -> Upstream {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec![name.to_owned()])
        .unwrap()
        .signed_by(&key, issuer)
        .unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    Upstream::start_with(
        |_| Reply::ok("secret"),
        move |stream| {
            let acceptor = acceptor.clone();
            async move { acceptor.accept(stream).await.ok() }
        },
    )
    .await
}

#[tokio::test]
async fn a_service_is_trusted_by_its_own_authorities_only() {
    let (ours, others) = (authority(), authority());
    let mut upstream = service(&ours, "localhost").await;
    let url = format!("https://localhost:{}", upstream.addr.port());
    let mut setup = Setup::new(&url);
    setup.config.gateways[0].services[0].ca_pem = Some(ours.pem());
    let world = setup.start();
    for _ in 0..2 {
        assert_eq!(world.get("/any/x").await.text(), "secret");
        let seen = upstream.seen().await;
        assert_eq!(
            (seen.connection, seen.field("host")),
            (0, Some(&url["https://".len()..]))
        );
    }
    // A connection that was made under other authorities is not used again.
    for ca_pem in [Some(others.pem()), None] {
        let mut changed = config(&url);
        changed.gateways[0].services[0].ca_pem = ca_pem;
        world
            .gateway
            .set_snapshot(Arc::new(Snapshot::compile(changed).unwrap()));
        let answer = world.get("/any/x").await;
        assert_eq!((answer.status, answer.code().as_str()), (502, "upstream-refused"));
    }
    let mut changed = config(&url);
    changed.gateways[0].services[0].ca_pem = Some(format!("{}{}", others.pem(), ours.pem()));
    world
        .gateway
        .set_snapshot(Arc::new(Snapshot::compile(changed).unwrap()));
    assert_eq!(world.get("/any/x").await.text(), "secret");
    assert!(upstream.seen().await.connection > 0);
}

#[tokio::test]
async fn a_certificate_for_another_name_is_not_enough() {
    let ours = authority();
    let mut upstream = service(&ours, "elsewhere.test").await;
    let mut setup = Setup::new(&format!("https://localhost:{}", upstream.addr.port()));
    setup.config.gateways[0].services[0].ca_pem = Some(ours.pem());
    let world = setup.start();
    assert_eq!(world.get("/any/x").await.code(), "upstream-refused");
    assert!(upstream.saw_nothing());
}
