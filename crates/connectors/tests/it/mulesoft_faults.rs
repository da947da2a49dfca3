//! What can go wrong with calls, at every call of every step ([`crate::trial`]).

use std::time::Duration;

use gatewright_connectors::{Connector, FaultKind, Observed, Step};
use vendor_fakes::faults::{Fault, Rule};
use vendor_fakes::mulesoft::{Limit, Options};

use crate::mulesoft_shop::{
    KEY, ORDERS, PAYMENTS_GOLD, PAYMENTS_SILVER, SECOND_KEY, Shop, demo, drop_key, generated, key, scope, subscribed,
};
use crate::stand::link;
use crate::trial::{Case, SHORT, Trial, at, mishaps};

/// Steps, and what has to be done before each.
fn steps() -> Vec<Case> {
    let both = vec![key(1, KEY, &[ORDERS, PAYMENTS_GOLD]), key(2, SECOND_KEY, &[ORDERS])];
    let suspended = both.iter().cloned().chain([Step::Suspend]).collect();
    vec![
        (vec![], key(1, KEY, &[ORDERS, PAYMENTS_SILVER])),
        (vec![key(1, KEY, &[])], key(1, KEY, &[ORDERS])),
        (both.clone(), key(1, KEY, &[PAYMENTS_SILVER])),
        (subscribed(), generated(2, &[ORDERS])),
        (subscribed(), key(1, SECOND_KEY, &[ORDERS])),
        (both.clone(), Step::Suspend),
        (suspended, Step::Reactivate(scope(&[ORDERS, PAYMENTS_GOLD]))),
        (both.clone(), drop_key(1)),
        (both, Step::DropApplication),
    ]
}

#[tokio::test]
async fn every_step_survives_every_fault_at_every_call() {
    let shop = Shop::open().await;
    let holds = |_: &str, _: usize, _: &Observed| {};
    let trial = Trial {
        connector: &shop.mule,
        fake: &shop.fake,
        link: &shop.link,
        ours: &shop.ours,
        credential: &shop.options.client_secret,
        keys: &[KEY, SECOND_KEY],
        calls_max: 24,
        refusable: true,
        later: Duration::ZERO,
        holds: &holds,
    };
    trial.every_step(steps(), &mishaps()).await;
}

fn tells_nothing(shop: &Shop, told: &gatewright_connectors::Fault, place: &str) {
    let shown = format!("{told} {told:?}");
    let secrets = shop.fake.secrets();
    assert!(!secrets.iter().any(|secret| shown.contains(secret)), "{place}: {shown}");
    assert!(!shown.contains(&shop.options.client_secret), "{place}: {shown}");
}

#[tokio::test]
async fn a_look_that_fails_is_no_look() {
    let shop = Shop::open().await;
    shop.apply_all(&subscribed()).await;
    let (short, _) = link(SHORT);
    for fault in mishaps() {
        for call in 0..3 {
            shop.fake.fail(at(call, &fault));
            let link = if fault == Fault::BlackHole { &short } else { &shop.link };
            let looked = shop.mule.observe(link, &shop.ours).await;
            shop.fake.heal();
            // A token that is refused is replaced, and a connection that had rested and died is made anew.
            if let Ok(observed) = looked {
                assert_eq!(observed.scope, scope(&[ORDERS]), "{fault:?} at call {call}");
                assert_eq!(observed.credentials.len(), 1, "{fault:?} at call {call}");
            }
        }
    }
}

#[tokio::test]
async fn a_gateway_that_is_down_was_sent_nothing() {
    let shop = Shop::open().await;
    let observed = shop.observe().await;
    shop.fake.down().await;
    let step = key(1, KEY, &[ORDERS]);
    let apply = shop.mule.apply(&shop.link, &shop.ours, &step, &observed);
    let fault = apply.await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unreachable, "{fault}");
    shop.fake.up().await.unwrap();
    shop.apply(&key(1, KEY, &[ORDERS])).await.unwrap();
    assert_eq!(shop.admits(KEY).await[0], 200);
}

#[tokio::test]
async fn a_write_that_is_answered_with_5xx_has_an_unknown_outcome() {
    let shop = Shop::open().await;
    shop.observe().await;
    for status in [500, 503] {
        for method in ["POST", "GET"] {
            shop.fake
                .fail(Rule::new(method, "/exchange/**", Fault::Fails { status }));
            let step = key(1, KEY, &[ORDERS]);
            let fault = shop
                .mule
                .apply(&shop.link, &shop.ours, &step, &Observed::default())
                .await;
            let looked = shop.mule.observe(&shop.link, &shop.ours).await;
            shop.fake.heal();
            match method {
                "POST" => assert_eq!(fault.unwrap_err().kind, FaultKind::UnknownOutcome),
                _ => assert_eq!(looked.unwrap_err().kind, FaultKind::Transient),
            }
            shop.apply(&Step::DropApplication).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_rate_that_is_exceeded_is_waited_for() {
    for answers in [429, 503] {
        let shop = Shop::with(Options {
            limit: Some(Limit {
                calls: 2,
                window: Duration::from_secs(60),
                answers: Some(answers),
            }),
            ..demo()
        })
        .await;
        // The token and one look.
        shop.mule.adoptable(&shop.link, Some("1000".to_owned())).await.unwrap();
        let fault = shop.mule.observe(&shop.link, &shop.ours).await.unwrap_err();
        let FaultKind::Throttled(Some(pause)) = fault.kind else {
            panic!("{fault:?}")
        };
        assert!(
            pause > Duration::from_secs(50) && pause <= Duration::from_secs(61),
            "{pause:?}"
        );
        let rate = &shop.fake.state()["rate"];
        assert_eq!(
            (&rate["mostCalls"], &rate["exceeded"]),
            (&3.into(), &1.into()),
            "{rate}"
        );
    }
}

#[tokio::test]
async fn the_ceiling_of_applications_is_no_reason_to_try_again() {
    let shop = Shop::with(Options {
        applications_max: 1,
        ..demo()
    })
    .await;
    shop.apply_all(&subscribed()).await;
    let fault = shop.apply(&key(2, SECOND_KEY, &[ORDERS])).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::QuotaExhausted, "{fault}");
    tells_nothing(&shop, &fault, "at the ceiling");
    assert_eq!(shop.admits(KEY).await[0], 200);
}

#[tokio::test]
async fn who_is_first_to_take_our_name_keeps_it() {
    let shop = Shop::open().await;
    let observed = shop.observe().await;
    shop.fake.fail(at(0, &Fault::ConflictForeign));
    let step = key(1, KEY, &[ORDERS]);
    let apply = shop.mule.apply(&shop.link, &shop.ours, &step, &observed);
    let fault = apply.await.unwrap_err();
    shop.fake.heal();
    assert_eq!(fault.kind, FaultKind::Foreign, "{fault}");
    tells_nothing(&shop, &fault, "taken");
    shop.nothing_foreign_was_touched("taken");
}
