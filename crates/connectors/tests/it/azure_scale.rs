//! Thousands of subscriptions: found page by page, without a write for each, and within Azure's throttling.

use std::collections::BTreeSet;

use gatewright_connectors::Connector;
use gatewright_types::ids::SubscriptionId;
use http::Method;
use serde_json::json;

use crate::azure_shop::{Shop, scope, subscribed};

const MANY: u128 = 2_500;

#[tokio::test]
async fn everything_with_our_mark_is_found_and_nothing_else() {
    let shop = Shop::open().await;
    shop.apply_all(&subscribed()).await;
    shop.fill(MANY).await;
    let other = json!({ "scope": "/products/prod-orders", "displayName": "x", "state": "active" });
    shop.by_hand(Method::PUT, "/subscriptions/gwr-another0-s-x", other.clone())
        .await;
    shop.by_hand(Method::PUT, &format!("/subscriptions/{}-x", shop.ours.mark()), other)
        .await;
    let before = shop.fake.counters();
    shop.calls.take();
    let (mut found, mut cursor, mut pages) = (Vec::new(), None, 0);
    loop {
        let page = shop
            .azure
            .scan(&shop.link, shop.ours.connection_id, cursor)
            .await
            .unwrap();
        assert!(page.items.len() <= 100);
        found.extend(page.items);
        pages += 1;
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!((found.len(), pages), (usize::try_from(MANY).unwrap() + 2, 26));
    assert_eq!(shop.fake.counters().calls - before.calls, 26);
    assert!(shop.calls.take().iter().all(|operation| operation.starts_with("read.")));
    let ids: BTreeSet<Option<SubscriptionId>> = found.iter().map(|one| one.subscription_id).collect();
    assert_eq!(
        ids.len(),
        usize::try_from(MANY).unwrap() + 2,
        "each once, and one without"
    );
    let nameless: Vec<_> = found.iter().filter(|one| one.subscription_id.is_none()).collect();
    assert!(nameless.len() == 1 && nameless[0].observed.misnamed, "{nameless:?}");
    let ours = found
        .iter()
        .find(|one| one.subscription_id == Some(shop.ours.subscription_id))
        .unwrap();
    assert_eq!(ours.observed.scope, scope(&["prod-orders"]));
    assert!(!ours.observed.misnamed);
    let keys: Vec<_> = ours
        .observed
        .credentials
        .iter()
        .map(|one| (one.number, one.fingerprint))
        .collect();
    assert_eq!(keys, [(Some(1), None)], "its value is not asked for");
}

#[tokio::test]
async fn only_what_no_gatewright_made_can_be_taken_over() {
    let shop = Shop::open().await;
    shop.apply_all(&subscribed()).await;
    shop.fill(200).await;
    let (mut found, mut cursor) = (Vec::new(), None);
    loop {
        let page = shop.azure.adoptable(&shop.link, cursor).await.unwrap();
        found.extend(page.items);
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    let names: Vec<_> = found.iter().map(|one| one.remote_id.as_str()).collect();
    assert_eq!(
        names,
        ["legacy-mobile-app", "partner-acme"],
        "and not the built-in one, which opens everything"
    );
    assert_eq!(found[0].scope, scope(&["prod-orders"]));
    let keys: Vec<_> = found[0].keys.iter().map(|key| key.remote_id.as_str()).collect();
    assert_eq!(keys, ["legacy-mobile-app/primary", "legacy-mobile-app/secondary"]);
    use secrecy::ExposeSecret;
    assert_eq!(
        found[0].keys[0].secret.as_ref().unwrap().expose_secret(),
        "legacy-mobile-key-0001"
    );
}

#[tokio::test]
async fn azures_own_throttling_is_told_as_such_with_its_pause() {
    let shop = Shop::with(vendor_fakes::azure::Options {
        throttles: true,
        clock: gatewright_types::Clock::manual(chrono::DateTime::from_timestamp_millis(0).unwrap()),
        ..vendor_fakes::azure::Options::default()
    })
    .await;
    let mut last = Ok(());
    for _ in 0..260 {
        last = shop.azure.observe(&shop.link, &shop.ours).await.map(|_| ());
        if last.is_err() {
            break;
        }
    }
    let fault = last.unwrap_err();
    let pause = Some(std::time::Duration::from_secs(1));
    assert_eq!(
        fault.kind,
        gatewright_connectors::FaultKind::Throttled(pause),
        "{fault}"
    );
    assert!(shop.fake.state()["throttle"]["reads"]["exceeded"].as_u64().unwrap() > 0);
}
