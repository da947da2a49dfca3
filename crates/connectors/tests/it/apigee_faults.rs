//! What can go wrong with calls, at every call of every step ([`crate::trial`]).

use std::time::Duration;

use gatewright_connectors::{Connector, FaultKind, Observed, Step};
use vendor_fakes::faults::{Fault, Rule};

use crate::apigee_shop::{KEY, ORDERS, PAYMENTS, Shop, drop_key, generated, key, scope, subscribed};
use crate::stand::link;
use crate::trial::{Case, SHORT, Trial, at, mishaps};

/// So long after its app no key is taken for the one that came with it.
const LATER: Duration = Duration::from_secs(60);
/// Steps, and what has to be done before each.
fn steps() -> Vec<Case> {
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

#[tokio::test]
async fn every_step_survives_every_fault_at_every_call() {
    let shop = Shop::open().await;
    let holds = |place: &str, had: usize, _: &Observed| {
        assert!(shop.fake.secrets().len() <= had + 2, "{place}: Apigee made a key twice");
    };
    let trial = Trial {
        connector: &shop.apigee,
        fake: &shop.fake,
        link: &shop.link,
        ours: &shop.ours,
        credential: "ya29.",
        keys: &[KEY],
        calls_max: 16,
        refusable: false,
        later: LATER,
        holds: &holds,
    };
    trial.every_step(steps(), &mishaps()).await;
}

#[tokio::test]
async fn a_look_that_fails_is_no_look() {
    let shop = Shop::open().await;
    shop.apply_all(&subscribed()).await;
    let (short, _) = link(SHORT);
    for fault in mishaps() {
        for call in 0..2 {
            shop.fake.fail(at(call, &fault));
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
