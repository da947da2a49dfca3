//! No field of a body names an object of another tenant. The fields are found in the document, so one that is
//! new fails here until it has its line in [`foreign_bodies`].

use std::collections::BTreeSet;

use gatewright_testkit::{TestApp, Upstream};
use serde_json::{Value, json};

use super::connected::OLD_CONSUMER;
use super::{World, document, operations, quiet_dump, terms};
use crate::scene::expect;

/// Every id that a body may hold, with acme's in it and everything else the rival's: `(operation,
/// field, the rival's id in the path, body)`.
fn foreign_bodies(acme: &World, rival: &World) -> Vec<(&'static str, &'static str, Option<String>, Value)> {
    let subscription = Some(rival.subscribed.subscription_id.clone());
    let mut plan = terms(&acme.product);
    plan["name"] = json!("Stolen");
    let route = |service: &str, product: Option<&str>| json!({ "serviceId": service, "method": "GET", "publicPath": "/stolen", "access": "SECURE", "productId": product });
    vec![
        ("create_plan", "productIds", None, plan),
        (
            "add_plan_version",
            "productIds",
            Some(rival.plan.clone()),
            terms(&acme.product),
        ),
        (
            "create_api_spec",
            "productId",
            None,
            json!({ "productId": acme.product, "specFormat": "OPENAPI_3", "document": "{}" }),
        ),
        (
            "roll_back_api_spec",
            "revisionId",
            Some(rival.spec.clone()),
            json!({ "revisionId": acme.revision }),
        ),
        (
            "create_subscription",
            "customerId",
            None,
            json!({ "customerId": acme.customer, "planId": rival.plan }),
        ),
        (
            "create_subscription",
            "planId",
            None,
            json!({ "customerId": rival.customer, "planId": acme.plan }),
        ),
        (
            "create_subscription",
            "productIds",
            None,
            json!({ "customerId": rival.customer, "planId": rival.plan, "key": { "productIds": [acme.product] } }),
        ),
        (
            "add_key",
            "productIds",
            subscription,
            json!({ "productIds": [acme.product] }),
        ),
        (
            "adopt_consumer",
            "planId",
            Some(rival.connected.broken.clone()),
            json!({ "remoteId": OLD_CONSUMER, "planId": acme.plan, "customerId": rival.customer }),
        ),
        (
            "adopt_consumer",
            "customerId",
            Some(rival.connected.broken.clone()),
            json!({ "remoteId": OLD_CONSUMER, "planId": rival.connected.adopts, "customerId": acme.customer }),
        ),
        (
            "change_key",
            "productIds",
            Some(rival.subscribed.key_id.clone()),
            json!({ "productIds": [acme.product] }),
        ),
        (
            "create_route",
            "serviceId",
            Some(rival.gateway.clone()),
            route(&acme.service, None),
        ),
        (
            "create_route",
            "productId",
            Some(rival.gateway.clone()),
            route(&rival.service, Some(&acme.product)),
        ),
        (
            "replay_dead_letters",
            "connectionId",
            None,
            json!({ "connectionId": acme.connected.broken }),
        ),
        (
            "replay_dead_letters",
            "subscriptionIds",
            None,
            json!({ "subscriptionIds": [acme.subscribed.subscription_id] }),
        ),
        (
            "create_provisioning_run",
            "connectionIds",
            None,
            json!({ "kind": "SYNC", "connectionIds": [acme.connected.id] }),
        ),
        (
            "create_provisioning_run",
            "subscriptionIds",
            None,
            json!({ "kind": "SYNC", "subscriptionIds": [acme.subscribed.subscription_id] }),
        ),
        (
            "change_route",
            "serviceId",
            Some(rival.route.clone()),
            json!({ "serviceId": acme.service }),
        ),
        (
            "change_route",
            "productId",
            Some(rival.route.clone()),
            json!({ "productId": acme.product }),
        ),
    ]
}

/// Fields of a schema that hold ids of objects, wherever they are inside.
fn id_fields(document: &Value, schema: &Value, found: &mut BTreeSet<String>) {
    if let Some(reference) = schema["$ref"].as_str() {
        return id_fields(document, document.pointer(&reference[1..]).unwrap(), found);
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        if holds_id(document, property) {
            found.insert(name.clone());
        }
        id_fields(document, property, found);
    }
    for part in ["allOf", "oneOf", "anyOf"] {
        schema[part]
            .as_array()
            .into_iter()
            .flatten()
            .for_each(|one| id_fields(document, one, found));
    }
    if schema["items"].is_object() {
        id_fields(document, &schema["items"], found);
    }
}

fn holds_id(document: &Value, schema: &Value) -> bool {
    if let Some(reference) = schema["$ref"].as_str() {
        return reference.ends_with("Id") || holds_id(document, document.pointer(&reference[1..]).unwrap());
    }
    let parts = ["allOf", "oneOf", "anyOf"]
        .into_iter()
        .filter_map(|part| schema[part].as_array())
        .flatten();
    schema["pattern"]
        .as_str()
        .is_some_and(|pattern| pattern.contains("_[0-7]"))
        || schema["items"].is_object() && holds_id(document, &schema["items"])
        || parts.into_iter().any(|one| holds_id(document, one))
}

#[tokio::test]
async fn no_body_can_name_an_object_of_another_tenant() {
    let app = TestApp::start().await;
    let upstream = Upstream::start().await;
    let acme = World::make(&app, "acme", &upstream).await;
    let rival = World::make(&app, "rival", &upstream).await;
    let document = document(&app).await;
    let operations = operations(&document);

    let mut named = BTreeSet::new();
    for operation in operations.iter().filter(|operation| operation.id != "verify_key") {
        let schema = &operation.definition["requestBody"]["content"]["application/json"]["schema"];
        let mut fields = BTreeSet::new();
        id_fields(&document, schema, &mut fields);
        named.extend(fields.into_iter().map(|field| (operation.id.clone(), field)));
    }
    let table = foreign_bodies(&acme, &rival);
    let covered: BTreeSet<_> = table
        .iter()
        .map(|(id, field, ..)| ((*id).to_owned(), (*field).to_owned()))
        .collect();
    assert_eq!(covered, named, "every id in a body stands in the table");

    let before = quiet_dump(&app).await;
    for (id, field, in_path, body) in table {
        let operation = operations.iter().find(|operation| operation.id == id).unwrap();
        let path = operation.path.replace("{id}", in_path.as_deref().unwrap_or_default());
        let problem = expect(&rival.who, 422, operation.method.clone(), &path, Some(body)).await;
        assert_eq!(problem["code"], "validation-failed", "{id} {field}");
        let detail = problem["errors"].to_string();
        assert!(detail.contains(field), "{id} {field}: {problem}");
        assert!(
            acme.ids().iter().any(|id| detail.contains(id)),
            "{id} {field} names the id: {problem}"
        );
    }
    assert_eq!(quiet_dump(&app).await, before, "nothing has changed");
    app.stop().await;
}
