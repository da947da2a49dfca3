//! Whom the client trusts.

use std::sync::Arc;

use gatewright_egress::{EgressError, Request, Trust};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::AsyncWriteExt;
use tokio_rustls::TlsAcceptor;

use crate::server::{Server, client, client_trusting, ok, policy, read_request, redirect};

fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

async fn server(
    issuer: &CertifiedIssuer<'static, KeyPair>,
    name: &str,
    change: impl FnOnce(&mut CertificateParams),
    answer: String,
) -> Server {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    change(&mut params);
    let certificate = params.signed_by(&key, issuer).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    Server::raw("127.0.0.1:0".parse().unwrap(), move |stream, seen| {
        let (acceptor, answer) = (acceptor.clone(), answer.clone());
        async move {
            let Ok(mut stream) = acceptor.accept(stream).await else {
                return;
            };
            while let Some(request) = read_request(&mut stream).await {
                seen.lock().unwrap().push(request);
                if stream.write_all(answer.as_bytes()).await.is_err() {
                    return;
                }
            }
        }
    })
    .await
}

fn url(server: &Server) -> String {
    format!("https://localhost:{}/", server.address.port())
}

#[tokio::test]
async fn only_a_certificate_that_fits_is_trusted() {
    let (ours, others) = (authority(), authority());
    let trust = Trust::only(&ours.pem()).unwrap();
    let good = server(&ours, "localhost", |_| {}, ok("secret")).await;
    let answer = client_trusting(trust.clone())
        .send(Request::get(url(&good)), &policy(&["localhost"]))
        .await
        .unwrap();
    assert_eq!(&answer.body[..], b"secret");
    assert!(answer.timings.tls.is_some());

    let stranger = server(&others, "localhost", |_| {}, ok("secret")).await;
    let misnamed = server(&ours, "other.example", |_| {}, ok("secret")).await;
    let expired = |params: &mut CertificateParams| params.not_after = rcgen::date_time_ymd(2001, 1, 1);
    let expired = server(&ours, "localhost", expired, ok("secret")).await;
    for (server, word) in [
        (stranger, "peer certificate"),
        (misnamed, "not valid for name"),
        (expired, "expired"),
    ] {
        let error = client_trusting(trust.clone())
            .send(Request::get(url(&server)), &policy(&["localhost"]))
            .await;
        let EgressError::Untrusted { host, why } = error.unwrap_err() else {
            panic!("{word}")
        };
        assert!(host == "localhost" && why.contains(word), "{word}: {why}");
        assert!(server.seen().is_empty(), "nothing was sent");
    }
    let error = client()
        .send(Request::get(url(&good)), &policy(&["localhost"]))
        .await
        .unwrap_err();
    assert!(
        matches!(error, EgressError::Untrusted { .. }),
        "the machine does not know our authority: {error}"
    );
}

#[tokio::test]
async fn an_extra_authority_counts_for_whoever_asked_for_it() {
    let ours = authority();
    let server = server(&ours, "localhost", |_| {}, ok("secret")).await;
    let client = client();
    let trust = Trust::with_extra(&ours.pem()).unwrap();
    let request = || Request::get(url(&server));
    assert!(
        client
            .send(request().trust(trust), &policy(&["localhost"]))
            .await
            .is_ok()
    );
    let error = client.send(request(), &policy(&["localhost"])).await.unwrap_err();
    assert!(
        matches!(error, EgressError::Untrusted { .. }),
        "not even over a connection that rests: {error}"
    );
    assert!(Trust::only("no pem").is_err() && Trust::with_extra("-----BEGIN CERTIFICATE-----\n").is_err());
}

#[tokio::test]
async fn https_does_not_become_http() {
    let ours = authority();
    let plain = Server::start("127.0.0.1", |_| ok("plain")).await;
    let server = server(&ours, "localhost", |_| {}, redirect(302, &plain.url("/"))).await;
    let client = client_trusting(Trust::only(&ours.pem()).unwrap());
    let error = client
        .send(Request::get(url(&server)), &policy(&["localhost", "127.0.0.1"]))
        .await
        .unwrap_err();
    assert_eq!(error, EgressError::Downgraded);
    assert_eq!(plain.connections(), 0);
}

#[tokio::test]
async fn plain_http_on_a_tls_port_and_the_reverse_are_told_apart() {
    let plain = Server::start("127.0.0.1", |_| ok("plain")).await;
    let error = client()
        .send(Request::get(url(&plain)), &policy(&["localhost"]))
        .await
        .unwrap_err();
    assert!(
        matches!(error, EgressError::Untrusted { .. } | EgressError::TimedOut { .. }),
        "{error}"
    );
}
