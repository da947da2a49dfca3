//! Paths, operations, parameters, bodies.

use std::collections::HashMap;

use super::{Linter, Sort, is_operation};
use crate::compile::operation::{Found, methods, template};
use crate::compile::parameter::{is_said_elsewhere, location, parameters_of};
use crate::compile::schema::types;
use crate::limits::WORDS_MAX;
use crate::model::Location;
use crate::tree::Node;

/// What can only be seen of all operations together.
pub(super) fn paths<'t>(linter: &mut Linter<'_, 't, '_>, found: &[Found<'t>]) {
    let root = linter.description.root;
    let mut ids: HashMap<&str, ()> = HashMap::new();
    for operation in found {
        match operation.id {
            None if is_operation(operation) => {
                let message = "It has no `operationId`, so its address is made from its path and changes with it.";
                linter.findings.hint("operation-id-missing", operation.node.id, message);
            }
            Some(id) if ids.insert(id, ()).is_some() => {
                let message = format!("The `operationId` {id:?} is used more than once; give each operation its own.");
                linter
                    .findings
                    .warning("operation-id-duplicate", operation.node.id, message);
            }
            _ => {}
        }
        if is_operation(operation) {
            path_parameters(linter, operation);
        }
    }
    if found.is_empty() {
        linter
            .findings
            .warning("no-operations", root.id, "There is no operation in it.");
    }
    let mut templates: HashMap<String, &str> = HashMap::new();
    for (path, item) in root.get("paths").into_iter().flat_map(Node::entries) {
        if path.starts_with("x-") {
            continue;
        }
        if !path.starts_with('/') {
            let message = format!("The path {path:?} has to start with a slash.");
            linter.findings.warning("path-without-slash", item.id, message);
        }
        if path.contains(['?', '#']) {
            let message = format!("The path {path:?} holds a query or a fragment. Describe queries as parameters.");
            linter.findings.warning("path-with-query", item.id, message);
        }
        let template = template(path);
        if let Some(other) = templates.insert(template, path) {
            let message =
                format!("{path:?} and {other:?} are the same path; only the names of parameters differ. Keep one.");
            linter.findings.warning("path-identical", item.id, message);
        }
    }
}

/// The names in a path's template, the first ones.
fn names(path: &str) -> Vec<&str> {
    path.split('{')
        .skip(1)
        .filter_map(|rest| Some(rest.split_once('}')?.0))
        .take(WORDS_MAX)
        .collect()
}

fn path_parameters<'t>(linter: &mut Linter<'_, 't, '_>, operation: &Found<'t>) {
    let declared: Vec<&str> = parameters_of(linter.description, operation.path, operation.node)
        .into_iter()
        .filter(|(location, ..)| *location == Location::Path)
        .map(|(_, name, _)| name)
        .collect();
    let path = &operation.link.path;
    let named = names(path);
    for name in named.iter().filter(|name| !declared.contains(name)) {
        let message =
            format!("{path} has {{{name}}}, and no parameter of the path says what it is. Add one with `in: path`.");
        linter
            .findings
            .warning("path-parameter-missing", operation.node.id, message);
    }
    for name in declared.iter().filter(|name| !named.contains(name)) {
        let message = format!("The parameter {name:?} is to stand in the path, and {path} has no {{{name}}}.");
        linter
            .findings
            .warning("path-parameter-undeclared", operation.node.id, message);
    }
}

/// A path's object.
pub(super) fn path<'t>(linter: &mut Linter<'_, 't, '_>, node: Node<'t>) {
    const FIELDS: [&str; 6] = [
        "$ref",
        "summary",
        "description",
        "servers",
        "parameters",
        "additionalOperations",
    ];
    for parameter in node.get("parameters").into_iter().flat_map(Node::items) {
        linter.look(Sort::Parameter, parameter);
    }
    linter.servers(node);
    for (key, value) in node.entries() {
        let is_method = [
            "get", "put", "post", "delete", "options", "head", "patch", "trace", "query",
        ]
        .contains(&key);
        if !is_method && !FIELDS.contains(&key) && !key.starts_with("x-") {
            let message = format!("{key:?} is no method and no other field of a path; it is left out.");
            linter.findings.warning("method-unknown", value.id, message);
        } else if is_method && !value.is_map() {
            let message = format!(
                "An operation is an object, and there is {}; it is left out.",
                value.kind_name()
            );
            linter.findings.warning("wrong-kind", value.id, message);
        }
    }
    let operations: Vec<_> = methods(node).collect();
    for (method, operation) in operations {
        self::operation(linter, &method, operation);
    }
}

fn operation<'t>(linter: &mut Linter<'_, 't, '_>, method: &str, node: Node<'t>) {
    let mut known = std::collections::HashSet::new();
    for parameter in node.get("parameters").into_iter().flat_map(Node::items) {
        linter.look(Sort::Parameter, parameter);
        let resolved = linter.description.resolve(parameter);
        let key = resolved.and_then(|parameter| Some((parameter.get_text("in")?, parameter.get_text("name")?)));
        if let Some(key) = key.filter(|key| !known.insert(*key)) {
            let message = format!(
                "The parameter {:?} of the {} stands here twice; only the last counts.",
                key.1, key.0
            );
            linter.findings.warning("parameter-duplicate", parameter.id, message);
        }
    }
    if let Some(body) = node.get("requestBody") {
        linter.look(Sort::RequestBody, body);
        if matches!(method, "GET" | "HEAD" | "DELETE" | "TRACE") {
            let message =
                format!("A body of {method} has no meaning that is agreed on (RFC 9110); many programs drop it.");
            linter.findings.hint("body-without-meaning", body.id, message);
        }
    }
    match node.get("responses").filter(|responses| responses.len() > 0) {
        None => linter.findings.warning(
            "response-missing",
            node.id,
            "It does not say what comes back. Add `responses`.",
        ),
        Some(responses) => {
            for (status, response) in responses.entries().filter(|(status, _)| !status.starts_with("x-")) {
                linter.look(Sort::Response, response);
                let bytes = status.as_bytes();
                let is_status = status == "default"
                    || (bytes.len() == 3
                        && (b'1'..=b'5').contains(&bytes[0])
                        && (bytes[1..].iter().all(u8::is_ascii_digit) || bytes[1..].eq_ignore_ascii_case(b"xx")));
                if !is_status {
                    let message = format!("{status:?} is no status: 200, 4XX and default are.");
                    linter.findings.warning("status-unknown", response.id, message);
                }
            }
        }
    }
    if ["summary", "description", "operationId"]
        .iter()
        .all(|key| node.get(key).is_none())
    {
        linter.findings.hint(
            "summary-missing",
            node.id,
            "It does not say what it does. Add a `summary`.",
        );
    }
    linter.look_at_entries(Sort::Callback, node.get("callbacks"));
    linter.security(node);
    linter.servers(node);
    linter.external_docs(node);
}

/// A parameter or a header field.
pub(super) fn parameter<'t>(linter: &mut Linter<'_, 't, '_>, node: Node<'t>, sort: Sort) {
    if sort == Sort::Parameter {
        let name = node.get_text("name");
        match (name, location(node)) {
            (Some(name), Some(location)) if is_said_elsewhere(location, name) => {
                let message = format!(
                    "The header {name} is described by media types and security, not as a parameter; it is left out."
                );
                linter.findings.hint("parameter-ignored", node.id, message);
            }
            (Some(_), Some(Location::Path)) if !node.is_true("required") => {
                linter.findings.warning(
                    "path-parameter-optional",
                    node.id,
                    "A parameter of the path needs `required: true`; it is read as if it had it.",
                );
            }
            (Some(_), Some(_)) => {}
            _ => {
                let message =
                    "A parameter needs `name` and `in` (path, query, header or cookie); this one is left out.";
                linter.findings.warning("parameter-incomplete", node.id, message);
            }
        }
    }
    match (node.get("schema"), node.get("content")) {
        (Some(schema), _) => {
            linter.look(Sort::Schema, schema);
            example(linter, node, schema);
        }
        (None, Some(_)) => {}
        (None, None) => linter.findings.hint(
            "schema-missing",
            node.id,
            "It does not say what it may be. Add a `schema`.",
        ),
    }
    contents(linter, node);
    linter.look_at_entries(Sort::Example, node.get("examples"));
}

/// What has `content`.
pub(super) fn contents<'t>(linter: &mut Linter<'_, 't, '_>, node: Node<'t>) {
    for (media_type, content) in node.get("content").into_iter().flat_map(Node::entries) {
        let essence = media_type.split(';').next().unwrap_or_default().trim();
        let is_token = |part: &str| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
        };
        if !essence
            .split_once('/')
            .is_some_and(|(kind, subtype)| is_token(kind) && is_token(subtype))
        {
            let message = format!("{media_type:?} is no media type, as application/json is.");
            linter.findings.warning("media-type-malformed", content.id, message);
        }
        linter.look(Sort::Content, content);
    }
}

/// A body in one media type.
pub(super) fn content<'t>(linter: &mut Linter<'_, 't, '_>, node: Node<'t>) {
    for key in ["schema", "itemSchema"] {
        if let Some(schema) = node.get(key) {
            linter.look(Sort::Schema, schema);
        }
    }
    if let Some(schema) = node.get("schema") {
        example(linter, node, schema);
    }
    linter.look_at_entries(Sort::Example, node.get("examples"));
    for (_, encoding) in node.get("encoding").into_iter().flat_map(Node::entries) {
        linter.look_at_entries(Sort::Header, encoding.get("headers"));
    }
}

/// What comes back.
pub(super) fn response<'t>(linter: &mut Linter<'_, 't, '_>, node: Node<'t>) {
    contents(linter, node);
    linter.look_at_entries(Sort::Header, node.get("headers"));
    linter.look_at_entries(Sort::Link, node.get("links"));
}

/// Whether an example is of its schema's type.
fn example<'t>(linter: &mut Linter<'_, 't, '_>, node: Node<'t>, schema: Node<'t>) {
    let Some(schema) = linter.description.resolve(schema) else {
        return;
    };
    let (types, nullable) = types(schema);
    if let Some(example) = node.get("example") {
        super::schema::of_type(linter, "example-type", "The example", example, &types, nullable);
    }
}
