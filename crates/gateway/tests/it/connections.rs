//! Connections of clients: kept, pipelined, given up, drained.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use gatewright_gateway::{Gateway, Limits, Options, StartError};
use gatewright_snapshot::Snapshot;
use gatewright_types::Clock;
use tokio::sync::{Notify, mpsc};

use crate::client::PATIENCE;
use crate::upstream::{Reply, Upstream};
use crate::world::{Setup, World, config};

#[tokio::test]
async fn pipelined_requests_are_answered_in_order_also_with_a_refused_one_among_them() {
    let mut upstream = Upstream::start(|seen| Reply::ok(seen.line().split(' ').nth(1).unwrap())).await;
    let world = World::start(&upstream.url());
    let mut client = world.connect().await;
    let (first, refused, last) = (
        world.head("GET /any/1"),
        world.head("GET /nowhere"),
        world.head("GET /any/3"),
    );
    client.send(format!("{first}\r\n{refused}\r\n{last}\r\n")).await;
    assert_eq!(client.answer().await.text(), "/any/1");
    assert_eq!(client.answer().await.code(), "no-route");
    assert_eq!(client.answer().await.text(), "/any/3");
    let (a, b) = (upstream.seen().await, upstream.seen().await);
    assert_eq!((a.line(), b.line()), ("GET /any/1 HTTP/1.1", "GET /any/3 HTTP/1.1"));
    assert!(upstream.saw_nothing_more());
}

#[tokio::test]
async fn an_answer_does_not_wait_for_the_rest_of_the_next_request() {
    let upstream = Upstream::start(|_| Reply::ok("one")).await;
    let world = World::start(&upstream.url());
    let mut client = world.connect().await;
    client
        .send(format!("{}\r\nGET /any/2 HT", world.head("GET /any/1")))
        .await;
    assert_eq!(client.answer().await.text(), "one");
}

#[tokio::test]
async fn connections_are_kept_on_both_sides() {
    let mut upstream = Upstream::start(|_| Reply::ok("")).await;
    let world = World::start(&upstream.url());
    let mut client = world.connect().await;
    for number in 0..5 {
        client.send(format!("{}\r\n", world.head("GET /any/x"))).await;
        assert_eq!(client.answer().await.status, 200);
        assert_eq!((upstream.seen().await.connection, number), (0, number));
    }
    assert_eq!(
        world.desk.asked.load(Ordering::SeqCst),
        1,
        "and so is what is known of the key"
    );
}

#[tokio::test]
async fn old_clients_are_served_in_their_way() {
    let mut upstream = Upstream::start(|_| {
        Reply::Last(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n".to_vec())
    })
    .await;
    let world = World::start(&upstream.url());
    let all = world
        .exchange(format!("GET /any/x HTTP/1.0\r\nX-Api-Key: {}\r\n\r\n", world.key))
        .await;
    assert!(
        all.starts_with("HTTP/1.0 200 OK\r\n") && all.ends_with("\r\n\r\nok"),
        "{all}"
    );
    assert!(!all.contains("chunked"), "{all}");
    let seen = upstream.seen().await;
    assert_eq!(
        (seen.line(), seen.field("x-forwarded-host")),
        ("GET /any/x HTTP/1.1", None)
    );
    let upstream = Upstream::start(|_| Reply::ok("ok")).await;
    let world = World::start(&upstream.url());
    let mut client = world.connect().await;
    for _ in 0..2 {
        client
            .send(format!(
                "GET /any/x HTTP/1.0\r\nX-Api-Key: {}\r\nConnection: keep-alive\r\n\r\n",
                world.key
            ))
            .await;
        let answer = client.answer().await;
        assert_eq!((answer.field("connection"), answer.text()), (Some("keep-alive"), "ok"));
    }
}

#[tokio::test]
async fn a_head_that_does_not_come_is_given_up() {
    let mut setup = Setup::new("http://127.0.0.1:9");
    setup.limits.head_timeout = Duration::from_millis(1);
    let world = setup.start();
    let mut client = world.connect().await;
    assert!(client.is_closed().await, "who says nothing is told nothing");
    client = world.connect().await;
    client.send("GET /open/x HTT").await;
    let answer = client.answer().await;
    assert_eq!((answer.status, answer.code().as_str()), (408, "request-timed-out"));
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn a_connection_that_rests_too_long_is_closed() {
    let upstream = Upstream::start(|_| Reply::ok("ok")).await;
    let mut setup = Setup::new(&upstream.url());
    setup.limits.idle_timeout = Duration::from_millis(1);
    let world = setup.start();
    let mut client = world.connect().await;
    client.send(format!("{}\r\n", world.head("GET /any/x"))).await;
    assert_eq!(client.answer().await.text(), "ok");
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn a_head_that_is_too_long_or_has_too_many_fields_is_refused() {
    let upstream = Upstream::start(|_| Reply::ok("ok")).await;
    let world = World::start(&upstream.url());
    let all = world
        .exchange(format!(
            "GET /open/x HTTP/1.1\r\nHost: acme.gateways.test\r\nX-Long: {}\r\n\r\n",
            "x".repeat(40_000)
        ))
        .await;
    assert!(all.starts_with("HTTP/1.1 431 "), "{all}");
    let many: String = (0..101).map(|number| format!("X-{number}: y\r\n")).collect();
    let all = world
        .exchange(format!(
            "GET /open/x HTTP/1.1\r\nHost: acme.gateways.test\r\n{many}\r\n"
        ))
        .await;
    assert!(all.starts_with("HTTP/1.1 431 "), "{all}");
    let long = world.get(&format!("/open/{}", "x".repeat(20_000))).await;
    assert_eq!(long.status, 200, "a long path is no fault");
}

#[tokio::test]
async fn a_client_that_does_not_take_its_answer_is_given_up() {
    let (closed, was_closed) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let tell = Arc::clone(&was_closed);
    tokio::spawn(async move {
        use tokio::io::AsyncWriteExt;
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9999999999\r\n\r\n")
            .await;
        while stream.write_all(&[b'x'; 65536]).await.is_ok() {}
        tell.notify_one();
    });
    let mut setup = Setup::new(&url);
    setup.limits.write_timeout = Duration::from_millis(1);
    let world = setup.start();
    let mut client = world.connect().await;
    client.send(format!("{}\r\n", world.head("GET /any/x"))).await;
    tokio::time::timeout(PATIENCE, was_closed.notified())
        .await
        .expect("the upstream is let go");
    drop(closed);
}

#[tokio::test]
async fn past_the_limit_connections_wait_their_turn() {
    let upstream = Upstream::start(|_| Reply::ok("ok")).await;
    let mut setup = Setup::new(&upstream.url());
    setup.limits.max_connections_per_core = 1;
    let world = setup.start();
    let mut first = world.connect().await;
    first.send(format!("{}\r\n", world.head("GET /any/x"))).await;
    assert_eq!(first.answer().await.status, 200);
    let mut second = world.connect().await;
    second.send(format!("{}\r\n", world.head("GET /any/x"))).await;
    drop(first);
    assert_eq!(second.answer().await.status, 200);
}

#[tokio::test]
async fn draining_finishes_what_is_under_way_and_nothing_else() {
    let go = Arc::new(Notify::new());
    let held = Arc::clone(&go);
    let mut upstream = Upstream::start(move |seen| {
        let ok = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ndone".to_vec();
        if seen.line().contains("slow") {
            Reply::When(Arc::clone(&held), ok)
        } else {
            Reply::Answer(ok)
        }
    })
    .await;
    // One core: two would drain one after the other, and the busy one perhaps last.
    let world = World::start(&upstream.url());
    let addr = world.gateway.local_addr();
    let mut idle = world.connect().await;
    idle.send(format!("{}\r\n", world.head("GET /any/quick"))).await;
    assert_eq!(idle.answer().await.text(), "done");
    let mut silent = world.connect().await;
    let mut busy = world.connect().await;
    busy.send(format!("{}\r\n", world.head("GET /any/slow"))).await;
    upstream.seen().await;
    assert!(upstream.seen().await.line().contains("slow"));
    let draining = tokio::spawn(world.gateway.drain(PATIENCE));
    assert!(idle.is_closed().await, "a connection at rest is closed");
    assert!(silent.is_closed().await, "also one that never said anything");
    go.notify_one();
    let answer = busy.answer().await;
    assert_eq!((answer.text(), answer.field("connection")), ("done", Some("close")));
    assert!(busy.is_closed().await);
    draining.await.unwrap();
    assert!(
        tokio::net::TcpStream::connect(addr).await.is_err(),
        "nobody listens any more"
    );
}

#[tokio::test]
async fn draining_does_not_wait_for_ever() {
    let mut upstream = Upstream::start(|_| Reply::Silence).await;
    let world = World::start(&upstream.url());
    let mut client = world.connect().await;
    client.send(format!("{}\r\n", world.head("GET /any/x"))).await;
    upstream.seen().await;
    world.gateway.drain(Duration::from_millis(1)).await;
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn a_second_instance_cannot_share_the_port() {
    let world = World::start("http://127.0.0.1:9");
    let snapshot = Arc::new(Snapshot::compile(config("http://127.0.0.1:9")).unwrap());
    let (lookups, _asked) = mpsc::channel(1);
    for cores in [1, 2] {
        let options = Options {
            addr: world.gateway.local_addr(),
            cores,
            clock: Clock::System,
            limits: Limits::default(),
            tracing: None,
            heard: true,
        };
        let second = Gateway::start(options, Arc::clone(&snapshot), lookups.clone());
        assert!(matches!(second, Err(StartError::Listen { .. })));
    }
    let mut setup = Setup::new("http://127.0.0.1:9");
    setup.cores = 2;
    let shared = setup.start();
    for cores in [1, 2] {
        let options = Options {
            addr: shared.gateway.local_addr(),
            cores,
            clock: Clock::System,
            limits: Limits::default(),
            tracing: None,
            heard: true,
        };
        let second = Gateway::start(options, Arc::clone(&snapshot), lookups.clone());
        assert!(
            matches!(second, Err(StartError::Listen { .. })),
            "not even a group of listeners is joined"
        );
    }
}
