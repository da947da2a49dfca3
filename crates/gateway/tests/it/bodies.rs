//! Bodies: streamed, limited, and never more of them in memory than has to be.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::client::find;
use crate::upstream::{Reply, Upstream};
use crate::world::{Setup, World};

/// More than the socket buffers of two connections hold, at the sizes the kernel grows them to.
const SLACK: usize = 32 * 1024 * 1024;
const LARGE: usize = 160 * 1024 * 1024;

#[tokio::test]
async fn a_body_is_asked_for_only_when_the_request_is_admitted() {
    let mut upstream = Upstream::start(|_| Reply::ok("done")).await;
    let world = World::start(&upstream.url());
    let mut client = world.connect().await;
    let head = world.head("POST /any/x");
    client
        .send(format!("{head}Expect: 100-continue\r\nContent-Length: 5\r\n\r\n"))
        .await;
    assert_eq!(client.head().await, "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("hello").await;
    assert_eq!(client.answer().await.text(), "done");
    let seen = upstream.seen().await;
    assert_eq!((seen.field("expect"), &*seen.body), (None, &b"hello"[..]));

    for (line, code) in [("POST /nowhere", "no-route"), ("PUT /v1/items/1", "method-not-allowed")] {
        let mut client = world.connect().await;
        client
            .send(format!(
                "{}Expect: 100-continue\r\nContent-Length: 5\r\n\r\n",
                world.head(line)
            ))
            .await;
        let answer = client.answer().await;
        assert_eq!(
            (answer.code().as_str(), answer.field("connection")),
            (code, Some("close")),
            "no 100 came first"
        );
        assert!(client.is_closed().await);
    }
    assert!(upstream.saw_nothing_more());
}

#[tokio::test]
async fn an_answer_to_head_has_no_body_and_keeps_its_length() {
    let mut upstream =
        Upstream::start(|_| Reply::Answer(b"HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n".to_vec())).await;
    let world = World::start(&upstream.url());
    let mut client = world.connect().await;
    for _ in 0..2 {
        client.send(format!("{}\r\n", world.head("HEAD /v1/items/1"))).await;
        let answer = client.answer_to("HEAD").await;
        assert_eq!((answer.status, answer.field("content-length")), (200, Some("1234")));
        assert_eq!(upstream.seen().await.line(), "HEAD /items/1 HTTP/1.1");
    }
    client
        .send("HEAD /v1/items/1 HTTP/1.1\r\nHost: acme.gateways.test\r\n\r\n")
        .await;
    assert_eq!(
        client.answer_to("HEAD").await.status,
        401,
        "a refusal of HEAD has no body either"
    );
    client.send(format!("{}\r\n", world.head("HEAD /v1/items/1"))).await;
    assert_eq!(client.answer_to("HEAD").await.status, 200);
}

#[tokio::test]
async fn chunks_and_trailers_pass_both_ways() {
    let mut upstream = Upstream::start(|_| {
        Reply::Answer(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\nTrailer: X-Sum\r\n\r\n\
              3;ext=1\r\nabc\r\n2\r\nde\r\n0\r\nX-Sum: 5\r\nX-Unannounced: 1\r\n\r\n"
                .to_vec(),
        )
    })
    .await;
    let world = World::start(&upstream.url());
    let mut client = world.connect().await;
    let head = world.head("GET /any/x");
    client
        .send(format!(
            "{head}TE: trailers\r\nTransfer-Encoding: chunked\r\nTrailer: X-Mine\r\n\r\n"
        ))
        .await;
    client.send("4\r\nbody\r\n0\r\nX-Mine: 4\r\n\r\n").await;
    let answer = client.answer().await;
    assert_eq!(answer.text(), "abcdex-sum: 5");
    assert_eq!(
        (answer.field("content-length"), answer.field("transfer-encoding")),
        (None, Some("chunked"))
    );
    let seen = upstream.seen().await;
    assert_eq!(
        String::from_utf8_lossy(&seen.body),
        "4\r\nbody\r\n0\r\nx-mine: 4\r\n\r\n"
    );
    assert_eq!(
        (seen.field("te"), seen.field("connection")),
        (Some("trailers"), Some("te"))
    );
}

#[tokio::test]
async fn an_answer_that_ends_with_its_connection_is_framed_anew() {
    let upstream = Upstream::start(|_| Reply::Last(b"HTTP/1.0 200 OK\r\n\r\nuntil the end".to_vec())).await;
    let world = World::start(&upstream.url());
    let answer = world.get("/any/x").await;
    assert!(answer.head.starts_with("HTTP/1.1 200 OK\r\n"));
    assert_eq!(
        (answer.field("transfer-encoding"), answer.text()),
        (Some("chunked"), "until the end")
    );
}

#[tokio::test]
async fn a_body_that_is_too_long_is_refused() {
    let mut upstream = Upstream::start(|_| Reply::ok("")).await;
    let mut setup = Setup::new(&upstream.url());
    setup.config.gateways[0].max_request_body_bytes = 10;
    let world = setup.start();
    let head = world.head("POST /any/x");
    let all = world.exchange(format!("{head}Content-Length: 11\r\n\r\n")).await;
    assert!(
        all.starts_with("HTTP/1.1 413 ") && all.contains("body-too-large"),
        "{all}"
    );
    assert!(
        upstream.saw_nothing(),
        "a length that is announced is refused before anything is sent"
    );
    let all = world
        .exchange(format!(
            "{head}Transfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\n5\r\nghijk\r\n0\r\n\r\n"
        ))
        .await;
    assert!(
        all.starts_with("HTTP/1.1 413 ") && all.contains("body-too-large"),
        "{all}"
    );
    assert!(
        upstream.saw_nothing_more(),
        "what is counted on its way is never completed"
    );
    let mut client = world.connect().await;
    client.send(format!("{head}Content-Length: 10\r\n\r\n0123456789")).await;
    assert_eq!(client.answer().await.status, 200);
}

#[tokio::test]
async fn a_body_that_stops_coming_is_given_up() {
    let upstream = Upstream::start(|_| Reply::ok("")).await;
    let mut setup = Setup::new(&upstream.url());
    setup.limits.body_timeout = Duration::from_millis(1);
    let world = setup.start();
    for framing in [
        "Content-Length: 5\r\n\r\nhell",
        "Transfer-Encoding: chunked\r\n\r\n5\r\nhell",
    ] {
        let all = world.exchange(format!("{}{framing}", world.head("POST /any/x"))).await;
        assert!(
            all.starts_with("HTTP/1.1 408 ") && all.contains("request-timed-out"),
            "{all}"
        );
    }
}

#[tokio::test]
async fn an_upload_that_is_refused_still_hears_why() {
    let world = World::start("http://127.0.0.1:9");
    let mut client = world.connect().await;
    client
        .send("POST /nowhere HTTP/1.1\r\nHost: acme.gateways.test\r\nContent-Length: 150000\r\n\r\n")
        .await;
    // All of it is in flight before anything is read: a reset would tear up the answer.
    client.send(vec![b'x'; 150_000]).await;
    assert_eq!(client.answer().await.code(), "no-route");
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn a_client_that_reads_slowly_slows_the_upstream_down() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let written = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&written);
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while find(&head, b"\r\n\r\n").is_none() {
            stream.read_buf(&mut head).await.unwrap();
        }
        stream
            .write_all(format!("HTTP/1.1 200 OK\r\ncontent-length: {LARGE}\r\n\r\n").as_bytes())
            .await
            .unwrap();
        let part = vec![b'x'; 64 * 1024];
        while counter.load(Ordering::SeqCst) < LARGE {
            stream.write_all(&part).await.unwrap();
            counter.fetch_add(part.len(), Ordering::SeqCst);
        }
    });
    let world = World::start(&url);
    let mut client = world.connect().await;
    client.send(format!("{}\r\n", world.head("GET /any/x"))).await;
    client.head().await;
    let mut read = 0;
    while read < LARGE {
        read += client.exactly((1024 * 1024).min(LARGE - read)).await.len();
        let ahead = written.load(Ordering::SeqCst).saturating_sub(read);
        assert!(ahead < SLACK, "the upstream is {ahead} bytes ahead of the client");
        // Whoever would buffer without bound gets the time to do so.
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn an_upstream_that_reads_slowly_slows_the_client_down() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut setup = Setup::new(&format!("http://{}", listener.local_addr().unwrap()));
    setup.config.gateways[0].max_request_body_bytes = u64::MAX;
    let world = setup.start();
    let written = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&written);
    let head = world.head("POST /any/x");
    let mut client = world.connect().await;
    let sending = tokio::spawn(async move {
        client.send(format!("{head}Content-Length: {LARGE}\r\n\r\n")).await;
        let part = vec![b'x'; 64 * 1024];
        while counter.load(Ordering::SeqCst) < LARGE {
            client.send(&part).await;
            counter.fetch_add(part.len(), Ordering::SeqCst);
        }
        client.answer().await.status
    });
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut part = vec![0; 1024 * 1024];
    let mut read = 0;
    // The head is little against the slack.
    while read < LARGE {
        read += stream.read(&mut part).await.unwrap();
        let ahead = written.load(Ordering::SeqCst).saturating_sub(read);
        assert!(ahead < SLACK, "the client is {ahead} bytes ahead of the upstream");
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
    }
    stream
        .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        .await
        .unwrap();
    assert_eq!(sending.await.unwrap(), 200);
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_not_taken_for_whole() {
    let upstream =
        Upstream::start(|_| Reply::Last(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf".to_vec())).await;
    let world = World::start(&upstream.url());
    let mut client = world.connect().await;
    client.send(format!("{}\r\n", world.head("GET /any/x"))).await;
    client.head().await;
    assert_eq!(client.rest().await, b"half");
    let upstream = Upstream::start(|_| {
        Reply::Last(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n".to_vec())
    })
    .await;
    let world = World::start(&upstream.url());
    let mut client = world.connect().await;
    client.send(format!("{}\r\n", world.head("GET /any/x"))).await;
    client.head().await;
    assert!(
        !client.rest().await.ends_with(b"0\r\n\r\n"),
        "the end of the chunks was not made up"
    );
}
