//! One token for all calls: fetched once, renewed ahead of its end by one, and again when it ended before its time.

use std::time::Duration;

use futures_util::future::join_all;
use gatewright_connectors::{Connector, FaultKind};
use vendor_fakes::azure::Options;
use vendor_fakes::faults::{Fault, Rule};

use crate::azure_shop::{CLIENT_SECRET, KEY, ORDERS, Shop, key, scope, subscribed};

const LOGIN: &str = "/*/oauth2/v2.0/token";

fn fetched(shop: &Shop) -> u64 {
    shop.fake
        .counters()
        .by_template
        .get("POST (login)")
        .copied()
        .unwrap_or(0)
}

async fn looks(shop: &Shop, times: usize) {
    for looked in join_all((0..times).map(|_| shop.azure.observe(&shop.link, &shop.ours))).await {
        looked.unwrap();
    }
}

#[tokio::test]
async fn many_calls_at_once_log_in_once() {
    let shop = Shop::open().await;
    shop.fake.fail(Rule::new("POST", LOGIN, Fault::Slow { ms: 50 }));
    looks(&shop, 20).await;
    assert_eq!(fetched(&shop), 1);
}

#[tokio::test]
async fn a_token_is_renewed_ahead_by_one_while_the_others_go_on() {
    let shop = Shop::open().await;
    looks(&shop, 1).await;
    shop.link.clock().advance(Duration::from_secs(3599 * 3 / 4 + 1));
    // Whoever renews waits for the login; the others do not.
    shop.fake.fail(Rule::new("POST", LOGIN, Fault::Slow { ms: 400 }));
    let begun = std::time::Instant::now();
    let renews = looks(&shop, 1);
    let others = async {
        while fetched(&shop) < 2 {
            tokio::task::yield_now().await;
        }
        looks(&shop, 10).await;
        begun.elapsed()
    };
    let ((), others) = tokio::join!(renews, others);
    assert!(others < Duration::from_millis(400), "they waited {others:?}");
    assert_eq!(fetched(&shop), 2);
    looks(&shop, 5).await;
    assert_eq!(fetched(&shop), 2, "the new one is used");
}

#[tokio::test]
async fn a_login_that_is_away_stops_nobody_before_the_token_ends() {
    let shop = Shop::open().await;
    looks(&shop, 1).await;
    shop.fake.fail(Rule::new("POST", LOGIN, Fault::Fails { status: 503 }));
    shop.link.clock().advance(Duration::from_secs(3000));
    looks(&shop, 3).await;
    shop.link.clock().advance(Duration::from_secs(600));
    let fault = shop.azure.observe(&shop.link, &shop.ours).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Transient, "{fault}");
    shop.fake.heal();
    looks(&shop, 1).await;
}

#[tokio::test]
async fn a_token_that_ends_in_the_middle_is_replaced_once_and_nothing_is_lost() {
    let shop = Shop::with(Options {
        token_lifetime: Duration::from_secs(60),
        ..Options::default()
    })
    .await;
    for step in subscribed() {
        // Azure's time goes on, ours does not: it is refused before we think that it ends.
        shop.fake.advance(Duration::from_secs(61));
        shop.apply(&step).await.unwrap();
    }
    assert_eq!(shop.call("/orders", KEY).await, 200);
    let before = fetched(&shop);
    shop.fake.advance(Duration::from_secs(61));
    looks(&shop, 20).await;
    assert_eq!(
        fetched(&shop),
        before + 1,
        "all that were refused wait for the one who logs in"
    );
}

#[tokio::test]
async fn a_token_that_is_never_good_is_not_asked_for_again_and_again() {
    let shop = Shop::open().await;
    looks(&shop, 1).await;
    let before = fetched(&shop);
    shop.fake
        .fail(Rule::new("GET", "/subscriptions/*", Fault::Unauthorized));
    let step = key(1, KEY);
    let done = shop
        .azure
        .apply(&shop.link, &shop.ours, &step, &Default::default())
        .await;
    let fault = done.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unauthenticated, "{fault}");
    assert_eq!(fetched(&shop), before + 1);
}

#[tokio::test]
async fn neither_token_nor_secret_is_in_a_log_line_or_an_error() {
    let shop = Shop::open().await;
    shop.apply_all(&subscribed()).await;
    let secrets = shop.fake.secrets();
    assert!(
        secrets.iter().any(|secret| secret.starts_with("eyJ")),
        "the fake knows its tokens"
    );
    for path in [LOGIN, "/subscriptions/*", "/users/*"] {
        for fault in [
            Fault::Unauthorized,
            Fault::WrongContentType,
            Fault::ConflictOurs,
            Fault::Fails { status: 500 },
        ] {
            shop.fake.fail(Rule {
                method: None,
                ..Rule::new("", path, fault)
            });
            let done = shop.apply(&gatewright_connectors::Step::Scope(scope(&[ORDERS]))).await;
            shop.fake.heal();
            let shown = format!("{done:?}");
            let told = shop.fake.secrets().iter().any(|secret| shown.contains(secret));
            assert!(!told && !shown.contains(CLIENT_SECRET), "{shown}");
        }
    }
}
