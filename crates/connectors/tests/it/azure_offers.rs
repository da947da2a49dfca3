//! What there is to be sold, what is open there by default, and what cannot be mapped.

use gatewright_connectors::Connector;
use gatewright_connectors::model::{Judgement, Offered, OfferedKind};
use http::Method;
use serde_json::json;

use crate::azure_shop::{KEY, Shop, subscribed};

async fn offered(shop: &Shop) -> Vec<Offered> {
    let (mut offered, mut cursor) = (Vec::new(), None);
    loop {
        let page = shop.azure.discover(&shop.link, cursor).await.unwrap();
        offered.extend(page.items);
        cursor = page.next;
        if cursor.is_none() {
            return offered;
        }
    }
}

async fn judge(shop: &Shop, scope: &[&str]) -> Judgement {
    let scope: Vec<String> = scope.iter().map(|one| (*one).to_owned()).collect();
    shop.azure.judge(&shop.link, &scope).await.unwrap()
}

#[tokio::test]
async fn products_with_their_apis_and_apis_are_offered_with_what_is_open() {
    let shop = Shop::open().await;
    let offered = offered(&shop).await;
    let of = |id: &str| offered.iter().find(|one| one.remote_id == id).unwrap();
    assert_eq!(offered.iter().filter(|one| one.kind == OfferedKind::Product).count(), 8);
    assert_eq!(offered.iter().filter(|one| one.kind == OfferedKind::Service).count(), 5);
    assert_eq!(
        of("prod-all").detail,
        ["orders /orders", "payments /payments", "translation /translation"]
    );
    assert!(of("prod-translation").warnings.is_empty());
    assert_eq!(of("prod-draft").warnings.len(), 1);
    assert_eq!(of("prod-reports").warnings.len(), 1);
    assert_eq!(of("prod-status").warnings.len(), 3, "{:?}", of("prod-status").warnings);
    assert_eq!(of("apis/status").warnings.len(), 1);
    assert_eq!(of("apis/orders").detail, ["/orders"]);
}

#[tokio::test]
async fn more_products_than_a_page_has_are_all_offered() {
    let shop = Shop::open().await;
    for number in 0..60 {
        let product = json!({ "displayName": "x", "state": "published", "subscriptionRequired": true });
        shop.by_hand(Method::PUT, &format!("/products/more-{number}"), product)
            .await;
    }
    let offered = offered(&shop).await;
    assert_eq!(
        offered.iter().filter(|one| one.kind == OfferedKind::Product).count(),
        68
    );
}

#[tokio::test]
async fn what_cannot_be_mapped_is_refused_with_what_to_do() {
    let shop = Shop::open().await;
    assert!(judge(&shop, &["prod-orders"]).await.refusals.is_empty());
    for (scope, word) in [
        (&[][..], "names no product"),
        (
            &["prod-orders", "prod-payments"],
            "make a product there that has the APIs of all",
        ),
        (&["prod-draft"], "not published"),
        (&["prod-empty"], "no API is in it"),
        (&["nothing-like-it"], "no such product"),
        (&["/apis"], "is no product"),
        (&["apis/orders"], "is no product"),
        (&["../users"], "is no product"),
        (&[""], "is no product"),
    ] {
        let judged = judge(&shop, scope).await;
        assert!(
            judged.refusals.iter().any(|refusal| refusal.contains(word)),
            "{scope:?}: {judged:?}"
        );
    }
}

#[tokio::test]
async fn what_is_open_without_a_key_is_named() {
    let shop = Shop::open().await;
    assert_eq!(judge(&shop, &["prod-orders"]).await.open, Vec::<String>::new());
    // The product itself, the API itself.
    for (scope, word) in [
        ("prod-reports", "prod-reports"),
        ("prod-status", "status: asks for no subscription key"),
    ] {
        let judged = judge(&shop, &[scope]).await;
        assert_eq!(judged.open.len(), 1, "{judged:?}");
        assert!(judged.open[0].contains(word), "{judged:?}");
    }
    // Another product that the API is in as well: it does open it.
    let also = json!({
        "displayName": "free", "state": "published", "subscriptionRequired": false, "x-apis": ["orders"],
    });
    assert_eq!(shop.call("/orders", "nobody's").await, 401);
    shop.by_hand(Method::PUT, "/products/free", also).await;
    assert_eq!(shop.call("/orders", "nobody's").await, 200);
    let judged = judge(&shop, &["prod-orders"]).await;
    assert_eq!(
        judged.open,
        ["orders: is in the product free, which asks for no subscription key"]
    );
}

#[tokio::test]
async fn approval_and_a_limit_are_warned_of_and_approval_is_not_waited_for() {
    let shop = Shop::open().await;
    let judged = judge(&shop, &["prod-status"]).await;
    assert!(judged.warnings.iter().any(|one| one.contains("approval")), "{judged:?}");
    assert!(
        judged
            .warnings
            .iter()
            .any(|one| one.contains("allows a user 1 subscriptions")),
        "{judged:?}"
    );
    shop.by_hand(
        Method::PATCH,
        "/products/prod-orders",
        json!({ "approvalRequired": true }),
    )
    .await;
    shop.apply_all(&subscribed()).await;
    assert_eq!(shop.call("/orders", KEY).await, 200);
}
