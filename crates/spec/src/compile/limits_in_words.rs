//! What narrows a value, as a person says it.

use super::words::{beginning, line};
use crate::tree::Node;

/// Longest pattern that is shown.
const PATTERN_MAX_BYTES: usize = 300;

/// Every limit of a schema.
pub(crate) fn limits(node: Node<'_>) -> Vec<String> {
    let mut limits = Vec::new();
    bounds(node, &mut limits);
    count(
        node,
        ("minLength", "maxLength"),
        ("character", "characters"),
        &mut limits,
    );
    count(node, ("minItems", "maxItems"), ("item", "items"), &mut limits);
    count(
        node,
        ("minProperties", "maxProperties"),
        ("field", "fields"),
        &mut limits,
    );
    count(
        node,
        ("minContains", "maxContains"),
        ("item of the kind below", "items of the kind below"),
        &mut limits,
    );
    if let Some(pattern) = node.get_text("pattern") {
        limits.push(format!("matches {}", cut(pattern)));
    }
    if let Some(of) = node.get("multipleOf").and_then(Node::number) {
        limits.push(format!("a multiple of {of}"));
    }
    if node.is_true("uniqueItems") {
        limits.push("no item twice".to_owned());
    }
    if let Some(encoding) = node.get_text("contentEncoding") {
        limits.push(format!("encoded in {}", line(encoding)));
    }
    if let Some(media_type) = node.get_text("contentMediaType") {
        limits.push(format!("holds {}", line(media_type)));
    }
    if let Some(pattern) = node.get("propertyNames").and_then(|names| names.get_text("pattern")) {
        limits.push(format!("field names match {}", cut(pattern)));
    }
    if node.get("contains").is_some() && node.get("minContains").is_none() {
        limits.push("at least one item is of a certain kind".to_owned());
    }
    for (field, others) in node
        .get("dependentRequired")
        .into_iter()
        .flat_map(Node::entries)
        .take(20)
    {
        let others: Vec<String> = others.items().filter_map(Node::text).take(20).map(line).collect();
        limits.push(format!("with {} also {}", line(field), others.join(", ")));
    }
    if node.get("if").is_some() {
        limits.push("has further conditions (if, then, else)".to_owned());
    }
    limits
}

fn cut(pattern: &str) -> String {
    let start = beginning(pattern, PATTERN_MAX_BYTES);
    let dots = if start.len() < pattern.len() { "…" } else { "" };
    format!("{}{dots}", start.replace(super::words::is_hidden, "\u{fffd}"))
}

/// Least and greatest number. An exclusive bound is a number of its own, or, up to OpenAPI 3.0, a flag.
fn bounds(node: Node<'_>, limits: &mut Vec<String>) {
    for (key, exclusive, at, beyond) in [
        ("minimum", "exclusiveMinimum", "at least", "more than"),
        ("maximum", "exclusiveMaximum", "at most", "less than"),
    ] {
        let flag = node.is_true(exclusive);
        if let Some(bound) = node.get(key).and_then(Node::number) {
            limits.push(format!("{} {bound}", if flag { beyond } else { at }));
        }
        if let Some(bound) = node.get(exclusive).and_then(Node::number) {
            limits.push(format!("{beyond} {bound}"));
        }
    }
}

fn count(node: Node<'_>, keys: (&str, &str), unit: (&str, &str), limits: &mut Vec<String>) {
    let least = node.get(keys.0).and_then(Node::number).filter(|least| *least != "0");
    let most = node.get(keys.1).and_then(Node::number);
    let named = |count: &str| {
        if count == "1" {
            unit.0.to_owned()
        } else {
            unit.1.to_owned()
        }
    };
    match (least, most) {
        (Some(least), Some(most)) if least == most => limits.push(format!("exactly {least} {}", named(least))),
        (Some(least), Some(most)) => limits.push(format!("{least} to {most} {}", unit.1)),
        (Some(least), None) => limits.push(format!("at least {least} {}", named(least))),
        (None, Some(most)) => limits.push(format!("at most {most} {}", named(most))),
        (None, None) => {}
    }
}
