//! Azure's own descriptions, held between the connector and the stand-in.

use gatewright_connectors::azure::{Azure, Settings};
use gatewright_connectors::{Connector, Step};
use serde_json::{Value, json};

use crate::azure_apart::{apart, made_by_azure, own};
use crate::azure_shop::{
    KEY, ORDERS, PAYMENTS, Shop, credentials, drop_key, generated, key, scope, settings, subscribed,
};
use crate::judge::Prism;
use crate::papers;

const PARTS: [&str; 4] = ["apimsubscriptions", "apimusers", "apimproducts", "apimapis"];
/// What is called of them, below the service.
const CALLED: [&str; 11] = [
    "/subscriptions",
    "/subscriptions/{sid}",
    "/subscriptions/{sid}/listSecrets",
    "/subscriptions/{sid}/regeneratePrimaryKey",
    "/subscriptions/{sid}/regenerateSecondaryKey",
    "/users",
    "/users/{userId}",
    "/users/{userId}/subscriptions",
    "/products",
    "/products/{productId}",
    "/products/{productId}/apis",
];
const SERVICE: &str = "/providers/Microsoft.ApiManagement/service/{serviceName}";

/// One description of what is called, of four that are about an older version: a PATCH answers the object since.
///
/// None where they are not there.
fn description() -> Option<tempfile::NamedTempFile> {
    let mut whole = json!({ "openapi": "3.0.0", "info": { "title": "x", "version": "1" }, "paths": {} });
    for part in PARTS {
        let file = papers::find(&format!("vendor/azure/{part}.json"))?;
        let part: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        let also = ["/apis", "/apis/{apiId}/products"];
        for (path, methods) in part["paths"].as_object().unwrap() {
            let Some((_, below)) = path.split_once(SERVICE) else {
                continue;
            };
            if !CALLED.contains(&below) && !also.contains(&below) {
                continue;
            }
            let mut methods = methods.clone();
            let shown = methods["put"]["responses"]["200"].clone();
            if let Some(patch) = methods.get_mut("patch") {
                // What it never answers is not what it may answer.
                patch["responses"]["200"] = shown;
            }
            whole["paths"][path] = methods;
        }
    }
    correct(&mut whole);
    // Where only we live; the service itself is described elsewhere.
    let base = format!("/subscriptions/{{a}}/resourceGroups/{{b}}{SERVICE}");
    whole["paths"][&base] = json!({ "get": { "responses": { "200": { "description": "The service." } } } });
    for name in ["a", "b", "serviceName"] {
        let parameter = json!({ "in": "path", "name": name, "required": true, "schema": { "type": "string" } });
        let parameters = &mut whole["paths"][&base]["parameters"];
        if parameters.is_null() {
            *parameters = json!([]);
        }
        parameters.as_array_mut().unwrap().push(parameter);
    }
    let file = tempfile::Builder::new().suffix(".json").tempfile().unwrap();
    std::fs::write(file.path(), whole.to_string()).unwrap();
    Some(file)
}

/// Without examples, which point to what was left out; and with the null that Azure answers where an error has no details.
fn correct(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.shift_remove_entry("examples");
            if let Some(details) = fields.get_mut("details").filter(|details| details["type"] == "array") {
                details["nullable"] = json!(true);
            }
            fields.values_mut().for_each(correct);
        }
        Value::Array(items) => items.iter_mut().for_each(correct),
        _ => {}
    }
}

#[tokio::test]
async fn every_call_and_every_answer_is_as_described() {
    let mut shop = Shop::open().await;
    let Some(description) = description() else {
        return;
    };
    let Some(prism) = Prism::with(description, &shop.fake.admin_url(), "").await else {
        return;
    };
    // The login is described elsewhere, and stays where it is.
    let through = Settings {
        url: Some(prism.base.clone()),
        ..settings(&shop.fake)
    };
    let (judged, direct) = (Azure::new(&through, &credentials()).unwrap(), offers(&shop).await);
    shop.azure = judged;
    for step in subscribed() {
        shop.blindly(&step).await;
    }
    let done = [
        generated(2),
        Step::Scope(scope(&[PAYMENTS])),
        Step::Suspend,
        Step::Reactivate(scope(&[ORDERS])),
        drop_key(1),
        key(3, KEY),
        Step::Application,
    ];
    for step in done {
        shop.apply(&step)
            .await
            .unwrap_or_else(|fault| panic!("{}: {fault}", step.operation()));
    }
    let observed = shop.observe().await;
    assert_eq!(observed.credentials.len(), 2, "{observed:?}");
    assert!(shop.read(&observed.credentials[0]).await.is_some());
    let scanned = shop
        .azure
        .scan(&shop.link, shop.ours.connection_id, None)
        .await
        .unwrap();
    assert_eq!(scanned.items.len(), 1);
    assert_eq!(shop.azure.adoptable(&shop.link, None).await.unwrap().items.len(), 2);
    assert_eq!(offers(&shop).await, direct);
    let judgement = shop.azure.judge(&shop.link, &[ORDERS.to_owned()]).await.unwrap();
    assert!(
        judgement.refusals.is_empty() && judgement.open.is_empty(),
        "{judgement:?}"
    );
    assert_eq!(
        shop.azure.verify(&shop.link).await.unwrap().problems,
        Vec::<String>::new()
    );
    shop.apply(&Step::DropApplication).await.unwrap();
    assert!(!shop.observe().await.exists);
    a_subscription_for_each_key(&shop).await;
    says_no(&shop, &prism).await;
}

async fn a_subscription_for_each_key(shop: &Shop) {
    let azure = apart(shop);
    for step in [
        own(1, 1, KEY, ORDERS),
        made_by_azure(2, 2, PAYMENTS),
        made_by_azure(3, 1, ORDERS),
        own(1, 1, KEY, PAYMENTS),
        Step::Suspend,
        Step::Reactivate(scope(&[PAYMENTS])),
        drop_key(1),
        drop_key(2),
        Step::Application,
    ] {
        let observed = azure.observe(&shop.link, &shop.ours).await.unwrap();
        let done = azure.apply(&shop.link, &shop.ours, &step, &observed).await;
        done.unwrap_or_else(|fault| panic!("{}: {fault}", step.operation()));
    }
    let scanned = azure.scan(&shop.link, shop.ours.connection_id, None).await.unwrap();
    assert_eq!(scanned.items.len(), 1);
    let observed = azure.observe(&shop.link, &shop.ours).await.unwrap();
    assert_eq!(observed.credentials.len(), 1, "{observed:?}");
    let step = Step::DropApplication;
    azure.apply(&shop.link, &shop.ours, &step, &observed).await.unwrap();
    assert!(!azure.observe(&shop.link, &shop.ours).await.unwrap().exists);
}

/// A judge that never says no is none: without `If-Match` nothing is changed.
async fn says_no(shop: &Shop, prism: &Prism) {
    let url = shop.fake.base_url().replace(&shop.fake.admin_url(), &prism.base);
    let url = format!("{url}/subscriptions/x?api-version=2024-05-01");
    assert_eq!(shop.delete_without_a_match(&url).await, 422);
}

async fn offers(shop: &Shop) -> usize {
    let products = shop.azure.discover(&shop.link, None).await.unwrap();
    let apis = shop.azure.discover(&shop.link, products.next).await.unwrap();
    products.items.len() + apis.items.len()
}
