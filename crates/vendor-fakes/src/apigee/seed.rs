//! An organization that somebody has run for a while.
//!
//! Five proxies and their products: `orders`, `payments` (whose product is approved by hand) and `translation` ask for a key,
//! `reports` too and is in no product of its own, `status` asks for nothing; a product that opens every proxy; and two apps of
//! a developer. All of it is somebody else's.

use serde_json::json;

use super::rows::{App, Developer, Proxy};
use super::store::{Store, fixed_id};

/// Fills an empty store; everything in it is somebody else's.
pub(super) fn demo(store: &mut Store, now_ms: i64) {
    for (name, policies, verifies) in [
        ("orders", &["Verify-API-Key", "Quota-1"][..], true),
        ("payments", &["VA-payments"], true),
        // In no product of its own: who has the one that opens everything gets in here, too.
        ("reports", &["Verify-API-Key"], true),
        ("status", &[], false),
        ("translation", &["Verify-API-Key", "SpikeArrest-1"], true),
    ] {
        let proxy = Proxy {
            name: name.to_owned(),
            base_path: format!("/{name}"),
            environment: "prod".to_owned(),
            policies: policies.iter().map(|&policy| policy.to_owned()).collect(),
            verifies,
        };
        store.proxies.insert(proxy.name.clone(), proxy);
    }
    let operations = json!({
        "operationConfigType": "proxy",
        "operationConfigs": [{ "apiSource": "payments", "operations": [{ "resource": "/**", "methods": ["POST"] }] }],
    });
    for product in [
        json!({ "name": "prod-orders", "displayName": "Orders", "approvalType": "auto", "environments": ["prod"],
                "proxies": ["orders"], "apiResources": ["/**"], "quota": "1000", "quotaInterval": "1", "quotaTimeUnit": "minute" }),
        json!({ "name": "prod-payments", "displayName": "Payments", "approvalType": "manual", "environments": ["prod"],
                "operationGroup": operations }),
        json!({ "name": "prod-translation", "displayName": "Translation", "approvalType": "auto",
                "environments": ["prod"], "proxies": ["translation"] }),
        json!({ "name": "prod-status", "displayName": "Status", "approvalType": "auto", "environments": ["prod"],
                "proxies": ["status"] }),
        // Nothing is named, so everything is opened.
        json!({ "name": "everything", "displayName": "Everything", "approvalType": "auto" }),
        json!({ "name": "retired", "displayName": "Retired", "approvalType": "auto", "environments": ["prod"],
                "proxies": ["fax"] }),
    ] {
        let name = product["name"].as_str().unwrap_or_default().to_owned();
        let product = product.as_object().cloned().unwrap_or_default();
        store.products.insert(name, product);
    }
    let email = "partner@example.com";
    let developer = Developer {
        email: email.to_owned(),
        id: fixed_id(1),
        names: ["Pat", "Partner", "partner"].map(str::to_owned),
        attributes: Vec::new(),
        active: true,
        created_ms: now_ms,
        modified_ms: now_ms,
    };
    store.developers.insert(email.to_owned(), developer);
    for (number, name, key, product) in [
        (2, "legacy-mobile-app", "legacy-mobile-key-0001", "prod-orders"),
        (3, "partner-acme", "partner-acme-key-0001", "prod-translation"),
    ] {
        let app = App {
            name: name.to_owned(),
            id: fixed_id(number),
            attributes: Vec::new(),
            approved: true,
            keys: Vec::new(),
            created_ms: now_ms,
            modified_ms: now_ms,
        };
        store.add_app(email, app);
        let fresh = store.fresh_key(&[product.to_owned()], None, now_ms);
        let mut fresh = fresh.unwrap_or_else(|_| unreachable!("the demo's products are there"));
        fresh.consumer_key = key.to_owned();
        let added = store.add_key(email, name, fresh);
        assert!(added.is_ok(), "the demo's keys differ");
    }
    store.mark_all_foreign();
}
