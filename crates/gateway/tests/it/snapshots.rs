//! A new snapshot takes over between two requests.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use gatewright_snapshot::Snapshot;

use crate::client::Client;
use crate::upstream::{Reply, Upstream};
use crate::world::{Setup, World, config, route};

#[tokio::test]
async fn a_new_snapshot_is_in_force_for_the_next_request() {
    let (old, new) = (
        Upstream::start(|_| Reply::ok("old")).await,
        Upstream::start(|_| Reply::ok("new")).await,
    );
    let world = World::start(&old.url());
    let mut client = world.connect().await;
    client.send(format!("{}\r\n", world.head("GET /any/x"))).await;
    assert_eq!(client.answer().await.text(), "old");
    // The same service id at another address: the connection that rests is not for it.
    let mut changed = config(&new.url());
    changed.gateways[0].routes.push(route("GET", "/added", "/any/added"));
    world
        .gateway
        .set_snapshot(Arc::new(Snapshot::compile(changed).unwrap()));
    for path in ["/any/x", "/added"] {
        client.send(format!("{}\r\n", world.head(&format!("GET {path}")))).await;
        assert_eq!(client.answer().await.text(), "new");
    }
}

#[tokio::test]
async fn no_request_fails_while_snapshots_change() {
    let upstream = Upstream::start(|_| Reply::ok("ok")).await;
    let mut setup = Setup::new(&upstream.url());
    setup.cores = 2;
    let world = setup.start();
    let stop = Arc::new(AtomicBool::new(false));
    let mut callers = Vec::new();
    for _ in 0..8 {
        let (addr, request, stop) = (world.gateway.local_addr(), world.head("GET /any/x"), Arc::clone(&stop));
        callers.push(tokio::spawn(async move {
            let mut client = Client::connect(addr).await;
            let mut answered = 0;
            while !stop.load(Ordering::SeqCst) || answered < 50 {
                client.send(format!("{request}\r\n")).await;
                assert_eq!(client.answer().await.text(), "ok");
                answered += 1;
            }
            answered
        }));
    }
    for version in 2..300 {
        let mut changed = config(&upstream.url());
        changed.version = version;
        world
            .gateway
            .set_snapshot(Arc::new(Snapshot::compile(changed).unwrap()));
        tokio::task::yield_now().await;
    }
    stop.store(true, Ordering::SeqCst);
    for caller in callers {
        assert!(caller.await.unwrap() >= 50);
    }
}
