//! An installation behind TLS.

use std::sync::Arc;

use gatewright_testkit::TestApp;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::Desk;

pub(crate) fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

pub(crate) fn acceptor(issuer: &CertifiedIssuer<'static, KeyPair>) -> TlsAcceptor {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, issuer).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// Ends TLS in front of `api`; returns the port.
pub(crate) async fn terminate(acceptor: TlsAcceptor, api: String) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, api) = (acceptor.clone(), api.clone());
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    return;
                };
                let mut inner = TcpStream::connect(api).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut stream, &mut inner).await;
            });
        }
    });
    port
}

#[tokio::test]
async fn a_token_goes_to_nobody_whose_certificate_is_not_trusted() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let (ours, others) = (authority(), authority());
    let api = acme
        .api_url
        .trim_start_matches("http://")
        .trim_end_matches("/api/v1")
        .to_owned();
    let port = terminate(acceptor(&ours), api).await;
    for (name, authority, expected) in [
        ("localhost", &ours, Ok("tenant: acme")),
        ("localhost", &others, Err("BadSignature")),
        ("127.0.0.1", &ours, Err("not valid for name")),
    ] {
        let desk = Desk::at(&format!("https://{name}:{port}"), &acme.token);
        let file = desk.write("authority.pem", &authority.pem());
        let ended = desk
            .run_with(&["export"], &[("SSL_CERT_FILE", file.to_str().unwrap())])
            .await;
        match expected {
            Ok(shown) => assert!(ended.code == 0 && ended.stdout.contains(shown), "{ended:?}"),
            Err(said) => {
                let refusal = format!("{name}:{port}: invalid peer certificate: ");
                let right = ended.stderr.contains(&refusal) && ended.stderr.contains(said);
                assert!(ended.code == 1 && right, "{said}: {ended:?}");
            }
        }
    }
    app.stop().await;
}
