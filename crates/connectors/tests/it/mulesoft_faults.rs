//! Whatever goes wrong at whichever call of whichever step: what is there afterwards can be told, looking and doing it
//! again makes it right, nothing of others is touched, and no secret is told.

use std::collections::BTreeSet;
use std::time::Duration;

use gatewright_connectors::{Connector, FaultKind, Observed, Step};
use vendor_fakes::faults::{Door, Fault, Rule};
use vendor_fakes::mulesoft::{Limit, Options};

use crate::mulesoft_shop::{
    KEY, ORDERS, PAYMENTS_GOLD, PAYMENTS_SILVER, SECOND_KEY, Shop, demo, drop_key, generated, key, scope, subscribed,
};
use crate::stand::link;

/// How long a call may take where some never end.
const SHORT: Duration = Duration::from_millis(60);
/// More calls than any step makes.
const CALLS_MAX: u32 = 24;

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
        Fault::FailsAfter { status: 500 },
        Fault::FailsAfter { status: 503 },
        Fault::Unauthorized,
        Fault::ConflictOurs,
        Fault::Truncated,
        Fault::WrongContentType,
        Fault::BlackHole,
    ]
}

/// Steps, and what has to be done before each.
fn steps() -> Vec<(Vec<Step>, Step)> {
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

/// What is there, without what differs from one time to the next.
type Essence = ([bool; 4], Vec<(Option<u32>, Option<[u8; 32]>, BTreeSet<String>)>);

fn essence(observed: &Observed) -> Essence {
    let keys = observed.credentials.iter().map(|one| {
        let ours = one.number.filter(|number| *number == 1);
        (one.number, ours.and(one.fingerprint), one.scope.clone())
    });
    let state = [
        observed.exists,
        observed.suspended,
        observed.unsettled,
        observed.misnamed,
    ];
    (state, keys.collect())
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
        let done = shop.mule.apply(link, &shop.ours, step, &observed).await;
        let made = shop.fake.counters().calls - earlier;
        shop.fake.heal();
        if made <= u64::from(call) {
            // On a busy machine a call that nothing hit may take too long for the short way as well.
            if *fault == Fault::BlackHole && done.is_err() {
                continue;
            }
            assert!(done.is_ok(), "{place}: {done:?}");
            return;
        }
        if let Err(told) = done {
            tells_nothing(shop, &told, &place);
            let may_pass = told.kind.may_pass() || told.kind == FaultKind::Unauthenticated;
            assert!(may_pass, "{place}: {:?} {told}", told.kind);
        }
        // Repeated as it was, as a worker does that did not look; and repeated after looking.
        if call % 2 == 0 {
            let again = shop.mule.apply(&shop.link, &shop.ours, step, &observed).await;
            again.unwrap_or_else(|fault| panic!("{place}, again: {fault}"));
        }
        shop.apply(step)
            .await
            .unwrap_or_else(|fault| panic!("{place}, after looking: {fault}"));
        assert_eq!(&essence(&shop.observe().await), wanted, "{place}");
        shop.nothing_foreign_was_touched(&place);
    }
    panic!("{} makes more calls than {CALLS_MAX}", step.operation());
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
    for fault in faults() {
        for call in 0..3 {
            shop.fake.fail(rule(&fault, call));
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
    shop.fake.fail(rule(&Fault::ConflictForeign, 0));
    let step = key(1, KEY, &[ORDERS]);
    let apply = shop.mule.apply(&shop.link, &shop.ours, &step, &observed);
    let fault = apply.await.unwrap_err();
    shop.fake.heal();
    assert_eq!(fault.kind, FaultKind::Foreign, "{fault}");
    tells_nothing(&shop, &fault, "taken");
    shop.nothing_foreign_was_touched("taken");
}
