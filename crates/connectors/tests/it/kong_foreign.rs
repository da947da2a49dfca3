//! What is not ours is never changed and never deleted, even where it has our names and ids.

use gatewright_connectors::{Connector, FaultKind, Step};
use http::Method;
use serde_json::json;
use vendor_fakes::kong::Flavor;

use crate::kong_shop::{KEY, ORDERS, Shop, drop_key, key, scope, subscribed};

async fn refused(shop: &Shop, step: &Step) {
    let fault = shop.apply(step).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Foreign, "{}: {fault}", step.operation());
    assert!(
        shop.fake.touched().is_empty(),
        "{}: {:?}",
        step.operation(),
        shop.fake.touched()
    );
}

#[tokio::test]
async fn a_consumer_with_our_name_and_another_id_stays() {
    for body in [
        json!({ "username": "NAME" }),
        json!({ "username": "other", "custom_id": "SUB" }),
    ] {
        let shop = Shop::open(Flavor::Oss).await;
        let body = body.to_string().replace("NAME", &shop.ours.name());
        let body = body.replace("SUB", &shop.ours.subscription_id.to_string());
        shop.by_hand(Method::POST, "/consumers", serde_json::from_str(&body).unwrap())
            .await;
        shop.fake.mark_foreign();
        assert!(!shop.observe().await.exists);
        refused(&shop, &Step::Application).await;
        assert!(!shop.is_there(&shop.path("")).await);
    }
}

#[tokio::test]
async fn a_consumer_with_our_id_and_without_our_mark_stays() {
    let shop = Shop::open(Flavor::Oss).await;
    shop.by_hand(
        Method::PUT,
        &shop.path(""),
        json!({ "username": shop.ours.name(), "tags": ["theirs"] }),
    )
    .await;
    shop.by_hand(Method::POST, &shop.path("/key-auth"), json!({ "key": "their-own" }))
        .await;
    shop.fake.mark_foreign();
    let fault = shop.kong.observe(&shop.link, &shop.ours).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Foreign, "{fault}");
    // Also when nobody looked before.
    let fault = shop
        .kong
        .apply(&shop.link, &shop.ours, &Step::DropApplication, &Default::default())
        .await
        .unwrap_err();
    assert_eq!(fault.kind, FaultKind::Foreign, "{fault}");
    assert!(shop.fake.touched().is_empty(), "{:?}", shop.fake.touched());
}

#[tokio::test]
async fn a_key_with_our_id_under_another_consumer_is_not_moved() {
    let shop = Shop::open(Flavor::Oss).await;
    shop.by_hand(Method::POST, "/consumers", json!({ "username": "theirs" }))
        .await;
    let path = format!("/consumers/theirs/key-auth/{}", shop.ours.id_of("cred|1"));
    shop.by_hand(Method::PUT, &path, json!({ "key": "their-own" })).await;
    shop.apply_all(&subscribed()[..2]).await;
    shop.fake.mark_foreign();
    refused(&shop, &key(1, KEY)).await;
    // It is not under our consumer, which is what was asked for.
    shop.apply(&drop_key(1)).await.unwrap();
    assert!(shop.is_there(&path).await);
    assert!(shop.fake.touched().is_empty());
}

#[tokio::test]
async fn a_key_whose_value_is_taken_is_not_taken_over() {
    let shop = Shop::open(Flavor::Oss).await;
    shop.apply_all(&subscribed()[..2]).await;
    let fault = shop.apply(&key(1, "legacy-mobile-key-0001")).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Foreign, "{fault}");
    assert!(!format!("{fault:?}").contains("legacy-mobile-key"), "{fault:?}");
    assert!(shop.observe().await.credentials.is_empty());
    assert!(shop.fake.touched().is_empty());
}

#[tokio::test]
async fn a_plugin_with_our_id_elsewhere_is_not_moved_and_the_groups_go_all_the_same() {
    let shop = Shop::open(Flavor::Oss).await;
    shop.by_hand(Method::POST, "/consumers", json!({ "username": "theirs" }))
        .await;
    let path = format!("/consumers/theirs/plugins/{}", shop.ours.id_of("plugin|suspend"));
    shop.by_hand(Method::PUT, &path, json!({ "name": "request-termination" }))
        .await;
    shop.fake.mark_foreign();
    shop.apply_all(&subscribed()).await;
    refused(&shop, &Step::Suspend).await;
    assert_eq!(shop.call("/orders", KEY).await, 403);
    assert!(shop.is_there(&path).await);
}

#[tokio::test]
async fn a_key_that_somebody_put_under_our_consumer_is_shown_and_goes_only_when_named() {
    let shop = Shop::open(Flavor::Oss).await;
    shop.apply_all(&subscribed()).await;
    let theirs = shop
        .by_hand(Method::POST, &shop.path("/key-auth"), json!({ "key": "their-own" }))
        .await;
    let observed = shop.observe().await;
    let stranger = observed.credentials.iter().find(|one| one.number.is_none()).unwrap();
    assert_eq!(stranger.remote_id, theirs["id"]);
    shop.apply_all(&subscribed()).await;
    shop.apply(&drop_key(1)).await.unwrap();
    assert_eq!(shop.call("/orders", "their-own").await, 200);
    let by_id = Step::DropCredential {
        number: None,
        remote_id: Some(stranger.remote_id.clone()),
    };
    shop.apply(&by_id).await.unwrap();
    assert_eq!(shop.call("/orders", "their-own").await, 401);
}

#[tokio::test]
async fn somebody_elses_termination_on_our_consumer_stays() {
    let shop = Shop::open(Flavor::Oss).await;
    shop.apply_all(&subscribed()).await;
    let theirs = shop
        .by_hand(
            Method::POST,
            &shop.path("/plugins"),
            json!({ "name": "request-termination" }),
        )
        .await;
    let fault = shop.apply(&Step::Suspend).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Foreign, "{fault}");
    shop.apply(&Step::Reactivate(scope(&[ORDERS]))).await.unwrap();
    assert!(
        shop.is_there(&format!("/plugins/{}", theirs["id"].as_str().unwrap()))
            .await
    );
}
