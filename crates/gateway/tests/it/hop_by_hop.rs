//! Fields that are for one hop only (RFC 9110 §7.6.1), and what is tried with them.

use crate::upstream::{Reply, Upstream};
use crate::world::World;

#[tokio::test]
async fn connection_cannot_remove_what_we_say() {
    let mut upstream = Upstream::start(|_| Reply::ok("")).await;
    let world = World::start(&upstream.url());
    for names in [
        "X-Gatewright-Customer, X-Gatewright-Key-Id",
        "close, x-gatewright-customer",
        "Host",
        "X-Forwarded-For, X-Forwarded-Host",
        "X-Request-Id",
        "X-Api-Key",
        "keep-alive\r\nConnection: host, x-gatewright-subscription",
    ] {
        let fields = format!(
            "X-Api-Key: {}\r\nX-Forwarded-For: 9.9.9.9\r\nConnection: {names}\r\n",
            world.key
        );
        assert_eq!(world.get_with("/any/x", &fields).await.status, 200, "{names}");
        let seen = upstream.seen().await;
        for ours in [
            "host",
            "x-gatewright-customer",
            "x-gatewright-subscription",
            "x-gatewright-key-id",
            "x-request-id",
        ] {
            assert!(
                seen.field(ours).is_some(),
                "{names}: {ours} is missing in {}",
                seen.head
            );
        }
        assert_eq!(seen.field("x-forwarded-for"), Some("9.9.9.9, 127.0.0.1"), "{names}");
        assert_eq!(seen.field("connection"), None, "{names}");
        assert_eq!(seen.field("x-api-key"), None, "{names}");
    }
}

#[tokio::test]
async fn connection_cannot_unframe_a_body() {
    let mut upstream = Upstream::start(|_| Reply::ok("")).await;
    let world = World::start(&upstream.url());
    let mut client = world.connect().await;
    let head = world.head("POST /any/x");
    client
        .send(format!(
            "{head}Connection: content-length, content-type\r\nContent-Type: a/b\r\nContent-Length: 5\r\n\r\nhello"
        ))
        .await;
    assert_eq!(client.answer().await.status, 200);
    let seen = upstream.seen().await;
    assert_eq!(
        (seen.field("content-length"), seen.field("content-type")),
        (Some("5"), Some("a/b"))
    );
    client
        .send(format!(
            "{head}Connection: transfer-encoding\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
        ))
        .await;
    assert_eq!(client.answer().await.status, 200);
    assert_eq!(upstream.seen().await.field("transfer-encoding"), Some("chunked"));
}

#[tokio::test]
async fn fields_for_one_hop_end_here_in_both_directions() {
    let mut upstream = Upstream::start(|_| {
        Reply::Answer(
            b"HTTP/1.1 200 OK\r\nConnection: X-Theirs, keep-alive\r\nX-Theirs: 1\r\nKeep-Alive: timeout=5\r\n\
              Proxy-Connection: x\r\nUpgrade: h2c\r\nX-Kept: 2\r\nContent-Length: 2\r\n\r\nok"
                .to_vec(),
        )
    })
    .await;
    let world = World::start(&upstream.url());
    let fields = format!(
        "X-Api-Key: {}\r\nConnection: X-Mine, Upgrade, HTTP2-Settings, TE\r\nX-Mine: 1\r\nKeep-Alive: 5\r\nProxy-Connection: x\r\n\
         Upgrade: websocket\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\nTE: gzip\r\nProxy-Authorization: Basic x\r\nX-Kept: 2\r\n",
        world.key
    );
    let answer = world.get_with("/any/x", &fields).await;
    let seen = upstream.seen().await;
    for gone in [
        "connection",
        "x-mine",
        "keep-alive",
        "proxy-connection",
        "upgrade",
        "http2-settings",
        "te",
        "proxy-authorization",
    ] {
        assert_eq!(seen.field(gone), None, "{}", seen.head);
    }
    for gone in ["connection", "x-theirs", "keep-alive", "proxy-connection", "upgrade"] {
        assert_eq!(answer.field(gone), None, "{}", answer.head);
    }
    assert_eq!(
        (seen.field("x-kept"), answer.field("x-kept"), answer.text()),
        (Some("2"), Some("2"), "ok")
    );
}

#[tokio::test]
async fn an_upgrade_that_nobody_asked_for_is_a_failure() {
    let upstream =
        Upstream::start(|_| Reply::Answer(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n".to_vec())).await;
    let world = World::start(&upstream.url());
    assert_eq!(world.get("/any/x").await.code(), "upstream-failed");
}
