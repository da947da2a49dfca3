//! What a caller says about itself is not believed.

use crate::upstream::{Reply, Upstream};
use crate::world::{World, ids};

#[tokio::test]
async fn nobody_can_say_who_they_are_in_any_spelling() {
    let mut upstream = Upstream::start(|_| Reply::ok("")).await;
    let world = World::start(&upstream.url());
    let spellings = [
        "X-Gatewright-Customer",
        "x-gatewright-customer",
        "X-GATEWRIGHT-SUBSCRIPTION",
        "X_Gatewright_Customer",
        "X-Gatewright_Customer",
        "X_Gatewright-Key-Id",
        "X.Gatewright.Customer",
        "X~Gatewright!Customer",
        "X-Gatewright-Consumer",
        "X-Gatewright-Whatever",
        "X_Forwarded_Host",
        "X-Forwarded_Proto",
        "X_Forwarded_For",
        "X_Request_Id",
        "X_Api_Key",
        "Content_Length",
        "Transfer_Encoding",
    ];
    for path in ["/any/x", "/open/x"] {
        for name in spellings {
            let fields = format!("X-Api-Key: {}\r\n{name}: evil\r\n", world.key);
            assert_eq!(world.get_with(path, &fields).await.status, 200);
            let seen = upstream.seen().await;
            assert!(!seen.head.contains("evil"), "{name}: {}", seen.head);
            let ours = seen
                .names()
                .into_iter()
                .filter(|name| name.starts_with("x-gatewright"))
                .count();
            assert_eq!(ours, if path == "/any/x" { 3 } else { 0 }, "{name}: {}", seen.head);
        }
    }
}

#[tokio::test]
async fn forwarding_fields_are_appended_or_replaced() {
    let mut upstream = Upstream::start(|_| Reply::ok("")).await;
    let world = World::start(&upstream.url());
    let fields = format!(
        "X-Api-Key: {}\r\nX-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: 2.2.2.2\r\nX-Forwarded-Host: evil\r\n\
         X-Forwarded-Proto: gopher\r\nX-Request-Id: mine\r\n",
        world.key
    );
    let answer = world.get_with("/any/x", &fields).await;
    let seen = upstream.seen().await;
    assert_eq!(seen.field("x-forwarded-for"), Some("1.1.1.1, 2.2.2.2, 127.0.0.1"));
    assert_eq!(seen.head.matches("x-forwarded-for").count(), 1);
    assert_eq!(seen.field("x-forwarded-host"), Some("acme.gateways.test"));
    assert_eq!(seen.field("x-forwarded-proto"), Some("http"));
    assert_eq!(seen.field("x-request-id"), answer.field("x-request-id"));
    assert!(answer.field("x-request-id").unwrap().starts_with("req_"));
}

#[tokio::test]
async fn an_upstream_cannot_choose_the_request_id() {
    let mut upstream = Upstream::start(|_| {
        Reply::Answer(b"HTTP/1.1 200 OK\r\nX-Request-Id: theirs\r\nContent-Length: 0\r\n\r\n".to_vec())
    })
    .await;
    let world = World::start(&upstream.url());
    let answer = world.get("/any/x").await;
    assert_eq!(answer.head.matches("x-request-id").count(), 1);
    assert_eq!(
        upstream.seen().await.field("x-request-id"),
        answer.field("x-request-id")
    );
}

#[tokio::test]
async fn our_own_cookies_stay_here() {
    let mut upstream = Upstream::start(|_| Reply::ok("")).await;
    let world = World::start(&upstream.url());
    for (sent, passed) in [
        ("a=1; __Host-gatewright_session=s; b=2", Some("a=1; b=2")),
        ("gatewright_session=s", None),
        ("a=1; b=2", Some("a=1; b=2")),
    ] {
        let fields = format!("X-Api-Key: {}\r\nCookie: {sent}\r\n", world.key);
        assert_eq!(world.get_with("/any/x", &fields).await.status, 200);
        assert_eq!(upstream.seen().await.field("cookie"), passed, "{sent}");
    }
}

#[tokio::test]
async fn trailers_cannot_say_what_a_head_cannot() {
    let mut upstream = Upstream::start(|_| Reply::ok("")).await;
    let world = World::start(&upstream.url());
    let mut client = world.connect().await;
    let head = world.head("POST /any/x");
    let names = "X-Sum, X-Gatewright-Customer, X_Gatewright_Customer, Authorization, X-Forwarded-For";
    client
        .send(format!(
            "{head}Transfer-Encoding: chunked\r\nTrailer: {names}\r\n\r\n2\r\nhi\r\n0\r\nX-Sum: 7\r\n\
             X-Gatewright-Customer: evil\r\nX_Gatewright_Customer: evil\r\nAuthorization: evil\r\n\
             X-Forwarded-For: evil\r\n\r\n"
        ))
        .await;
    assert_eq!(client.answer().await.status, 200);
    let seen = upstream.seen().await;
    assert_eq!(
        String::from_utf8(seen.body).unwrap(),
        "2\r\nhi\r\n0\r\nx-sum: 7\r\n\r\n"
    );
    assert!(seen.head.contains(&ids().customer.to_string()));
}
