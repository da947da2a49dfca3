//! Services that are away, slow, rude, or hang up at the wrong moment.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::Notify;

use crate::client::{PATIENCE, find};
use crate::upstream::{Reply, Upstream};
use crate::world::{Setup, World};

#[tokio::test]
async fn a_service_that_is_away_is_told_apart_from_one_that_is_slow() {
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let world = World::start(&format!("http://{gone}"));
    let answer = world.get("/any/x").await;
    assert_eq!((answer.status, answer.code().as_str()), (502, "upstream-refused"));
    assert_eq!(
        (answer.field("retry-after"), answer.problem()["fault"].as_str()),
        (Some("1"), Some("UPSTREAM"))
    );

    let world = World::start("http://name.invalid");
    assert_eq!(world.get("/any/x").await.code(), "upstream-refused");

    let slow = Upstream::start(|_| Reply::Silence).await;
    let mut setup = Setup::new(&slow.url());
    setup.config.gateways[0].services[0].response_timeout_ms = 1;
    let answer = setup.start().get("/any/x").await;
    assert_eq!((answer.status, answer.code().as_str()), (504, "upstream-timed-out"));
}

#[tokio::test]
async fn a_service_that_does_not_speak_http_has_failed() {
    for reply in [
        "",
        "SSH-2.0-OpenSSH_9.9\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 1, 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nA B: c\r\n\r\n",
    ] {
        let upstream = Upstream::start(move |_| Reply::Last(reply.as_bytes().to_vec())).await;
        let world = World::start(&upstream.url());
        let answer = world.get("/any/x").await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (502, "upstream-failed"),
            "{reply:?}"
        );
    }
}

#[tokio::test]
async fn an_answer_that_pauses_too_long_is_cut_off() {
    let upstream =
        Upstream::start(|_| Reply::Answer(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf".to_vec())).await;
    let mut setup = Setup::new(&upstream.url());
    setup.config.gateways[0].services[0].response_timeout_ms = 1;
    let world = setup.start();
    let mut client = world.connect().await;
    client.send(format!("{}\r\n", world.head("GET /any/x"))).await;
    client.head().await;
    assert_eq!(client.rest().await, b"half");
}

#[tokio::test]
async fn interim_answers_are_not_taken_for_the_answer() {
    let upstream = Upstream::start(|_| {
        Reply::Answer(
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok".to_vec(),
        )
    })
    .await;
    let world = World::start(&upstream.url());
    let answer = world.get("/any/x").await;
    assert_eq!((answer.status, answer.text()), (200, "ok"));
}

/// A service that answers once per connection, then hangs up on whatever comes next: the moment at
/// which a kept connection is worthless and nobody knows it yet.
async fn hangs_up() -> (String, Arc<std::sync::Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let seen = Arc::new(std::sync::Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let log = Arc::clone(&log);
            tokio::spawn(async move {
                for number in 0..2 {
                    let mut head = Vec::new();
                    while find(&head, b"\r\n\r\n").is_none() {
                        if stream.read_buf(&mut head).await.unwrap_or(0) == 0 {
                            return;
                        }
                    }
                    log.lock().unwrap().push(String::from_utf8_lossy(&head).into_owned());
                    if number == 0 {
                        stream
                            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
                            .await
                            .unwrap();
                    }
                }
            });
        }
    });
    (url, seen)
}

#[tokio::test]
async fn a_request_that_may_be_repeated_survives_a_connection_that_was_just_closed() {
    let (url, seen) = hangs_up().await;
    let world = World::start(&url);
    for line in ["GET /any/1", "GET /any/2", "PUT /any/3", "DELETE /any/4"] {
        let mut client = world.connect().await;
        client.send(format!("{}\r\n", world.head(line))).await;
        assert_eq!(client.answer().await.status, 200, "{line}");
    }
    let seen = seen.lock().unwrap().clone();
    let twice = |line: &str| seen.iter().filter(|seen| seen.starts_with(line)).count();
    assert_eq!(
        ["GET /any/1", "GET /any/2", "PUT /any/3", "DELETE /any/4"].map(twice),
        [1, 2, 2, 2],
        "{seen:?}"
    );
    // The second time it says what it said the first time, once.
    let copies: Vec<Vec<&str>> = seen
        .iter()
        .filter(|head| head.starts_with("GET /any/2"))
        .map(|head| {
            let mut lines: Vec<&str> = head.lines().collect();
            lines.sort_unstable();
            lines
        })
        .collect();
    assert_eq!(copies[0], copies[1]);
    let says = |name: &str| copies[1].iter().filter(|line| line.starts_with(name)).count();
    assert_eq!(
        [
            "x-forwarded-for: 127.0.0.1",
            "x-forwarded-host: acme",
            "x-gatewright-key-id: "
        ]
        .map(says),
        [1, 1, 1]
    );
}

#[tokio::test]
async fn a_request_that_may_not_be_repeated_is_sent_once() {
    for request in [
        "POST /any/x HTTP/1.1\r\n",
        "PATCH /any/x HTTP/1.1\r\n",
        "PUT /any/x HTTP/1.1\r\nContent-Length: 2\r\n",
    ] {
        let (url, seen) = hangs_up().await;
        let world = World::start(&url);
        assert_eq!(world.get("/any/first").await.status, 200);
        let mut client = world.connect().await;
        let body = if request.contains("Length") { "hi" } else { "" };
        client
            .send(format!(
                "{request}Host: acme.gateways.test\r\nX-Api-Key: {}\r\n\r\n{body}",
                world.key
            ))
            .await;
        assert_eq!(client.answer().await.code(), "upstream-failed", "{request}");
        assert_eq!(seen.lock().unwrap().len(), 2, "{request}");
    }
}

#[tokio::test]
async fn a_connection_that_was_closed_while_it_rested_is_not_used() {
    let mut upstream =
        Upstream::start(|_| Reply::Last(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok".to_vec())).await;
    let world = World::start(&upstream.url());
    let mut client = world.connect().await;
    for number in 0..3 {
        client
            .send(format!("{}Content-Length: 2\r\n\r\nhi", world.head("POST /any/x")))
            .await;
        let answer = client.answer().await;
        // Whether the end was seen before the next request is chance; that it is not resent is not.
        assert!(
            answer.status == 200 || answer.code() == "upstream-failed",
            "{}",
            answer.head
        );
        if answer.status == 200 {
            assert_eq!(upstream.seen().await.number, 0, "{number}");
        }
    }
    assert!(upstream.connections.load(Ordering::SeqCst) >= 1);
}

#[tokio::test]
async fn a_connection_is_not_used_again_after_half_an_answer() {
    let mut upstream = Upstream::start(|seen| {
        if seen.connection == 0 {
            Reply::Answer(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\nhalf".to_vec())
        } else {
            Reply::ok("whole")
        }
    })
    .await;
    let world = World::start(&upstream.url());
    let mut client = world.connect().await;
    client.send(format!("{}\r\n", world.head("GET /any/x"))).await;
    client.head().await;
    drop(client);
    assert_eq!(world.get("/any/x").await.text(), "whole");
    upstream.seen().await;
    assert_eq!(upstream.seen().await.connection, 1);
}

#[tokio::test]
async fn bytes_behind_an_answer_are_nobodys_answer() {
    let extra = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil";
    let upstream = Upstream::start(move |seen| {
        let behind = if seen.connection == 0 { extra } else { "" };
        Reply::Answer(format!("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok{behind}").into_bytes())
    })
    .await;
    let world = World::start(&upstream.url());
    for _ in 0..3 {
        let answer = world.get("/any/x").await;
        assert!(answer.text() == "ok", "{}", answer.text());
    }
}

#[tokio::test]
async fn an_upstream_is_let_go_when_its_client_hangs_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let world = World::start(&format!("http://{}", listener.local_addr().unwrap()));
    let mut client = world.connect().await;
    client.send(format!("{}\r\n", world.head("GET /any/x"))).await;
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut head = Vec::new();
    while find(&head, b"\r\n\r\n").is_none() {
        stream.read_buf(&mut head).await.unwrap();
    }
    let ended = Arc::new(Notify::new());
    let tell = Arc::clone(&ended);
    tokio::spawn(async move {
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
        tell.notify_one();
    });
    drop(client);
    tokio::time::timeout(PATIENCE, ended.notified())
        .await
        .expect("the upstream's connection is closed");
}
