//! What somebody changed by hand is seen, and the step that is ordered for it puts it right.

use gatewright_connectors::Step;
use http::Method;
use serde_json::json;
use vendor_fakes::kong::Flavor;

use crate::kong_shop::{KEY, ORDERS, PAYMENTS, Shop, key, scope, subscribed};

#[tokio::test]
async fn another_name_or_tag() {
    let shop = Shop::open(Flavor::Oss).await;
    shop.apply_all(&subscribed()).await;
    let mark = shop.ours.mark();
    for changed in [
        json!({ "username": "renamed", "custom_id": shop.ours.subscription_id.to_string(), "tags": [mark] }),
        json!({ "username": shop.ours.name(), "tags": [mark] }),
    ] {
        shop.by_hand(Method::PUT, &shop.path(""), changed).await;
        assert!(shop.observe().await.misnamed);
        shop.apply(&Step::Application).await.unwrap();
        assert!(!shop.observe().await.misnamed);
        assert_eq!(shop.call("/orders", KEY).await, 200);
    }
}

#[tokio::test]
async fn another_secret_or_no_tags() {
    let shop = Shop::open(Flavor::Oss).await;
    shop.apply_all(&subscribed()).await;
    let path = shop.path(&format!("/key-auth/{}", shop.ours.id_of("cred|1")));
    shop.by_hand(Method::PUT, &path, json!({ "key": "changed-by-hand" }))
        .await;
    let observed = shop.observe().await;
    assert_eq!(observed.credentials[0].number, Some(1), "its id tells whose it is");
    shop.apply(&key(1, KEY)).await.unwrap();
    assert_eq!(shop.call("/orders", KEY).await, 200);
    assert_eq!(shop.call("/orders", "changed-by-hand").await, 401);
    // Also when nobody looked before.
    shop.by_hand(Method::PUT, &path, json!({ "key": "changed-by-hand" }))
        .await;
    shop.blindly(&key(1, KEY)).await;
    assert_eq!(shop.call("/orders", KEY).await, 200);
}

#[tokio::test]
async fn groups_added_taken_and_made_anew() {
    for flavor in [Flavor::Oss, Flavor::Konnect] {
        let shop = Shop::open(flavor).await;
        shop.apply_all(&subscribed()).await;
        shop.by_hand(Method::POST, &shop.path("/acls"), json!({ "group": PAYMENTS }))
            .await;
        assert_eq!(shop.observe().await.scope, scope(&[ORDERS, PAYMENTS]));
        shop.apply(&Step::Scope(scope(&[ORDERS]))).await.unwrap();
        assert_eq!(shop.observe().await.scope, scope(&[ORDERS]));
        // There already, and nobody looked.
        shop.blindly(&Step::Scope(scope(&[ORDERS]))).await;
        assert_eq!(shop.observe().await.scope, scope(&[ORDERS]));
        // A group whose name is taken for an id.
        let odd = "aaaaaaaa-2222-4333-8444-555555555555";
        shop.by_hand(Method::POST, &shop.path("/acls"), json!({ "group": odd }))
            .await;
        shop.apply(&Step::Scope(scope(&[ORDERS]))).await.unwrap();
        assert_eq!(shop.observe().await.scope, scope(&[ORDERS]));
    }
}

#[tokio::test]
async fn half_a_suspension_is_neither() {
    let shop = Shop::open(Flavor::Oss).await;
    shop.apply_all(&subscribed()).await;
    shop.apply(&Step::Suspend).await.unwrap();
    let group = shop
        .by_hand(Method::POST, &shop.path("/acls"), json!({ "group": ORDERS }))
        .await;
    let observed = shop.observe().await;
    assert!(observed.unsettled && !observed.suspended, "{observed:?}");
    shop.apply(&Step::Suspend).await.unwrap();
    assert!(shop.observe().await.suspended);
    assert!(!shop.is_there(&format!("/acls/{}", group["id"].as_str().unwrap())).await);
    let plugin = format!("/plugins/{}", shop.ours.id_of("plugin|suspend"));
    shop.by_hand(Method::DELETE, &plugin, json!(null)).await;
    let observed = shop.observe().await;
    assert!(observed.unsettled && !observed.suspended, "{observed:?}");
    shop.apply(&Step::Reactivate(scope(&[ORDERS]))).await.unwrap();
    let observed = shop.observe().await;
    assert!(!observed.unsettled && !observed.suspended, "{observed:?}");
}

#[tokio::test]
async fn a_suspension_that_nobody_looked_before_takes_every_group() {
    for flavor in [Flavor::Oss, Flavor::Konnect] {
        let shop = Shop::open(flavor).await;
        shop.apply_all(&subscribed()).await;
        shop.by_hand(Method::POST, &shop.path("/acls"), json!({ "group": PAYMENTS }))
            .await;
        shop.blindly(&Step::Suspend).await;
        assert!(shop.observe().await.suspended);
    }
}

#[tokio::test]
async fn what_is_not_there_is_suspended_and_dropped_already() {
    let shop = Shop::open(Flavor::Oss).await;
    shop.apply_all(&[Step::Suspend, Step::DropApplication, crate::kong_shop::drop_key(1)])
        .await;
    assert!(!shop.observe().await.exists);
}
