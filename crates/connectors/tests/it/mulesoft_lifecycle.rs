//! A subscription's life, as its customer sees it at the gateway.

use std::time::Duration;

use gatewright_connectors::Step;
use gatewright_connectors::model::{Secret, fingerprint};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use vendor_fakes::mulesoft::Options;

use crate::mulesoft_shop::{
    KEY, ORDERS, PAYMENTS_GOLD, PAYMENTS_SILVER, REPORTS, SECOND_KEY, Shop, demo, drop_key, generated, key, scope,
    subscribed,
};

#[tokio::test]
async fn a_key_is_admitted_exactly_while_it_should_be() {
    let shop = Shop::open().await;
    // Each step, twice, and what the gateway then says to the keys: first and second at orders, first at payments.
    for (step, expected) in [
        (Step::Application, [401, 401, 401]),
        (key(1, KEY, &[]), [401, 401, 401]),
        (key(1, KEY, &[ORDERS]), [200, 401, 401]),
        (key(1, KEY, &[ORDERS, PAYMENTS_GOLD]), [200, 401, 200]),
        (key(1, KEY, &[PAYMENTS_GOLD]), [401, 401, 200]),
        (Step::Suspend, [401, 401, 401]),
        (Step::Reactivate(scope(&[PAYMENTS_GOLD])), [401, 401, 200]),
        (key(1, KEY, &[ORDERS]), [200, 401, 401]),
        (key(2, SECOND_KEY, &[ORDERS]), [200, 200, 401]),
        (Step::Suspend, [401, 401, 401]),
        (Step::Reactivate(scope(&[ORDERS])), [200, 200, 401]),
        (Step::Scope(scope(&[ORDERS, PAYMENTS_GOLD])), [200, 200, 200]),
        (Step::Scope(scope(&[ORDERS])), [200, 200, 401]),
        (drop_key(1), [401, 200, 401]),
        (drop_key(2), [401, 401, 401]),
        (key(3, KEY, &[ORDERS]), [200, 401, 401]),
        (Step::DropApplication, [401, 401, 401]),
    ] {
        for _ in 0..2 {
            shop.apply(&step)
                .await
                .unwrap_or_else(|fault| panic!("{step:?}: {fault}"));
            let got = [
                shop.admits(KEY).await[0],
                shop.admits(SECOND_KEY).await[0],
                shop.admits(KEY).await[1],
            ];
            assert_eq!(got, expected, "{}", step.operation());
        }
    }
    assert!(shop.stored_ours().is_empty());
    assert_eq!(shop.stored("contracts").len(), 2, "those of others");
    shop.nothing_foreign_was_touched("at the end");
}

#[tokio::test]
async fn what_was_done_is_what_is_observed() {
    let shop = Shop::open().await;
    assert!(!shop.observe().await.exists);
    shop.apply_all(&[key(1, KEY, &[])]).await;
    let prepared = shop.observe().await;
    assert!(
        prepared.exists && prepared.suspended && prepared.scope.is_empty(),
        "{prepared:?}"
    );
    shop.apply_all(&[key(1, KEY, &[ORDERS, PAYMENTS_GOLD]), key(2, SECOND_KEY, &[ORDERS])])
        .await;
    let observed = shop.observe().await;
    assert!(
        observed.exists && !observed.suspended && !observed.unsettled && !observed.misnamed,
        "{observed:?}"
    );
    assert_eq!(observed.remote_id, Some(shop.ours.name()));
    let [first, second] = &observed.credentials[..] else {
        panic!("{observed:?}")
    };
    assert_eq!((first.number, second.number), (Some(1), Some(2)));
    assert_eq!(first.fingerprint, Some(fingerprint(KEY.as_bytes())));
    assert_eq!(first.scope, scope(&[ORDERS, PAYMENTS_GOLD]));
    assert_eq!(second.scope, scope(&[ORDERS]));
    assert_eq!(shop.read(first).await.unwrap().expose_secret(), KEY);
    shop.apply(&Step::Suspend).await.unwrap();
    let observed = shop.observe().await;
    assert!(
        observed.suspended && !observed.unsettled && observed.scope.is_empty(),
        "{observed:?}"
    );
}

#[tokio::test]
async fn half_a_suspension_is_seen_and_ended_either_way() {
    let shop = Shop::open().await;
    shop.apply_all(&[key(1, KEY, &[ORDERS]), key(2, SECOND_KEY, &[ORDERS])])
        .await;
    let id = shop.stored_ours()[0]["id"].clone();
    let contract = shop
        .stored("contracts")
        .into_iter()
        .find(|one| one["application"] == id)
        .unwrap();
    let path = format!("{}/{}", shop.contracts(ORDERS), contract["id"]);
    for (step, expected) in [
        (Step::Reactivate(scope(&[ORDERS])), (false, false, 200)),
        (Step::Suspend, (true, false, 401)),
    ] {
        shop.by_hand(http::Method::PATCH, &path, json!({ "status": "REVOKED" }))
            .await;
        let observed = shop.observe().await;
        assert!(!observed.suspended && observed.unsettled, "{observed:?}");
        shop.apply(&step).await.unwrap();
        let observed = shop.observe().await;
        let got = (observed.suspended, observed.unsettled, shop.admits(KEY).await[0]);
        assert_eq!(got, expected, "{}", step.operation());
    }
}

#[tokio::test]
async fn a_scope_that_is_half_taken_is_not_what_anybody_wanted() {
    let shop = Shop::open().await;
    shop.apply_all(&[key(1, KEY, &[ORDERS, PAYMENTS_GOLD])]).await;
    let contracts = shop.stored("contracts");
    let contract = contracts.iter().rfind(|one| one["api"] == 20_000_002).unwrap();
    let path = format!("{}/{}", shop.contracts("20000002"), contract["id"]);
    shop.by_hand(http::Method::PATCH, &path, json!({ "status": "REVOKED" }))
        .await;
    let observed = shop.observe().await;
    assert_eq!(
        observed.credentials[0].scope,
        scope(&[ORDERS, "20000002:301 (revoked)"])
    );
    shop.apply(&key(1, KEY, &[ORDERS])).await.unwrap();
    let observed = shop.observe().await;
    assert!(
        observed.credentials[0].scope == scope(&[ORDERS]) && !observed.unsettled,
        "{observed:?}"
    );
}

#[tokio::test]
async fn the_gateway_hears_of_it_at_its_next_poll() {
    let shop = Shop::with(Options {
        polls_every: Duration::from_secs(15),
        ..demo()
    })
    .await;
    assert_eq!(shop.admits(KEY).await[0], 401);
    shop.apply_all(&subscribed()).await;
    assert_eq!(shop.admits(KEY).await[0], 401);
    shop.fake.advance(Duration::from_secs(15));
    assert_eq!(shop.admits(KEY).await[0], 200);
    shop.apply(&Step::Suspend).await.unwrap();
    assert_eq!(shop.admits(KEY).await[0], 200);
    shop.fake.advance(Duration::from_secs(15));
    assert_eq!(shop.admits(KEY).await[0], 401);
}

#[tokio::test]
async fn a_policy_that_asks_for_both_is_satisfied_by_the_key_twice() {
    let shop = Shop::open().await;
    shop.apply_all(&[key(1, KEY, &[REPORTS])]).await;
    assert_eq!(shop.call("/reports", KEY, None).await, 401);
    assert_eq!(shop.call("/reports", KEY, Some(KEY)).await, 200);
}

#[tokio::test]
async fn a_contract_that_waits_for_approval_is_approved() {
    let shop = Shop::open().await;
    for remote_id in [PAYMENTS_SILVER, REPORTS] {
        shop.apply(&key(1, KEY, &[remote_id])).await.unwrap();
        assert_eq!(shop.observe().await.scope, scope(&[remote_id]));
    }
}

#[tokio::test]
async fn a_pending_contract_is_no_access_and_no_suspension_either() {
    let shop = Shop::open().await;
    shop.apply_all(&[key(1, KEY, &[])]).await;
    let id = shop.stored_ours()[0]["id"].clone();
    let body = json!({ "applicationId": id, "requestedTierId": 302 });
    shop.by_hand(http::Method::POST, &shop.contracts("20000002"), body)
        .await;
    let observed = shop.observe().await;
    assert!(observed.scope.is_empty() && !observed.suspended, "{observed:?}");
    shop.apply(&Step::Suspend).await.unwrap();
    assert!(shop.observe().await.suspended);
    let rejected = |one: &serde_json::Value| one["application"] == id && one["status"] == "REJECTED";
    assert!(shop.stored("contracts").iter().any(rejected));
}

#[tokio::test]
async fn a_tier_is_changed_in_place_and_taken_away_with_its_contract() {
    let shop = Shop::open().await;
    shop.apply_all(&[key(1, KEY, &[PAYMENTS_GOLD])]).await;
    let contract = || shop.stored("contracts").pop().unwrap()["id"].clone();
    let before = contract();
    shop.apply(&key(1, KEY, &[PAYMENTS_SILVER])).await.unwrap();
    assert_eq!(shop.observe().await.scope, scope(&[PAYMENTS_SILVER]));
    assert_eq!(contract(), before);
    // Without tiers any more: this instance insists on one, and orders never had any.
    let fault = shop.apply(&key(1, KEY, &["20000002"])).await.unwrap_err();
    assert!(fault.words.starts_with("contract.create"), "{fault}");
    assert_eq!(shop.admits(KEY).await, [401, 401], "the contract at a tier is gone");
    let fault = shop
        .apply(&key(1, KEY, &[PAYMENTS_GOLD, PAYMENTS_SILVER]))
        .await
        .unwrap_err();
    assert_eq!(fault.kind, gatewright_connectors::FaultKind::Unsupported, "{fault}");
}

#[tokio::test]
async fn anypoint_makes_a_pair_once() {
    let shop = Shop::open().await;
    let first = shop.apply(&generated(1, &[ORDERS])).await.unwrap().generated.unwrap();
    let (id, secret) = first.expose_secret().split_once(':').unwrap();
    assert_eq!(shop.call("/orders", id, Some(secret)).await, 200);
    for again in [
        shop.apply(&generated(1, &[ORDERS, REPORTS])).await.unwrap(),
        shop.blindly(&generated(1, &[ORDERS, REPORTS])).await,
    ] {
        assert_eq!(again.generated.unwrap().expose_secret(), first.expose_secret());
    }
    assert_eq!(shop.call("/reports", id, Some(secret)).await, 200);
    assert_eq!(shop.stored_ours().len(), 1);
    let observed = shop.observe().await;
    let told = fingerprint(first.expose_secret().as_bytes());
    assert_eq!(observed.credentials[0].fingerprint, Some(told));
    let read = shop.read(&observed.credentials[0]).await.unwrap();
    assert_eq!(read.expose_secret(), first.expose_secret());
}

#[tokio::test]
async fn another_secret_is_another_application() {
    let shop = Shop::open().await;
    shop.apply_all(&subscribed()).await;
    shop.apply(&key(1, SECOND_KEY, &[ORDERS])).await.unwrap();
    assert_eq!(
        [shop.admits(KEY).await[0], shop.admits(SECOND_KEY).await[0]],
        [401, 200]
    );
    assert_eq!(shop.stored_ours().len(), 1);
}

#[tokio::test]
async fn an_application_without_contracts_names_an_instance_all_the_same() {
    // The stand-in refuses one that does not, as some organizations do.
    let shop = Shop::open().await;
    for step in [key(1, KEY, &[]), generated(2, &[])] {
        shop.apply(&step).await.unwrap();
    }
    assert_eq!(shop.stored_ours().len(), 2);
}

#[tokio::test]
async fn what_is_as_it_should_be_is_not_written() {
    let shop = Shop::open().await;
    let all = [ORDERS, PAYMENTS_GOLD, REPORTS];
    shop.apply_all(&[key(1, KEY, &all)]).await;
    shop.calls.take();
    for step in [Step::Application, key(1, KEY, &all)] {
        shop.apply(&step).await.unwrap();
    }
    let wrote = shop.calls.take();
    let writes = |name: &&&str| !name.ends_with(".get") && !name.ends_with(".list");
    assert_eq!(wrote.iter().filter(writes).count(), 0, "{wrote:?}");
    let secret = Secret::Provided(SecretString::from(KEY));
    assert!(!format!("{secret:?}").contains(KEY));
}
