//! A subscription's life, as its customer sees it at the runtime.

use std::time::Duration;

use gatewright_connectors::model::fingerprint;
use gatewright_connectors::{Connector, FaultKind, Step};
use http::Method;
use secrecy::ExposeSecret;
use serde_json::json;
use vendor_fakes::apigee::Options;

use crate::apigee_shop::{KEY, ORDERS, PAYMENTS, SECOND_KEY, Shop, drop_key, generated, key, scope, subscribed};
use crate::stand::application;

#[tokio::test]
async fn a_key_is_admitted_exactly_while_it_should_be() {
    let shop = Shop::open().await;
    // Each step, twice, and what the runtime then says to the keys: first and second at orders, first at payments.
    for (step, expected) in [
        (Step::Application, [401, 401, 401]),
        // Prepared: it is there and in no product.
        (key(1, KEY, &[]), [400, 401, 400]),
        (key(1, KEY, &[ORDERS]), [200, 401, 401]),
        (key(1, KEY, &[ORDERS, PAYMENTS]), [200, 401, 200]),
        (key(1, KEY, &[PAYMENTS]), [401, 401, 200]),
        (Step::Suspend, [401, 401, 401]),
        (key(1, KEY, &[ORDERS]), [401, 401, 401]),
        (Step::Reactivate(scope(&[ORDERS])), [200, 401, 401]),
        (key(2, SECOND_KEY, &[ORDERS]), [200, 200, 401]),
        (Step::Scope(scope(&[PAYMENTS])), [401, 401, 200]),
        (Step::Scope(scope(&[ORDERS])), [200, 200, 401]),
        (drop_key(1), [401, 200, 401]),
        (drop_key(2), [401, 401, 401]),
        (key(3, KEY, &[ORDERS]), [200, 401, 401]),
        (Step::DropApplication, [401, 401, 401]),
    ] {
        for _ in 0..2 {
            shop.apply(&step)
                .await
                .unwrap_or_else(|fault| panic!("{}: {fault}", step.operation()));
            let got = [
                shop.call("/orders", KEY).await,
                shop.call("/orders", SECOND_KEY).await,
                shop.call("/payments", KEY).await,
            ];
            assert_eq!(got, expected, "{step:?}");
        }
    }
    assert!(shop.fake.touched().is_empty(), "{:?}", shop.fake.touched());
    assert!(!shop.is_there(&shop.developer()).await, "nothing is left");
}

#[tokio::test]
async fn what_was_done_is_what_is_observed() {
    let shop = Shop::open().await;
    assert!(!shop.observe().await.exists);
    shop.apply_all(&subscribed()).await;
    let observed = shop.observe().await;
    assert!(
        observed.exists && !observed.suspended && !observed.unsettled && !observed.misnamed,
        "{observed:?}"
    );
    assert_eq!(observed.scope, scope(&[ORDERS]));
    assert_eq!(observed.credentials.len(), 1, "{observed:?}");
    let one = &observed.credentials[0];
    assert_eq!((one.number, one.disabled), (Some(1), false));
    assert_eq!(one.fingerprint, Some(fingerprint(KEY.as_bytes())));
    assert_eq!(one.scope, scope(&[ORDERS]));
    assert_eq!(shop.read(one).await.unwrap().expose_secret(), KEY);
    shop.apply(&Step::Suspend).await.unwrap();
    let observed = shop.observe().await;
    assert!(observed.suspended && !observed.unsettled, "{observed:?}");
    assert_eq!(observed.credentials[0].scope, scope(&[ORDERS]), "it is only suspended");
}

#[tokio::test]
async fn the_key_that_came_with_the_app_goes_and_no_other() {
    let shop = Shop::open().await;
    shop.apply(&Step::Application).await.unwrap();
    assert!(shop.observe().await.credentials.is_empty());
    // Made by hand, later: without a product, and with one.
    shop.fake.advance(Duration::from_secs(10));
    shop.by_hand(
        Method::POST,
        &shop.path("/keys"),
        json!({ "consumerKey": "by-hand", "consumerSecret": "s" }),
    )
    .await;
    let app = shop.by_hand(Method::GET, &shop.path(""), json!(null)).await;
    let more = json!({ "name": shop.ours.name(), "attributes": app["attributes"], "apiProducts": [ORDERS] });
    shop.by_hand(Method::POST, &shop.path(""), more).await;
    shop.fake.mark_foreign();
    for _ in 0..2 {
        shop.apply(&Step::Application).await.unwrap();
        shop.blindly(&Step::Application).await;
        let observed = shop.observe().await;
        assert!(!observed.misnamed && observed.credentials.len() == 2, "{observed:?}");
        assert!(
            observed.credentials.iter().all(|one| one.number.is_none()),
            "{observed:?}"
        );
    }
    assert!(shop.fake.touched().is_empty(), "{:?}", shop.fake.touched());
}

#[tokio::test]
async fn a_product_that_waits_for_approval_is_approved() {
    let shop = Shop::open().await;
    shop.apply_all(&[Step::Application, key(1, KEY, &[PAYMENTS])]).await;
    assert_eq!(shop.call("/payments", KEY).await, 200);
    // Somebody takes the approval back: that is seen, and put right.
    let product = shop.path(&format!("/keys/{KEY}/apiproducts/{PAYMENTS}?action=revoke"));
    shop.by_hand(Method::POST, &product, json!(null)).await;
    assert!(shop.observe().await.credentials[0].scope.is_empty());
    shop.apply(&key(1, KEY, &[PAYMENTS])).await.unwrap();
    assert_eq!(shop.call("/payments", KEY).await, 200);
}

#[tokio::test]
async fn apigee_makes_a_key_once() {
    let shop = Shop::open().await;
    shop.apply(&Step::Application).await.unwrap();
    let made = shop.fake.secrets().len();
    let first = shop.apply(&generated(1, &[])).await.unwrap().generated.unwrap();
    assert_eq!(shop.call("/orders", first.expose_secret()).await, 400);
    for step in [generated(1, &[ORDERS]), generated(1, &[ORDERS])] {
        for again in [shop.apply(&step).await.unwrap(), shop.blindly(&step).await] {
            assert_eq!(again.generated.unwrap().expose_secret(), first.expose_secret());
        }
    }
    assert_eq!(shop.fake.secrets().len(), made + 2, "a key and its other half");
    assert_eq!(shop.call("/orders", first.expose_secret()).await, 200);
    let second = shop.apply(&generated(2, &[ORDERS])).await.unwrap().generated.unwrap();
    assert_ne!(second.expose_secret(), first.expose_secret());
    let observed = shop.observe().await;
    let numbers: Vec<_> = observed.credentials.iter().map(|one| one.number).collect();
    assert_eq!(numbers, [Some(1), Some(2)]);
    assert!(!observed.misnamed);
}

#[tokio::test]
async fn a_cancelled_key_is_refused_before_apigee_is_done() {
    let shop = Shop::with(Options {
        linger: Duration::from_secs(120),
        ..Options::default()
    })
    .await;
    shop.apply_all(&subscribed()).await;
    shop.apply(&Step::DropApplication).await.unwrap();
    assert_eq!(shop.call("/orders", KEY).await, 401);
}

#[tokio::test]
async fn what_is_not_gone_yet_is_waited_for() {
    let shop = Shop::with(Options {
        linger: Duration::from_secs(120),
        ..Options::default()
    })
    .await;
    shop.apply_all(&subscribed()).await;
    // Somebody deletes the developer, and Apigee is not done with it.
    shop.by_hand(Method::DELETE, &shop.developer(), json!(null)).await;
    let fault = shop.apply(&Step::Application).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Conflict, "{fault}");
    let mut other = shop;
    other.ours = application(2);
    other.apply(&Step::Application).await.unwrap();
    let fault = other.apply(&key(1, KEY, &[ORDERS])).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Conflict, "{fault}");
    assert!(!format!("{fault:?}").contains(KEY), "{fault:?}");
    other.fake.advance(Duration::from_secs(121));
    other.ours = application(1);
    other.apply_all(&subscribed()).await;
    assert_eq!(other.call("/orders", KEY).await, 200);
}

#[tokio::test]
async fn a_developer_goes_with_the_last_app() {
    let mut shop = Shop::open().await;
    shop.apply_all(&subscribed()).await;
    let first = shop.ours;
    // Another subscription of the same customer.
    shop.ours.subscription_id = application(2).subscription_id;
    shop.apply_all(&[Step::Application, key(1, SECOND_KEY, &[ORDERS])])
        .await;
    shop.apply(&Step::DropApplication).await.unwrap();
    assert_eq!(shop.call("/orders", KEY).await, 200);
    // One that somebody made under our developer keeps it, too.
    let theirs = json!({ "name": "theirs" });
    shop.by_hand(Method::POST, &format!("{}/apps", shop.developer()), theirs)
        .await;
    shop.ours = first;
    shop.apply(&Step::DropApplication).await.unwrap();
    assert_eq!(shop.call("/orders", KEY).await, 401);
    assert!(shop.is_there(&format!("{}/apps/theirs", shop.developer())).await);
    shop.by_hand(
        Method::DELETE,
        &format!("{}/apps/theirs", shop.developer()),
        json!(null),
    )
    .await;
    shop.apply(&Step::DropApplication).await.unwrap();
    assert!(!shop.is_there(&shop.developer()).await);
}

#[tokio::test]
async fn a_fresh_subscription_costs_no_call_too_many() {
    let shop = Shop::open().await;
    shop.blindly(&Step::Application).await;
    let expected = [
        "token.post",
        "developer.get",
        "developer.post",
        "app.post",
        "key.delete",
    ];
    assert_eq!(shop.calls.take(), expected);
    shop.blindly(&key(1, KEY, &[ORDERS])).await;
    assert_eq!(shop.calls.take(), ["key.post", "key.attach"]);
    shop.calls.rounds();
    let observed = shop.observe().await;
    assert_eq!(shop.calls.rounds(), 1, "a look is one wait");
    shop.calls.take();
    for (step, expected) in [
        (Step::Suspend, vec!["app.revoke"]),
        (
            Step::Reactivate(scope(&[])),
            vec!["developer.get", "app.get", "app.approve"],
        ),
        (drop_key(1), vec!["app.get", "key.delete"]),
    ] {
        shop.apigee
            .apply(&shop.link, &shop.ours, &step, &observed)
            .await
            .unwrap();
        assert_eq!(shop.calls.take(), expected, "{}", step.operation());
    }
}
