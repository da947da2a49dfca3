//! What a node does that has lost its control plane, or its right to be a node.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use gatewright_gateway::LookupAnswer;
use gatewright_snapshot::{AccessChange, Credential};
use gatewright_types::access::{KeyStatus, WhenCutOff};

use crate::upstream::{Reply, Upstream};
use crate::world::{Setup, World, credential, hash, key};

fn setup(upstream: &Upstream, when_cut_off: WhenCutOff, heard: bool) -> World {
    let mut setup = Setup::new(&upstream.url());
    setup.config.gateways[0].when_cut_off = when_cut_off;
    setup.heard = heard;
    setup.start()
}

fn version(version: u64, status: KeyStatus) -> Credential {
    Credential {
        version,
        status,
        ..credential()
    }
}

fn change(key: &str, credential: Credential) -> Arc<[AccessChange]> {
    Arc::from([AccessChange {
        hash: hash(key),
        credential,
    }])
}

async fn stranger(world: &World) -> String {
    let stranger = format!("X-Api-Key: {}\r\n", key("stranger"));
    world.get_with("/any/x", &stranger).await.code()
}

#[tokio::test]
async fn a_known_record_stays_in_use_where_nobody_can_be_asked() {
    let upstream = Upstream::start(|_| Reply::ok("")).await;
    let world = setup(&upstream, WhenCutOff::Serve, true);
    assert_eq!(world.get("/any/x").await.status, 200);
    world.desk.go_away(true);
    world.clock.advance(Duration::from_secs(3600));
    assert_eq!(world.get("/any/x").await.status, 200);
    assert_eq!(stranger(&world).await, "lookup-unavailable");
    // Its own time still counts, and what is pushed still holds.
    let revoked = version(2, KeyStatus::Revoked);
    world.gateway.apply(change(&world.key, revoked)).await;
    assert_eq!(world.get("/any/x").await.code(), "credential-revoked");
    world.clock.advance(Duration::from_secs(3600));
    assert_eq!(world.get("/any/x").await.code(), "credential-revoked");
}

#[tokio::test]
async fn back_again_a_record_is_asked_about_before_it_is_believed() {
    let upstream = Upstream::start(|_| Reply::ok("")).await;
    let world = setup(&upstream, WhenCutOff::Serve, true);
    assert_eq!(world.get("/any/x").await.status, 200);
    world.desk.go_away(true);
    world.clock.advance(Duration::from_secs(31));
    assert_eq!(world.get("/any/x").await.status, 200);
    world.desk.know(&world.key, version(2, KeyStatus::Revoked));
    world.desk.go_away(false);
    assert_eq!(world.get("/any/x").await.code(), "credential-revoked");
}

#[tokio::test]
async fn what_a_node_remembers_serves_when_it_is_cut_off_and_never_outranks_a_push() {
    let upstream = Upstream::start(|_| Reply::ok("")).await;
    let world = setup(&upstream, WhenCutOff::Serve, false);
    let remembered = |version: u64| LookupAnswer::Remembered {
        credential: Box::new(Credential {
            version,
            ..credential()
        }),
        answered_at_ms: 5,
    };
    world.desk.hold();
    let (answer, ()) = tokio::join!(world.get("/any/x"), world.desk.released_by(remembered(1)));
    assert_eq!(answer.status, 200);
    let asked = world.desk.asked.load(Ordering::SeqCst);
    world.desk.go_away(true);
    for _ in 0..20 {
        assert_eq!(world.get("/any/x").await.status, 200);
    }
    assert!(
        world.desk.asked.load(Ordering::SeqCst) <= asked + 1,
        "it is asked again now and then, and nobody waits"
    );
    world
        .gateway
        .apply(change(&world.key, version(3, KeyStatus::Revoked)))
        .await;
    world.desk.hold();
    world.clock.advance(Duration::from_secs(31));
    let mut client = world.connect().await;
    client.send(format!("{}\r\n", world.head("GET /any/x"))).await;
    assert_eq!(client.answer().await.code(), "credential-revoked");
    world.desk.released_by(remembered(2)).await;
    assert_eq!(world.get("/any/x").await.code(), "credential-revoked");
}

#[tokio::test]
async fn a_gateway_that_refuses_when_cut_off_does_so_with_a_problem_of_its_own_until_the_node_is_back() {
    let upstream = Upstream::start(|_| Reply::ok("")).await;
    let world = setup(&upstream, WhenCutOff::Refuse, false);
    let answer = world.get("/any/x").await;
    assert_eq!((answer.status, answer.code().as_str()), (503, "node-cut-off"));
    assert_eq!(answer.field("retry-after"), Some("1"));
    assert_eq!(world.get("/open/x").await.status, 200, "a PUBLIC route needs nobody");
    world.gateway.hear(Duration::from_secs(31));
    assert_eq!(
        world.get("/any/x").await.code(),
        "node-cut-off",
        "that word was too old"
    );
    world.gateway.hear(Duration::ZERO);
    assert_eq!(world.get("/any/x").await.status, 200);
}

#[tokio::test]
async fn a_gateway_that_refuses_lets_no_record_past_its_time() {
    let upstream = Upstream::start(|_| Reply::ok("")).await;
    let world = setup(&upstream, WhenCutOff::Refuse, false);
    world
        .gateway
        .apply(change(&world.key, version(2, KeyStatus::Active)))
        .await;
    assert_eq!(world.get("/any/x").await.status, 200, "it was told a moment ago");
    world.clock.advance(Duration::from_secs(30));
    assert_eq!(world.get("/any/x").await.code(), "node-cut-off");
}

#[tokio::test]
async fn a_revoked_node_admits_nobody_at_once() {
    let upstream = Upstream::start(|_| Reply::ok("")).await;
    let world = setup(&upstream, WhenCutOff::Serve, true);
    assert_eq!(world.get("/any/x").await.status, 200);
    world
        .gateway
        .apply(change(&world.key, version(2, KeyStatus::Active)))
        .await;
    world.desk.hold();
    let waiting = format!("X-Api-Key: {}\r\n", key("waiting"));
    world.desk.know(&key("waiting"), credential());
    let (answer, ()) = tokio::join!(world.get_with("/any/x", &waiting), async {
        world.desk.holding(1).await;
        world.gateway.revoke().await;
        world.desk.release(|hash| world.desk.answer(hash, &world.clock));
    });
    assert_eq!(answer.code(), "node-cut-off", "also one that was being looked up");
    assert_eq!(world.get("/any/x").await.code(), "node-cut-off");
    world.gateway.hear(Duration::ZERO);
    assert_eq!(world.get("/any/x").await.code(), "node-cut-off");
    assert_eq!(world.get("/open/x").await.status, 200);
}

#[tokio::test]
async fn a_node_that_has_forgotten_asks_again_and_a_look_up_under_way_brings_nothing_back() {
    let upstream = Upstream::start(|_| Reply::ok("")).await;
    let world = setup(&upstream, WhenCutOff::Serve, true);
    assert_eq!(world.get("/any/x").await.status, 200);
    world.gateway.forget().await;
    world.desk.hold();
    let (answer, ()) = tokio::join!(world.get("/any/x"), async {
        world.desk.holding(1).await;
        world.gateway.forget().await;
        world.desk.release(|hash| world.desk.answer(hash, &world.clock));
    });
    assert_eq!(
        answer.code(),
        "lookup-unavailable",
        "the answer may be older than what was missed"
    );
    world.desk.know(&world.key, version(2, KeyStatus::Revoked));
    assert_eq!(world.get("/any/x").await.code(), "credential-revoked");
}
