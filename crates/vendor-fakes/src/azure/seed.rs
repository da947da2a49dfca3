//! A service that somebody has run for a while.
//!
//! Five APIs and their products, some of them open, and two users with subscriptions. All of it is somebody else's.

use serde_json::json;

use super::Azure;
use super::products::APIS;
use super::store::Kind;

/// Fills an empty store; everything in it is somebody else's.
pub(super) fn demo(azure: &mut Azure) {
    let store = &mut azure.store;
    for name in ["orders", "payments", "reports", "status", "translation"] {
        // Nobody is asked for a key at `status`: a mapping to a product with it deserves a question.
        let api = json!({
            "displayName": name, "path": name, "protocols": ["https"], "isCurrent": true, "apiRevision": "1",
            "serviceUrl": format!("https://upstream.internal/{name}"), "subscriptionRequired": name != "status",
            "subscriptionKeyParameterNames": { "header": "Ocp-Apim-Subscription-Key", "query": "subscription-key" },
        });
        store.put(Kind::Api, name, api);
    }
    for (name, apis, state, required, approval) in [
        ("prod-orders", &["orders"][..], "published", true, false),
        ("prod-payments", &["payments"], "published", true, false),
        ("prod-translation", &["translation"], "published", true, false),
        (
            "prod-all",
            &["orders", "payments", "translation"],
            "published",
            true,
            false,
        ),
        ("prod-status", &["status"], "published", true, true),
        // Open to everybody without a key.
        ("prod-reports", &["reports"], "published", false, false),
        ("prod-draft", &["orders"], "notPublished", true, false),
        ("prod-empty", &[], "published", true, false),
    ] {
        let mut product = json!({
            "displayName": name, "state": state, "subscriptionRequired": required, APIS: apis,
        });
        if required {
            product["approvalRequired"] = json!(approval);
        }
        if approval {
            product["subscriptionsLimit"] = json!(1);
        }
        store.put(Kind::Product, name, product);
    }
    let users = azure.options.sku != "Consumption";
    for (name, key, product) in [
        ("legacy-mobile-app", "legacy-mobile-key-0001", "prod-orders"),
        ("partner-acme", "partner-acme-key-0001", "prod-payments"),
    ] {
        let mut subscription = json!({
            "displayName": name, "state": "active", "scope": format!("/products/{product}"), "allowTracing": false,
            "primaryKey": key, "secondaryKey": format!("{key}-2"),
        });
        if users {
            let email = format!("{name}@example.com");
            let user = json!({ "email": email, "firstName": name, "lastName": "team", "state": "active" });
            store.put(Kind::User, name, user);
            subscription["ownerId"] = json!(format!("/users/{name}"));
        }
        store.put(Kind::Subscription, name, subscription);
    }
    // Every service has this one, for whoever runs it.
    let master = json!({
        "displayName": "Built-in all-access subscription", "state": "active", "scope": "/", "allowTracing": true,
        "primaryKey": "built-in-all-access-key-0001", "secondaryKey": "built-in-all-access-key-0002",
    });
    store.put(Kind::Subscription, "master", master);
    store.mark_all_foreign();
}
