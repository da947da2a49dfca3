//! What is not ours is never changed and never deleted; and what others do to ours is seen and put right.

use std::time::Duration;

use gatewright_connectors::model::AdoptedKey;
use gatewright_connectors::{Connector, FaultKind, Step};
use http::Method;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::apigee_shop::{KEY, ORDERS, PAYMENTS, SECOND_KEY, Shop, drop_key, generated, key, scope, subscribed};

async fn refused(shop: &Shop, step: &Step) {
    let nothing = Default::default();
    let fault = shop.apigee.apply(&shop.link, &shop.ours, step, &nothing).await;
    let fault = fault.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Foreign, "{}: {fault}", step.operation());
    assert!(
        shop.fake.touched().is_empty(),
        "{}: {:?}",
        step.operation(),
        shop.fake.touched()
    );
}

fn developer(shop: &Shop, attributes: &Value) -> Value {
    json!({
        "email": format!("{}@gatewright.invalid", shop.ours.consumer_name()),
        "firstName": "S", "lastName": "B", "userName": "sb", "attributes": attributes,
    })
}

#[tokio::test]
async fn a_developer_or_an_app_with_our_name_and_without_our_mark_stays() {
    let shop = Shop::open().await;
    shop.by_hand(Method::POST, "/developers", developer(&shop, &json!([])))
        .await;
    shop.fake.mark_foreign();
    let fault = shop.apigee.observe(&shop.link, &shop.ours).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Foreign, "{fault}");
    for step in [Step::Application, Step::DropApplication] {
        refused(&shop, &step).await;
    }
    shop.by_hand(Method::DELETE, &shop.developer(), json!(null)).await;
    shop.apply_all(&subscribed()).await;
    shop.by_hand(
        Method::PUT,
        &shop.path(""),
        json!({ "name": shop.ours.name(), "attributes": [] }),
    )
    .await;
    shop.fake.mark_foreign();
    for step in [
        Step::Application,
        Step::Suspend,
        Step::Reactivate(scope(&[ORDERS])),
        Step::Scope(scope(&[])),
        drop_key(1),
        generated(2, &[]),
        Step::DropApplication,
    ] {
        refused(&shop, &step).await;
    }
    assert_eq!(shop.call("/orders", KEY).await, 200);
}

#[tokio::test]
async fn a_key_that_is_taken_is_nobodys_to_try_again() {
    let shop = Shop::open().await;
    shop.apply(&Step::Application).await.unwrap();
    let fault = shop
        .apply(&key(1, "legacy-mobile-key-0001", &[ORDERS]))
        .await
        .unwrap_err();
    assert_eq!(fault.kind, FaultKind::Foreign, "{fault}");
    assert!(!format!("{fault:?}").contains("legacy-mobile-key"), "{fault:?}");
    assert!(fault.words.contains("legacy-mobile-app"), "{fault}");
    // Also where its app is revoked, which no list shows by itself.
    let app = "/developers/partner@example.com/apps/legacy-mobile-app";
    shop.by_hand(
        Method::POST,
        &format!("{app}/keys/legacy-mobile-key-0001?action=revoke"),
        json!(null),
    )
    .await;
    shop.by_hand(Method::POST, &format!("{app}?action=revoke"), json!(null))
        .await;
    shop.fake.mark_foreign();
    let fault = shop
        .apply(&key(1, "legacy-mobile-key-0001", &[ORDERS]))
        .await
        .unwrap_err();
    assert_eq!(fault.kind, FaultKind::Foreign, "{fault}");
    assert!(shop.observe().await.credentials.is_empty());
    assert!(shop.fake.touched().is_empty());
}

#[tokio::test]
async fn a_key_that_somebody_put_under_our_app_goes_only_when_named() {
    let shop = Shop::open().await;
    shop.apply_all(&subscribed()).await;
    shop.fake.advance(Duration::from_secs(60));
    let theirs = json!({ "consumerKey": "their-own", "consumerSecret": "s" });
    shop.by_hand(Method::POST, &shop.path("/keys"), theirs).await;
    shop.by_hand(
        Method::POST,
        &shop.path("/keys/their-own"),
        json!({ "apiProducts": [ORDERS] }),
    )
    .await;
    let observed = shop.observe().await;
    let stranger = observed
        .credentials
        .iter()
        .find(|one| one.number.is_none())
        .unwrap()
        .clone();
    assert!(!format!("{observed:?}").contains("their-own"), "{observed:?}");
    shop.apply_all(&subscribed()).await;
    shop.apply_all(&[Step::Scope(scope(&[PAYMENTS])), generated(2, &[ORDERS]), drop_key(1)])
        .await;
    assert_eq!(shop.call("/orders", "their-own").await, 200);
    let by_id = Step::DropCredential {
        number: None,
        remote_id: Some(stranger.remote_id),
    };
    shop.apply(&by_id).await.unwrap();
    assert_eq!(shop.call("/orders", "their-own").await, 401);
}

#[tokio::test]
async fn a_number_survives_what_others_do_to_a_key() {
    let shop = Shop::open().await;
    shop.apply_all(&subscribed()).await;
    let second = shop.apply(&generated(2, &[ORDERS])).await.unwrap().generated.unwrap();
    let numbers = async || {
        let all = shop.observe().await.credentials;
        all.iter().map(|one| one.number).collect::<Vec<_>>()
    };
    // Somebody gives a key a product, and with that takes its attributes.
    let more = json!({ "apiProducts": [PAYMENTS] });
    shop.by_hand(Method::POST, &shop.path(&format!("/keys/{KEY}")), more.clone())
        .await;
    assert_eq!(numbers().await, [Some(1), Some(2)], "the other half tells it");
    shop.apply(&key(1, KEY, &[ORDERS])).await.unwrap();
    assert_eq!(shop.observe().await.credentials[0].scope, scope(&[ORDERS]));
    // We ourselves give products without taking it, also to one of Apigee's making.
    shop.apply(&generated(2, &[ORDERS, PAYMENTS])).await.unwrap();
    assert_eq!(numbers().await, [Some(1), Some(2)]);
    // One of Apigee's making has no half of ours: it is told as a stranger, and by its name it can still be dropped.
    let handle = shop.observe().await.credentials[1].remote_id.clone();
    let at = shop.path(&format!("/keys/{}", second.expose_secret()));
    shop.by_hand(Method::POST, &at, more).await;
    assert_eq!(numbers().await, [Some(1), None]);
    let drop = Step::DropCredential {
        number: Some(2),
        remote_id: Some(handle),
    };
    shop.apply(&drop).await.unwrap();
    assert_eq!(numbers().await, [Some(1)]);
}

#[tokio::test]
async fn another_secret_under_our_number_gives_way() {
    let shop = Shop::open().await;
    shop.apply_all(&subscribed()).await;
    for blindly in [false, true] {
        let (old, new) = if blindly { (SECOND_KEY, KEY) } else { (KEY, SECOND_KEY) };
        let step = key(1, new, &[ORDERS]);
        shop.apply(&step).await.unwrap();
        if blindly {
            shop.blindly(&step).await;
        }
        assert_eq!(
            (shop.call("/orders", old).await, shop.call("/orders", new).await),
            (401, 200)
        );
        assert_eq!(shop.observe().await.credentials.len(), 1);
    }
}

#[tokio::test]
async fn what_is_revoked_or_renamed_by_hand_is_seen_and_put_right() {
    let shop = Shop::open().await;
    shop.apply_all(&subscribed()).await;
    shop.by_hand(
        Method::POST,
        &shop.path(&format!("/keys/{KEY}?action=revoke")),
        json!(null),
    )
    .await;
    assert!(shop.observe().await.credentials[0].disabled);
    shop.apply(&key(1, KEY, &[ORDERS])).await.unwrap();
    assert_eq!(shop.call("/orders", KEY).await, 200);
    // Ours stay beside what somebody added; what somebody took comes back.
    let mark = json!({ "name": "gatewright", "value": shop.ours.mark() });
    let theirs = json!({ "name": "DisplayName", "value": "Shown" });
    let fewer = json!({ "name": shop.ours.name(), "attributes": [mark, theirs] });
    shop.by_hand(Method::PUT, &shop.path(""), fewer).await;
    let mut person = developer(&shop, &json!([mark]));
    person["firstName"] = json!("Renamed");
    shop.by_hand(Method::PUT, &shop.developer(), person).await;
    assert!(shop.observe().await.misnamed);
    shop.apply(&Step::Application).await.unwrap();
    assert!(!shop.observe().await.misnamed);
    let app = shop.by_hand(Method::GET, &shop.path(""), json!(null)).await;
    assert!(app["attributes"].as_array().unwrap().contains(&theirs), "{app}");
    let person = shop.by_hand(Method::GET, &shop.developer(), json!(null)).await;
    assert_eq!(person["firstName"], "Renamed");
    assert_eq!(app["credentials"].as_array().unwrap().len(), 1, "no key came with it");
}

#[tokio::test]
async fn an_inactive_developer_is_seen_and_comes_back() {
    let shop = Shop::open().await;
    shop.apply_all(&subscribed()).await;
    let inactive = format!("{}?action=inactive", shop.developer());
    shop.by_hand(Method::POST, &inactive, json!(null)).await;
    let observed = shop.observe().await;
    assert!(observed.unsettled && !observed.suspended, "{observed:?}");
    shop.apply(&Step::Reactivate(scope(&[ORDERS]))).await.unwrap();
    assert_eq!(shop.call("/orders", KEY).await, 200);
    // Suspended is suspended, whatever the developer is; it comes back as a whole.
    shop.apply(&Step::Suspend).await.unwrap();
    shop.by_hand(Method::POST, &inactive, json!(null)).await;
    let observed = shop.observe().await;
    assert!(observed.suspended && !observed.unsettled, "{observed:?}");
    shop.apply(&Step::Reactivate(scope(&[ORDERS]))).await.unwrap();
    assert_eq!(shop.call("/orders", KEY).await, 200);
}

#[tokio::test]
async fn what_is_not_there_is_suspended_and_dropped_already() {
    let shop = Shop::open().await;
    shop.apply_all(&[Step::Suspend, Step::DropApplication, drop_key(1)])
        .await;
    assert!(!shop.observe().await.exists);
    // A key cannot be put under an app that is gone: the engine looks, and makes it.
    let nothing = Default::default();
    let done = shop
        .apigee
        .apply(&shop.link, &shop.ours, &key(1, KEY, &[]), &nothing)
        .await;
    assert_eq!(done.unwrap_err().kind, FaultKind::NotFound);
    // A product that is mapped and gone is nobody's to try again.
    shop.apply(&Step::Application).await.unwrap();
    let fault = shop.apply(&key(1, KEY, &["prod-nope"])).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Invalid, "{fault}");
}

#[tokio::test]
async fn a_key_of_others_is_taken_over_where_it_was_given_to_us() {
    let shop = Shop::open().await;
    shop.apply_all(&subscribed()).await;
    let page = shop.apigee.adoptable(&shop.link, None).await.unwrap();
    let mut names: Vec<_> = page.items.iter().map(|one| one.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["legacy-mobile-app", "partner-acme"]);
    assert!(
        page.next.is_none() && !format!("{page:?}").contains("legacy-mobile-key"),
        "{page:?}"
    );
    let legacy = page.items.iter().find(|one| one.name == "legacy-mobile-app").unwrap();
    assert_eq!(legacy.scope, scope(&[ORDERS]));
    assert_eq!(
        legacy.keys[0].secret.as_ref().unwrap().expose_secret(),
        "legacy-mobile-key-0001"
    );
    let alone = shop
        .apigee
        .stranger(&shop.link, &legacy.remote_id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(alone.keys[0].remote_id, legacy.keys[0].remote_id);
    let mut given = AdoptedKey {
        consumer_id: legacy.remote_id.clone(),
        remote_id: legacy.keys[0].remote_id.clone(),
        fingerprint: Some([0; 32]),
    };
    let fault = shop.apigee.release(&shop.link, &given).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Foreign, "{fault}");
    assert!(shop.fake.touched().is_empty());
    given.fingerprint = None;
    for _ in 0..2 {
        shop.apigee.release(&shop.link, &given).await.unwrap();
    }
    shop.apply(&key(2, "legacy-mobile-key-0001", &[PAYMENTS]))
        .await
        .unwrap();
    assert_eq!(shop.call("/payments", "legacy-mobile-key-0001").await, 200);
    given.consumer_id = "nobody's".to_owned();
    shop.apigee.release(&shop.link, &given).await.unwrap();
    assert!(shop.apigee.stranger(&shop.link, "nobody's").await.unwrap().is_none());
}
