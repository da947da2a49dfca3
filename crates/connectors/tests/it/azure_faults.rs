//! Whatever goes wrong at whichever call of whichever step: what is there afterwards can be told, looking and doing it
//! again makes it right, nothing of others is touched, and no secret is told.

use std::collections::BTreeSet;
use std::time::Duration;

use gatewright_connectors::azure::Azure;
use gatewright_connectors::{Connector, FaultKind, Observed, Step};
use vendor_fakes::faults::{Door, Fault, Rule};

use crate::azure_shop::{
    CLIENT_SECRET, KEY, ORDERS, PAYMENTS, Shop, credentials, drop_key, generated, key, scope, settings, subscribed,
};
use crate::stand::link;

/// How long a call may take where some never end.
const SHORT: Duration = Duration::from_millis(60);
/// More calls than any step makes.
const CALLS_MAX: u32 = 20;

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
        (subscribed()[..1].to_vec(), Step::Scope(scope(&[ORDERS]))),
        (subscribed(), Step::Scope(scope(&[PAYMENTS]))),
        (subscribed()[..2].to_vec(), key(1, KEY)),
        (subscribed(), generated(2)),
        (subscribed(), Step::Suspend),
        (with(&[Step::Suspend]), Step::Reactivate(scope(&[ORDERS]))),
        (subscribed(), drop_key(1)),
        (subscribed(), Step::DropApplication),
    ]
}

/// What is there, without what differs from one time to the next.
type Essence = ([bool; 4], BTreeSet<String>, Vec<(Option<u32>, Option<[u8; 32]>)>);

fn essence(observed: &Observed) -> Essence {
    let ours = |number: &u32| *number == 1;
    let keys = observed.credentials.iter();
    let mut keys: Vec<_> = keys
        .map(|one| (one.number, one.number.filter(ours).and(one.fingerprint)))
        .collect();
    keys.sort_unstable();
    let state = [
        observed.exists,
        observed.suspended,
        observed.unsettled,
        observed.misnamed,
    ];
    (state, observed.scope.clone(), keys)
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
        let observed = shop.observe().await;
        let earlier = shop.fake.counters().calls;
        shop.fake.fail(rule(fault, call));
        let done = shop.azure.apply(link, &shop.ours, step, &observed).await;
        let made = shop.fake.counters().calls - earlier;
        shop.fake.heal();
        if made <= u64::from(call) {
            assert!(done.is_ok(), "{place}: {done:?}");
            return;
        }
        if let Err(told) = done {
            says_no_secret(shop, &format!("{told} {told:?}"), &place);
            let may_pass = told.kind.may_pass() || told.kind == FaultKind::Unauthenticated;
            assert!(may_pass, "{place}: {:?} {told}", told.kind);
        }
        // Repeated as it was, as a worker does that did not look; and repeated after looking.
        if call % 2 == 0 {
            let again = shop.azure.apply(&shop.link, &shop.ours, step, &observed).await;
            again.unwrap_or_else(|fault| panic!("{place}, again: {fault}"));
        }
        shop.apply(step)
            .await
            .unwrap_or_else(|fault| panic!("{place}, after looking: {fault}"));
        assert_eq!(&essence(&shop.observe().await), wanted, "{place}");
        assert!(shop.fake.touched().is_empty(), "{place}: {:?}", shop.fake.touched());
        assert_eq!(shop.fake.state()["mails"], 0, "{place}");
    }
    panic!("{} makes more calls than {CALLS_MAX}", step.operation());
}

fn says_no_secret(shop: &Shop, shown: &str, place: &str) {
    assert!(
        !shop.fake.secrets().iter().any(|secret| shown.contains(secret)),
        "{place}: {shown}"
    );
    assert!(!shown.contains(CLIENT_SECRET), "{place}: {shown}");
}

#[tokio::test]
async fn logging_in_and_finding_out_the_tier_survive_every_fault() {
    let shop = Shop::open().await;
    let (short, _) = link(SHORT);
    for fault in faults() {
        for call in 0..2 {
            let place = format!("{fault:?} at call {call}");
            shop.fake.reset();
            let azure = Azure::new(&settings(&shop.fake), &credentials()).unwrap();
            let link = if fault == Fault::BlackHole { &short } else { &shop.link };
            shop.fake.fail(rule(&fault, call));
            let looked = azure.observe(link, &shop.ours).await;
            shop.fake.heal();
            if let Err(told) = looked {
                says_no_secret(&shop, &format!("{told} {told:?}"), &place);
                let may_pass = told.kind.may_pass() || (fault == Fault::Unauthorized && call == 0);
                assert!(may_pass, "{place}: {:?} {told}", told.kind);
                assert_ne!(
                    (call, told.kind),
                    (0, FaultKind::UnknownOutcome),
                    "{place}: nothing was done"
                );
            }
            assert!(!azure.observe(&shop.link, &shop.ours).await.unwrap().exists, "{place}");
        }
    }
}

#[tokio::test]
async fn a_look_that_fails_is_no_look() {
    let shop = Shop::open().await;
    shop.apply_all(&subscribed()).await;
    let (short, _) = link(SHORT);
    for fault in faults() {
        for call in 0..4 {
            shop.fake.fail(rule(&fault, call));
            let link = if fault == Fault::BlackHole { &short } else { &shop.link };
            let looked = shop.azure.observe(link, &shop.ours).await;
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
    shop.apply_all(&subscribed()[..2]).await;
    let observed = shop.observe().await;
    shop.fake.down().await;
    let done = shop.azure.apply(&shop.link, &shop.ours, &key(1, KEY), &observed).await;
    let fault = done.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unreachable, "{fault}");
    shop.fake.up().await.unwrap();
    shop.apply(&key(1, KEY)).await.unwrap();
    assert_eq!(shop.call("/orders", KEY).await, 200);
}

#[tokio::test]
async fn who_is_first_to_take_our_address_or_secret_keeps_it() {
    for (before, step, method) in [
        (vec![], Step::Application, "PUT"),
        (subscribed()[..2].to_vec(), key(1, KEY), "PATCH"),
    ] {
        let shop = Shop::open().await;
        shop.apply_all(&before).await;
        let observed = shop.observe().await;
        shop.fake.fail(Rule {
            method: Some(method.to_owned()),
            ..rule(&Fault::ConflictForeign, 0)
        });
        let done = shop.azure.apply(&shop.link, &shop.ours, &step, &observed).await;
        let fault = done.unwrap_err();
        shop.fake.heal();
        assert_eq!(fault.kind, FaultKind::Foreign, "{fault}");
        assert!(!format!("{fault:?}").contains(KEY), "{fault:?}");
        assert!(shop.fake.touched().is_empty());
    }
}
