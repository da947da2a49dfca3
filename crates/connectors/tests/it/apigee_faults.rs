//! Whatever goes wrong at whichever call of whichever step: what is there afterwards can be told, looking and doing it
//! again makes it right, nothing of others is touched, and no secret is told.

use std::collections::BTreeSet;
use std::time::Duration;

use gatewright_connectors::{Connector, FaultKind, Observed, Step};
use vendor_fakes::faults::{Door, Fault, Rule};

use crate::apigee_shop::{KEY, ORDERS, PAYMENTS, Shop, drop_key, generated, key, scope, subscribed};
use crate::stand::link;

/// How long a call may take where some never end.
const SHORT: Duration = Duration::from_millis(60);
/// So long after its app no key is taken for the one that came with it.
const LATER: Duration = Duration::from_secs(60);
/// More calls than any step makes.
const CALLS_MAX: u32 = 16;

fn faults() -> Vec<Fault> {
    vec![
        Fault::DropAfter,
        Fault::DropBefore,
        Fault::Throttled {
            retry_after_seconds: Some(2),
        },
        Fault::Throttled {
            retry_after_seconds: None,
        },
        Fault::Fails { status: 500 },
        Fault::Fails { status: 503 },
        Fault::FailsAfter { status: 502 },
        Fault::FailsAfter { status: 504 },
        Fault::Unauthorized,
        Fault::ConflictOurs,
        Fault::Truncated,
        Fault::WrongContentType,
        Fault::BlackHole,
    ]
}

/// Steps, and what has to be done before each.
fn steps() -> Vec<(Vec<Step>, Step)> {
    let with = |more: &[Step]| subscribed().into_iter().chain(more.iter().cloned()).collect::<Vec<_>>();
    vec![
        (vec![], Step::Application),
        (subscribed()[..1].to_vec(), key(1, KEY, &[])),
        (subscribed()[..1].to_vec(), key(1, KEY, &[ORDERS, PAYMENTS])),
        (subscribed(), key(1, KEY, &[PAYMENTS])),
        (subscribed(), Step::Scope(scope(&[PAYMENTS]))),
        (subscribed(), generated(2, &[])),
        (subscribed(), generated(2, &[ORDERS])),
        (subscribed(), Step::Suspend),
        (with(&[Step::Suspend]), Step::Reactivate(scope(&[ORDERS]))),
        (subscribed(), drop_key(1)),
        (subscribed(), Step::DropApplication),
    ]
}

/// What is there, without what differs from one time to the next.
type Essence = ([bool; 4], Vec<(Option<u32>, Option<[u8; 32]>, bool, BTreeSet<String>)>);

fn essence(observed: &Observed) -> Essence {
    let mut keys: Vec<_> = observed
        .credentials
        .iter()
        .map(|one| {
            let fingerprint = one.number.filter(|number| *number == 1).and(one.fingerprint);
            (one.number, fingerprint, one.disabled, one.scope.clone())
        })
        .collect();
    keys.sort_unstable();
    let state = [
        observed.exists,
        observed.suspended,
        observed.unsettled,
        observed.misnamed,
    ];
    (state, keys)
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
    let shop = Shop::open().await;
    for (before, step) in steps() {
        shop.fake.reset();
        shop.apply_all(&before).await;
        shop.fake.advance(LATER);
        shop.apply(&step).await.unwrap();
        let wanted = essence(&shop.observe().await);
        for fault in faults() {
            every_call(&shop, &before, &step, &fault, &wanted).await;
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
        shop.fake.advance(LATER);
        let observed = shop.observe().await;
        let (earlier, had) = (shop.fake.counters().calls, shop.fake.secrets().len());
        shop.fake.fail(rule(fault, call));
        let done = shop.apigee.apply(link, &shop.ours, step, &observed).await;
        let made = shop.fake.counters().calls - earlier;
        shop.fake.heal();
        if made <= u64::from(call) {
            assert!(done.is_ok(), "{place}: {done:?}");
            return;
        }
        if let Err(told) = done {
            let shown = format!("{told} {told:?}");
            let secrets = shop.fake.secrets();
            assert!(!secrets.iter().any(|secret| shown.contains(secret)), "{place}: {shown}");
            assert!(!shown.contains("ya29."), "{place}: {shown}");
            assert!(told.kind.may_pass(), "{place}: {:?} {told}", told.kind);
        }
        // Repeated as it was, as a worker does that did not look; and repeated after looking.
        if call % 2 == 0 {
            let again = shop.apigee.apply(&shop.link, &shop.ours, step, &observed).await;
            again.unwrap_or_else(|fault| panic!("{place}, again: {fault}"));
        }
        shop.apply(step)
            .await
            .unwrap_or_else(|fault| panic!("{place}, after looking: {fault}"));
        // As a plan has it that finds something misnamed.
        if shop.observe().await.misnamed {
            shop.apply(&Step::Application).await.unwrap();
        }
        assert_eq!(&essence(&shop.observe().await), wanted, "{place}");
        assert!(shop.fake.touched().is_empty(), "{place}: {:?}", shop.fake.touched());
        assert!(shop.fake.secrets().len() <= had + 2, "{place}: Apigee made a key twice");
    }
    panic!("{} makes more calls than {CALLS_MAX}", step.operation());
}

#[tokio::test]
async fn a_look_that_fails_is_no_look() {
    let shop = Shop::open().await;
    shop.apply_all(&subscribed()).await;
    let (short, _) = link(SHORT);
    for fault in faults() {
        for call in 0..2 {
            shop.fake.fail(rule(&fault, call));
            let link = if fault == Fault::BlackHole { &short } else { &shop.link };
            let looked = shop.apigee.observe(link, &shop.ours).await;
            shop.fake.heal();
            // A connection that had rested and died is asked again, which is allowed for a look.
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
    shop.apply_all(&subscribed()[..1]).await;
    let observed = shop.observe().await;
    shop.fake.down().await;
    let step = key(1, KEY, &[ORDERS]);
    let done = shop.apigee.apply(&shop.link, &shop.ours, &step, &observed).await;
    let fault = done.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unreachable, "{fault}");
    shop.fake.up().await.unwrap();
    shop.apply(&step).await.unwrap();
    assert_eq!(shop.call("/orders", KEY).await, 200);
}

#[tokio::test]
async fn who_is_first_to_take_our_name_or_key_keeps_it() {
    for (before, step, call) in [
        (vec![], Step::Application, "/developers"),
        (vec![], Step::Application, "/developers/*/apps"),
        (
            subscribed()[..1].to_vec(),
            key(1, KEY, &[ORDERS]),
            "/developers/*/apps/*/keys",
        ),
    ] {
        let shop = Shop::open().await;
        shop.apply_all(&before).await;
        let observed = shop.observe().await;
        shop.fake.fail(Rule::new("POST", call, Fault::ConflictForeign));
        let done = shop.apigee.apply(&shop.link, &shop.ours, &step, &observed).await;
        let fault = done.unwrap_err();
        shop.fake.heal();
        assert_eq!(fault.kind, FaultKind::Foreign, "{call}: {fault}");
        assert!(!format!("{fault:?}").contains(KEY), "{fault:?}");
        // Only that it hangs below a developer of ours, or theirs, may be told of the app that was planted.
        let touched = shop.fake.touched();
        assert!(touched.is_empty(), "{call}: {touched:?}");
    }
}
