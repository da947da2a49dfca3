//! What a node says of itself.

use serde_json::{Map, Value, json};

use super::plugins::AVAILABLE;
use super::schema::Table;
use super::store::id_of;
use super::{Flavor, Kong};

/// `GET /`.
pub(super) fn node(kong: &Kong) -> Value {
    let flavor = kong.options.flavor;
    let version = flavor.version();
    let available: Map<_, _> = AVAILABLE
        .iter()
        .map(|(name, priority)| ((*name).to_owned(), json!({ "version": version, "priority": priority })))
        .collect();
    let enabled: Vec<_> = kong
        .store
        .rows(Table::Plugins)
        .filter_map(|row| row.get("name"))
        .collect();
    let enabled: Map<_, _> = enabled
        .iter()
        .filter_map(|name| Some((name.as_str()?.to_owned(), json!(true))))
        .collect();
    json!({
        "plugins": {
            "available_on_server": available,
            "enabled_in_cluster": enabled.keys().collect::<Vec<_>>(),
            "disabled_on_server": {},
        },
        "version": version,
        "edition": if flavor == Flavor::Enterprise { "enterprise" } else { "community" },
        "tagline": "Welcome to kong",
        "hostname": "vendor-fakes",
        "node_id": kong.node_id,
        "lua_version": "LuaJIT 2.1.0-20231117",
        "timers": { "running": 0, "pending": 0 },
        "pids": { "master": 1, "workers": [2] },
        "configuration": {
            "database": if flavor == Flavor::DbLess { "off" } else { "postgres" },
            "role": "traditional",
            "router_flavor": "traditional_compatible",
            "db_update_frequency": 5,
            "plugins": ["bundled"],
        },
    })
}

/// `GET /status`.
pub(super) fn status(kong: &Kong) -> Value {
    let mut status = json!({
        "server": {
            "connections_active": 1, "connections_reading": 0, "connections_writing": 1, "connections_waiting": 0,
            "connections_accepted": 1, "connections_handled": 1, "total_requests": 1,
        },
        "memory": {
            "workers_lua_vms": [{ "pid": 2, "http_allocated_gc": "44.28 MiB" }],
            "lua_shared_dicts": { "kong_db_cache": { "allocated_slabs": "0.76 MiB", "capacity": "128.00 MiB" } },
        },
        "database": { "reachable": true },
    });
    if kong.options.flavor == Flavor::DbLess {
        status["configuration_hash"] = json!("00000000000000000000000000000000");
    }
    status
}

/// `GET /v2/control-planes/{id}` of Konnect.
pub(super) fn control_plane(kong: &Kong) -> Value {
    json!({
        "id": kong.control_plane(),
        "name": "default",
        "description": "",
        "labels": {},
        "config": {
            "control_plane_endpoint": "https://00000000.us.cp0.konghq.com",
            "telemetry_endpoint": "https://00000000.us.tp0.konghq.com",
            "cluster_type": "CLUSTER_TYPE_CONTROL_PLANE",
            "auth_type": "pinned_client_certs",
            "cloud_gateway": false,
            "proxy_urls": [],
        },
        "created_at": "2026-01-01T00:00:00.000Z",
        "updated_at": "2026-01-01T00:00:00.000Z",
    })
}

/// `GET /plugins/enabled`.
pub(super) fn enabled_plugins() -> Value {
    let names: Vec<_> = AVAILABLE.iter().map(|(name, _)| name).collect();
    json!({ "enabled_plugins": names })
}

/// `GET /workspaces` of the Enterprise edition.
pub(super) fn workspaces(kong: &Kong) -> Value {
    json!({ "data": [{ "id": kong.node_id, "name": kong.options.workspace, "comment": null }], "next": null })
}

/// `GET /tags` and `GET /tags/{tag}`, by the id of what is tagged.
pub(super) fn tags(kong: &Kong, only: Option<&str>) -> Value {
    let mut data = Vec::new();
    for table in Table::ALL {
        for row in kong.store.rows(table) {
            for tag in row.get("tags").and_then(Value::as_array).into_iter().flatten() {
                if only.is_none_or(|only| tag == only) {
                    data.push((
                        id_of(row),
                        json!({ "entity_name": table.name(), "entity_id": id_of(row), "tag": tag }),
                    ));
                }
            }
        }
    }
    data.sort_by_key(|(id, _)| *id);
    let data: Vec<_> = data.into_iter().map(|(_, tagged)| tagged).collect();
    json!({ "data": data, "next": null })
}
