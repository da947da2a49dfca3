//! A Kong that somebody has run for a while.
//!
//! Five services with routes: `orders`, `payments` and `translation` ask for a key and a group, `reports` for any key, `status` for nothing;
//! and two consumers with keys. All of it is somebody else's.

use serde_json::{Value, json};

use super::schema::{Row, Table};
use super::store::{Now, Store};

/// Fills an empty store; everything in it is somebody else's.
pub(super) fn demo(store: &mut Store, now_ms: i64) {
    let mut put = |table, fields: Value| put(store, table, fields, now_ms);
    for (number, name, group, key) in [
        (1, "orders", Some("prod-orders"), true),
        (2, "payments", Some("prod-payments"), true),
        // Any key of anybody is admitted here: a mapping to it deserves a warning.
        (3, "reports", None, true),
        (4, "status", None, false),
        (5, "translation", Some("prod-translation"), true),
    ] {
        let service = json!({ "id": id(0x10, number) });
        put(
            Table::Services,
            json!({ "id": id(0x10, number), "name": name, "host": "upstream.internal", "path": format!("/{name}"), "tags": ["shop"] }),
        );
        put(
            Table::Routes,
            json!({ "id": id(0x20, number), "name": format!("{name}-route"), "paths": [format!("/{name}")], "service": service }),
        );
        if key {
            let config = json!({ "key_names": ["apikey", "x-api-key"], "hide_credentials": true });
            put(
                Table::Plugins,
                json!({ "id": id(0x30, number), "name": "key-auth", "service": service, "config": config }),
            );
        }
        if let Some(group) = group {
            put(
                Table::Plugins,
                json!({ "id": id(0x40, number), "name": "acl", "service": service, "config": { "allow": [group] } }),
            );
        }
    }
    for (number, username, key, group) in [
        (1, "legacy-mobile-app", "legacy-mobile-key-0001", "prod-orders"),
        (2, "partner-acme", "partner-acme-key-0001", "prod-payments"),
    ] {
        let consumer = json!({ "id": id(0x50, number) });
        put(
            Table::Consumers,
            json!({ "id": id(0x50, number), "username": username, "tags": ["by-hand"] }),
        );
        put(
            Table::KeyAuths,
            json!({ "id": id(0x60, number), "key": key, "consumer": consumer }),
        );
        put(
            Table::Acls,
            json!({ "id": id(0x70, number), "group": group, "consumer": consumer }),
        );
    }
    store.mark_all_foreign();
}

fn put(store: &mut Store, table: Table, fields: Value, now_ms: i64) {
    let fields: Row = serde_json::from_value(fields).expect("an object was given");
    let now = Now {
        ms: now_ms,
        lenient: false,
    };
    store
        .insert(table, fields, now)
        .expect("the demo's rows keep to their schemas and to each other");
}

fn id(kind: u32, number: u32) -> String {
    format!("{kind:08x}-0000-4000-8000-{number:012x}")
}
