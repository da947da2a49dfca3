//! An account that somebody has run for a while: the shop of the other vendors, as five APIs with a usage plan each.
//!
//! Five APIs: `orders`, `payments` and `translation` ask for a key and have a usage plan each (`plan01`, `plan02`,
//! `plan05`), `reports` asks for a key and no plan covers it, `status` has a plan (`plan04`) and asks for nothing; and
//! two keys. All of it is somebody else's.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::Options;
use super::store::{Api, Method, Plan, Store};

/// Fills an empty store; everything in it is somebody else's.
pub(super) fn demo(store: &mut Store, now_ms: i64) {
    for (number, name, needs_key, plan) in [
        (1, "orders", true, true),
        (2, "payments", true, true),
        // No plan covers it, so no key opens it.
        (3, "reports", true, false),
        // Anybody may call it, although there is a plan for it.
        (4, "status", false, true),
        (5, "translation", true, true),
    ] {
        let api_id = format!("api{number:07}");
        let method = |path: &str, method: &str, needs_key| Method {
            path: path.to_owned(),
            method: method.to_owned(),
            authorization: "NONE".to_owned(),
            needs_key,
        };
        let methods = vec![
            method("/", "ANY", needs_key),
            method("/{proxy+}", "ANY", needs_key),
            method("/{proxy+}", "OPTIONS", false),
        ];
        store.apis.push(Api {
            id: api_id.clone(),
            name: name.to_owned(),
            key_source: "HEADER".to_owned(),
            stages: BTreeMap::from([("prod".to_owned(), format!("dep{number:03}"))]),
            deployments: BTreeMap::from([(format!("dep{number:03}"), methods)]),
        });
        if plan {
            store.plans.push(Plan {
                id: format!("plan{number:02}"),
                name: format!("prod-{name}"),
                stages: BTreeSet::from([(api_id, "prod".to_owned())]),
                throttle: Some((100.0, 200)),
                quota: Some((1_000_000, "MONTH".to_owned())),
            });
        }
    }
    for (name, value, plan) in [
        ("legacy-mobile-app", "legacy-mobile-key-0001-abcdef", "plan01"),
        ("partner-acme", "partner-acme-key-0001-abcdef", "plan02"),
    ] {
        let given = json!({ "name": name, "value": value, "enabled": true, "tags": { "team": "by-hand" } });
        let key = store
            .create_key(&given, now_ms)
            .expect("the demo's keys keep to the rules");
        store.join(plan, &key.id).expect("the demo's plans are there");
    }
    store.mark_all_foreign();
}

/// What the options name besides.
pub(super) fn given(store: &mut Store, options: &Options, now_ms: i64) {
    for api in &options.apis {
        let methods = api
            .methods
            .iter()
            .map(|(path, method, authorization, needs_key)| Method {
                path: path.clone(),
                method: method.clone(),
                authorization: authorization.clone(),
                needs_key: *needs_key,
            });
        store.apis.push(Api {
            id: api.name.clone(),
            name: api.name.clone(),
            key_source: "HEADER".to_owned(),
            stages: BTreeMap::from([("prod".to_owned(), "dep001".to_owned())]),
            deployments: BTreeMap::from([("dep001".to_owned(), methods.collect())]),
        });
    }
    for key in &options.keys {
        let shown = json!({ "name": key.name, "enabled": true, "tags": key.tags });
        let made = store
            .create_key(&shown, now_ms)
            .expect("the keys that were given keep to the rules");
        for plan in &key.plans {
            store.join(plan, &made.id).expect("the plans that were named are there");
        }
    }
}
