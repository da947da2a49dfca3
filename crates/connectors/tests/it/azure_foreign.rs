//! What is not ours is never changed and never deleted, even where it has our names; what somebody changed of ours is seen
//! and put right.

use gatewright_connectors::model::{AdoptedKey, fingerprint};
use gatewright_connectors::{Connector, FaultKind, Observed, Step};
use http::Method;
use serde_json::json;

use crate::azure_shop::{KEY, ORDERS, PAYMENTS, Shop, drop_key, key, scope, subscribed};

const SECOND_KEY: &str = "sk_live_theCustomersSecret0002";

#[tokio::test]
async fn a_subscription_with_our_name_and_neither_our_words_nor_our_user_stays() {
    let shop = Shop::open().await;
    let theirs = json!({ "scope": "/products/prod-payments", "displayName": "theirs", "state": "active" });
    shop.by_hand(Method::PUT, &shop.path(""), theirs).await;
    shop.fake.mark_foreign();
    let fault = shop.azure.observe(&shop.link, &shop.ours).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Foreign, "{fault}");
    // Also when nobody looked before.
    for step in [
        Step::Application,
        Step::Scope(scope(&[ORDERS])),
        key(1, KEY),
        drop_key(1),
        Step::Suspend,
        Step::Reactivate(scope(&[ORDERS])),
        Step::DropApplication,
    ] {
        let done = shop
            .azure
            .apply(&shop.link, &shop.ours, &step, &Observed::default())
            .await;
        let fault = done.unwrap_err();
        assert_eq!(fault.kind, FaultKind::Foreign, "{}: {fault}", step.operation());
        assert!(
            shop.fake.touched().is_empty(),
            "{}: {:?}",
            step.operation(),
            shop.fake.touched()
        );
    }
}

#[tokio::test]
async fn a_user_with_our_name_and_another_address_stays() {
    let shop = Shop::open().await;
    let theirs = json!({ "email": "them@example.com", "firstName": "T", "lastName": "T" });
    shop.by_hand(Method::PUT, &shop.user(), theirs).await;
    shop.fake.mark_foreign();
    assert!(!shop.observe().await.exists);
    let fault = shop.apply(&Step::Application).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Foreign, "{fault}");
    shop.apply(&Step::DropApplication).await.unwrap();
    assert!(shop.fake.touched().is_empty(), "{:?}", shop.fake.touched());
}

#[tokio::test]
async fn a_key_whose_value_is_taken_is_not_taken_over() {
    let shop = Shop::open().await;
    shop.apply_all(&subscribed()[..2]).await;
    let fault = shop.apply(&key(1, "legacy-mobile-key-0001")).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Foreign, "{fault}");
    assert!(!format!("{fault:?}").contains("legacy-mobile-key"), "{fault:?}");
    assert!(shop.observe().await.credentials.is_empty());
    assert!(shop.fake.touched().is_empty());
}

#[tokio::test]
async fn another_owner_is_put_right() {
    let shop = Shop::open().await;
    shop.apply_all(&subscribed()).await;
    shop.by_hand(
        Method::PATCH,
        &shop.path(""),
        json!({ "ownerId": "/users/partner-acme" }),
    )
    .await;
    assert!(shop.observe().await.misnamed);
    shop.apply(&Step::Application).await.unwrap();
    let observed = shop.observe().await;
    assert!(!observed.misnamed, "{observed:?}");
    assert_eq!(observed.credentials[0].number, Some(1), "and its numbers are kept");
    assert_eq!(shop.call("/orders", KEY).await, 200);
}

#[tokio::test]
async fn a_key_whose_number_was_overwritten_goes_on_working_and_is_known_again_by_its_value() {
    let shop = Shop::open().await;
    shop.apply_all(&subscribed()).await;
    shop.by_hand(Method::PATCH, &shop.path(""), json!({ "displayName": "the team's" }))
        .await;
    let observed = shop.observe().await;
    assert!(observed.misnamed, "{observed:?}");
    let unknown: Vec<_> = observed.credentials.iter().map(|one| one.number).collect();
    assert_eq!(unknown, [None, None], "both are shown, and neither is taken for empty");
    shop.apply(&Step::Application).await.unwrap();
    let observed = shop.observe().await;
    assert!(!observed.misnamed, "{observed:?}");
    assert_eq!(shop.call("/orders", KEY).await, 200);
    shop.apply(&key(1, KEY)).await.unwrap();
    let observed = shop.observe().await;
    let known: Vec<_> = observed.credentials.iter().map(|one| one.number).collect();
    assert_eq!(known, [Some(1), None], "where it was");
    // The other is freed by its name, or taken when it is needed.
    let by_id = Step::DropCredential {
        number: None,
        remote_id: Some(observed.credentials[1].remote_id.clone()),
    };
    shop.apply(&by_id).await.unwrap();
    assert_eq!(shop.observe().await.credentials.len(), 1);
    shop.apply(&key(2, SECOND_KEY)).await.unwrap();
    assert_eq!(
        [shop.call("/orders", KEY).await, shop.call("/orders", SECOND_KEY).await],
        [200, 200]
    );
    // A name of a slot that has a number again takes nothing.
    shop.apply(&by_id).await.unwrap();
    assert_eq!(shop.call("/orders", SECOND_KEY).await, 200);
}

#[tokio::test]
async fn another_secret_scope_or_state() {
    let shop = Shop::open().await;
    shop.apply_all(&subscribed()).await;
    let changed = json!({ "primaryKey": "changed-by-hand", "scope": "/products/prod-payments" });
    shop.by_hand(Method::PATCH, &shop.path(""), changed).await;
    let observed = shop.observe().await;
    assert_eq!(observed.credentials[0].number, Some(1));
    assert_eq!(observed.scope, scope(&[PAYMENTS]));
    shop.apply_all(&subscribed()).await;
    assert_eq!(
        [shop.call("/orders", KEY).await, shop.call("/payments", KEY).await],
        [200, 401]
    );
    for state in ["submitted", "rejected", "cancelled", "expired"] {
        shop.by_hand(Method::PATCH, &shop.path(""), json!({ "state": state }))
            .await;
        let observed = shop.observe().await;
        assert!(
            observed.scope.is_empty() && !observed.suspended,
            "{state}: {observed:?}"
        );
        shop.apply(&Step::Scope(scope(&[ORDERS]))).await.unwrap();
        assert_eq!(shop.call("/orders", KEY).await, 200, "{state}");
    }
}

#[tokio::test]
async fn a_user_who_is_gone_comes_back_with_the_subscription() {
    let shop = Shop::open().await;
    shop.apply_all(&subscribed()).await;
    shop.by_hand(Method::DELETE, &shop.path(""), serde_json::Value::Null)
        .await;
    shop.by_hand(Method::DELETE, &shop.user(), serde_json::Value::Null)
        .await;
    assert!(!shop.observe().await.exists);
    shop.apply_all(&subscribed()).await;
    assert_eq!(shop.call("/orders", KEY).await, 200);
}

#[tokio::test]
async fn an_adopted_key_gives_up_its_place_once_and_the_rest_stays() {
    let shop = Shop::open().await;
    shop.apply_all(&subscribed()[..2]).await;
    let found = shop
        .azure
        .stranger(&shop.link, "legacy-mobile-app")
        .await
        .unwrap()
        .unwrap();
    assert_eq!((found.keys.len(), found.scope), (2, scope(&[ORDERS])));
    for nobodys in ["master", "no-such", &shop.ours.name()] {
        assert!(
            shop.azure.stranger(&shop.link, nobodys).await.unwrap().is_none(),
            "{nobodys}"
        );
    }
    let key_of = |secret: &str| AdoptedKey {
        consumer_id: "legacy-mobile-app".to_owned(),
        remote_id: "legacy-mobile-app/primary".to_owned(),
        fingerprint: Some(fingerprint(secret.as_bytes())),
    };
    let other = shop
        .azure
        .release(&shop.link, &key_of("somebody's other"))
        .await
        .unwrap_err();
    assert_eq!(other.kind, FaultKind::Foreign, "{other}");
    assert!(shop.fake.touched().is_empty());
    let before = shop.stored("subscriptions", "legacy-mobile-app");
    for _ in 0..2 {
        shop.azure
            .release(&shop.link, &key_of("legacy-mobile-key-0001"))
            .await
            .unwrap();
        let after = shop.stored("subscriptions", "legacy-mobile-app");
        assert_ne!(after["primaryKey"], before["primaryKey"]);
        assert_eq!(after["secondaryKey"], before["secondaryKey"]);
        assert_eq!(after["displayName"], before["displayName"]);
    }
    assert_eq!(shop.call("/orders", "legacy-mobile-key-0001").await, 401);
    shop.apply(&key(1, "legacy-mobile-key-0001")).await.unwrap();
    assert_eq!(shop.call("/orders", "legacy-mobile-key-0001").await, 200);
    // A suspended one's keys open nothing, and would when they were ours.
    shop.by_hand(
        Method::PATCH,
        "/subscriptions/partner-acme",
        json!({ "state": "suspended" }),
    )
    .await;
    assert!(shop.azure.stranger(&shop.link, "partner-acme").await.unwrap().is_none());
}
