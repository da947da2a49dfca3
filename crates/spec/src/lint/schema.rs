//! Schemas.

use super::{Linter, Sort};
use crate::compile::schema::types;
use crate::keywords::{DEFINITIONS, LISTS, MAPS, SINGLE};
use crate::tree::Node;

const TYPES: [&str; 7] = ["string", "number", "integer", "boolean", "array", "object", "null"];

/// A schema; its parts are looked at later.
pub(super) fn schema<'t>(linter: &mut Linter<'_, 't, '_>, node: Node<'t>) {
    parts(linter, node);
    kind(linter, node);
    values(linter, node);
    linter.external_docs(node);
    for (least, most) in [
        ("minimum", "maximum"),
        ("minLength", "maxLength"),
        ("minItems", "maxItems"),
        ("minProperties", "maxProperties"),
    ] {
        let number = |key| {
            node.get(key)
                .and_then(Node::number)
                .and_then(|number| number.parse::<f64>().ok())
        };
        if let (Some(from), Some(to)) = (number(least), number(most))
            && from > to
        {
            let message = format!("`{least}` is {from} and `{most}` is {to}: nothing can fulfill both.");
            linter.findings.warning("limits-contradict", node.id, message);
        }
    }
    for name in node.get("required").into_iter().flat_map(Node::items) {
        if name.text().is_none() {
            linter
                .findings
                .warning("wrong-kind", name.id, "`required` lists names of fields.");
        }
    }
    if let Some(required) = node.get("required").filter(|required| required.bool().is_some()) {
        let message = "`required: true` at a field has no meaning. List the field's name in `required` of the object that has it.";
        linter.findings.hint("required-at-field", required.id, message);
    }
}

fn parts<'t>(linter: &mut Linter<'_, 't, '_>, node: Node<'t>) {
    for key in MAPS.into_iter().chain(DEFINITIONS) {
        linter.look_at_entries(Sort::Schema, node.get(key));
    }
    for key in LISTS {
        let Some(list) = node.get(key) else { continue };
        if !list.is_list() {
            linter.findings.warning(
                "wrong-kind",
                list.id,
                format!("`{key}` is a list of schemas; it is left out."),
            );
        }
        for part in list.items() {
            linter.look(Sort::Schema, part);
        }
    }
    for part in SINGLE.iter().filter_map(|key| node.get(key)) {
        linter.look(Sort::Schema, part);
    }
    if let Some(items) = node.get("items") {
        if items.is_list() {
            for item in items.items() {
                linter.look(Sort::Schema, item);
            }
        } else {
            linter.look(Sort::Schema, items);
        }
    }
}

fn kind(linter: &mut Linter<'_, '_, '_>, node: Node<'_>) {
    let Some(kind) = node.get("type") else { return };
    let names = kind.text().into_iter().chain(kind.items().filter_map(Node::text));
    for name in names.filter(|name| !TYPES.contains(name) && *name != "file") {
        let message = format!(
            "There is no type {name:?}. The types are string, number, integer, boolean, array, object and null."
        );
        linter.findings.warning("type-unknown", kind.id, message);
    }
    if kind.text().is_none() && !kind.is_list() {
        linter
            .findings
            .warning("wrong-kind", kind.id, "`type` is a name, or a list of names.");
    }
    if kind.text() == Some("array") && node.get("items").is_none() && node.get("prefixItems").is_none() {
        linter.findings.hint(
            "items-missing",
            node.id,
            "It does not say what the list holds. Add `items`.",
        );
    }
    if kind.is_list() && linter.description.version < (3, 1) {
        linter.findings.hint(
            "type-list",
            kind.id,
            "A list of types is of OpenAPI 3.1; it is understood nevertheless.",
        );
    }
    if node.is_true("nullable") && linter.description.version >= (3, 1) {
        linter.findings.hint(
            "nullable-gone",
            node.id,
            "`nullable` is no longer in OpenAPI 3.1; it is understood nevertheless. Write `type: [string, \"null\"]`.",
        );
    }
}

fn values<'t>(linter: &mut Linter<'_, 't, '_>, node: Node<'t>) {
    let (types, nullable) = types(node);
    if let Some(list) = node.get("enum") {
        if !list.is_list() || list.len() == 0 {
            linter
                .findings
                .warning("enum-empty", list.id, "`enum` is a list with at least one value.");
        }
        for value in list.items().filter(|value| !value.is_null()) {
            of_type(linter, "enum-type", "The value", value, &types, nullable);
        }
    }
    for (key, rule) in [
        ("default", "default-type"),
        ("example", "example-type"),
        ("const", "enum-type"),
    ] {
        if let Some(value) = node.get(key) {
            of_type(linter, rule, &format!("`{key}`"), value, &types, nullable);
        }
    }
    for value in node.get("examples").into_iter().flat_map(Node::items) {
        of_type(linter, "example-type", "The example", value, &types, nullable);
    }
}

/// Says so when a value is of none of these types.
pub(super) fn of_type(
    linter: &mut Linter<'_, '_, '_>,
    rule: &'static str,
    what: &str,
    value: Node<'_>,
    types: &[String],
    nullable: bool,
) {
    if types.is_empty() || (value.is_null() && nullable) {
        return;
    }
    let is_it = |kind: &String| match kind.as_str() {
        "string" => value.text().is_some(),
        "number" => value.number().is_some(),
        "integer" => value
            .number()
            .is_some_and(|number| number.parse::<f64>().is_ok_and(|number| number.fract() == 0.0)),
        "boolean" => value.bool().is_some(),
        "array" => value.is_list(),
        "object" => value.is_map(),
        _ => true,
    };
    if !types.iter().any(is_it) {
        let message = format!(
            "{what} is {}, and the type is {}.",
            value.kind_name(),
            types.join(" or ")
        );
        linter.findings.hint(rule, value.id, message);
    }
}
