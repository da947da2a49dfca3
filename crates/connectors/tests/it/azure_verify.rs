//! What stands in the way is said before anything is made; nothing is made to find out.

use gatewright_connectors::Connector;
use gatewright_connectors::azure::{Azure, Settings};
use gatewright_connectors::model::Report;
use http::Method;
use serde_json::json;
use vendor_fakes::azure::Options;

use crate::azure_shop::{CLIENT_ID, CLIENT_SECRET, Shop, credentials, settings};

async fn verify(shop: &Shop) -> Report {
    shop.azure.verify(&shop.link).await.unwrap()
}

#[tokio::test]
async fn a_good_service_has_no_problem_and_its_open_doors_are_told() {
    let shop = Shop::open().await;
    let before = shop.fake.state();
    let report = verify(&shop).await;
    assert_eq!(report.problems, Vec::<String>::new());
    assert_eq!(
        (report.edition.as_deref(), report.version.as_deref()),
        (Some("Developer"), Some("stv2.1"))
    );
    assert!(report.clock_skew_seconds.is_some());
    assert_eq!(report.warnings.len(), 2, "{:?}", report.warnings);
    assert!(report.warnings.iter().any(|one| one.starts_with("prod-reports")));
    assert!(report.warnings.iter().any(|one| one.starts_with("status")));
    for list in ["users", "subscriptions", "products", "apis", "mails"] {
        assert_eq!(before[list], shop.fake.state()[list], "{list}");
    }
}

#[tokio::test]
async fn each_right_that_is_missing_is_named() {
    for (denied, word) in [
        ("GET /", "AuthorizationFailed"),
        ("GET /subscriptions", "subscriptions cannot be read"),
        ("GET /users", "users cannot be read"),
        ("GET /products", "products cannot be read"),
        ("GET /apis", "apis cannot be read"),
        ("PATCH /subscriptions/*", "write.subscription"),
        ("DELETE /subscriptions/*", "delete.subscription"),
        ("POST /subscriptions/*/listSecrets", "write.listSecrets"),
        ("POST /subscriptions/*/regeneratePrimaryKey", "write.regenerateKey"),
        ("POST /subscriptions/*/regenerateSecondaryKey", "write.regenerateKey"),
        ("PATCH /users/*", "write.user"),
        ("DELETE /users/*", "delete.user"),
    ] {
        let shop = Shop::with(Options {
            denies: vec![denied.to_owned()],
            ..Options::default()
        })
        .await;
        let report = verify(&shop).await;
        assert_eq!(report.problems.len(), 1, "{denied}: {report:?}");
        assert!(report.problems[0].contains(word), "{denied}: {report:?}");
    }
}

#[tokio::test]
async fn credentials_and_addresses_that_are_wrong_are_problems_without_a_secret() {
    let shop = Shop::open().await;
    let wrong = json!({ "clientId": CLIENT_ID, "clientSecret": "another~secret" });
    let azure = Azure::new(&settings(&shop.fake), &serde_json::from_value(wrong).unwrap()).unwrap();
    let report = azure.verify(&shop.link).await.unwrap();
    assert_eq!(report.problems.len(), 1, "{report:?}");
    assert!(report.problems[0].contains("AADSTS7000215"), "{report:?}");
    assert!(!format!("{report:?}").contains("another~secret") && !format!("{report:?}").contains(CLIENT_SECRET));
    for other in [
        Settings {
            tenant_id: "other.example".to_owned(),
            ..settings(&shop.fake)
        },
        Settings {
            resource_group: "other".to_owned(),
            ..settings(&shop.fake)
        },
        Settings {
            subscription_id: "0a200000-0000-4000-8000-00000000000f".to_owned(),
            ..settings(&shop.fake)
        },
    ] {
        let azure = Azure::new(&other, &credentials()).unwrap();
        let report = azure.verify(&shop.link).await.unwrap();
        assert_eq!(report.problems.len(), 1, "{other:?}: {report:?}");
    }
}

#[tokio::test]
async fn a_ceiling_is_warned_of_before_it_is_reached() {
    let shop = Shop::open().await;
    let product = json!({ "displayName": "x", "state": "published", "subscriptionRequired": true });
    for number in 0..81 {
        shop.by_hand(Method::PUT, &format!("/products/more-{number}"), product.clone())
            .await;
    }
    let warned = async || {
        let warnings = verify(&shop).await.warnings;
        warnings
            .into_iter()
            .filter(|one| one.contains("products of the 100"))
            .collect::<Vec<_>>()
    };
    assert_eq!(warned().await, Vec::<String>::new(), "89 of 100");
    shop.by_hand(Method::PUT, "/products/one-more", product).await;
    assert_eq!(warned().await, ["90 products of the 100 that this tier holds"]);
}

#[tokio::test]
async fn the_consumption_tier_is_not_asked_for_users() {
    let shop = Shop::with(Options {
        sku: "Consumption".to_owned(),
        ..Options::default()
    })
    .await;
    let report = verify(&shop).await;
    assert_eq!(report.problems, Vec::<String>::new());
}
