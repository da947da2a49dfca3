//! Whatever a server does, it ends, and soon.

use std::net::SocketAddr;
use std::time::Duration;

use gatewright_egress::{Client, EgressError, Limits, Options, Overflow, Phase, Request, Timings};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

use crate::server::{Names, Server, client, client_with, limits, ok, options, policy, read_request};

fn local() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

/// A server that sends `head`, then `piece` every 20 ms for ever.
async fn dripping(head: &'static str, piece: &'static str) -> Server {
    Server::raw(local(), move |mut stream: TcpStream, _| async move {
        read_request(&mut stream).await;
        let mut result = stream.write_all(head.as_bytes()).await;
        while result.is_ok() {
            sleep(Duration::from_millis(20)).await;
            result = stream.write_all(piece.as_bytes()).await;
        }
    })
    .await
}

async fn error_of(client: &Client, server: &Server) -> EgressError {
    let begun = Instant::now();
    let error = client
        .send(Request::get(server.url("/")), &policy(&["127.0.0.1"]))
        .await
        .unwrap_err();
    assert!(
        begun.elapsed() < Duration::from_secs(3),
        "{error} after {:?}",
        begun.elapsed()
    );
    error
}

fn timed_out(phase: Phase, limit: Duration) -> EgressError {
    EgressError::TimedOut { phase, after: limit }
}

#[tokio::test]
async fn a_head_that_drips_or_never_comes_is_given_up() {
    let limit = limits().first_byte_timeout;
    for server in [
        dripping("", "").await,
        dripping("HTTP/1.1 200 OK\r\n", "a: b\r\n").await,
        dripping("", "HTTP/1.1 103 Early Hints\r\n\r\n").await,
    ] {
        assert_eq!(error_of(&client(), &server).await, timed_out(Phase::FirstByte, limit));
    }
}

#[tokio::test]
async fn a_body_that_drips_ends_with_the_whole_request() {
    let client = Client::new(Options {
        limits: Limits {
            total_timeout: Duration::from_millis(500),
            ..limits()
        },
        ..options()
    });
    let server = dripping("HTTP/1.1 200 OK\r\ncontent-length: 60000\r\n\r\n", "x").await;
    let all = Duration::from_millis(500);
    assert_eq!(error_of(&client, &server).await, timed_out(Phase::Transfer, all));
}

#[tokio::test]
async fn a_body_that_stops_is_given_up() {
    let server = dripping("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nbegun", "").await;
    assert_eq!(
        error_of(&client(), &server).await,
        timed_out(Phase::Transfer, limits().pause_timeout)
    );
}

#[tokio::test]
async fn a_name_that_nobody_answers_for_is_given_up() {
    struct Silent;
    impl gatewright_egress::Resolve for Silent {
        fn resolve<'a>(&'a self, _: &'a str) -> gatewright_egress::resolve::Resolving<'a> {
            Box::pin(std::future::pending())
        }
    }
    let client = client_with(std::sync::Arc::new(Silent));
    let error = client
        .send(Request::get("https://slow.example/"), &policy(&[]))
        .await
        .unwrap_err();
    assert_eq!(error, timed_out(Phase::Dns, limits().dns_timeout));
    let client = client_with(Names::one("other.example", &[&["127.0.0.1"]]));
    let error = client
        .send(Request::get("https://no.example/?secret=1"), &policy(&[]))
        .await
        .unwrap_err();
    assert_eq!(error, EgressError::NameNotFound("no.example".to_owned()));
}

#[tokio::test]
async fn a_tls_handshake_that_never_ends_is_given_up() {
    let server = Server::raw(local(), |stream, _| async move {
        let _open = stream;
        std::future::pending::<()>().await;
    })
    .await;
    let url = format!("https://{}/", server.address);
    let error = client()
        .send(Request::get(url), &policy(&["127.0.0.1"]))
        .await
        .unwrap_err();
    assert_eq!(error, timed_out(Phase::Tls, limits().tls_timeout));
}

#[tokio::test]
async fn heads_are_bounded_in_bytes_and_in_fields() {
    let table = [
        format!("HTTP/1.1 200 OK\r\na: {}\r\n\r\n", "x".repeat(70_000)),
        format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(101)),
        format!("HTTP/1.1 200 {}\r\n\r\n", "x".repeat(70_000)),
    ];
    for head in table {
        let server = Server::start("127.0.0.1", move |_| head.clone()).await;
        let error = error_of(&client(), &server).await;
        assert!(matches!(error, EgressError::HeadTooLarge { .. }), "{error}");
    }
}

#[tokio::test]
async fn bodies_are_bounded_announced_or_not() {
    let limit = limits().max_body_bytes;
    let announced = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", u64::MAX / 4);
    let server = Server::start("127.0.0.1", move |_| announced.clone()).await;
    assert_eq!(
        error_of(&client(), &server).await,
        EgressError::BodyTooLarge(limit),
        "refused before it comes"
    );
    for (head, piece) in [
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
            format!("4000\r\n{}\r\n", "x".repeat(0x4000)),
        ),
        ("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n", "x".repeat(0x4000)),
    ] {
        let server = dripping(head, piece.leak()).await;
        assert_eq!(error_of(&client(), &server).await, EgressError::BodyTooLarge(limit));
    }
}

#[tokio::test]
async fn the_beginning_of_a_long_body_can_be_kept() {
    let server = dripping("HTTP/1.1 500 Oops\r\nconnection: close\r\n\r\n", "0123456789").await;
    let request = Request::get(server.url("/")).max_body_bytes(25, Overflow::Cut);
    let answer = client().send(request, &policy(&["127.0.0.1"])).await.unwrap();
    assert_eq!(
        (&answer.body[..], answer.cut),
        (&b"0123456789012345678901234"[..], true)
    );
    let exact = Server::start("127.0.0.1", |_| ok("0123456789")).await;
    let request = Request::get(exact.url("/")).max_body_bytes(10, Overflow::Cut);
    let answer = client().send(request, &policy(&["127.0.0.1"])).await.unwrap();
    assert_eq!((answer.body.len(), answer.cut), (10, false));
}

#[tokio::test]
async fn what_is_no_complete_http_answer_is_an_error() {
    for bytes in [
        "SSH-2.0-OpenSSH\r\n\r\n",
        "HTTP/2.0 200 OK\r\n\r\n",
        "\0\0\0\0\r\n\r\n",
        "HTTP/1.1 101 Switching\r\nupgrade: x\r\n\r\n",
    ] {
        let server = Server::start("127.0.0.1", move |_| bytes.to_owned()).await;
        assert_eq!(error_of(&client(), &server).await, EgressError::NotHttp, "{bytes:?}");
    }
    for bytes in [
        "",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nshort",
    ] {
        let server = Server::raw(local(), move |mut stream: TcpStream, _| async move {
            read_request(&mut stream).await;
            let _ = stream.write_all(bytes.as_bytes()).await;
        })
        .await;
        assert_eq!(error_of(&client(), &server).await, EgressError::BrokenOff, "{bytes:?}");
    }
    let refused = {
        let free = tokio::net::TcpListener::bind(local()).await.unwrap();
        free.local_addr().unwrap()
    };
    let error = client()
        .send(Request::get(format!("http://{refused}/")), &policy(&["127.0.0.1"]))
        .await
        .unwrap_err();
    assert!(matches!(error, EgressError::ConnectionRefused { .. }), "{error}");
}

#[tokio::test]
async fn requests_past_the_limit_wait_their_turn() {
    let client = Client::new(Options {
        limits: Limits {
            max_in_flight: 1,
            ..limits()
        },
        ..options()
    });
    let server = Server::start("127.0.0.1", |_| ok("done")).await;
    let policy = policy(&["127.0.0.1"]);
    let first = client.stream(Request::get(server.url("/1")), &policy).await.unwrap();
    let soon = Duration::from_millis(50);
    let error = client
        .send(Request::get(server.url("/2")).total_timeout(soon), &policy)
        .await
        .unwrap_err();
    assert_eq!(error, timed_out(Phase::Turn, soon));
    drop(first);
    assert!(client.send(Request::get(server.url("/2")), &policy).await.is_ok());
}

#[tokio::test]
async fn the_phases_add_up() {
    let server = Server::raw(local(), |mut stream: TcpStream, _| async move {
        read_request(&mut stream).await;
        sleep(Duration::from_millis(40)).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\na").await;
        sleep(Duration::from_millis(60)).await;
        let _ = stream.write_all(b"b").await;
    })
    .await;
    let client = client_with(Names::one("timed.example", &[&["127.0.0.1"]]));
    let url = format!("http://timed.example:{}/", server.address.port());
    let answer = client
        .send(Request::get(url), &policy(&["timed.example"]))
        .await
        .unwrap();
    let Timings {
        reused,
        dns,
        connect,
        tls,
        first_byte,
        transfer,
        total,
    } = answer.timings;
    assert!(!reused && tls.is_none());
    assert!(
        first_byte >= Duration::from_millis(40) && transfer >= Duration::from_millis(50),
        "{first_byte:?} {transfer:?}"
    );
    assert!(dns.unwrap() + connect.unwrap() + first_byte + transfer <= total);
}
