//! Google's own description, held between the connector and the stand-in.

use gatewright_connectors::{Connector, Step};
use http::Method;
use serde_json::json;
use vendor_fakes::faults::{Fault, Rule};

use crate::apigee_shop::{KEY, ORDERS, PAYMENTS, SECOND_KEY, Shop, drop_key, generated, key, scope};
use crate::judge::{Prism, apigee};
use crate::papers;

#[tokio::test]
async fn every_call_is_one_of_googles() {
    let Some(description) = papers::find("vendor/apigee/apigee-v1-swagger.json") else {
        return;
    };
    let mut shop = Shop::open().await;
    // What there is to find without the judge between.
    let offers = shop.apigee.discover(&shop.link, None).await.unwrap().items.len();
    let description = apigee(&std::fs::read_to_string(description).unwrap());
    let Some(prism) = Prism::with(description, &shop.fake.admin_url(), "").await else {
        return;
    };
    shop.through(&prism.base);
    for step in [
        Step::Application,
        Step::Application,
        key(1, KEY, &[]),
        key(1, KEY, &[ORDERS, PAYMENTS]),
        key(1, KEY, &[PAYMENTS]),
        generated(2, &[ORDERS]),
        Step::Suspend,
        Step::Reactivate(scope(&[ORDERS])),
        Step::Scope(scope(&[ORDERS])),
        drop_key(1),
        key(3, SECOND_KEY, &[ORDERS]),
    ] {
        for _ in 0..2 {
            let done = shop.apply(&step).await;
            done.unwrap_or_else(|fault| panic!("{}: {fault}", step.operation()));
        }
    }
    // What is only done where somebody has interfered.
    shop.by_hand(
        Method::POST,
        &format!("{}?action=inactive", shop.developer()),
        json!(null),
    )
    .await;
    shop.by_hand(
        Method::POST,
        &shop.path(&format!("/keys/{SECOND_KEY}?action=revoke")),
        json!(null),
    )
    .await;
    shop.by_hand(Method::PUT, &shop.path(""), with_mark_only(&shop).await)
        .await;
    let wanted = shop.observe().await;
    assert!(wanted.unsettled && wanted.misnamed, "{wanted:?}");
    for step in [
        Step::Application,
        key(3, SECOND_KEY, &[ORDERS]),
        Step::Reactivate(scope(&[])),
    ] {
        shop.apply(&step).await.unwrap();
    }
    let observed = shop.observe().await;
    assert_eq!(observed.credentials.len(), 2);
    assert!(shop.read(&observed.credentials[0]).await.is_some());
    let report = shop.apigee.verify(&shop.link).await.unwrap();
    assert_eq!(report.problems, Vec::<String>::new());
    let connection_id = shop.ours.connection_id;
    let page = shop.apigee.scan(&shop.link, connection_id, None).await.unwrap();
    assert_eq!(page.items.len(), 1);
    assert_eq!(shop.apigee.adoptable(&shop.link, None).await.unwrap().items.len(), 2);
    assert_eq!(
        shop.apigee.discover(&shop.link, None).await.unwrap().items.len(),
        offers
    );
    let judged = shop.apigee.judge(&shop.link, &[ORDERS.to_owned()]).await.unwrap();
    assert!(judged.refusals.is_empty(), "{judged:?}");
    // A key that is somebody else's is looked for.
    assert!(shop.apply(&key(4, "legacy-mobile-key-0001", &[])).await.is_err());
    shop.apply(&Step::DropApplication).await.unwrap();

    // A judge that never says no is none.
    shop.fake.fail(Rule::new("GET", "/**", Fault::WrongContentType));
    assert!(shop.apigee.verify(&shop.link).await.is_err());
    shop.fake.heal();
    let unknown = json!({ "email": "x@example.com", "nickname": "x" });
    let client = gatewright_egress::Client::new(gatewright_egress::Options::default());
    let mut request = gatewright_egress::Request::post(format!("{}/v1/organizations/acme-prod/developers", prism.base));
    for (name, value) in [("authorization", "Bearer x"), ("content-type", "application/json")] {
        let name = http::HeaderName::from_static(name);
        request = request.field(name, http::HeaderValue::from_static(value));
    }
    request = request.body(gatewright_egress::Body::Whole(unknown.to_string().into_bytes().into()));
    let refused = client.send(request, &crate::stand::this_machine()).await.unwrap();
    assert_eq!(refused.status, 422);
}

/// An app's attributes after somebody has taken all of ours but the mark.
async fn with_mark_only(shop: &Shop) -> serde_json::Value {
    let app = shop.by_hand(Method::GET, &shop.path(""), json!(null)).await;
    let attributes = app["attributes"].as_array().unwrap();
    let mark: Vec<_> = attributes.iter().filter(|one| one["name"] == "gatewright").collect();
    json!({ "name": app["name"], "attributes": mark })
}
