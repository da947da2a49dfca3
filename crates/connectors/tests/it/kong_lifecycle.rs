//! A subscription's life, as its customer sees it at the proxy.

use std::time::Duration;

use gatewright_connectors::model::{Secret, fingerprint};
use gatewright_connectors::{Connector, Step};
use secrecy::ExposeSecret;
use vendor_fakes::faults::{Fault, Rule};
use vendor_fakes::kong::Flavor;

use crate::kong_shop::{KEY, ORDERS, PAYMENTS, Shop, drop_key, key, scope, subscribed};

const FLAVORS: [Flavor; 3] = [Flavor::Oss, Flavor::Enterprise, Flavor::Konnect];
const SECOND_KEY: &str = "sk_live_theCustomersSecret0002";

#[tokio::test]
async fn a_key_is_admitted_exactly_while_it_should_be_on_every_flavor() {
    for flavor in FLAVORS {
        let shop = Shop::open(flavor).await;
        // Each step, twice, and what the proxy then says to the keys: first and second at orders, first at payments.
        for (step, expected) in [
            (Step::Application, [401, 401, 401]),
            (Step::Scope(scope(&[ORDERS])), [401, 401, 401]),
            (key(1, KEY), [200, 401, 403]),
            (Step::Scope(scope(&[ORDERS, PAYMENTS])), [200, 401, 200]),
            (Step::Scope(scope(&[PAYMENTS])), [403, 401, 200]),
            (Step::Suspend, [403, 401, 403]),
            (Step::Reactivate(scope(&[ORDERS])), [200, 401, 403]),
            (key(2, SECOND_KEY), [200, 200, 403]),
            (drop_key(1), [401, 200, 401]),
            (drop_key(2), [401, 401, 401]),
            (key(3, KEY), [200, 401, 403]),
            (Step::DropApplication, [401, 401, 401]),
        ] {
            for _ in 0..2 {
                shop.apply(&step)
                    .await
                    .unwrap_or_else(|fault| panic!("{flavor:?} {step:?}: {fault}"));
                let got = [
                    shop.call("/orders", KEY).await,
                    shop.call("/orders", SECOND_KEY).await,
                    shop.call("/payments", KEY).await,
                ];
                assert_eq!(got, expected, "{flavor:?} {}", step.operation());
            }
        }
        assert!(shop.fake.touched().is_empty(), "{:?}", shop.fake.touched());
        assert!(!shop.is_there(&shop.path("")).await);
    }
}

#[tokio::test]
async fn what_was_done_is_what_is_observed() {
    for flavor in FLAVORS {
        let shop = Shop::open(flavor).await;
        assert!(!shop.observe().await.exists);
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
        assert_eq!(observed.credentials[0].remote_id, shop.ours.id_of("cred|1").to_string());
        shop.apply(&Step::Suspend).await.unwrap();
        let observed = shop.observe().await;
        assert!(
            observed.suspended && !observed.unsettled && observed.scope.is_empty(),
            "{observed:?}"
        );
    }
}

#[tokio::test]
async fn a_suspension_acts_before_kong_rebuilds_its_plugins() {
    let shop = Shop::with(Flavor::Oss, Duration::from_secs(5)).await;
    shop.fake.advance(Duration::from_secs(6));
    shop.apply_all(&subscribed()).await;
    assert_eq!(shop.call("/orders", KEY).await, 200);
    shop.apply(&Step::Suspend).await.unwrap();
    assert_eq!(shop.call("/orders", KEY).await, 403);
    // The service without acl closes with the plugin.
    assert_eq!(shop.call("/reports", KEY).await, 200);
    shop.fake.advance(Duration::from_secs(6));
    assert_eq!(shop.call("/reports", KEY).await, 403);
}

#[tokio::test]
async fn an_old_key_ends_by_itself_and_nothing_that_is_repeated_prolongs_it() {
    let shop = Shop::open(Flavor::Oss).await;
    shop.apply_all(&subscribed()).await;
    let expire = |after_seconds| Step::Expire {
        number: 1,
        after_seconds,
    };
    shop.apply(&expire(300)).await.unwrap();
    shop.fake.advance(Duration::from_secs(100));
    let ends_in = async || shop.observe().await.credentials[0].expires_in_seconds.unwrap();
    for step in [
        expire(300),
        key(1, KEY),
        Step::Scope(scope(&[ORDERS])),
        Step::Application,
    ] {
        shop.apply(&step).await.unwrap();
        assert!(
            (195..=200).contains(&ends_in().await),
            "{} prolonged it",
            step.operation()
        );
    }
    // The same, told by a look that is out of date.
    for step in [expire(300), key(1, KEY)] {
        shop.blindly(&step).await;
        assert!(
            (195..=200).contains(&ends_in().await),
            "{} prolonged it",
            step.operation()
        );
    }
    // Another secret for it, and still its end.
    shop.apply(&key(1, SECOND_KEY)).await.unwrap();
    assert!((195..=200).contains(&ends_in().await));
    assert_eq!(shop.call("/orders", SECOND_KEY).await, 200);
    shop.apply(&expire(50)).await.unwrap();
    assert!((45..=50).contains(&ends_in().await), "sooner is possible");
    shop.fake.advance(Duration::from_secs(51));
    assert_eq!(shop.call("/orders", SECOND_KEY).await, 401);
    assert!(shop.observe().await.credentials.is_empty());
    // What has ended needs no end, and is gone.
    shop.apply(&expire(300)).await.unwrap();
    shop.apply(&drop_key(1)).await.unwrap();
}

#[tokio::test]
async fn kong_makes_a_secret_once() {
    let shop = Shop::open(Flavor::Oss).await;
    let generate = Step::Credential {
        number: 1,
        first: 1,
        admitted: true,
        secret: Secret::Generated,
        scope: scope(&[]),
    };
    shop.apply_all(&[Step::Application, Step::Scope(scope(&[ORDERS]))])
        .await;
    let first = shop.apply(&generate).await.unwrap().generated.unwrap();
    assert_eq!(shop.call("/orders", first.expose_secret()).await, 200);
    for again in [shop.apply(&generate).await.unwrap(), shop.blindly(&generate).await] {
        assert_eq!(again.generated.unwrap().expose_secret(), first.expose_secret());
    }
    assert_eq!(
        shop.fake
            .secrets()
            .iter()
            .filter(|secret| !secret.contains("-key-"))
            .count(),
        1
    );
    let observed = shop.observe().await;
    let read = shop.read(&observed.credentials[0]).await.unwrap();
    assert_eq!(read.expose_secret(), first.expose_secret());
}

#[tokio::test]
async fn nothing_waits_for_kong_more_often_than_it_must() {
    for (flavor, by_row) in [(Flavor::Oss, 0), (Flavor::Konnect, 1)] {
        let shop = Shop::open(flavor).await;
        shop.fake.fail(Rule {
            method: None,
            ..Rule::new("GET", "**", Fault::Slow { ms: 20 })
        });
        let looked = async || {
            let observed = shop.observe().await;
            assert_eq!(shop.calls.rounds(), 1, "a look is one wait");
            observed
        };
        let observed = looked().await;
        for (step, rounds) in [
            (Step::Application, 1),
            (Step::Scope(scope(&[ORDERS, PAYMENTS])), 1),
            (key(1, KEY), 1),
        ] {
            shop.kong.apply(&shop.link, &shop.ours, &step, &observed).await.unwrap();
            assert_eq!(shop.calls.rounds(), rounds, "{flavor:?} {}", step.operation());
        }
        for (step, rounds) in [
            // As it is already.
            (key(1, KEY), 0),
            (Step::Scope(scope(&[ORDERS, PAYMENTS])), 0),
            // Konnect knows no groups by name, so their rows are looked for first.
            (Step::Scope(scope(&[ORDERS])), 1 + by_row),
            (Step::Suspend, 2),
            (Step::Reactivate(scope(&[ORDERS, PAYMENTS])), 2),
            (drop_key(1), 1),
            (Step::DropApplication, 2),
        ] {
            let observed = looked().await;
            shop.kong.apply(&shop.link, &shop.ours, &step, &observed).await.unwrap();
            assert!(shop.calls.rounds() <= rounds, "{flavor:?} {}", step.operation());
        }
    }
}
