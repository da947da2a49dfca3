//! What is not ours is never changed and never deleted; what is ours is known for it whatever it is called by now.

use gatewright_connectors::{Connector, FaultKind, Observed, Step};
use http::Method;
use serde_json::{Value, json};

use crate::mulesoft_shop::{KEY, ORDERS, SECOND_KEY, Shop, drop_key, key, subscribed};

async fn refused(shop: &Shop, step: &Step) {
    let fault = shop.apply(step).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Foreign, "{}: {fault}", step.operation());
    shop.nothing_foreign_was_touched(step.operation());
}

/// Somebody makes a client application.
async fn made(shop: &Shop, body: Value) -> Value {
    let path = format!("{}?apiInstanceId={ORDERS}", shop.applications());
    shop.by_hand(Method::POST, &path, body).await
}

#[tokio::test]
async fn an_application_with_our_name_and_without_our_words_stays() {
    let shop = Shop::open().await;
    let name = format!("{}-k1", shop.ours.name());
    made(&shop, json!({ "name": name, "description": "theirs" })).await;
    shop.fake.mark_foreign();
    for step in [
        key(1, KEY, &[ORDERS]),
        drop_key(1),
        Step::Suspend,
        Step::DropApplication,
    ] {
        refused(&shop, &step).await;
        // Also when nobody looked before.
        let observed = Observed::default();
        let apply = shop.mule.apply(&shop.link, &shop.ours, &step, &observed);
        assert_eq!(apply.await.unwrap_err().kind, FaultKind::Foreign);
        shop.nothing_foreign_was_touched(step.operation());
    }
}

#[tokio::test]
async fn a_client_id_that_is_taken_is_not_taken_over() {
    let shop = Shop::open().await;
    let fault = shop
        .apply(&key(1, "legacy-mobile-app-id", &[ORDERS]))
        .await
        .unwrap_err();
    assert_eq!(fault.kind, FaultKind::Foreign, "{fault}");
    assert!(!format!("{fault:?}").contains("legacy-mobile-app"), "{fault:?}");
    assert!(shop.stored_ours().is_empty());
    shop.nothing_foreign_was_touched("taken");
}

#[tokio::test]
async fn a_renamed_application_is_still_ours_and_is_named_again() {
    let shop = Shop::open().await;
    shop.apply_all(&subscribed()).await;
    let id = shop.stored_ours()[0]["id"].clone();
    let path = format!("{}/{id}", shop.applications());
    shop.by_hand(Method::PATCH, &path, json!({ "name": "Acme production" }))
        .await;
    let observed = shop.observe().await;
    assert!(observed.exists && observed.misnamed, "{observed:?}");
    assert_eq!(observed.credentials[0].number, Some(1));
    shop.apply(&Step::Application).await.unwrap();
    assert!(!shop.observe().await.misnamed);
    assert_eq!(shop.stored_ours()[0]["name"], format!("{}-k1", shop.ours.name()));
    // And it ends, whatever it is called.
    shop.by_hand(Method::PATCH, &path, json!({ "name": "Acme production" }))
        .await;
    shop.apply(&Step::DropApplication).await.unwrap();
    assert_eq!(shop.admits(KEY).await[0], 401);
}

#[tokio::test]
async fn what_only_mentions_our_name_is_not_ours() {
    let shop = Shop::open().await;
    shop.apply_all(&subscribed()).await;
    let name = shop.ours.name();
    for (other, description) in [
        (format!("copy of {name}-k1"), format!("was {name}-k1")),
        (format!("{name}-k01"), "not our way to write a number".to_owned()),
        (format!("{name}-k1-old"), "nor a number at all".to_owned()),
    ] {
        made(&shop, json!({ "name": other, "description": description })).await;
    }
    shop.fake.mark_foreign();
    assert_eq!(shop.observe().await.credentials.len(), 1);
    shop.apply(&key(2, SECOND_KEY, &[ORDERS])).await.unwrap();
    shop.apply(&drop_key(2)).await.unwrap();
    shop.nothing_foreign_was_touched("among its like");
    assert_eq!(shop.admits(KEY).await[0], 200);
}

#[tokio::test]
async fn a_copy_of_our_words_is_shown_and_goes_only_when_named() {
    let shop = Shop::open().await;
    shop.apply_all(&subscribed()).await;
    let description = shop.stored_ours()[0]["description"].clone();
    let copy = made(&shop, json!({ "name": "Acme test", "description": description })).await;
    let observed = shop.observe().await;
    let [ours, theirs] = &observed.credentials[..] else {
        panic!("{observed:?}")
    };
    assert_eq!((ours.number, theirs.number), (Some(1), None));
    assert_eq!(theirs.remote_id, copy["id"].to_string());
    let by_id = Step::DropCredential {
        number: None,
        remote_id: Some(theirs.remote_id.clone()),
    };
    shop.apply(&by_id).await.unwrap();
    assert_eq!(shop.observe().await.credentials.len(), 1);
    assert_eq!(shop.admits(KEY).await[0], 200);
}

#[tokio::test]
async fn an_id_that_is_not_among_ours_is_not_dropped() {
    let shop = Shop::open().await;
    let theirs = shop.stored("applications")[0]["id"].to_string();
    let by_id = Step::DropCredential {
        number: None,
        remote_id: Some(theirs),
    };
    shop.apply(&by_id).await.unwrap();
    shop.nothing_foreign_was_touched("by id");
}
