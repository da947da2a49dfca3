//! What a node knows about credentials, for how long, and what outranks it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use gatewright_gateway::{Gateway, LookupAnswer, Options};
use gatewright_snapshot::{AccessChange, Credential, Snapshot};
use gatewright_types::Clock;
use gatewright_types::access::KeyStatus;
use tokio::sync::mpsc;

use crate::client::Client;
use crate::upstream::{Reply, Upstream};
use crate::world::{Setup, World, config, credential, hash, key};

fn revoked(version: u64) -> Credential {
    Credential {
        version,
        status: KeyStatus::Revoked,
        ..credential()
    }
}

fn change(key: &str, credential: Credential) -> Arc<[AccessChange]> {
    Arc::from([AccessChange {
        hash: hash(key),
        credential,
    }])
}

#[tokio::test]
async fn a_record_is_valid_for_thirty_seconds_and_asked_about_again_before() {
    let upstream = Upstream::start(|_| Reply::ok("")).await;
    let world = World::refusing(&upstream.url());
    assert_eq!(world.get("/any/x").await.status, 200);
    world.clock.advance(Duration::from_secs(19));
    assert_eq!(world.get("/any/x").await.status, 200);
    assert_eq!(world.desk.asked.load(Ordering::SeqCst), 1);
    world.clock.advance(Duration::from_secs(2));
    world.desk.hold();
    assert_eq!(world.get("/any/x").await.status, 200, "nobody waits for a refresh");
    world.desk.holding(1).await;
    assert_eq!(world.get("/any/x").await.status, 200);
    assert_eq!(world.desk.asked.load(Ordering::SeqCst), 2, "one refresh at a time");
    world.desk.release(|hash| world.desk.answer(hash, &world.clock));
    world.clock.advance(Duration::from_secs(40));
    world.desk.go_away(true);
    assert_eq!(
        world.get("/any/x").await.code(),
        "lookup-unavailable",
        "what is too old is not believed"
    );
    world.desk.go_away(false);
    world.desk.know(&world.key, revoked(2));
    assert_eq!(world.get("/any/x").await.code(), "credential-revoked");
}

#[tokio::test]
async fn the_age_of_an_answer_counts_from_when_it_was_given() {
    let upstream = Upstream::start(|_| Reply::ok("")).await;
    let world = World::start(&upstream.url());
    world.desk.hold();
    let (request, _) = tokio::join!(world.get("/any/x"), async {
        world.desk.holding(1).await;
        let old_ms = world.clock.now_ms() - 29_000;
        world.desk.release(|_| LookupAnswer::Found {
            credential: Box::new(credential()),
            answered_at_ms: old_ms,
        });
    });
    assert_eq!(request.status, 200);
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(world.get("/any/x").await.status, 200);
    assert_eq!(
        world.desk.asked.load(Ordering::SeqCst),
        2,
        "it was 30 seconds old by then"
    );
}

#[tokio::test]
async fn an_answer_that_is_too_old_when_it_comes_is_not_believed() {
    let upstream = Upstream::start(|_| Reply::ok("")).await;
    let world = World::start(&upstream.url());
    world.desk.hold();
    let (answer, ()) = tokio::join!(world.get("/any/x"), async {
        world.desk.holding(1).await;
        let old_ms = world.clock.now_ms() - 30_000;
        world.desk.release(|_| LookupAnswer::Found {
            credential: Box::new(credential()),
            answered_at_ms: old_ms,
        });
    });
    assert_eq!(answer.code(), "lookup-unavailable");
}

#[tokio::test]
async fn many_requests_with_an_unknown_key_are_one_question() {
    let upstream = Upstream::start(|_| Reply::ok("")).await;
    let world = World::start(&upstream.url());
    world.desk.hold();
    let requests = async {
        let mut clients = Vec::new();
        for _ in 0..10 {
            let mut client = world.connect().await;
            client.send(format!("{}\r\n", world.head("GET /any/x"))).await;
            clients.push(client);
        }
        let mut statuses = Vec::new();
        for mut client in clients {
            statuses.push(client.answer().await.status);
        }
        statuses
    };
    let release = async {
        world.desk.holding(1).await;
        world.desk.release(|hash| world.desk.answer(hash, &world.clock));
    };
    let (statuses, ()) = tokio::join!(requests, release);
    assert_eq!(statuses, [200; 10]);
}

#[tokio::test]
async fn an_unknown_key_is_remembered_as_unknown() {
    let upstream = Upstream::start(|_| Reply::ok("")).await;
    let world = World::start(&upstream.url());
    let stranger = format!("X-Api-Key: {}\r\n", key("stranger"));
    for _ in 0..3 {
        assert_eq!(world.get_with("/any/x", &stranger).await.code(), "credential-unknown");
    }
    assert_eq!(world.desk.asked.load(Ordering::SeqCst), 1);
    world.desk.know(&key("stranger"), credential());
    world.clock.advance(Duration::from_secs(30));
    assert_eq!(world.get_with("/any/x", &stranger).await.status, 200);
}

#[tokio::test]
async fn invented_keys_do_not_push_out_known_ones() {
    let upstream = Upstream::start(|_| Reply::ok("")).await;
    let mut setup = Setup::new(&upstream.url());
    (setup.limits.max_credentials, setup.limits.max_misses) = (4, 4);
    let world = setup.start();
    assert_eq!(world.get("/any/x").await.status, 200);
    for number in 0..50 {
        let invented = format!("X-Api-Key: {}\r\n", key(&format!("n{number}")));
        assert_eq!(world.get_with("/any/x", &invented).await.code(), "credential-unknown");
    }
    world.desk.go_away(true);
    assert_eq!(world.get("/any/x").await.status, 200);
}

#[tokio::test]
async fn a_pushed_revocation_holds_on_every_core_once_it_is_acknowledged() {
    let upstream = Upstream::start(|_| Reply::ok("")).await;
    let mut setup = Setup::new(&upstream.url());
    setup.cores = 2;
    let world = setup.start();
    let mut clients = Vec::new();
    for _ in 0..16 {
        let mut client = world.connect().await;
        client.send(format!("{}\r\n", world.head("GET /any/x"))).await;
        assert_eq!(client.answer().await.status, 200);
        clients.push(client);
    }
    world.gateway.apply(change(&world.key, revoked(2))).await;
    for client in &mut clients {
        client.send(format!("{}\r\n", world.head("GET /any/x"))).await;
        assert_eq!(client.answer().await.code(), "credential-revoked");
    }
}

#[tokio::test]
async fn a_look_up_that_was_under_way_cannot_bring_a_revoked_key_back() {
    let upstream = Upstream::start(|_| Reply::ok("")).await;
    let world = World::start(&upstream.url());
    world.desk.hold();
    let (answer, ()) = tokio::join!(world.get("/any/x"), async {
        world.desk.holding(1).await;
        world.gateway.apply(change(&world.key, revoked(2))).await;
        world.desk.release(|hash| world.desk.answer(hash, &world.clock));
    });
    assert_eq!(answer.code(), "credential-revoked");
    // And neither can one that read an old copy, as long as the tombstone stands.
    world.clock.advance(Duration::from_secs(59));
    assert_eq!(world.get("/any/x").await.code(), "credential-revoked");
    assert!(
        world.desk.asked.load(Ordering::SeqCst) > 1,
        "it was asked, and not believed"
    );
}

#[tokio::test]
async fn a_look_up_that_finds_nobody_does_not_outrank_a_push_either() {
    let upstream = Upstream::start(|_| Reply::ok("")).await;
    let world = World::start(&upstream.url());
    world.desk.forget(&world.key);
    world.desk.hold();
    let (answer, ()) = tokio::join!(world.get("/any/x"), async {
        world.desk.holding(1).await;
        world.gateway.apply(change(&world.key, credential())).await;
        world.desk.release(|hash| world.desk.answer(hash, &world.clock));
    });
    assert_eq!(answer.status, 200, "the key was made while it was looked for");
}

#[tokio::test]
async fn of_two_records_the_higher_version_is_true() {
    let upstream = Upstream::start(|_| Reply::ok("")).await;
    let world = World::start(&upstream.url());
    world.gateway.apply(change(&world.key, revoked(5))).await;
    world
        .gateway
        .apply(change(
            &world.key,
            Credential {
                version: 4,
                ..credential()
            },
        ))
        .await;
    assert_eq!(
        world.get("/any/x").await.code(),
        "credential-revoked",
        "a push that comes late is nothing new"
    );
    world
        .gateway
        .apply(change(
            &world.key,
            Credential {
                version: 6,
                ..credential()
            },
        ))
        .await;
    assert_eq!(world.get("/any/x").await.status, 200, "a suspension that was lifted");
    world.desk.know(
        &world.key,
        Credential {
            version: 7,
            ..revoked(7)
        },
    );
    world.clock.advance(Duration::from_secs(31));
    assert_eq!(
        world.get("/any/x").await.code(),
        "credential-revoked",
        "a look-up with a higher version is believed"
    );
}

#[tokio::test]
async fn past_the_limit_of_tombstones_look_ups_are_not_believed() {
    let upstream = Upstream::start(|_| Reply::ok("")).await;
    let mut setup = Setup::new(&upstream.url());
    setup.limits.max_tombstones = 2;
    let world = setup.start();
    for name in ["a", "b", "c"] {
        world.gateway.apply(change(&key(name), revoked(2))).await;
    }
    assert_eq!(world.get("/any/x").await.code(), "lookup-unavailable");
    world.clock.advance(Duration::from_secs(60));
    assert_eq!(world.get("/any/x").await.status, 200);
}

#[tokio::test]
async fn without_an_answer_a_caller_is_told_to_come_back() {
    let upstream = Upstream::start(|_| Reply::ok("")).await;
    let mut setup = Setup::new(&upstream.url());
    setup.limits.lookup_timeout = Duration::from_millis(1);
    let world = setup.start();
    world.desk.hold();
    let answer = world.get("/any/x").await;
    assert_eq!((answer.status, answer.code().as_str()), (503, "lookup-unavailable"));
    assert_eq!(answer.field("retry-after"), Some("1"));
    let problem = answer.problem();
    assert_eq!(
        (problem["fault"].as_str(), problem["retry"].as_str()),
        (Some("GATEWAY"), Some("LATER"))
    );
}

#[tokio::test]
async fn a_full_or_closed_queue_of_look_ups_is_an_answer_too() {
    let snapshot = Arc::new(Snapshot::compile(config("http://127.0.0.1:9")).unwrap());
    for closes in [true, false] {
        let (lookups, asked) = mpsc::channel(1);
        let (reply, _unread) = tokio::sync::oneshot::channel();
        lookups
            .try_send(gatewright_gateway::Lookup { hash: hash("x"), reply })
            .unwrap();
        let asked = Some(asked).filter(|_| !closes);
        let options = Options {
            addr: "127.0.0.1:0".parse().unwrap(),
            cores: 1,
            clock: Clock::System,
            limits: Default::default(),
            tracing: None,
            heard: true,
        };
        let gateway = Gateway::start(options, Arc::clone(&snapshot), lookups).unwrap();
        let mut client = Client::connect(gateway.local_addr()).await;
        client
            .send(format!(
                "GET /any/x HTTP/1.1\r\nHost: localhost\r\nX-Api-Key: {}\r\n\r\n",
                key("a")
            ))
            .await;
        assert_eq!(client.answer().await.code(), "lookup-unavailable");
        drop(asked);
    }
}

#[tokio::test]
async fn what_was_pushed_outlives_a_look_up_no_longer_than_a_look_up_would() {
    let upstream = Upstream::start(|_| Reply::ok("")).await;
    let world = World::refusing(&upstream.url());
    // Reactivated, and then the control plane is away.
    let mut active = credential();
    active.version = 3;
    world.gateway.apply(change(&world.key, active)).await;
    world.desk.go_away(true);
    world.clock.advance(Duration::from_secs(29));
    assert_eq!(world.get("/any/x").await.status, 200);
    world.clock.advance(Duration::from_secs(2));
    assert_eq!(world.get("/any/x").await.code(), "lookup-unavailable");
    // Asking once more does not make it true again.
    assert_eq!(world.get("/any/x").await.code(), "lookup-unavailable");
}
