//! The token: got once, renewed ahead of its end by one caller, and once more where it is refused.

use std::time::Duration;

use futures_util::future::join_all;
use gatewright_connectors::{Connector, FaultKind, Link, Step};
use gatewright_egress::{Client, Options as Egress};
use gatewright_types::Clock;
use vendor_fakes::faults::{Fault, Rule};
use vendor_fakes::mulesoft::Options;

use crate::mulesoft_shop::{KEY, ORDERS, Shop, connected, demo, key, subscribed};
use crate::stand::{Calls, NOW_MS, this_machine};

const TOKEN: &str = "token.create";

fn tokens(calls: &Calls) -> usize {
    calls.take().into_iter().filter(|name| *name == TOKEN).count()
}

fn link_at(clock: &Clock) -> (Link, Calls) {
    let calls = Calls::default();
    let link = Link::new(Client::new(Egress::default()), this_machine(), calls.clone());
    (link.with_clock(clock.clone()), calls)
}

#[tokio::test]
async fn many_callers_get_one_token() {
    let shop = Shop::open().await;
    let looks = join_all((0..20).map(|_| shop.mule.observe(&shop.link, &shop.ours))).await;
    assert!(looks.iter().all(Result::is_ok));
    assert_eq!(tokens(&shop.calls), 1);
}

#[tokio::test]
async fn a_token_is_renewed_at_three_quarters_of_its_life_while_others_go_on() {
    let shop = Shop::open().await;
    let clock = Clock::manual(chrono::DateTime::from_timestamp_millis(NOW_MS).unwrap());
    let (link, calls) = link_at(&clock);
    shop.mule.observe(&link, &shop.ours).await.unwrap();
    assert_eq!(tokens(&calls), 1);
    clock.advance(Duration::from_secs(2699));
    shop.mule.observe(&link, &shop.ours).await.unwrap();
    assert_eq!(tokens(&calls), 0);
    clock.advance(Duration::from_secs(2));
    let looks = join_all((0..20).map(|_| shop.mule.observe(&link, &shop.ours))).await;
    assert!(looks.iter().all(Result::is_ok));
    assert_eq!(tokens(&calls), 1);
    // It could not be renewed, and the old one is good for a while.
    clock.advance(Duration::from_secs(2701));
    shop.fake
        .fail(Rule::new("POST", "/accounts/**", Fault::Fails { status: 503 }));
    shop.mule.observe(&link, &shop.ours).await.unwrap();
    clock.advance(Duration::from_secs(1000));
    let fault = shop.mule.observe(&link, &shop.ours).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Transient, "{fault}");
    shop.fake.heal();
    shop.mule.observe(&link, &shop.ours).await.unwrap();
}

#[tokio::test]
async fn a_token_that_ends_in_the_middle_is_renewed() {
    let shop = Shop::with(Options {
        token_lifetime: Duration::from_secs(3600),
        ..demo()
    })
    .await;
    shop.apply_all(&subscribed()).await;
    shop.calls.take();
    // The platform's time runs ahead of ours, or somebody revoked it.
    shop.fake.advance(Duration::from_secs(3601));
    let looks = join_all((0..10).map(|_| shop.mule.observe(&shop.link, &shop.ours))).await;
    assert!(looks.iter().all(Result::is_ok));
    assert_eq!(tokens(&shop.calls), 1);
    shop.fake.advance(Duration::from_secs(3601));
    shop.apply(&Step::DropApplication).await.unwrap();
    assert_eq!(tokens(&shop.calls), 1);
}

#[tokio::test]
async fn what_is_refused_again_with_a_new_token_is_refused() {
    let shop = Shop::open().await;
    shop.observe().await;
    shop.calls.take();
    shop.fake.fail(Rule::new("GET", "/exchange/**", Fault::Unauthorized));
    let fault = shop.mule.observe(&shop.link, &shop.ours).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unauthenticated, "{fault}");
    assert_eq!(tokens(&shop.calls), 1);
}

#[tokio::test]
async fn a_wrong_secret_is_told_and_not_repeated() {
    let shop = Shop::open().await;
    let wrong = Options {
        client_secret: "no-secret-of-anybody".to_owned(),
        ..shop.options.clone()
    };
    let mule = connected(&shop.fake.admin_url(), &wrong);
    let fault = mule
        .apply(&shop.link, &shop.ours, &key(1, KEY, &[ORDERS]), &Default::default())
        .await
        .unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unauthenticated, "{fault}");
    assert!(
        !format!("{fault} {fault:?}").contains("no-secret-of-anybody"),
        "{fault:?}"
    );
}
