//! What can go wrong with calls, at every call of every step ([`crate::trial`]).

use std::time::Duration;

use gatewright_connectors::{Connector, FaultKind, Observed, Step};
use vendor_fakes::aws::SECRET_ACCESS_KEY;
use vendor_fakes::faults::Fault;

use crate::aws_shop::{KEY, ORDERS, PAYMENTS, SECOND_KEY, Shop, drop_key, generated, key, scope};
use crate::stand::link;
use crate::trial::{Case, SHORT, Trial, at, mishaps};

/// What is done before, and the step.
fn steps() -> Vec<Case> {
    let one = || vec![key(1, KEY, &[ORDERS])];
    let two = |more: &[Step]| {
        let two = [key(1, KEY, &[ORDERS]), key(2, SECOND_KEY, &[ORDERS])].into_iter();
        two.chain(more.iter().cloned()).collect::<Vec<_>>()
    };
    vec![
        (vec![], key(1, KEY, &[])),
        (vec![], key(1, KEY, &[ORDERS, PAYMENTS])),
        (vec![key(1, KEY, &[])], key(1, KEY, &[ORDERS, PAYMENTS])),
        (one(), key(1, KEY, &[PAYMENTS])),
        (one(), key(1, SECOND_KEY, &[ORDERS])),
        (vec![], generated(1, &[])),
        (one(), generated(2, &[ORDERS])),
        (two(&[]), Step::Suspend),
        (two(&[Step::Suspend]), Step::Reactivate(scope(&[ORDERS]))),
        (one(), Step::Scope(scope(&[]))),
        (two(&[]), drop_key(1)),
        (two(&[]), Step::DropApplication),
    ]
}

#[tokio::test]
async fn every_step_survives_every_fault_at_every_call() {
    let shop = Shop::open().await;
    let holds = |place: &str, _: usize, wanted: &Observed| {
        let keys = shop.our_keys().len();
        assert_eq!(keys, wanted.credentials.len(), "{place}: a key is there twice");
    };
    let trial = Trial {
        connector: &shop.aws,
        fake: &shop.fake,
        link: &shop.link,
        ours: &shop.ours,
        credential: SECRET_ACCESS_KEY,
        keys: &[KEY, SECOND_KEY],
        calls_max: 16,
        refusable: true,
        later: Duration::ZERO,
        holds: &holds,
    };
    trial.every_step(steps(), &mishaps()).await;
}

#[tokio::test]
async fn what_a_role_lent_may_end_at_any_time() {
    let shop = Shop::with_role(Duration::from_secs(3600)).await;
    for (before, step) in steps() {
        for call in 0..4 {
            shop.fake.reset();
            for step in &before {
                shop.blindly(step).await;
            }
            shop.observe().await;
            shop.fake.fail(at(call, &Fault::Unauthorized));
            shop.apply(&step)
                .await
                .unwrap_or_else(|fault| panic!("{step:?} at {call}: {fault}"));
            shop.fake.heal();
        }
    }
}

#[tokio::test]
async fn a_look_that_fails_is_no_look() {
    let shop = Shop::open().await;
    shop.apply_all(&[key(1, KEY, &[ORDERS])]).await;
    let (short, _) = link(SHORT);
    for fault in mishaps() {
        for call in 0..2 {
            shop.fake.fail(at(call, &fault));
            let link = if fault == Fault::BlackHole { &short } else { &shop.link };
            let looked = shop.aws.observe(link, &shop.ours).await;
            shop.fake.heal();
            // A connection that had rested and died is asked again, which is allowed for a look.
            if let Ok(observed) = looked {
                assert_eq!(observed.credentials.len(), 1, "{fault:?} at call {call}");
                assert_eq!(
                    observed.credentials[0].scope,
                    scope(&[ORDERS]),
                    "{fault:?} at call {call}"
                );
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
    let fault = shop
        .aws
        .apply(&shop.link, &shop.ours, &step, &observed)
        .await
        .unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unreachable, "{fault}");
    shop.fake.up().await.unwrap();
    shop.apply(&step).await.unwrap();
    assert_eq!(shop.call("/orders", KEY).await, 200);
}

#[tokio::test]
async fn who_is_first_to_take_our_value_keeps_it() {
    let shop = Shop::open().await;
    let observed = shop.observe().await;
    shop.fake.fail(at(0, &Fault::ConflictForeign));
    let step = key(1, KEY, &[ORDERS]);
    let fault = shop
        .aws
        .apply(&shop.link, &shop.ours, &step, &observed)
        .await
        .unwrap_err();
    shop.fake.heal();
    assert_eq!(fault.kind, FaultKind::Foreign, "{fault}");
    assert!(!format!("{fault:?}").contains(KEY), "{fault:?}");
    assert!(shop.fake.touched().is_empty());
    assert!(shop.our_keys().is_empty());
}
