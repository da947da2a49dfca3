//! What a Kong offers, what is open there, and what of it is ours.

use gatewright_connectors::model::{Offered, OfferedKind};
use gatewright_connectors::{Connector, Step};
use http::Method;
use secrecy::ExposeSecret;
use serde_json::json;
use vendor_fakes::kong::Flavor;

use crate::kong_shop::{KEY, ORDERS, PAYMENTS, Shop, key, scope, subscribed};
use crate::stand::application;

async fn offers(shop: &Shop) -> Vec<Offered> {
    shop.kong.discover(&shop.link, None).await.unwrap().items
}

fn named<'a>(offers: &'a [Offered], kind: OfferedKind, name: &str) -> &'a Offered {
    offers.iter().find(|one| one.kind == kind && one.name == name).unwrap()
}

#[tokio::test]
async fn services_and_groups_are_offered_with_what_is_open() {
    for flavor in [Flavor::Oss, Flavor::Enterprise, Flavor::Konnect] {
        let shop = Shop::open(flavor).await;
        let offers = offers(&shop).await;
        assert_eq!(offers.len(), 8, "{offers:?}");
        let orders = named(&offers, OfferedKind::Service, "orders");
        assert_eq!(orders.detail, ["orders-route: /orders"]);
        assert_eq!(orders.warnings, Vec::<String>::new());
        let reports = named(&offers, OfferedKind::Service, "reports");
        assert!(reports.warnings[0].contains("every key"), "{reports:?}");
        let status = named(&offers, OfferedKind::Service, "status");
        assert!(status.warnings[0].contains("anybody"), "{status:?}");
        let group = named(&offers, OfferedKind::Product, ORDERS);
        assert_eq!(
            (group.remote_id.as_str(), group.detail.as_slice()),
            (ORDERS, &["orders/orders-route".to_owned()][..])
        );
        let report = shop.kong.verify(&shop.link).await.unwrap();
        assert_eq!(report.problems, Vec::<String>::new(), "{flavor:?}");
        assert_eq!(report.warnings.len(), 2, "{:?}", report.warnings);
        assert!(shop.fake.touched().is_empty());
    }
}

#[tokio::test]
async fn a_mapping_that_cannot_be_kept_is_refused_and_what_is_open_is_named() {
    let shop = Shop::open(Flavor::Oss).await;
    let judge = async |groups: &[&str]| {
        let groups: Vec<String> = groups.iter().map(|group| (*group).to_owned()).collect();
        shop.kong.judge(&shop.link, &groups).await.unwrap()
    };
    let good = judge(&[ORDERS, PAYMENTS]).await;
    assert!(good.refusals.is_empty() && good.open.is_empty(), "{good:?}");
    assert!(
        good.warnings.iter().any(|warning| warning.starts_with("reports/")),
        "its keys open that too: {good:?}"
    );
    assert_eq!(judge(&[]).await.refusals.len(), 1);
    assert!(judge(&["nope"]).await.refusals[0].contains("no acl plugin"));

    // A service without a route, and one with a second route whose own acl is missing.
    let service = shop
        .by_hand(Method::POST, "/services", json!({ "name": "bare", "host": "h" }))
        .await;
    let acl = json!({ "name": "acl", "service": { "id": service["id"] }, "config": { "allow": ["prod-bare"] } });
    let plugin = shop.by_hand(Method::POST, "/plugins", acl.clone()).await;
    assert!(judge(&["prod-bare"]).await.refusals[0].contains("no route"));
    let route = |name: &str| json!({ "name": name, "paths": [format!("/{name}")], "service": { "id": service["id"] } });
    let first = shop.by_hand(Method::POST, "/routes", route("first")).await;
    assert!(judge(&["prod-bare"]).await.refusals[0].contains("key-auth"));
    let auth = json!({ "name": "key-auth", "service": { "id": service["id"] } });
    shop.by_hand(Method::POST, "/plugins", auth).await;
    let judged = judge(&["prod-bare"]).await;
    assert!(judged.refusals.is_empty() && judged.open.is_empty(), "{judged:?}");
    assert!(
        judged
            .warnings
            .iter()
            .any(|warning| warning.contains("hide_credentials")),
        "{judged:?}"
    );

    let path = format!("/plugins/{}", plugin["id"].as_str().unwrap());
    let mut off = acl.clone();
    off["enabled"] = json!(false);
    shop.by_hand(Method::PUT, &path, off).await;
    assert!(judge(&["prod-bare"]).await.refusals[0].contains("switched off"));
    shop.by_hand(Method::DELETE, &path, json!(null)).await;
    let mut on_route = acl.clone();
    on_route["route"] = json!({ "id": first["id"] });
    on_route["service"] = json!(null);
    shop.by_hand(Method::POST, "/plugins", on_route).await;
    shop.by_hand(Method::POST, "/routes", route("second")).await;
    let judged = judge(&["prod-bare"]).await;
    assert!(judged.refusals.is_empty(), "{judged:?}");
    assert_eq!(judged.open, ["bare/second"]);
    // As the proxy has it.
    shop.apply_all(&[Step::Application, Step::Scope(scope(&[ORDERS])), key(1, KEY)])
        .await;
    assert_eq!(shop.call("/first", KEY).await, 403);
    assert_eq!(shop.call("/second", KEY).await, 200);
}

#[tokio::test]
async fn a_scan_finds_every_application_of_its_connection_and_no_other() {
    let mut shop = Shop::open(Flavor::Oss).await;
    let mut expected = Vec::new();
    for number in 1..=130 {
        shop.ours = application(number);
        expected.push(shop.ours.subscription_id);
        for step in &subscribed()[..2] {
            shop.blindly(step).await;
        }
        shop.blindly(&key(1, &format!("{KEY}-{number}"))).await;
    }
    let mut other = application(500);
    other.connection_id = gatewright_types::ids::GatewayId::from_uuid(uuid::Uuid::from_u128(0xffff_ffff_ffff));
    shop.ours = other;
    shop.blindly(&Step::Application).await;
    let with_our_mark = json!({ "username": "by-hand", "tags": [application(1).mark()] });
    shop.by_hand(Method::POST, "/consumers", with_our_mark).await;

    let (mut found, mut strange, mut cursor, mut pages) = (Vec::new(), Vec::new(), None, 0);
    loop {
        let page = shop
            .kong
            .scan(&shop.link, application(1).connection_id, cursor)
            .await
            .unwrap();
        pages += 1;
        for one in page.items {
            match one.subscription_id {
                Some(id) => {
                    assert_eq!(one.observed.scope, scope(&[ORDERS]));
                    assert_eq!(one.observed.credentials[0].number, Some(1));
                    assert!(!one.observed.misnamed);
                    found.push(id);
                }
                None => strange.push(one.name),
            }
        }
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    found.sort_unstable();
    assert_eq!((found, pages), (expected, 2));
    assert_eq!(strange, ["by-hand"]);
}

#[tokio::test]
async fn consumers_of_others_can_be_taken_over_and_ours_are_not_among_them() {
    let shop = Shop::open(Flavor::Oss).await;
    shop.apply_all(&subscribed()).await;
    let page = shop.kong.adoptable(&shop.link, None).await.unwrap();
    let mut names: Vec<_> = page.items.iter().map(|one| one.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["legacy-mobile-app", "partner-acme"]);
    let legacy = page.items.iter().find(|one| one.name == "legacy-mobile-app").unwrap();
    assert_eq!(legacy.scope, scope(&[ORDERS]));
    let secret = legacy.keys[0].secret.as_ref().unwrap();
    assert_eq!(secret.expose_secret(), "legacy-mobile-key-0001");
    assert!(!format!("{page:?}").contains("legacy-mobile-key"));
    assert!(page.next.is_none());
}

#[tokio::test]
async fn a_kong_without_a_database_is_refused_with_the_reason() {
    let shop = Shop::open(Flavor::DbLess).await;
    let report = shop.kong.verify(&shop.link).await.unwrap();
    assert!(
        report.problems.iter().any(|problem| problem.contains("no database")),
        "{report:?}"
    );
    let fault = shop.apply(&Step::Application).await.unwrap_err();
    assert_eq!(fault.kind, gatewright_connectors::FaultKind::Unsupported);
}

/// The plugins are stored and shown by the stand-in as by a Kong; which of them acts is what is judged here.
#[tokio::test]
async fn the_closest_plugin_decides_what_is_open() {
    let shop = Shop::open(Flavor::Oss).await;
    let routes = shop.by_hand(Method::GET, "/routes", json!(null)).await;
    let routes = routes["data"].as_array().unwrap().clone();
    let id_of = |name: &str| routes.iter().find(|route| route["name"] == name).unwrap()["id"].clone();
    let put = async |mut plugin: serde_json::Value, route: Option<&str>| {
        if let Some(route) = route {
            plugin["route"] = json!({ "id": id_of(route) });
        }
        let made = shop.by_hand(Method::POST, "/plugins", plugin).await;
        format!("/plugins/{}", made["id"].as_str().unwrap())
    };
    let warning = async |service: &str| {
        let offers = offers(&shop).await;
        named(&offers, OfferedKind::Service, service)
            .warnings
            .first()
            .cloned()
            .unwrap_or_default()
    };

    // On the route, before the service's.
    let all_but = put(
        json!({ "name": "acl", "config": { "deny": ["bad"] } }),
        Some("orders-route"),
    )
    .await;
    assert!(warning("orders").await.contains("denied groups"));
    shop.by_hand(Method::DELETE, &all_but, json!(null)).await;
    assert_eq!(warning("orders").await, "");
    let anonymous = json!({ "name": "key-auth", "config": { "anonymous": "partner-acme", "hide_credentials": true } });
    put(anonymous, Some("reports-route")).await;
    assert!(warning("reports").await.contains("without a key"));
    // Another way of asking who calls.
    put(json!({ "name": "basic-auth" }), Some("status-route")).await;
    assert_eq!(warning("status").await, "");

    // For everything, behind what is closer.
    put(json!({ "name": "acl", "config": { "allow": ["prod-all"] } }), None).await;
    assert_eq!(warning("reports").await, "");
    let offers = offers(&shop).await;
    let group = named(&offers, OfferedKind::Product, "prod-all");
    assert_eq!(group.detail, ["reports/reports-route", "status/status-route"]);
    assert!(
        group.warnings[0].starts_with("status/status-route: has acl and no key-auth"),
        "{group:?}"
    );
    assert_eq!(
        named(&offers, OfferedKind::Product, ORDERS).detail,
        ["orders/orders-route"]
    );
}
