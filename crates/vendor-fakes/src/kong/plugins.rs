//! Plugins' configurations.
//!
//! The three that decide about admission here are checked and completed as Kong does; those that are only listed as available are
//! stored as they were given and do nothing.

use serde_json::{Map, Value, json};

use super::check::complete;
use super::schema::{Field, Initial, Kind, Row, maybe, must};

/// What a node of Kong 3.9 has; the order is that of its answer.
pub(super) const AVAILABLE: &[(&str, i32)] = &[
    ("proxy-cache", 100),
    ("jwt", 1450),
    ("acl", 950),
    ("correlation-id", 100_001),
    ("cors", 2000),
    ("oauth2", 1400),
    ("file-log", 9),
    ("http-log", 12),
    ("key-auth", 1250),
    ("hmac-auth", 1030),
    ("basic-auth", 1100),
    ("ip-restriction", 990),
    ("request-transformer", 801),
    ("response-transformer", 800),
    ("request-size-limiting", 951),
    ("rate-limiting", 910),
    ("response-ratelimiting", 900),
    ("post-function", -1000),
    ("bot-detection", 2500),
    ("pre-function", 1_000_000),
    ("request-termination", 2),
    ("prometheus", 13),
];

const KEY_AUTH: &[Field] = &[
    must("key_names", Kind::List, Initial::Texts(&["apikey"])),
    must("hide_credentials", Kind::Bool, Initial::Bool(false)),
    maybe("anonymous", Kind::Text),
    must("key_in_header", Kind::Bool, Initial::Bool(true)),
    must("key_in_query", Kind::Bool, Initial::Bool(true)),
    must("key_in_body", Kind::Bool, Initial::Bool(false)),
    must("run_on_preflight", Kind::Bool, Initial::Bool(true)),
    maybe("realm", Kind::Text),
];

const ACL: &[Field] = &[
    maybe("allow", Kind::List),
    maybe("deny", Kind::List),
    must("hide_groups_header", Kind::Bool, Initial::Bool(false)),
    must("always_use_authenticated_groups", Kind::Bool, Initial::Bool(false)),
];

const REQUEST_TERMINATION: &[Field] = &[
    must("status_code", Kind::Int(100, 599), Initial::Int(503)),
    maybe("message", Kind::Text),
    maybe("content_type", Kind::Text),
    maybe("body", Kind::Text),
    must("echo", Kind::Bool, Initial::Bool(false)),
    maybe("trigger", Kind::Text),
];

/// The configuration of the plugin that this body names, whole; `None` where the body's own fields are already wrong.
/// What is wrong comes as a tree for the whole body.
pub(super) fn complete_config(body: &Row, lenient: bool) -> Result<Option<Row>, Row> {
    let Some(Value::String(name)) = body.get("name") else {
        return Ok(None);
    };
    let given = match body.get("config") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(config)) => config.clone(),
        Some(_) => return Ok(None),
    };
    let fields = match name.as_str() {
        "key-auth" => KEY_AUTH,
        "acl" => ACL,
        "request-termination" => REQUEST_TERMINATION,
        other if AVAILABLE.iter().any(|(available, _)| *available == other) => return Ok(Some(given)),
        other => {
            let why = format!("plugin '{other}' not enabled; add it to the 'plugins' configuration property");
            return Err(tree("name", json!(why)));
        }
    };
    let config = complete(fields, given, lenient).map_err(|wrong| tree("config", Value::Object(wrong)))?;
    match whole(name, &config) {
        wrong if wrong.is_empty() => Ok(Some(config)),
        wrong => Err(tree("@entity", json!(wrong))),
    }
}

fn tree(name: &str, wrong: Value) -> Row {
    Row::from_iter([(name.to_owned(), wrong)])
}

/// What is wrong between the fields of one configuration.
fn whole(name: &str, config: &Row) -> Vec<&'static str> {
    let set = |field: &str| match &config[field] {
        Value::Null => false,
        Value::Array(items) => !items.is_empty(),
        _ => true,
    };
    let mut wrong = Vec::new();
    if name == "acl" {
        if set("allow") == set("deny") {
            wrong.push("exactly one of these fields must be non-empty: 'config.allow', 'config.deny'");
        }
        if !set("allow") && !set("deny") {
            wrong.push("at least one of these fields must be non-empty: 'config.allow', 'config.deny'");
        }
    }
    if name == "request-termination" {
        if set("message") && (set("content_type") || set("body")) {
            wrong.push("message cannot be used with content_type or body");
        }
        if set("content_type") && !set("body") {
            wrong.push("content_type requires a body");
        }
    }
    wrong
}
