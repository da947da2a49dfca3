//! Kong's own descriptions, held between the connector and the stand-in.

use gatewright_connectors::model::Secret;
use gatewright_connectors::{Connector, Step};
use vendor_fakes::kong::Flavor;

use crate::judge::Prism;
use crate::kong_shop::{KEY, ORDERS, PAYMENTS, Shop, drop_key, key, scope, subscribed};
use crate::papers;

/// All that is sent to a consumer that is there. What is not there is answered with 404, which the descriptions leave out of
/// most lists.
async fn live(shop: &mut Shop, base: &str, flavor: Flavor) {
    // What there is to find without the judge between.
    let offers = shop.kong.discover(&shop.link, None).await.unwrap().items.len();
    shop.through(base, flavor);
    for step in subscribed() {
        shop.blindly(&step).await;
    }
    let generated = Step::Credential {
        number: 2,
        first: 2,
        admitted: true,
        secret: Secret::Generated,
        scope: scope(&[]),
    };
    let expire = Step::Expire {
        number: 1,
        after_seconds: 300,
    };
    let by_row = Step::DropCredential {
        number: None,
        remote_id: Some(shop.ours.id_of("cred|3").to_string()),
    };
    for step in [
        generated,
        expire,
        Step::Scope(scope(&[PAYMENTS])),
        Step::Suspend,
        Step::Suspend,
    ] {
        shop.apply(&step)
            .await
            .unwrap_or_else(|fault| panic!("{}: {fault}", step.operation()));
    }
    let reactivate = Step::Reactivate(scope(&[ORDERS]));
    for step in [reactivate, drop_key(1), key(3, KEY), by_row] {
        shop.apply(&step)
            .await
            .unwrap_or_else(|fault| panic!("{}: {fault}", step.operation()));
    }
    let observed = shop.observe().await;
    assert_eq!(observed.credentials.len(), 1);
    assert!(shop.read(&observed.credentials[0]).await.is_some());
    assert_eq!(
        shop.kong
            .scan(&shop.link, shop.ours.connection_id, None)
            .await
            .unwrap()
            .items
            .len(),
        1
    );
    assert_eq!(shop.kong.adoptable(&shop.link, None).await.unwrap().items.len(), 2);
    assert_eq!(shop.kong.discover(&shop.link, None).await.unwrap().items.len(), offers);
    shop.apply(&Step::DropApplication).await.unwrap();
}

#[tokio::test]
async fn every_call_is_one_of_the_enterprise_edition() {
    let Some(description) = papers::find("vendor/kong/admin-ee-3.13.yaml") else {
        return;
    };
    let mut shop = Shop::open(Flavor::Enterprise).await;
    let description = std::fs::read_to_string(description).unwrap();
    let Some(prism) = Prism::start(&description, &shop.fake.admin_url(), "").await else {
        return;
    };
    live(&mut shop, &prism.base, Flavor::Enterprise).await;
}

#[tokio::test]
async fn every_call_is_one_of_konnect() {
    let Some(description) = papers::find("vendor/kong/konnect-core-entities-v2.yaml") else {
        return;
    };
    let mut shop = Shop::open(Flavor::Konnect).await;
    // Its paths begin behind the `/v2` of its servers.
    let description = std::fs::read_to_string(description).unwrap();
    let description = description.replace("\n  '/control-planes/", "\n  '/v2/control-planes/");
    let Some(prism) = Prism::start(&description, &shop.fake.admin_url(), "").await else {
        return;
    };
    live(&mut shop, &prism.base, Flavor::Konnect).await;
}
