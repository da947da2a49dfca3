//! A role's keys end: they are fetched anew ahead of that, by one caller, while others go on.

use std::time::Duration;

use gatewright_connectors::{Connector, FaultKind};
use vendor_fakes::faults::{Fault, Rule};

use crate::aws_shop::{KEY, ORDERS, Shop, key};

const LIFETIME: Duration = Duration::from_secs(3600);

fn assumed(shop: &Shop) -> usize {
    shop.calls
        .take()
        .iter()
        .filter(|operation| **operation == "token.assume")
        .count()
}

#[tokio::test]
async fn a_role_is_assumed_once_for_many_callers() {
    let shop = Shop::with_role(LIFETIME).await;
    let look = || shop.aws.observe(&shop.link, &shop.ours);
    let looks = futures_util::future::join_all((0..20).map(|_| look())).await;
    assert!(looks.iter().all(Result::is_ok));
    assert_eq!(assumed(&shop), 1);
    look().await.unwrap();
    assert_eq!(assumed(&shop), 0);
}

#[tokio::test]
async fn it_is_assumed_again_ahead_of_its_end_by_one_while_others_go_on() {
    let shop = Shop::with_role(LIFETIME).await;
    let look = || shop.aws.observe(&shop.link, &shop.ours);
    look().await.unwrap();
    assumed(&shop);
    shop.clock.advance(LIFETIME * 3 / 4 - Duration::from_secs(1));
    look().await.unwrap();
    assert_eq!(assumed(&shop), 0);
    shop.clock.advance(Duration::from_secs(2));
    shop.fake.fail(Rule::new("POST", "/", Fault::Slow { ms: 100 }));
    let looks = futures_util::future::join_all((0..10).map(|_| look())).await;
    assert!(looks.iter().all(Result::is_ok));
    let calls = shop.calls.take();
    assert_eq!(
        calls.iter().filter(|operation| **operation == "token.assume").count(),
        1
    );
    assert_eq!(
        calls.last(),
        Some(&"key.list"),
        "the one that fetched is the last: others did not wait"
    );
    assert_eq!(calls[..9], ["key.list"; 9]);
}

#[tokio::test]
async fn a_token_service_that_is_away_ends_nothing_before_its_time() {
    let shop = Shop::with_role(LIFETIME).await;
    let look = || shop.aws.observe(&shop.link, &shop.ours);
    look().await.unwrap();
    shop.clock.advance(LIFETIME * 9 / 10);
    shop.fake.fail(Rule::new("POST", "/", Fault::Fails { status: 503 }));
    assumed(&shop);
    for _ in 0..5 {
        look().await.unwrap();
    }
    assert_eq!(assumed(&shop), 1, "it is not asked for every call");
    shop.clock.advance(LIFETIME);
    let fault = look().await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Transient, "{fault}");
    assert!(fault.words.starts_with("token.assume"), "{fault}");
    shop.fake.heal();
    look().await.unwrap();
}

#[tokio::test]
async fn what_ended_unexpectedly_is_fetched_once_more() {
    let shop = Shop::with_role(LIFETIME).await;
    shop.apply(&key(1, KEY, &[ORDERS])).await.unwrap();
    // Their clock is ahead of what we were told: AWS says that it has ended.
    shop.fake
        .fail(Rule::new("GET", "/apikeys", Fault::Unauthorized).times(1));
    assumed(&shop);
    assert!(shop.observe().await.exists);
    assert_eq!(shop.calls.take()[..3], ["key.list", "token.assume", "key.list"]);
    // Once, and not for ever.
    shop.fake.fail(Rule::new("GET", "/apikeys", Fault::Unauthorized));
    let fault = shop.aws.observe(&shop.link, &shop.ours).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unauthenticated, "{fault}");
    assert!(shop.calls.take().len() <= 3);
}

#[tokio::test]
async fn a_role_that_may_not_be_assumed_is_told_in_the_services_words() {
    let shop = Shop::with(|options| options.role = None, true).await;
    let report = shop.aws.verify(&shop.link).await.unwrap();
    assert!(
        report.problems[0].contains("token.assume: AWS answered 403 AccessDenied"),
        "{report:?}"
    );
    let secrets = shop.fake.secrets();
    assert!(secrets.iter().all(|secret| !format!("{report:?}").contains(secret)));
}
