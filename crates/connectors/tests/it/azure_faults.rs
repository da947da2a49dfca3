//! What can go wrong with calls, at every call of every step ([`crate::trial`]).

use std::time::Duration;

use gatewright_connectors::azure::Azure;
use gatewright_connectors::{Connector, FaultKind, Observed, Step};
use vendor_fakes::faults::{Fault, Rule};

use crate::azure_shop::{
    CLIENT_SECRET, KEY, ORDERS, PAYMENTS, Shop, credentials, drop_key, generated, key, scope, settings, subscribed,
};
use crate::stand::link;
use crate::trial::{Case, SHORT, Trial, at, mishaps};

/// Steps, and what has to be done before each.
fn steps() -> Vec<Case> {
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

#[tokio::test]
async fn every_step_survives_every_fault_at_every_call() {
    let shop = Shop::open().await;
    let holds = |place: &str, _: usize, _: &Observed| assert_eq!(shop.fake.state()["mails"], 0, "{place}");
    let trial = Trial {
        connector: &shop.azure,
        fake: &shop.fake,
        link: &shop.link,
        ours: &shop.ours,
        credential: CLIENT_SECRET,
        keys: &[KEY],
        calls_max: 20,
        refusable: true,
        later: Duration::ZERO,
        holds: &holds,
    };
    trial.every_step(steps(), &mishaps()).await;
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
    for fault in mishaps() {
        for call in 0..2 {
            let place = format!("{fault:?} at call {call}");
            shop.fake.reset();
            let azure = Azure::new(&settings(&shop.fake), &credentials()).unwrap();
            let link = if fault == Fault::BlackHole { &short } else { &shop.link };
            shop.fake.fail(at(call, &fault));
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
    for fault in mishaps() {
        for call in 0..4 {
            shop.fake.fail(at(call, &fault));
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
            ..at(0, &Fault::ConflictForeign)
        });
        let done = shop.azure.apply(&shop.link, &shop.ours, &step, &observed).await;
        let fault = done.unwrap_err();
        shop.fake.heal();
        assert_eq!(fault.kind, FaultKind::Foreign, "{fault}");
        assert!(!format!("{fault:?}").contains(KEY), "{fault:?}");
        assert!(shop.fake.touched().is_empty());
    }
}
