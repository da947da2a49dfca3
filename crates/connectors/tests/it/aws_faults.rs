//! Whatever goes wrong at whichever call of whichever step: what is there afterwards can be told, looking and doing it
//! again makes it right, nothing of others is touched, and no secret is told.

use std::collections::BTreeSet;
use std::time::Duration;

use gatewright_connectors::{Connector, FaultKind, Observed, Step};
use vendor_fakes::aws::SECRET_ACCESS_KEY;
use vendor_fakes::faults::{Door, Fault, Rule};

use crate::aws_shop::{KEY, ORDERS, PAYMENTS, SECOND_KEY, Shop, drop_key, generated, key, scope};
use crate::stand::link;

/// How long a call may take where some never end.
const SHORT: Duration = Duration::from_millis(60);
/// More calls than any step makes.
const CALLS_MAX: u32 = 16;

fn faults() -> Vec<Fault> {
    let mut faults = vec![
        Fault::DropAfter,
        Fault::DropBefore,
        Fault::Throttled {
            retry_after_seconds: Some(2),
        },
        Fault::Throttled {
            retry_after_seconds: None,
        },
        Fault::Unauthorized,
        Fault::ConflictOurs,
        Fault::Truncated,
        Fault::WrongContentType,
        Fault::BlackHole,
    ];
    faults.extend([500, 503].map(|status| Fault::Fails { status }));
    faults.extend([502, 504].map(|status| Fault::FailsAfter { status }));
    faults
}

/// What is done before, and the step.
fn steps() -> Vec<(Vec<Step>, Step)> {
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

/// What is there, without what differs from one time to the next.
type Essence = ([bool; 3], Vec<(Option<u32>, bool, BTreeSet<String>)>);

fn essence(observed: &Observed) -> Essence {
    let keys = observed
        .credentials
        .iter()
        .map(|one| (one.number, one.disabled, one.scope.clone()));
    (
        [observed.exists, observed.suspended, observed.unsettled],
        keys.collect(),
    )
}

fn rule(fault: &Fault, skip: u32) -> Rule {
    Rule {
        method: None,
        path: "**".to_owned(),
        door: Door::Admin,
        skip,
        times: Some(1),
        probability: None,
        fault: fault.clone(),
    }
}

#[tokio::test]
async fn every_step_survives_every_fault_at_every_call() {
    every_step(&Shop::open().await, faults()).await;
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
            shop.fake.fail(rule(&Fault::Unauthorized, call));
            shop.apply(&step)
                .await
                .unwrap_or_else(|fault| panic!("{step:?} at {call}: {fault}"));
            shop.fake.heal();
        }
    }
}

async fn every_step(shop: &Shop, faults: Vec<Fault>) {
    for (before, step) in steps() {
        shop.fake.reset();
        shop.apply_all(&before).await;
        shop.apply(&step).await.unwrap();
        let wanted = essence(&shop.observe().await);
        for fault in &faults {
            every_call(shop, &before, &step, fault, &wanted).await;
        }
    }
}

async fn every_call(shop: &Shop, before: &[Step], step: &Step, fault: &Fault, wanted: &Essence) {
    let (short, _) = link(SHORT);
    let link = if *fault == Fault::BlackHole { &short } else { &shop.link };
    for call in 0..CALLS_MAX {
        let place = format!("{} {fault:?} at call {call}", step.operation());
        shop.fake.reset();
        for step in before {
            shop.blindly(step).await;
        }
        let observed = shop.observe().await;
        let earlier = shop.fake.counters().calls;
        shop.fake.fail(rule(fault, call));
        let done = shop.aws.apply(link, &shop.ours, step, &observed).await;
        let made = shop.fake.counters().calls - earlier;
        shop.fake.heal();
        if made <= u64::from(call) {
            assert!(done.is_ok(), "{place}: {done:?}");
            return;
        }
        if let Err(told) = done {
            let shown = format!("{told} {told:?}");
            assert!(
                !shop.fake.secrets().iter().any(|secret| shown.contains(secret)),
                "{place}: {shown}"
            );
            assert!(!shown.contains(SECRET_ACCESS_KEY), "{place}: {shown}");
            let may_pass = told.kind.may_pass() || told.kind == FaultKind::Unauthenticated;
            assert!(may_pass, "{place}: {:?} {told}", told.kind);
        }
        // Repeated as it was, as a worker does that did not look; and repeated after looking.
        if call % 2 == 0 {
            let again = shop.aws.apply(&shop.link, &shop.ours, step, &observed).await;
            again.unwrap_or_else(|fault| panic!("{place}, again: {fault}"));
        }
        let done = shop.apply(step).await;
        done.unwrap_or_else(|fault| panic!("{place}, after looking: {fault}"));
        assert_eq!(&essence(&shop.observe().await), wanted, "{place}");
        assert!(shop.fake.touched().is_empty(), "{place}: {:?}", shop.fake.touched());
        let numbers = wanted.1.len();
        assert_eq!(shop.our_keys().len(), numbers, "{place}: a key is there twice");
    }
    panic!("{} makes more calls than {CALLS_MAX}", step.operation());
}

#[tokio::test]
async fn a_look_that_fails_is_no_look() {
    let shop = Shop::open().await;
    shop.apply_all(&[key(1, KEY, &[ORDERS])]).await;
    let (short, _) = link(SHORT);
    for fault in faults() {
        for call in 0..2 {
            shop.fake.fail(rule(&fault, call));
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
    shop.fake.fail(rule(&Fault::ConflictForeign, 0));
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
