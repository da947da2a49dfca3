//! Redirects: judged at each hop, bounded, and nothing secret goes along.

use bytes::Bytes;
use gatewright_egress::{Body, EgressError, Policy, Refusal, Request};
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Method, StatusCode};

use crate::server::{Server, client, ok, policy, redirect};

fn secretive(request: Request) -> Request {
    request
        .field(AUTHORIZATION, HeaderValue::from_static("Bearer s3cret"))
        .secret_field(
            HeaderName::from_static("x-signature"),
            HeaderValue::from_static("s3cret"),
        )
        .field(HeaderName::from_static("x-plain"), HeaderValue::from_static("plain"))
}

#[tokio::test]
async fn a_redirect_to_a_forbidden_address_is_not_followed() {
    let inner = Server::start("127.0.0.1", |_| ok("inner")).await;
    for location in [
        inner.url("/"),
        format!("//2130706433:{}/", inner.address.port()),
        format!("http://[::ffff:127.0.0.1]:{}/", inner.address.port()),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
    ] {
        let answer = redirect(302, &location);
        let outer = Server::start("127.0.0.2", move |_| answer.clone()).await;
        let error = client()
            .send(Request::get(outer.url("/")), &policy(&["127.0.0.2"]))
            .await
            .unwrap_err();
        assert!(
            matches!(error, EgressError::Refused(Refusal::Address { .. })),
            "{location}: {error}"
        );
    }
    for (location, refusal) in [
        ("file:///etc/passwd", Refusal::Scheme),
        ("http://a:b@127.0.0.2/", Refusal::UserInfo),
    ] {
        let outer = Server::start("127.0.0.2", move |_| redirect(307, location)).await;
        let error = client()
            .send(Request::get(outer.url("/")), &policy(&["127.0.0.2"]))
            .await
            .unwrap_err();
        assert_eq!(error, EgressError::Refused(refusal));
    }
    assert_eq!(inner.connections(), 0);
}

#[tokio::test]
async fn secrets_stay_with_their_origin() {
    let other = Server::start("127.0.0.2", |_| ok("other")).await;
    let there = other.url("/there");
    let first = Server::start("127.0.0.1", move |request| match request {
        request if request.starts_with("GET /a ") => redirect(302, "/b"),
        _ => redirect(302, &there),
    })
    .await;
    let answer = client()
        .send(secretive(Request::get(first.url("/a"))), &policy(&["127.0.0.0/8"]))
        .await
        .unwrap();
    assert_eq!((answer.redirects, &answer.url), (2, &other.url("/there")));
    for head in first.seen() {
        assert_eq!(head.matches("s3cret").count(), 2, "the same origin gets them: {head}");
    }
    let head = &other.seen()[0];
    assert!(!head.contains("s3cret") && head.contains("x-plain: plain"), "{head}");
    assert!(head.contains(&format!("host: {}\r\n", other.address)), "{head}");
}

#[tokio::test]
async fn the_method_changes_as_the_standard_says() {
    let table = [
        (301, Method::POST, "GET"),
        (302, Method::POST, "GET"),
        (303, Method::POST, "GET"),
        (303, Method::PUT, "GET"),
        (302, Method::PUT, "PUT"),
        (307, Method::POST, "POST"),
        (308, Method::POST, "POST"),
        (303, Method::HEAD, "HEAD"),
    ];
    for (status, method, expected) in table {
        let server = Server::start("127.0.0.1", move |request| match request.contains(" /to ") {
            true if request.starts_with("HEAD") => "HTTP/1.1 200 OK\r\n\r\n".to_owned(),
            true => ok("done"),
            false => redirect(status, "/to"),
        })
        .await;
        let request = Request::new(method.clone(), server.url("/from"))
            .field(CONTENT_TYPE, HeaderValue::from_static("text/plain"))
            .body(Body::Whole(Bytes::from_static(b"payload")));
        let answer = client().send(request, &policy(&["127.0.0.1"])).await.unwrap();
        assert_eq!(answer.status, StatusCode::OK);
        let last = server.seen().pop().unwrap();
        assert!(
            last.starts_with(&format!("{expected} /to ")),
            "{status} {method}: {last}"
        );
        let kept = last.contains("payload") && last.contains("text/plain");
        assert_eq!(kept, expected != "GET", "{status} {method}: {last}");
    }
}

#[tokio::test]
async fn a_loop_ends() {
    let server = Server::start("127.0.0.1", |_| redirect(302, "/again")).await;
    let error = client()
        .send(Request::get(server.url("/")), &policy(&["127.0.0.1"]))
        .await
        .unwrap_err();
    assert_eq!(error, EgressError::TooManyRedirects(5));
    assert_eq!(server.seen().len(), 6);
}

#[tokio::test]
async fn a_request_may_want_no_redirects() {
    let server = Server::start("127.0.0.1", |_| redirect(302, "http://127.0.0.9/")).await;
    let answer = client()
        .send(Request::get(server.url("/")).max_redirects(0), &policy(&["127.0.0.1"]))
        .await
        .unwrap();
    assert_eq!((answer.status, answer.redirects), (StatusCode::FOUND, 0));
}

#[tokio::test]
async fn a_streamed_body_is_never_sent_twice() {
    use http_body_util::{BodyExt, Full};
    let server = Server::start("127.0.0.1", |_| redirect(307, "/again")).await;
    let stream = Full::new(Bytes::from_static(b"once"))
        .map_err(|never| match never {})
        .boxed_unsync();
    let request = Request::new(Method::PUT, server.url("/")).body(Body::Stream(stream));
    let error = client().send(request, &policy(&["127.0.0.1"])).await.unwrap_err();
    assert!(matches!(error, EgressError::BadRedirect(_)), "{error}");
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn plain_http_is_not_allowed_at_a_later_hop_either() {
    let server = Server::start("127.0.0.1", |_| redirect(302, "http://93.184.215.14/")).await;
    let error = client()
        .send(Request::get(server.url("/")), &policy(&["127.0.0.1"]))
        .await
        .unwrap_err();
    assert_eq!(error, EgressError::Refused(Refusal::PlainHttp));
    let everywhere = Policy {
        plain_http: true,
        ports: Some(vec![server.address.port()..=server.address.port()]),
        ..policy(&["127.0.0.1"])
    };
    let error = client()
        .send(Request::get(server.url("/")), &everywhere)
        .await
        .unwrap_err();
    assert_eq!(error, EgressError::Refused(Refusal::Port(80)));
}
