//! What a region offers, what is open there, and what of it is ours or could become ours.

use std::collections::BTreeSet;

use gatewright_connectors::model::{AdoptedKey, OfferedKind, fingerprint};
use gatewright_connectors::{Application, Connector, FaultKind, Step};
use http::Method;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use vendor_fakes::aws::{Options, Seed};

use crate::aws_shop::{KEY, ORDERS, PAYMENTS, SECOND_KEY, Shop, given_api, given_key, key, scope};
use crate::stand::application;

#[tokio::test]
async fn plans_and_apis_are_found_with_what_is_open_there() {
    let shop = Shop::open().await;
    let page = shop.aws.discover(&shop.link, None).await.unwrap();
    assert!(page.next.is_none());
    let find = |kind: OfferedKind, name: &str| {
        let found = page.items.iter().find(|item| item.kind == kind && item.name == name);
        found.unwrap_or_else(|| panic!("{name}"))
    };
    let plan = find(OfferedKind::Product, "prod-orders");
    assert_eq!(plan.remote_id, ORDERS);
    assert_eq!(
        plan.detail,
        [
            "stage orders/prod",
            "100 calls a second, bursts of 200",
            "1000000 calls a month"
        ]
    );
    assert_eq!(find(OfferedKind::Service, "translation").detail, ["stage prod"]);
    let open: Vec<_> = find(OfferedKind::Service, "status").warnings.clone();
    assert!(open[0].starts_with("status/prod ANY /: accepts anybody"), "{open:?}");
    let closed = &find(OfferedKind::Service, "orders").warnings;
    assert!(closed.len() == 1 && closed[0].contains("1 OPTIONS"), "{closed:?}");
}

#[tokio::test]
async fn many_apis_come_in_pages() {
    let more = (0..50).map(|number| given_api(&format!("more-{number:02}"), &[]));
    let shop = Shop::with(|options| options.apis = more.collect(), false).await;
    let (mut names, mut cursor) = (BTreeSet::new(), None);
    loop {
        let page = shop.aws.discover(&shop.link, cursor).await.unwrap();
        names.extend(
            page.items
                .into_iter()
                .filter(|item| item.kind == OfferedKind::Service)
                .map(|item| item.name),
        );
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(names.len(), 50);
}

async fn judged(shop: &Shop, plans: &[&str]) -> gatewright_connectors::model::Judgement {
    let plans: Vec<String> = plans.iter().map(|plan| (*plan).to_owned()).collect();
    shop.aws.judge(&shop.link, &plans).await.unwrap()
}

async fn plan(shop: &Shop, stages: Value) -> String {
    let body = json!({ "name": "made", "apiStages": stages });
    let made = shop.by_hand(Method::POST, "/usageplans", body).await;
    made["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_asks_for_no_key_is_open() {
    let shop = Shop::open().await;
    let good = judged(&shop, &[ORDERS, PAYMENTS]).await;
    assert!(good.refusals.is_empty() && good.open.is_empty(), "{good:?}");
    let open = judged(&shop, &["plan04"]).await;
    assert!(open.refusals.is_empty());
    assert_eq!(open.open, ["status/prod ANY /", "status/prod ANY /{proxy+}"]);
    // One that asks for something else than a key is told, and is not open to anybody.
    let methods = [
        ("/a", "GET", "AWS_IAM", false),
        ("/b", "GET", "NONE", false),
        ("/c", "GET", "NONE", true),
    ];
    let shop = Shop::with(|options| options.apis = vec![given_api("mixed", &methods)], false).await;
    let mixed = plan(&shop, json!([{ "apiId": "mixed", "stage": "prod" }])).await;
    let mixed = judged(&shop, &[&mixed]).await;
    assert_eq!(mixed.open, ["mixed/prod GET /b"]);
    assert!(
        mixed.warnings.iter().any(|words| words.contains("AWS_IAM")),
        "{mixed:?}"
    );
}

#[tokio::test]
async fn what_cannot_be_kept_is_refused() {
    let shop = Shop::open().await;
    let rival = plan(&shop, json!([{ "apiId": "api0000001", "stage": "prod" }])).await;
    let empty = plan(&shop, json!([])).await;
    let lost = plan(&shop, json!([{ "apiId": "gone", "stage": "prod" }])).await;
    let no_stage = plan(&shop, json!([{ "apiId": "api0000001", "stage": "gone" }])).await;
    let eleven: Vec<String> = (0..11).map(|number| format!("p{number}")).collect();
    let eleven: Vec<&str> = eleven.iter().map(String::as_str).collect();
    for (plans, word) in [
        (vec![], "names no usage plan"),
        (vec!["nothing"], "no such usage plan"),
        (vec![&empty[..]], "no API stage"),
        (vec![ORDERS, &rival], "both cover orders/prod"),
        (vec![&lost], "no such stage any more"),
        (vec![&no_stage], "no such stage any more"),
        (eleven, "names 11 usage plans"),
    ] {
        let judgement = judged(&shop, &plans).await;
        assert!(
            judgement.refusals[0].contains(word),
            "{plans:?}: {:?}",
            judgement.refusals
        );
    }
}

#[tokio::test]
async fn keys_of_others_can_be_taken_over_and_ours_cannot() {
    let shop = Shop::open().await;
    shop.apply(&key(1, KEY, &[ORDERS])).await.unwrap();
    let page = shop.aws.adoptable(&shop.link, None).await.unwrap();
    let [legacy, acme] = &page.items[..] else {
        panic!("{page:?}")
    };
    assert_eq!(
        (legacy.name.as_str(), &legacy.scope),
        ("legacy-mobile-app", &scope(&[ORDERS]))
    );
    assert_eq!(acme.scope, scope(&[PAYMENTS]));
    assert_eq!(
        legacy.keys[0].secret.as_ref().unwrap().expose_secret(),
        "legacy-mobile-key-0001-abcdef"
    );
    assert!(!format!("{page:?}").contains("legacy-mobile-key"));
    let alone = shop.aws.stranger(&shop.link, &acme.remote_id).await.unwrap().unwrap();
    assert_eq!((alone.name, alone.scope), (acme.name.clone(), acme.scope.clone()));
    let ours = shop.observe().await.credentials[0].remote_id.clone();
    assert!(shop.aws.stranger(&shop.link, &ours).await.unwrap().is_none());
}

#[tokio::test]
async fn a_key_that_was_given_to_us_makes_room_for_ours_and_one_that_changed_stays() {
    let shop = Shop::open().await;
    let value = "legacy-mobile-key-0001-abcdef";
    let page = shop.aws.adoptable(&shop.link, None).await.unwrap();
    let given = |value: &str| AdoptedKey {
        consumer_id: page.items[0].remote_id.clone(),
        remote_id: page.items[0].keys[0].remote_id.clone(),
        fingerprint: Some(fingerprint(value.as_bytes())),
    };
    let fault = shop.aws.release(&shop.link, &given("another")).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Foreign);
    assert!(shop.fake.touched().is_empty());
    for _ in 0..2 {
        shop.aws.release(&shop.link, &given(value)).await.unwrap();
        shop.apply(&key(1, value, &[ORDERS])).await.unwrap();
        assert_eq!(shop.call("/orders", value).await, 200);
    }
    // What is ours is not given away by anybody.
    let ours = AdoptedKey {
        remote_id: shop.observe().await.credentials[0].remote_id.clone(),
        ..given(value)
    };
    assert_eq!(
        shop.aws.release(&shop.link, &ours).await.unwrap_err().kind,
        FaultKind::Foreign
    );
}

/// 2,500 keys of ours among others, which AWS lists in pages of 500.
#[tokio::test]
async fn a_scan_finds_all_that_is_ours() {
    let ours: Vec<Application> = (0..1_250).map(|number| application(number + 10)).collect();
    let mark = application(1).mark().split_off(4);
    let mut keys = Vec::new();
    for application in &ours {
        for number in [1, 2] {
            let name = format!("{}-k{number}", application.name());
            let tags = [("gwr", &mark[..]), ("sub", &application.subscription_id.to_string())];
            keys.push(given_key(&name, &tags, &[ORDERS]));
        }
    }
    keys.extend((0..100).map(|number| given_key(&format!("other-{number}"), &[], &[PAYMENTS])));
    keys.push(given_key("renamed", &[("gwr", &mark), ("sub", "sub_x")], &[]));
    let change = |options: &mut Options| {
        options.seed = Seed::Demo;
        options.keys = keys;
    };
    let shop = Shop::with(change, false).await;
    shop.calls.take();
    let page = shop.aws.scan(&shop.link, shop.ours.connection_id, None).await.unwrap();
    assert!(page.next.is_none());
    assert!(shop.calls.take().len() <= 20, "keys are not asked one by one");
    let (named, nameless): (Vec<_>, Vec<_>) = page.items.iter().partition(|item| item.subscription_id.is_some());
    assert_eq!(named.len(), ours.len());
    for item in named {
        assert_eq!(item.observed.credentials.len(), 2, "{}", item.name);
        assert!(
            item.observed
                .credentials
                .iter()
                .all(|one| one.scope == scope(&[ORDERS]) && one.number.is_some())
        );
    }
    assert_eq!(nameless[0].name, "renamed", "what somebody gave another name is told");
    // The whole of a single one, as its own look has it.
    shop.apply_all(&[key(1, KEY, &[ORDERS]), key(2, SECOND_KEY, &[PAYMENTS]), Step::Suspend])
        .await;
    let page = shop.aws.scan(&shop.link, shop.ours.connection_id, None).await.unwrap();
    let found = page
        .items
        .into_iter()
        .find(|item| item.subscription_id == Some(shop.ours.subscription_id))
        .unwrap();
    assert_eq!(found.observed, shop.observe().await);
}
