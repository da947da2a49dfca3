//! Connections that rest, and what may use them.

use gatewright_egress::{Client, EgressError, Options, Request};
use http::header::{HOST, HeaderValue};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::server::{Server, client, ok, options, policy, read_request};

#[tokio::test]
async fn a_connection_is_used_again_and_said_to_be() {
    let server = Server::start("127.0.0.1", |_| ok("hello")).await;
    let (client, policy) = (client(), policy(&["127.0.0.1"]));
    let first = client.send(Request::get(server.url("/1")), &policy).await.unwrap();
    let second = client.send(Request::get(server.url("/2")), &policy).await.unwrap();
    assert_eq!(
        (first.timings.reused, second.timings.reused, server.connections()),
        (false, true, 1)
    );
    assert_eq!((second.timings.dns, second.timings.connect), (None, None));
    let third = client.send(Request::post(server.url("/3")), &policy).await.unwrap();
    assert!(
        !third.timings.reused,
        "a POST must not meet a dead connection, since it cannot be sent twice"
    );
    let fourth = client
        .send(Request::post(server.url("/4")).repeatable(), &policy)
        .await
        .unwrap();
    assert!(fourth.timings.reused);
}

#[tokio::test]
async fn a_connection_that_died_while_it_rested_costs_nothing() {
    let server = Server::raw(
        "127.0.0.1:0".parse().unwrap(),
        |mut stream: TcpStream, seen| async move {
            let request = read_request(&mut stream).await.unwrap_or_default();
            seen.lock().unwrap().push(request);
            let _ = stream.write_all(ok("once").as_bytes()).await;
            // The second request on this connection is read and never answered.
            read_request(&mut stream).await;
        },
    )
    .await;
    let (client, policy) = (client(), policy(&["127.0.0.1"]));
    for _ in 0..3 {
        let answer = client.send(Request::get(server.url("/")), &policy).await.unwrap();
        assert_eq!(&answer.body[..], b"once");
    }
    assert_eq!(server.connections(), 3);
}

#[tokio::test]
async fn resting_connections_are_bounded() {
    let mut limits = crate::server::limits();
    limits.max_resting = 1;
    let client = Client::new(Options { limits, ..options() });
    let policy = policy(&["127.0.0.1"]);
    let (one, two) = (
        Server::start("127.0.0.1", |_| ok("1")).await,
        Server::start("127.0.0.1", |_| ok("2")).await,
    );
    for server in [&one, &two, &two, &one] {
        client.send(Request::get(server.url("/")), &policy).await.unwrap();
    }
    assert_eq!((one.connections(), two.connections()), (2, 1));
}

#[tokio::test]
async fn a_caller_cannot_write_the_framing() {
    let request = Request::get("https://example.com/").field(HOST, HeaderValue::from_static("other.example"));
    let error = client().send(request, &policy(&[])).await.unwrap_err();
    assert!(matches!(error, EgressError::InvalidRequest(_)));
}
