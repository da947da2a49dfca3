//! Whom the fake's proxy lets in while the Admin API changes things.

use std::time::Duration;

use chrono::{TimeZone, Utc};
use gatewright_types::Clock;
use serde_json::json;
use vendor_fakes::kong::{Flavor, Options};

use crate::world::{CONSUMER, CREDENTIAL, SUSPENSION, World, demo};

#[tokio::test]
async fn a_key_is_admitted_from_its_group_and_key_until_it_is_suspended_or_gone() {
    let world = World::start(demo()).await;
    let consumer = format!("/consumers/{CONSUMER}");
    world.call("PUT", &consumer, Some(json!({ "username": "gwr-1" }))).await;
    let credential = format!("{consumer}/key-auth/{CREDENTIAL}");
    world.call("PUT", &credential, Some(json!({ "key": "k1" }))).await;
    assert_eq!(world.knock("/orders", "k1").await.0, 403);
    // Who has no group is admitted where no acl asks for one, and everybody where no key is asked for.
    assert_eq!(world.knock("/reports", "k1").await.0, 200);
    assert_eq!(world.knock("/status", "nobody's").await.0, 200);
    assert_eq!(world.knock("/reports", "nobody's").await.0, 401);

    world
        .call("PUT", &format!("{consumer}/acls/prod-orders"), Some(json!({})))
        .await;
    let (status, heard) = world.knock("/orders/1", "k1").await;
    assert_eq!((status, &heard["x-consumer-id"]), (200, &json!(CONSUMER)));
    assert_eq!(
        (&heard["apikey"], &heard["x-consumer-groups"]),
        (&json!(""), &json!("prod-orders"))
    );

    let plugin = format!("{consumer}/plugins/{SUSPENSION}");
    let suspend = |enabled: bool| json!({ "name": "request-termination", "enabled": enabled, "config": { "status_code": 403, "message": "suspended" } });
    world.call("PUT", &plugin, Some(suspend(true))).await;
    assert_eq!(
        world.knock("/orders", "k1").await,
        (403, json!({ "message": "suspended" }))
    );
    assert_eq!(world.knock("/orders", "legacy-mobile-key-0001").await.0, 200);
    world.call("PUT", &plugin, Some(suspend(false))).await;
    assert_eq!(world.knock("/orders", "k1").await.0, 200);

    world.call("DELETE", &credential, None).await;
    assert_eq!(world.knock("/orders", "k1").await.0, 401);
    assert_eq!(world.fake.touched(), []);
}

#[tokio::test]
async fn a_ttl_counts_down_and_ends_the_key() {
    let clock = Clock::manual(Utc.timestamp_opt(1_800_000_000, 0).unwrap());
    let world = World::start(Options { clock, ..demo() }).await;
    let credential = format!("/consumers/partner-acme/key-auth/{CREDENTIAL}");
    let key = json!({ "key": "k1" });
    world.call("PUT", &credential, Some(key.clone())).await;
    let (status, row) = world.call("PATCH", &credential, Some(json!({ "ttl": 300 }))).await;
    assert_eq!((status, &row["ttl"], &row["key"]), (200, &json!(299), &json!("k1")));
    world.fake.advance(Duration::from_secs(200));
    // Another field's change leaves the end where it was; a PUT without `ttl` takes it away.
    let (_, row) = world.call("PATCH", &credential, Some(json!({ "tags": ["a"] }))).await;
    assert_eq!(row["ttl"], 99);
    let (_, row) = world.call("PUT", &credential, Some(key)).await;
    assert_eq!((&row["ttl"], &row["tags"]), (&json!(null), &json!(null)));
    world.call("PATCH", &credential, Some(json!({ "ttl": 10 }))).await;
    assert_eq!(world.knock("/reports", "k1").await.0, 200);
    assert_eq!(
        world
            .control("POST", "/clock", Some(json!({ "advanceMs": 10_000 })))
            .await
            .0,
        200
    );
    assert_eq!(world.knock("/reports", "k1").await.0, 401);
    assert_eq!(world.call("GET", &credential, None).await.0, 404);
    assert_eq!(world.call("DELETE", &credential, None).await.0, 404);
}

#[tokio::test]
async fn plugins_reach_the_proxy_with_its_next_rebuild_and_keys_at_once() {
    let clock = Clock::manual(Utc.timestamp_opt(1_800_000_000, 0).unwrap());
    let rebuild = Duration::from_secs(5);
    let world = World::start(Options {
        clock,
        rebuild,
        ..demo()
    })
    .await;
    assert_eq!(world.knock("/orders", "legacy-mobile-key-0001").await.0, 200);
    let plugin = format!("/consumers/legacy-mobile-app/plugins/{SUSPENSION}");
    world
        .call("PUT", &plugin, Some(json!({ "name": "request-termination" })))
        .await;
    world.fake.advance(Duration::from_millis(4999));
    assert_eq!(world.knock("/orders", "legacy-mobile-key-0001").await.0, 200);
    world.fake.advance(Duration::from_millis(1));
    assert_eq!(world.knock("/orders", "legacy-mobile-key-0001").await.0, 503);
    world.call("DELETE", "/consumers/partner-acme", None).await;
    assert_eq!(world.knock("/payments", "partner-acme-key-0001").await.0, 401);
}

#[tokio::test]
async fn of_eight_posts_of_one_name_one_wins_and_eight_puts_make_one_row() {
    let world = World::start(Options::default()).await;
    let posts = (0..8).map(|_| world.call("POST", "/consumers", Some(json!({ "username": "a" }))));
    let statuses = futures_util::future::join_all(posts).await;
    assert_eq!(statuses.iter().filter(|(status, _)| *status == 201).count(), 1);
    assert_eq!(statuses.iter().filter(|(status, _)| *status == 409).count(), 7);
    let puts = (0..8).map(|_| world.call("PUT", "/consumers/b", Some(json!({}))));
    let mut rows = futures_util::future::join_all(puts).await;
    rows.dedup_by(|one, other| one.1["id"] == other.1["id"]);
    assert_eq!((rows.len(), rows[0].0), (1, 200));
}

#[tokio::test]
async fn the_enterprise_edition_has_workspaces_and_asks_for_its_token() {
    let options = Options {
        flavor: Flavor::Enterprise,
        token: Some("t0ken".to_owned()),
        ..demo()
    };
    let world = World::start(options.clone()).await;
    assert_eq!(world.call("GET", "/services", None).await.0, 401);
    let world = World::start(options).await.with("kong-admin-token", "t0ken");
    assert!(world.fake.base_url().ends_with("/default"));
    assert_eq!(
        world.call("GET", "/services", None).await.1["data"]
            .as_array()
            .unwrap()
            .len(),
        5
    );
    let unprefixed = world.client.get(format!("{}/services/orders", world.fake.admin_url()));
    assert_eq!(
        unprefixed
            .header("kong-admin-token", "t0ken")
            .send()
            .await
            .unwrap()
            .status(),
        200
    );
}

#[tokio::test]
async fn konnect_asks_for_a_bearer_token_and_has_no_patch() {
    let options = Options {
        flavor: Flavor::Konnect,
        token: Some("kpat_1".to_owned()),
        ..demo()
    };
    let world = World::start(options).await.with("authorization", "Bearer kpat_1");
    let control_plane = world.fake.base_url().replace("/core-entities", "");
    let node = world.client.get(&control_plane).send().await.unwrap();
    assert_eq!(node.status(), 401);
    let node = world
        .client
        .get(&control_plane)
        .bearer_auth("kpat_1")
        .send()
        .await
        .unwrap();
    assert_eq!(node.status(), 200);
    let path = format!("/consumers/{CONSUMER}");
    assert_eq!(world.call("PUT", &path, Some(json!({ "username": "a" }))).await.0, 200);
    assert_eq!(world.call("PATCH", &path, Some(json!({ "tags": [] }))).await.0, 405);
    let acl = format!("{path}/acls/{CREDENTIAL}");
    assert_eq!(
        world.call("PUT", &acl, Some(json!({ "group": "prod-orders" }))).await.0,
        200
    );
    assert_eq!(
        world
            .call("PUT", &format!("{path}/acls/prod-orders"), Some(json!({})))
            .await
            .0,
        404
    );
}

#[tokio::test]
async fn a_node_without_a_database_can_only_be_read() {
    let world = World::start(Options {
        flavor: Flavor::DbLess,
        ..demo()
    })
    .await;
    let (_, node) = world.call("GET", "/", None).await;
    assert_eq!(node["configuration"]["database"], "off");
    let (status, refused) = world.call("PUT", "/consumers/a", Some(json!({}))).await;
    let message = "cannot create or update 'consumers' entities by 'username' when not using a database";
    assert_eq!(
        (status, &refused["code"], &refused["message"]),
        (405, &json!(12), &json!(message))
    );
    let (status, refused) = world.call("POST", "/consumers", Some(json!({ "bogus": 1 }))).await;
    assert_eq!(
        (status, &refused["code"]),
        (400, &json!(2)),
        "the body is looked at first"
    );
    assert_eq!(world.call("DELETE", "/consumers/partner-acme", None).await.0, 405);
    assert_eq!(world.call("GET", "/consumers/partner-acme", None).await.0, 200);
}
