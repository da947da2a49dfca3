//! A subscription's life, as its customer sees it at the stages.

use gatewright_connectors::model::{Granularity, Inert, Overlap, fingerprint};
use gatewright_connectors::{Connector, Step};
use secrecy::ExposeSecret;
use vendor_fakes::faults::{Fault, Rule};

use crate::aws_shop::{KEY, ORDERS, PAYMENTS, SECOND_KEY, Shop, drop_key, generated, key, scope};

#[tokio::test]
async fn a_key_is_admitted_exactly_while_it_should_be() {
    let shop = Shop::open().await;
    // Each step, twice, and what the stages then say to the keys: first and second at orders, first at payments.
    for (step, expected) in [
        (Step::Application, [403, 403, 403]),
        // Prepared: it is there and opens nothing.
        (key(1, KEY, &[]), [403, 403, 403]),
        (key(1, KEY, &[ORDERS]), [200, 403, 403]),
        (key(1, KEY, &[ORDERS, PAYMENTS]), [200, 403, 200]),
        (key(1, KEY, &[PAYMENTS]), [403, 403, 200]),
        (key(1, KEY, &[ORDERS]), [200, 403, 403]),
        (Step::Suspend, [403, 403, 403]),
        (Step::Reactivate(scope(&[ORDERS])), [200, 403, 403]),
        (key(2, SECOND_KEY, &[ORDERS]), [200, 200, 403]),
        (Step::Suspend, [403, 403, 403]),
        // Of a suspended subscription nothing is enabled by a new key that is only to be there.
        (key(3, "sk_live_theCustomersSecret0003", &[]), [403, 403, 403]),
        (Step::Reactivate(scope(&[ORDERS])), [200, 200, 403]),
        (drop_key(1), [403, 200, 403]),
        (drop_key(2), [403, 403, 403]),
        (key(4, KEY, &[ORDERS]), [200, 403, 403]),
        (Step::Scope(scope(&[PAYMENTS])), [403, 403, 403]),
        (key(4, KEY, &[PAYMENTS]), [403, 403, 200]),
        (Step::DropApplication, [403, 403, 403]),
    ] {
        for _ in 0..2 {
            let done = shop.apply(&step).await;
            done.unwrap_or_else(|fault| panic!("{step:?}: {fault}"));
            let got = [
                shop.call("/orders/1", KEY).await,
                shop.call("/orders/1", SECOND_KEY).await,
                shop.call("/payments", KEY).await,
            ];
            assert_eq!(got, expected, "{step:?}");
        }
    }
    assert!(shop.fake.touched().is_empty(), "{:?}", shop.fake.touched());
    assert!(shop.our_keys().is_empty());
}

#[tokio::test]
async fn what_was_done_is_what_is_observed() {
    let shop = Shop::open().await;
    assert!(!shop.observe().await.exists);
    shop.apply(&key(1, KEY, &[])).await.unwrap();
    let prepared = shop.observe().await;
    assert!(prepared.exists && prepared.suspended && !prepared.unsettled);
    assert!(prepared.credentials[0].disabled && prepared.credentials[0].scope.is_empty());

    shop.apply(&key(1, KEY, &[ORDERS, PAYMENTS])).await.unwrap();
    let observed = shop.observe().await;
    assert!(observed.exists && !observed.suspended && !observed.unsettled && !observed.misnamed);
    let [credential] = &observed.credentials[..] else {
        panic!("{observed:?}")
    };
    assert_eq!(credential.number, Some(1));
    assert_eq!(credential.fingerprint, Some(fingerprint(KEY.as_bytes())));
    assert_eq!(credential.scope, scope(&[ORDERS, PAYMENTS]));
    assert!(!credential.disabled);
    let [ours] = &shop.our_keys()[..] else { panic!() };
    assert_eq!(ours["id"], credential.remote_id);
    assert_eq!(ours["name"], shop.name(1));
    assert_eq!(ours["tags"]["sub"], shop.ours.subscription_id.to_string());
    assert_eq!(ours["tags"]["cust"], shop.ours.customer_id.to_string());
    assert_eq!(ours["tags"]["cred"], "1");
    assert_eq!(
        format!("gwr-{}", ours["tags"]["gwr"].as_str().unwrap()),
        shop.ours.mark()
    );

    shop.apply(&key(2, SECOND_KEY, &[ORDERS])).await.unwrap();
    shop.apply(&Step::Suspend).await.unwrap();
    let suspended = shop.observe().await;
    assert!(suspended.suspended && !suspended.unsettled);
    let read = shop
        .aws
        .read_secret(&shop.link, &shop.ours, &suspended.credentials[1])
        .await
        .unwrap();
    assert_eq!(read.unwrap().expose_secret(), SECOND_KEY);
}

#[tokio::test]
async fn half_of_a_suspension_is_seen_and_settled_either_way() {
    for (step, suspended) in [(Step::Suspend, true), (Step::Reactivate(scope(&[ORDERS])), false)] {
        let shop = Shop::open().await;
        shop.apply_all(&[key(1, KEY, &[ORDERS]), key(2, SECOND_KEY, &[ORDERS])])
            .await;
        shop.fake
            .fail(Rule::new("PATCH", "/apikeys/*", Fault::Fails { status: 503 }).after(1));
        shop.apply(&Step::Suspend).await.unwrap_err();
        shop.fake.heal();
        let observed = shop.observe().await;
        assert!(observed.unsettled && !observed.suspended);
        shop.apply(&step).await.unwrap();
        let observed = shop.observe().await;
        assert!(!observed.unsettled && observed.suspended == suspended, "{observed:?}");
    }
}

#[tokio::test]
async fn aws_makes_a_value_once() {
    let shop = Shop::open().await;
    let first = shop.apply(&generated(1, &[ORDERS])).await.unwrap().generated.unwrap();
    assert_eq!(shop.call("/orders", first.expose_secret()).await, 200);
    for again in [
        shop.apply(&generated(1, &[ORDERS])).await.unwrap(),
        shop.blindly(&generated(1, &[ORDERS])).await,
    ] {
        assert_eq!(again.generated.unwrap().expose_secret(), first.expose_secret());
    }
    assert_eq!(shop.our_keys().len(), 1);
}

#[tokio::test]
async fn a_key_with_another_value_than_ours_is_replaced() {
    let shop = Shop::open().await;
    shop.apply_all(&[key(1, KEY, &[ORDERS]), key(1, SECOND_KEY, &[ORDERS])])
        .await;
    assert_eq!(shop.call("/orders", SECOND_KEY).await, 200);
    assert_eq!(shop.call("/orders", KEY).await, 403);
    assert_eq!(shop.our_keys().len(), 1);
}

#[tokio::test]
async fn nothing_is_asked_of_aws_more_often_than_it_must() {
    let shop = Shop::open().await;
    let calls = async |step: &Step| {
        let observed = shop.observe().await;
        shop.calls.take();
        shop.aws.apply(&shop.link, &shop.ours, step, &observed).await.unwrap();
        shop.calls.take()
    };
    assert_eq!(calls(&Step::Application).await, [""; 0]);
    assert_eq!(calls(&key(1, KEY, &[])).await, ["key.create"]);
    assert_eq!(calls(&key(1, KEY, &[ORDERS])).await, ["plan.join", "key.patch"]);
    // As it is already.
    assert_eq!(calls(&key(1, KEY, &[ORDERS])).await, [""; 0]);
    assert_eq!(calls(&key(2, SECOND_KEY, &[ORDERS])).await, ["key.create", "plan.join"]);
    assert_eq!(
        calls(&Step::Suspend).await,
        ["key.patch"; 2],
        "what takes access away does not look first"
    );
    assert_eq!(calls(&Step::Suspend).await, [""; 0]);
    assert_eq!(calls(&drop_key(1)).await, ["key.delete"]);
    assert_eq!(
        calls(&drop_key(1)).await,
        ["key.list"],
        "it is looked for where none was seen"
    );
    assert_eq!(
        calls(&generated(3, &[ORDERS])).await,
        ["key.list", "key.create", "plan.join"]
    );
    shop.calls.take();
    shop.observe().await;
    assert_eq!(shop.calls.take(), ["key.list", "plan.list", "plan.list"]);
}

#[tokio::test]
async fn the_capabilities_say_what_aws_does() {
    let shop = Shop::open().await;
    let can = shop.aws.capabilities();
    assert!(can.accepts_secret && can.generates_secret && can.reads_secret_back && !can.expires_credential);
    assert_eq!(
        (can.inert, can.scope_granularity, can.overlap),
        (Inert::Disabled, Granularity::Credential, Overlap::Native)
    );
    assert!(can.overlap_doubles_quota, "AWS counts by key");
    assert_eq!(can.scope_max, Some(10));
    assert_eq!(can.calls_per_second, Some(8));
    let rates: Vec<_> = can
        .call_rates
        .iter()
        .map(|rate| (rate.operations, rate.calls, rate.seconds))
        .collect();
    assert_eq!(rates, [("key.create", 4, 1), ("key.delete", 4, 1)]);
}
