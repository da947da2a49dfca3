//! What an Apigee offers, what is open there, what of it is ours, and whether it can be worked with.

use std::collections::BTreeSet;

use gatewright_connectors::model::{Offered, OfferedKind, Scanned};
use gatewright_connectors::{Connector, FaultKind, Step};
use gatewright_types::ids::GatewayId;
use http::Method;
use serde_json::json;
use vendor_fakes::faults::{Fault, Rule};

use crate::apigee_shop::{KEY, ORDERS, PAYMENTS, Shop, key, subscribed};
use crate::stand::application;

async fn offers(shop: &Shop) -> Vec<Offered> {
    shop.apigee.discover(&shop.link, None).await.unwrap().items
}

fn named<'a>(offers: &'a [Offered], kind: OfferedKind, id: &str) -> &'a Offered {
    offers
        .iter()
        .find(|one| one.kind == kind && one.remote_id == id)
        .unwrap()
}

#[tokio::test]
async fn what_is_open_by_default_is_named() {
    let shop = Shop::open().await;
    let offers = offers(&shop).await;
    assert_eq!(offers.len(), 11, "{offers:?}");
    let orders = named(&offers, OfferedKind::Service, "orders");
    assert_eq!(orders.detail, ["/orders", "environment prod"]);
    assert!(orders.warnings.is_empty(), "{orders:?}");
    let product = named(&offers, OfferedKind::Product, ORDERS);
    assert_eq!(
        (product.name.as_str(), product.detail.as_slice()),
        ("Orders", &["orders".to_owned()][..])
    );
    let status = named(&offers, OfferedKind::Service, "status");
    assert!(status.warnings[0].contains("lets anybody in"), "{status:?}");
    let everything = named(&offers, OfferedKind::Product, "everything");
    assert!(everything.warnings[0].contains("every proxy"), "{everything:?}");
    let report = shop.apigee.verify(&shop.link).await.unwrap();
    assert_eq!(report.problems, Vec::<String>::new());
    assert_eq!(report.warnings.len(), 2, "{:?}", report.warnings);

    let judge = async |products: &[&str]| {
        let products: Vec<String> = products.iter().map(|one| (*one).to_owned()).collect();
        shop.apigee.judge(&shop.link, &products).await.unwrap()
    };
    let good = judge(&[ORDERS, PAYMENTS]).await;
    assert!(good.refusals.is_empty() && good.open.is_empty(), "{good:?}");
    assert!(
        good.warnings.iter().any(|one| one.contains("approved by hand")),
        "{good:?}"
    );
    assert_eq!(judge(&[]).await.refusals.len(), 1);
    assert!(judge(&["nope"]).await.refusals[0].contains("no product"));
    assert_eq!(judge(&["everything"]).await.open, ["everything"]);
    assert_eq!(judge(&["prod-status"]).await.open, ["status"]);
    let retired = judge(&["retired"]).await;
    assert!(retired.warnings[0].contains("not deployed"), "{retired:?}");
    // As the runtime has it.
    shop.apply_all(&[Step::Application, key(1, KEY, &["everything"])]).await;
    for path in ["/orders", "/reports", "/translation"] {
        assert_eq!(shop.call(path, KEY).await, 200);
    }
    assert_eq!(shop.call("/status", "nobody's").await, 200);
    assert!(shop.fake.touched().is_empty());
}

#[tokio::test]
async fn products_beyond_a_page_are_offered_once() {
    let shop = Shop::open().await;
    for number in 0..2494 {
        let product = json!({ "name": format!("more-{number:04}"), "proxies": ["orders"], "environments": ["prod"] });
        shop.by_hand(Method::POST, "/apiproducts", product).await;
    }
    let offers = offers(&shop).await;
    let products: Vec<_> = offers.iter().filter(|one| one.kind == OfferedKind::Product).collect();
    let names: BTreeSet<_> = products.iter().map(|one| &one.remote_id).collect();
    assert_eq!((products.len(), names.len()), (2500, 2500));
}

async fn scanned(shop: &Shop) -> (Vec<Scanned>, usize) {
    let (mut found, mut cursor, mut pages) = (Vec::new(), None, 0);
    loop {
        let connection_id = application(1).connection_id;
        let page = shop.apigee.scan(&shop.link, connection_id, cursor).await.unwrap();
        pages += 1;
        found.extend(page.items);
        cursor = page.next;
        if cursor.is_none() {
            return (found, pages);
        }
    }
}

#[tokio::test]
async fn a_scan_sees_what_is_revoked() {
    let mut shop = Shop::open().await;
    let revoke = async |shop: &Shop, below: &str| {
        let path = shop.path(&format!("{below}?action=revoke"));
        shop.by_hand(Method::POST, &path, json!(null)).await;
    };
    // All four, one without a key, and one with a key of each kind.
    for number in 1..=6 {
        shop.ours = application(number);
        let secret = format!("{KEY}-{number}");
        shop.blindly(&Step::Application).await;
        if number == 5 {
            continue;
        }
        shop.blindly(&key(1, &secret, &[ORDERS])).await;
        if matches!(number, 2 | 4 | 6) {
            revoke(&shop, &format!("/keys/{secret}")).await;
        }
        if number == 6 {
            shop.blindly(&key(2, &format!("{KEY}-two"), &[ORDERS])).await;
        }
        if matches!(number, 3 | 4) {
            shop.apply(&Step::Suspend).await.unwrap();
        }
    }
    // Another connection's, and one with our mark that is not of our making.
    shop.ours.connection_id = GatewayId::from_uuid(uuid::Uuid::from_u128(0xffff_ffff_ffff));
    shop.blindly(&Step::Application).await;
    let mark = json!([{ "name": "gatewright", "value": application(1).mark() }]);
    let stranger = json!({ "name": "by-hand", "attributes": mark });
    shop.by_hand(Method::POST, "/developers/partner@example.com/apps", stranger)
        .await;

    let (found, _) = scanned(&shop).await;
    let mut ours: Vec<_> = found.iter().filter_map(|one| one.subscription_id).collect();
    ours.sort_unstable();
    let expected: Vec<_> = (1..=6).map(|number| application(number).subscription_id).collect();
    assert_eq!(ours, expected);
    let strange: Vec<_> = found.iter().filter(|one| one.subscription_id.is_none()).collect();
    assert_eq!((strange.len(), strange[0].name.as_str()), (1, "by-hand"));
    let suspended = found.iter().filter(|one| one.observed.suspended).count();
    let disabled = found
        .iter()
        .filter(|one| one.observed.credentials.iter().any(|one| one.disabled));
    assert_eq!((suspended, disabled.count()), (2, 3));
}

#[tokio::test]
async fn a_scan_goes_through_thousands() {
    let mut shop = Shop::open().await;
    shop.blindly(&Step::Application).await;
    let app = shop.by_hand(Method::GET, &shop.path(""), json!(null)).await;
    let mut expected = BTreeSet::from([shop.ours.subscription_id]);
    for number in 2..=2500 {
        shop.ours.subscription_id = application(number).subscription_id;
        let mut attributes = app["attributes"].clone();
        let bare = shop.ours.subscription_id.to_string();
        attributes[2]["value"] = json!(bare.split_once('_').unwrap().1);
        let more = json!({ "name": shop.ours.name(), "attributes": attributes });
        shop.by_hand(Method::POST, &format!("{}/apps", shop.developer()), more)
            .await;
        expected.insert(shop.ours.subscription_id);
    }
    let (found, pages) = scanned(&shop).await;
    let ours: BTreeSet<_> = found.iter().filter_map(|one| one.subscription_id).collect();
    assert_eq!((found.len(), ours == expected), (2500, true));
    assert_eq!(pages, 13 + 3, "and three passes with nothing");
    let fault = shop
        .apigee
        .scan(&shop.link, application(1).connection_id, Some("9:x".into()))
        .await;
    assert_eq!(fault.unwrap_err().kind, FaultKind::Invalid);
}

#[tokio::test]
async fn what_stands_in_the_way_is_told_before_anything_is_made() {
    let shop = Shop::open().await;
    for (path, fault, problem) in [
        ("/token", Fault::Unauthorized, "Invalid JWT Signature"),
        ("/developers/*", Fault::Unauthorized, "nothing can be changed"),
        ("/apps", Fault::Unauthorized, "/apps"),
    ] {
        let shop = Shop::open().await;
        shop.fake.fail(Rule {
            method: None,
            ..Rule::new("", path, fault)
        });
        let report = shop.apigee.verify(&shop.link).await.unwrap();
        assert!(report.problems[0].contains(problem), "{path}: {report:?}");
        assert!(!format!("{report:?}").contains("ya29."), "{report:?}");
    }
    let mut elsewhere = crate::apigee_shop::settings(&shop.fake.admin_url(), &shop.fake.token_url());
    elsewhere.organization = "nobodys".to_owned();
    let credentials = crate::apigee_shop::credentials(&shop.fake.service_account_key());
    let other = gatewright_connectors::Apigee::new(elsewhere, &credentials).unwrap();
    let report = other.verify(&shop.link).await.unwrap();
    assert!(report.problems[0].contains("Permission denied"), "{report:?}");
    shop.apply_all(&subscribed()).await;
    assert!(shop.apigee.verify(&shop.link).await.unwrap().problems.is_empty());
    shop.fake.fail(Rule::every(Fault::Fails { status: 503 }));
    assert_eq!(
        shop.apigee.verify(&shop.link).await.unwrap_err().kind,
        FaultKind::Transient
    );
}

/// What an organization says of itself, and how many apps it has.
#[tokio::test]
async fn an_organization_that_is_not_ready_or_near_its_ceiling_is_told() {
    use crate::stand::{Said, json as answer};
    for (organization, apps, told) in [
        (r#"{"state":"DELETING"}"#, 0, "not ACTIVE"),
        (r#"{"state":"ACTIVE","subscriptionType":"TRIAL"}"#, 0, "60 days"),
        (
            r#"{"state":"ACTIVE","addonsConfig":{"monetizationConfig":{"enabled":true}}}"#,
            0,
            "monetization",
        ),
        (r#"{"state":"ACTIVE"}"#, 800_000, "800000 apps"),
    ] {
        let shop = Shop::open().await;
        let said = Said::start(move |request| {
            let path = request.split(' ').nth(1).unwrap();
            match path.strip_prefix("/v1/organizations/acme-prod").unwrap() {
                "" => answer("200 OK", organization),
                path if path.starts_with("/apps") => answer("200 OK", &format!(r#"{{"totalSize":{apps}}}"#)),
                path if path.starts_with("/developers/") => answer(
                    "404 Not Found",
                    r#"{"error":{"code":404,"status":"NOT_FOUND","message":"no"}}"#,
                ),
                _ => answer("200 OK", "{}"),
            }
        })
        .await;
        let mut shop = shop;
        shop.through(&said.url);
        let report = shop.apigee.verify(&shop.link).await.unwrap();
        let all: Vec<_> = report.problems.iter().chain(&report.warnings).collect();
        assert!(all.len() == 1 && all[0].contains(told), "{report:?}");
    }
}
