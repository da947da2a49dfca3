//! What is not ours is never changed and never deleted, even where it goes by our names.

use gatewright_connectors::{Connector, FaultKind, Step};
use http::Method;
use serde_json::{Value, json};

use crate::aws_shop::{KEY, ORDERS, Shop, drop_key, generated, key, scope};

/// Somebody's key with our name: another connection's tags, no tags, and one that names another subscription.
fn strangers(shop: &Shop) -> [Value; 3] {
    let mark = shop.ours.mark().split_off(4);
    [
        json!({ "gwr": "somebody", "sub": shop.ours.subscription_id.to_string() }),
        json!({ "team": "theirs" }),
        json!({ "gwr": mark, "sub": "sub_other" }),
    ]
}

#[tokio::test]
async fn a_key_with_our_name_and_other_tags_stays() {
    for which in 0..3 {
        let shop = Shop::open().await;
        let tags = strangers(&shop)[which].clone();
        let body = json!({ "name": shop.name(1), "value": "their-own-value-of-a-key", "enabled": true, "tags": tags });
        let theirs = shop.by_hand(Method::POST, "/apikeys", body).await;
        let member = json!({ "keyId": theirs["id"], "keyType": "API_KEY" });
        shop.by_hand(Method::POST, "/usageplans/plan01/keys", member).await;
        shop.fake.mark_foreign();
        let observed = shop.observe().await;
        assert_eq!(observed.credentials[0].number, None, "it is shown as somebody's");
        assert!(observed.exists && !observed.suspended);
        for step in [
            Step::Application,
            key(1, KEY, &[ORDERS]),
            Step::Scope(scope(&[])),
            Step::Suspend,
            Step::Reactivate(scope(&[ORDERS])),
            drop_key(1),
            generated(1, &[]),
        ] {
            shop.apply(&step)
                .await
                .unwrap_or_else(|fault| panic!("{}: {fault}", step.operation()));
            assert!(
                shop.fake.touched().is_empty(),
                "{}: {:?}",
                step.operation(),
                shop.fake.touched()
            );
        }
        // What is ours goes, and that something is left is said.
        let fault = shop.apply(&Step::DropApplication).await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::Foreign, "{fault}");
        assert!(fault.words.contains(theirs["id"].as_str().unwrap()), "{fault}");
        assert_eq!(shop.our_keys().len(), 1);
        assert!(shop.fake.touched().is_empty());
        // Named by its id it goes, as an operator orders.
        let by_id = Step::DropCredential {
            number: None,
            remote_id: Some(theirs["id"].as_str().unwrap().to_owned()),
        };
        shop.apply(&by_id).await.unwrap();
        assert!(!shop.observe().await.exists);
    }
}

#[tokio::test]
async fn a_key_whose_value_is_taken_is_not_taken_over() {
    let shop = Shop::open().await;
    let fault = shop
        .apply(&key(1, "legacy-mobile-key-0001-abcdef", &[ORDERS]))
        .await
        .unwrap_err();
    assert_eq!(fault.kind, FaultKind::Foreign, "{fault}");
    assert!(!format!("{fault:?}").contains("legacy-mobile-key"), "{fault:?}");
    assert!(!shop.observe().await.exists);
    assert!(shop.fake.touched().is_empty());
}

#[tokio::test]
async fn no_id_reaches_another_applications_key() {
    let shop = Shop::open().await;
    let legacy = shop.keys().remove(0);
    let drop = Step::DropCredential {
        number: None,
        remote_id: Some(legacy["id"].as_str().unwrap().to_owned()),
    };
    assert_eq!(shop.apply(&drop).await.unwrap_err().kind, FaultKind::Foreign);
    let nobody = Step::DropCredential {
        number: None,
        remote_id: None,
    };
    assert_eq!(shop.apply(&nobody).await.unwrap_err().kind, FaultKind::Invalid);
    // Nor is its value read for us.
    shop.apply(&key(1, KEY, &[])).await.unwrap();
    let mut other = shop.observe().await.credentials.remove(0);
    other.remote_id = legacy["id"].as_str().unwrap().to_owned();
    assert!(
        shop.aws
            .read_secret(&shop.link, &shop.ours, &other)
            .await
            .unwrap()
            .is_none()
    );
    assert!(shop.fake.touched().is_empty());
}

#[tokio::test]
async fn two_connections_to_one_account_keep_apart() {
    let shop = Shop::open().await;
    shop.apply(&key(1, KEY, &[ORDERS])).await.unwrap();
    let other = gatewright_connectors::Application {
        connection_id: gatewright_types::ids::GatewayId::from_uuid(uuid::Uuid::from_u128(8)),
        ..shop.ours
    };
    assert!(!shop.aws.observe(&shop.link, &other).await.unwrap().exists);
    let nothing = Default::default();
    shop.aws
        .apply(&shop.link, &other, &Step::DropApplication, &nothing)
        .await
        .unwrap();
    assert_eq!(shop.call("/orders", KEY).await, 200);
    let scanned = shop.aws.scan(&shop.link, other.connection_id, None).await.unwrap();
    assert!(scanned.items.is_empty());
}
