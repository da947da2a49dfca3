//! Exactly one framing reaches the upstream; what is ambiguous ends the connection.

use crate::upstream::{Reply, Upstream};
use crate::world::World;

/// A whole request that must never be taken for one.
const SMUGGLED: &str = "GET /open/smuggled HTTP/1.1\r\nHost: acme.gateways.test\r\n\r\n";

fn answers(all: &str) -> usize {
    all.lines().filter(|line| line.starts_with("HTTP/1.")).count()
}

#[tokio::test]
async fn an_ambiguous_framing_is_refused_and_ends_the_connection() {
    let mut upstream = Upstream::start(|_| Reply::ok("")).await;
    let world = World::start(&upstream.url());
    let post = |fields: &str, body: &str| format!("{}{fields}\r\n{body}", world.head("POST /any/x"));
    let chunks = "5\r\nhello\r\n0\r\n\r\n";
    let cases = [
        ("a plus sign", post("Content-Length: +5\r\n", "hello")),
        ("a minus sign", post("Content-Length: -5\r\n", "hello")),
        ("a list", post("Content-Length: 5, 5\r\n", "hello")),
        ("an empty length", post("Content-Length: \r\n", "hello")),
        ("a hexadecimal length", post("Content-Length: 0x5\r\n", "hello")),
        (
            "a huge length",
            post("Content-Length: 99999999999999999999\r\n", "hello"),
        ),
        (
            "two lengths",
            post("Content-Length: 5\r\nContent-Length: 6\r\n", "hello!"),
        ),
        ("gzip, chunked", post("Transfer-Encoding: gzip, chunked\r\n", chunks)),
        ("chunked twice", post("Transfer-Encoding: chunked, chunked\r\n", chunks)),
        (
            "chunked in two lines",
            post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", chunks),
        ),
        (
            "identity",
            post("Transfer-Encoding: identity\r\nContent-Length: 5\r\n", "hello"),
        ),
        ("xchunked", post("Transfer-Encoding: xchunked\r\n", chunks)),
        ("quoted", post("Transfer-Encoding: \"chunked\"\r\n", chunks)),
        ("not last", post("Transfer-Encoding: chunked, identity\r\n", chunks)),
        ("obs-fold", post("Content-Length: 5\r\nX-Fold: a\r\n b\r\n", "hello")),
        ("a folded coding", post("Transfer-Encoding:\r\n chunked\r\n", chunks)),
        ("space before colon", post("Content-Length : 5\r\n", "hello")),
        ("tab before colon", post("Transfer-Encoding\t: chunked\r\n", chunks)),
        ("a name with a space", post("X y: z\r\n", "")),
        ("NUL in a value", post("X-Nul: a\0b\r\n", "")),
        ("CR in a value", post("X-Cr: a\rb\r\n", "")),
        ("an empty name", post(": x\r\n", "")),
        ("no colon", post("Content-Length\r\n", "")),
        ("two hosts", post("Host: acme.gateways.test\r\n", "")),
        (
            "HTTP/1.0 and chunked",
            post("Transfer-Encoding: chunked\r\n", chunks).replace("HTTP/1.1", "HTTP/1.0"),
        ),
        ("no host", "GET /open/x HTTP/1.1\r\n\r\n".to_owned()),
        ("an empty host", "GET /open/x HTTP/1.1\r\nHost:\r\n\r\n".to_owned()),
        (
            "a host with a user",
            "GET /open/x HTTP/1.1\r\nHost: a@acme.gateways.test\r\n\r\n".to_owned(),
        ),
        (
            "a host list",
            "GET /open/x HTTP/1.1\r\nHost: acme.gateways.test, b\r\n\r\n".to_owned(),
        ),
        (
            "another host in the target",
            "GET http://b.test/open/x HTTP/1.1\r\nHost: acme.gateways.test\r\n\r\n".to_owned(),
        ),
        (
            "a foreign scheme",
            "GET ftp://acme.gateways.test/open/x HTTP/1.1\r\nHost: acme.gateways.test\r\n\r\n".to_owned(),
        ),
        (
            "an authority as target",
            "GET acme.gateways.test:80 HTTP/1.1\r\nHost: acme.gateways.test:80\r\n\r\n".to_owned(),
        ),
        (
            "a tunnel",
            "CONNECT b.test:443 HTTP/1.1\r\nHost: b.test:443\r\n\r\n".to_owned(),
        ),
        (
            "no version",
            "GET /open/x\r\nHost: acme.gateways.test\r\n\r\n".to_owned(),
        ),
        (
            "another version",
            "GET /open/x HTTP/1.2\r\nHost: acme.gateways.test\r\n\r\n".to_owned(),
        ),
        (
            "another expectation",
            post("Expect: 200-ok\r\nContent-Length: 5\r\n", "hello"),
        ),
    ];
    for (name, request) in cases {
        let all = world.exchange(format!("{request}{SMUGGLED}")).await;
        assert!(all[8..].starts_with(" 400 "), "{name}: {all}");
        assert_eq!(answers(&all), 1, "{name}: {all}");
    }
    assert!(upstream.saw_nothing());
}

#[tokio::test]
async fn a_length_beside_a_coding_gets_one_answer_and_then_the_end() {
    let mut upstream = Upstream::start(|_| Reply::ok("")).await;
    let world = World::start(&upstream.url());
    for fields in [
        "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Transfer-Encoding: Chunked\r\n",
    ] {
        let request = format!(
            "{}{fields}\r\n5\r\nhello\r\n0\r\n\r\n{SMUGGLED}",
            world.head("POST /any/x")
        );
        let all = world.exchange(request).await;
        assert_eq!(answers(&all), 1, "{fields}: {all}");
        assert!(
            all.starts_with("HTTP/1.1 200 ") && all.contains("connection: close"),
            "{all}"
        );
        let seen = upstream.seen().await;
        assert_eq!(
            (seen.field("content-length"), seen.field("transfer-encoding")),
            (None, Some("chunked"))
        );
        assert_eq!(seen.body, b"5\r\nhello\r\n0\r\n\r\n");
    }
    assert!(upstream.saw_nothing_more());
}

#[tokio::test]
async fn equal_lengths_become_one_and_zeros_in_front_are_dropped() {
    let mut upstream = Upstream::start(|_| Reply::ok("")).await;
    let world = World::start(&upstream.url());
    for fields in ["Content-Length: 5\r\nContent-Length: 5\r\n", "Content-Length: 0005\r\n"] {
        let mut client = world.connect().await;
        client
            .send(format!("{}{fields}\r\nhello", world.head("POST /any/x")))
            .await;
        assert_eq!(client.answer().await.status, 200);
        let seen = upstream.seen().await;
        let lengths = seen.head.to_ascii_lowercase().matches("content-length").count();
        assert_eq!(
            (lengths, seen.field("content-length"), &*seen.body),
            (1, Some("5"), &b"hello"[..])
        );
    }
}

#[tokio::test]
async fn bare_line_feeds_are_written_anew() {
    // RFC 9112 §2.2 allows a server to take a bare LF for a line end, and hyper does.
    let mut upstream = Upstream::start(|_| Reply::ok("")).await;
    let world = World::start(&upstream.url());
    let mut client = world.connect().await;
    client
        .send("\r\nGET /open/x HTTP/1.1\nHost: acme.gateways.test\nX-One: 1\n\n")
        .await;
    assert_eq!(client.answer().await.status, 200);
    let seen = upstream.seen().await;
    assert_eq!(seen.head.matches('\n').count(), seen.head.matches("\r\n").count());
    assert_eq!(seen.field("x-one"), Some("1"));
}

#[tokio::test]
async fn a_broken_chunk_is_the_clients_fault_and_nobody_elses_request() {
    let mut upstream = Upstream::start(|_| Reply::ok("")).await;
    let world = World::start(&upstream.url());
    for chunks in [
        "5\r\nhelloworld\r\n0\r\n\r\n",
        "x\r\n",
        "5 5\r\nhello\r\n0\r\n\r\n",
        "fffffffffffffffff\r\n",
        "-1\r\n",
        "5\nhello\n0\n\n",
    ] {
        let head = world.head("POST /any/x");
        let all = world
            .exchange(format!("{head}Transfer-Encoding: chunked\r\n\r\n{chunks}{SMUGGLED}"))
            .await;
        assert!(all.starts_with("HTTP/1.1 400 "), "{chunks:?}: {all}");
        assert_eq!(answers(&all), 1, "{chunks:?}: {all}");
    }
    assert!(upstream.saw_nothing_more(), "no request was completed");
}

#[tokio::test]
async fn what_servers_read_differently_in_a_path_is_refused() {
    let mut upstream = Upstream::start(|_| Reply::ok("")).await;
    let world = World::start(&upstream.url());
    for path in [
        "/open/../v1/items/1",
        "/open/%2e%2e/v1/items/1",
        "/open/..%2fv1",
        "/open/..%5cv1",
        "/open//x",
        "/open/..;/v1",
        "/open/x%00",
        "/open/%",
        "/open/a\\b",
        "/open/ä",
        "/open/x?a=ä",
    ] {
        assert_eq!(world.get(path).await.code(), "ambiguous-request", "{path}");
    }
    assert!(upstream.saw_nothing());
    assert_eq!(world.get("/%6fpen/%7Ea%2fb/?x=%2e%2E").await.status, 200);
    assert_eq!(upstream.seen().await.line(), "GET /open/~a%2Fb/?x=%2e%2E HTTP/1.1");
    assert_eq!(world.get("http://acme.gateways.test/open/x?y").await.status, 200);
    assert_eq!(upstream.seen().await.line(), "GET /open/x?y HTTP/1.1");
}
