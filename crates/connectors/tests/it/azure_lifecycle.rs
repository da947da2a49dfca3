//! A subscription's life, as its customer sees it at the gateway.

use gatewright_connectors::Step;
use gatewright_connectors::model::fingerprint;
use secrecy::ExposeSecret;
use vendor_fakes::azure::Options;
use vendor_fakes::faults::{Fault, Rule};

use crate::azure_shop::{KEY, ORDERS, PAYMENTS, Shop, drop_key, generated, key, scope, subscribed};

const SECOND_KEY: &str = "sk_live_theCustomersSecret0002";

/// Each step, and what the gateway then says to the keys: first and second at orders, first at payments.
fn life() -> Vec<(Step, [u16; 3])> {
    vec![
        (Step::Application, [401, 401, 401]),
        (Step::Scope(scope(&[ORDERS])), [401, 401, 401]),
        (key(1, KEY), [200, 401, 401]),
        (Step::Scope(scope(&[PAYMENTS])), [401, 401, 200]),
        (Step::Suspend, [401, 401, 401]),
        (Step::Scope(scope(&[ORDERS])), [401, 401, 401]),
        (Step::Reactivate(scope(&[ORDERS])), [200, 401, 401]),
        (key(2, SECOND_KEY), [200, 200, 401]),
        (drop_key(1), [401, 200, 401]),
        (Step::Scope(scope(&[])), [401, 401, 401]),
        (Step::Scope(scope(&[ORDERS])), [401, 200, 401]),
        (key(3, KEY), [200, 200, 401]),
        (drop_key(2), [200, 401, 401]),
        (drop_key(3), [401, 401, 401]),
        (Step::DropApplication, [401, 401, 401]),
    ]
}

#[tokio::test]
async fn a_key_is_admitted_exactly_while_it_should_be() {
    for sku in ["Developer", "Consumption"] {
        let sku = sku.to_owned();
        let shop = Shop::with(Options {
            sku,
            ..Options::default()
        })
        .await;
        for (step, expected) in life() {
            for _ in 0..2 {
                shop.apply(&step)
                    .await
                    .unwrap_or_else(|fault| panic!("{step:?}: {fault}"));
                let got = [
                    shop.call("/orders", KEY).await,
                    shop.call("/orders", SECOND_KEY).await,
                    shop.call("/payments", KEY).await,
                ];
                assert_eq!(got, expected, "{}", step.operation());
            }
        }
        assert!(shop.fake.touched().is_empty(), "{:?}", shop.fake.touched());
        assert!(!shop.fake.state().to_string().contains("gwr-"));
    }
}

#[tokio::test]
async fn what_was_done_is_what_is_observed() {
    let shop = Shop::open().await;
    assert!(!shop.observe().await.exists);
    shop.apply(&Step::Application).await.unwrap();
    let observed = shop.observe().await;
    assert!(
        observed.exists && !observed.misnamed && observed.scope.is_empty(),
        "{observed:?}"
    );
    // It may be suspended before it has a scope, and comes back with one.
    shop.apply(&Step::Suspend).await.unwrap();
    assert!(shop.observe().await.suspended);
    shop.apply(&Step::Reactivate(scope(&[ORDERS]))).await.unwrap();
    assert!(!shop.observe().await.suspended);
    shop.apply_all(&subscribed()).await;
    let observed = shop.observe().await;
    assert!(
        observed.exists && !observed.suspended && !observed.unsettled && !observed.misnamed,
        "{observed:?}"
    );
    assert_eq!(observed.scope, scope(&[ORDERS]));
    assert_eq!(observed.credentials.len(), 1);
    assert_eq!(observed.credentials[0].number, Some(1));
    assert_eq!(observed.credentials[0].fingerprint, Some(fingerprint(KEY.as_bytes())));
    assert_eq!(
        observed.credentials[0].remote_id,
        format!("{}/primary", shop.ours.name())
    );
    let read = shop.read(&observed.credentials[0]).await.unwrap();
    assert_eq!(read.expose_secret(), KEY);
    shop.apply(&Step::Suspend).await.unwrap();
    let observed = shop.observe().await;
    assert!(observed.suspended && !observed.unsettled, "{observed:?}");
    assert_eq!(observed.credentials.len(), 1);
    shop.apply(&Step::DropApplication).await.unwrap();
    assert!(!shop.observe().await.exists);
}

#[tokio::test]
async fn a_rotation_leaves_no_moment_without_a_key() {
    let shop = Shop::open().await;
    shop.apply_all(&subscribed()).await;
    let mut current = KEY.to_owned();
    for number in 2..7 {
        let next = format!("sk_live_theCustomersSecret000{number}");
        shop.apply(&key(number, &next)).await.unwrap();
        assert_eq!(
            [shop.call("/orders", &current).await, shop.call("/orders", &next).await],
            [200, 200]
        );
        shop.apply(&drop_key(number - 1)).await.unwrap();
        assert_eq!(
            [shop.call("/orders", &current).await, shop.call("/orders", &next).await],
            [401, 200]
        );
        current = next;
    }
}

#[tokio::test]
async fn a_third_key_waits_for_an_old_one_to_end() {
    let shop = Shop::open().await;
    shop.apply_all(&subscribed()).await;
    shop.apply(&key(2, SECOND_KEY)).await.unwrap();
    let third = key(3, "sk_live_theCustomersSecret0003");
    let fault = shop.apply(&third).await.unwrap_err();
    assert_eq!(fault.kind, gatewright_connectors::FaultKind::Conflict, "{fault}");
    assert_eq!(
        [shop.call("/orders", KEY).await, shop.call("/orders", SECOND_KEY).await],
        [200, 200]
    );
    shop.apply(&drop_key(1)).await.unwrap();
    shop.apply(&third).await.unwrap();
}

#[tokio::test]
async fn azure_makes_a_secret_once() {
    let shop = Shop::open().await;
    shop.apply_all(&subscribed()[..2]).await;
    let first = shop.apply(&generated(1)).await.unwrap().generated.unwrap();
    assert_eq!(shop.call("/orders", first.expose_secret()).await, 200);
    for again in [
        shop.apply(&generated(1)).await.unwrap(),
        shop.blindly(&generated(1)).await,
    ] {
        assert_eq!(again.generated.unwrap().expose_secret(), first.expose_secret());
    }
    let second = shop.apply(&generated(2)).await.unwrap().generated.unwrap();
    for key in [&first, &second] {
        assert_eq!(shop.call("/orders", key.expose_secret()).await, 200);
    }
    let observed = shop.observe().await;
    let read = shop.read(&observed.credentials[0]).await.unwrap();
    assert_eq!(read.expose_secret(), first.expose_secret());
}

#[tokio::test]
async fn nothing_waits_for_azure_more_often_than_it_must() {
    let shop = Shop::open().await;
    // The token and the tier, which are asked for once.
    shop.observe().await;
    shop.calls.rounds();
    shop.fake.fail(Rule {
        method: None,
        ..Rule::new("GET", "**", Fault::Slow { ms: 20 })
    });
    for (step, rounds) in [
        (Step::Application, 2),
        (Step::Scope(scope(&[ORDERS])), 2),
        (key(1, KEY), 2),
        // As it is already.
        (key(1, KEY), 0),
        (Step::Scope(scope(&[ORDERS])), 0),
        (Step::Scope(scope(&[PAYMENTS])), 2),
        (Step::Suspend, 1),
        (Step::Reactivate(scope(&[ORDERS])), 2),
        (generated(2), 5),
        (drop_key(1), 2),
        (Step::DropApplication, 5),
    ] {
        let observed = shop.observe().await;
        let looked = shop.calls.rounds();
        assert!(looked <= 2, "{}: a look is {looked} waits", step.operation());
        let done = gatewright_connectors::Connector::apply(&shop.azure, &shop.link, &shop.ours, &step, &observed).await;
        done.unwrap();
        assert_eq!(shop.calls.rounds(), rounds, "{}", step.operation());
    }
}
