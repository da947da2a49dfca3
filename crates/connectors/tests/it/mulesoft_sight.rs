//! An empty list is what a missing scope looks like: nothing is taken for gone that perhaps was only not shown.

use gatewright_connectors::{Connector, FaultKind, Step};
use vendor_fakes::mulesoft::{Options, Scopes};

use crate::mulesoft_shop::{KEY, ORDERS, Shop, demo, key, subscribed};

async fn with(scopes: Scopes) -> Shop {
    Shop::with(Options { scopes, ..demo() }).await
}

#[tokio::test]
async fn an_empty_list_is_not_taken_for_an_absence() {
    for scopes in [
        Scopes {
            view_applications: false,
            ..Scopes::default()
        },
        Scopes {
            view_applications: false,
            view_apis: false,
            ..Scopes::default()
        },
    ] {
        let shop = with(scopes).await;
        let looked = shop.mule.observe(&shop.link, &shop.ours).await;
        assert_eq!(looked.unwrap_err().kind, FaultKind::Forbidden, "{scopes:?}");
        for step in [Step::DropApplication, Step::Suspend] {
            let done = shop
                .mule
                .apply(&shop.link, &shop.ours, &step, &Default::default())
                .await;
            assert_eq!(done.unwrap_err().kind, FaultKind::Forbidden, "{}", step.operation());
        }
        let scanned = shop.mule.scan(&shop.link, shop.ours.connection_id, None).await;
        assert_eq!(scanned.unwrap_err().kind, FaultKind::Forbidden, "{scopes:?}");
    }
}

#[tokio::test]
async fn contracts_that_are_not_shown_are_not_taken_for_a_suspension() {
    let mut shop = with(Scopes {
        view_contracts: false,
        ..Scopes::default()
    })
    .await;
    shop.blindly(&key(1, KEY, &[ORDERS])).await;
    assert_eq!(shop.admits(KEY).await[0], 200);
    shop.restart();
    let looked = shop.mule.observe(&shop.link, &shop.ours).await;
    assert_eq!(looked.unwrap_err().kind, FaultKind::Forbidden);
}

#[tokio::test]
async fn where_nobody_has_a_contract_nothing_is_missed() {
    // One of the two organizations has nothing but an API instance.
    let shop = Shop::open().await;
    for application in shop.stored("applications") {
        let id = application["id"].clone();
        for contract in shop.stored("contracts").iter().filter(|one| one["application"] == id) {
            let path = format!("{}/{}", shop.contracts(&contract["api"].to_string()), contract["id"]);
            let revoked = serde_json::json!({ "status": "REVOKED" });
            shop.by_hand(http::Method::PATCH, &path, revoked).await;
        }
        let path = format!("{}/{id}", shop.applications());
        shop.by_hand(http::Method::DELETE, &path, serde_json::Value::Null).await;
    }
    assert!(!shop.observe().await.exists);
    shop.apply_all(&subscribed()).await;
    assert!(shop.observe().await.exists);
    shop.apply(&Step::DropApplication).await.unwrap();
    assert!(!shop.observe().await.exists);
}

#[tokio::test]
async fn what_was_seen_is_not_looked_for_again() {
    let shop = Shop::open().await;
    shop.apply_all(&subscribed()).await;
    shop.observe().await;
    shop.calls.take();
    shop.observe().await;
    assert_eq!(
        shop.calls.take(),
        ["application.list", "application.get", "contract.list"].map(str::to_owned)
    );
    shop.apply(&Step::DropApplication).await.unwrap();
    shop.calls.take();
    assert!(!shop.observe().await.exists);
    assert_eq!(shop.calls.take(), ["application.list"]);
}
