//! What can go wrong with calls, at every call of every step ([`crate::trial`]).

use std::time::Duration;

use gatewright_connectors::model::Secret;
use gatewright_connectors::{Connector, FaultKind, Observed, Step};
use vendor_fakes::faults::Fault;
use vendor_fakes::kong::Flavor;

use crate::kong_shop::{KEY, ORDERS, PAYMENTS, Shop, drop_key, key, scope, subscribed};
use crate::stand::{TOKEN, link};
use crate::trial::{Case, SHORT, Trial, at, mishaps};

/// Steps, what has to be done before each, and what is to be seen after.
fn steps() -> Vec<Case> {
    let with = |more: &[Step]| subscribed().into_iter().chain(more.iter().cloned()).collect::<Vec<_>>();
    let generated = Step::Credential {
        number: 2,
        first: 2,
        admitted: true,
        secret: Secret::Generated,
        scope: scope(&[]),
    };
    let expire = Step::Expire {
        number: 1,
        after_seconds: 300,
    };
    vec![
        (vec![], Step::Application),
        (subscribed()[..1].to_vec(), Step::Scope(scope(&[ORDERS, PAYMENTS]))),
        (with(&[]), Step::Scope(scope(&[PAYMENTS]))),
        (subscribed()[..2].to_vec(), key(1, KEY)),
        (subscribed(), generated),
        (subscribed(), expire),
        (subscribed(), Step::Suspend),
        (with(&[Step::Suspend]), Step::Reactivate(scope(&[ORDERS]))),
        (subscribed(), drop_key(1)),
        (subscribed(), Step::DropApplication),
    ]
}

#[tokio::test]
async fn every_step_survives_every_fault_at_every_call() {
    every_step(Flavor::Oss, steps()).await;
}

#[tokio::test]
async fn every_step_that_konnect_does_in_another_way_survives_every_fault() {
    let by_group = |step: &Step| matches!(step, Step::Scope(_) | Step::Suspend | Step::Reactivate(_));
    every_step(
        Flavor::Konnect,
        steps().into_iter().filter(|(_, step)| by_group(step)).collect(),
    )
    .await;
}

async fn every_step(flavor: Flavor, steps: Vec<Case>) {
    let shop = Shop::open(flavor).await;
    let holds = |place: &str, _: usize, _: &Observed| {
        let made = shop.fake.secrets().into_iter();
        let made = made.filter(|one| one != KEY && !one.contains("-key-"));
        assert!(made.count() <= 1, "{place}: Kong made a key twice");
    };
    let trial = Trial {
        connector: &shop.kong,
        fake: &shop.fake,
        link: &shop.link,
        ours: &shop.ours,
        credential: TOKEN,
        keys: &[KEY],
        calls_max: 12,
        refusable: true,
        later: Duration::ZERO,
        holds: &holds,
    };
    trial.every_step(steps, &mishaps()).await;
}

#[tokio::test]
async fn a_look_that_fails_is_no_look() {
    let shop = Shop::open(Flavor::Oss).await;
    shop.apply_all(&subscribed()).await;
    let (short, _) = link(SHORT);
    for fault in mishaps() {
        for call in 0..4 {
            shop.fake.fail(at(call, &fault));
            let looked = shop
                .kong
                .observe(if fault == Fault::BlackHole { &short } else { &shop.link }, &shop.ours)
                .await;
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
    let shop = Shop::open(Flavor::Oss).await;
    shop.apply_all(&subscribed()[..2]).await;
    let observed = shop.observe().await;
    shop.fake.down().await;
    let fault = shop
        .kong
        .apply(&shop.link, &shop.ours, &key(1, KEY), &observed)
        .await
        .unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unreachable, "{fault}");
    shop.fake.up().await.unwrap();
    shop.apply(&key(1, KEY)).await.unwrap();
    assert_eq!(shop.call("/orders", KEY).await, 200);
}

#[tokio::test]
async fn who_is_first_to_take_our_name_or_secret_keeps_it() {
    for step in [Step::Application, key(1, KEY)] {
        let shop = Shop::open(Flavor::Oss).await;
        if step.operation() != Step::Application.operation() {
            shop.apply_all(&subscribed()[..2]).await;
        }
        let observed = shop.observe().await;
        shop.fake.fail(at(0, &Fault::ConflictForeign));
        let fault = shop
            .kong
            .apply(&shop.link, &shop.ours, &step, &observed)
            .await
            .unwrap_err();
        shop.fake.heal();
        assert_eq!(fault.kind, FaultKind::Foreign, "{fault}");
        assert!(!format!("{fault:?}").contains(KEY), "{fault:?}");
        assert!(shop.fake.touched().is_empty());
    }
}
