//! A JSON Schema that stands alone and judges a body before it is sent.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use crate::description::Description;
use crate::keywords::{LISTS, MAPS, SINGLE};
use crate::limits::JUDGE_MAX_BYTES;
use crate::tree::{Id, Node};

/// What says something to people only, or is of OpenAPI.
const DROPPED: [&str; 16] = [
    "title",
    "description",
    "default",
    "example",
    "examples",
    "deprecated",
    "externalDocs",
    "xml",
    "discriminator",
    "nullable",
    "readOnly",
    "writeOnly",
    "$comment",
    "$schema",
    "$id",
    "collectionFormat",
];

/// JSON Schema (2020-12) of a body to be sent; `None` where it would be too long.
pub(super) fn judge<'t>(description: &Description<'t>, schema: Node<'t>) -> Option<Value> {
    let mut judge = Judge {
        description,
        names: HashMap::new(),
        open: Vec::new(),
        bytes: 0,
    };
    let mut whole = judge.schema(schema)?;
    let mut definitions = Map::new();
    while let Some((name, node)) = judge.open.pop() {
        let definition = judge.schema(node)?;
        definitions.insert(name, definition);
    }
    if !definitions.is_empty() {
        whole = match whole {
            Value::Object(map) if !map.contains_key("$defs") => Value::Object(map),
            other => json!({ "allOf": [other] }),
        };
        whole
            .as_object_mut()?
            .insert("$defs".to_owned(), Value::Object(definitions));
    }
    // A schema that takes everything judges nothing, and one that is its own part never ends.
    (whole != json!({}) && !is_circle(&whole)).then_some(whole)
}

/// Whether a definition comes back to itself without going into a value.
fn is_circle(whole: &Value) -> bool {
    let Some(definitions) = whole.get("$defs").and_then(Value::as_object) else {
        return false;
    };
    let edges: HashMap<&str, Vec<&str>> = definitions
        .iter()
        .map(|(name, definition)| (name.as_str(), beside(definition)))
        .collect();
    let mut done = std::collections::HashSet::new();
    for start in edges.keys() {
        // Depth first; a name that is met while it is open closes a circle.
        let (mut open, mut steps) = (std::collections::HashSet::new(), vec![(*start, false)]);
        while let Some((name, is_left)) = steps.pop() {
            if is_left {
                open.remove(name);
                done.insert(name);
            } else if open.contains(name) {
                return true;
            } else if !done.contains(name) {
                open.insert(name);
                steps.push((name, true));
                steps.extend(edges.get(name).into_iter().flatten().map(|next| (*next, false)));
            }
        }
    }
    false
}

/// The definitions that judge the same value as a schema does.
fn beside(schema: &Value) -> Vec<&str> {
    let (mut found, mut open) = (Vec::new(), vec![schema]);
    while let Some(schema) = open.pop() {
        let Some(map) = schema.as_object() else { continue };
        found.extend(
            map.get("$ref")
                .and_then(Value::as_str)
                .and_then(|target| target.strip_prefix("#/$defs/")),
        );
        open.extend(["not", "if", "then", "else"].iter().filter_map(|key| map.get(*key)));
        open.extend(
            ["allOf", "anyOf", "oneOf"]
                .iter()
                .filter_map(|key| map.get(*key)?.as_array())
                .flatten(),
        );
        open.extend(
            map.get("dependentSchemas")
                .and_then(Value::as_object)
                .into_iter()
                .flat_map(Map::values),
        );
    }
    found
}

struct Judge<'d, 't> {
    description: &'d Description<'t>,
    names: HashMap<Id, String>,
    /// Definitions that are named and not yet made.
    open: Vec<(String, Node<'t>)>,
    bytes: usize,
}

impl<'t> Judge<'_, 't> {
    fn schema(&mut self, node: Node<'t>) -> Option<Value> {
        if let Some(value) = node.bool() {
            return Some(Value::Bool(value));
        }
        let mut schema = Map::new();
        let reference = self.description.reference(node);
        if let Some((_, target)) = reference {
            // Where a reference leads nowhere, everything goes.
            if let Some(target) = target.filter(|target| self.description.resolve(*target).is_some()) {
                let name = self.name(target);
                self.spend(name.len() + 20)?;
                schema.insert("$ref".to_owned(), Value::String(format!("#/$defs/{name}")));
            }
            if self.description.version < (3, 1) {
                return Some(Value::Object(schema));
            }
        }
        let nullable = node.is_true("nullable") || node.is_true("x-nullable");
        for (key, value) in node.entries() {
            if key.starts_with("x-") || key.starts_with('$') || DROPPED.contains(&key) {
                continue;
            }
            self.spend(key.len() + 6)?;
            if let Some(value) = self.keyword(node, key, value, nullable)? {
                schema.insert(key.to_owned(), value);
            }
        }
        // Alternatives overlap in many descriptions, since their authors mean "one of" and not "no other of"; a body that two of
        // them take is for the API to judge.
        if let Some(choices) = schema.remove("oneOf") {
            if schema.contains_key("anyOf") {
                let more = schema.entry("allOf").or_insert_with(|| json!([]));
                more.as_array_mut()?.push(json!({ "anyOf": choices }));
            } else {
                schema.insert("anyOf".to_owned(), choices);
            }
        }
        // A flag up to OpenAPI 3.0.
        for (flag, bound) in [("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")] {
            if node.get(flag).is_some_and(|flag| flag.bool().is_some()) {
                schema.remove(flag);
                if node.is_true(flag)
                    && let Some(value) = schema.remove(bound)
                {
                    schema.insert(flag.to_owned(), value);
                }
            }
        }
        if nullable && reference.is_none() && !schema.contains_key("type") && !schema.is_empty() {
            schema = Map::from_iter([("anyOf".to_owned(), json!([{ "type": "null" }, schema]))]);
        }
        Some(Value::Object(schema))
    }

    /// The outer `None` is one that became too long.
    fn keyword(&mut self, node: Node<'t>, key: &str, value: Node<'t>, nullable: bool) -> Option<Option<Value>> {
        if MAPS.contains(&key) {
            let mut map = Map::new();
            for (name, part) in value.entries() {
                self.spend(name.len() + 6)?;
                map.insert(name.to_owned(), self.schema(part)?);
            }
            return Some(Some(Value::Object(map)));
        }
        if LISTS.contains(&key) || (key == "items" && value.is_list()) {
            let parts: Option<Vec<Value>> = value.items().map(|part| self.schema(part)).collect();
            return Some(Some(Value::Array(parts?)).filter(|list| *list != json!([])));
        }
        if key == "items" || SINGLE.contains(&key) {
            return Some(Some(self.schema(value)?));
        }
        self.spend(value.extent(JUDGE_MAX_BYTES).0)?;
        Some(match key {
            "type" => kinds(value, nullable),
            "enum" => {
                let mut values: Vec<Value> = value.items().map(Node::to_value).collect();
                if nullable && !values.contains(&Value::Null) {
                    values.push(Value::Null);
                }
                Some(Value::Array(values))
            }
            // What only answers have is not asked for.
            "required" => {
                let names = value
                    .items()
                    .filter_map(Node::text)
                    .filter(|name| !self.is_read_only(node, name));
                let names: Vec<&str> = names.collect();
                (!names.is_empty()).then(|| json!(names))
            }
            "definitions" => None,
            _ => Some(value.to_value()),
        })
    }

    fn is_read_only(&self, node: Node<'t>, name: &str) -> bool {
        let property = node.get("properties").and_then(|properties| properties.get(name));
        property.is_some_and(|property| {
            property.is_true("readOnly")
                || self
                    .description
                    .resolve(property)
                    .is_some_and(|property| property.is_true("readOnly"))
        })
    }

    fn name(&mut self, target: Node<'t>) -> String {
        if let Some(name) = self.names.get(&target.id) {
            return name.clone();
        }
        let page = self.description.page(target.id).map(|page| page.slug.as_str());
        let name = format!("{}{}", page.unwrap_or("s"), self.names.len());
        self.names.insert(target.id, name.clone());
        self.open.push((name.clone(), target));
        name
    }

    fn spend(&mut self, bytes: usize) -> Option<()> {
        self.bytes += bytes;
        (self.bytes <= JUDGE_MAX_BYTES).then_some(())
    }
}

/// `type`, with null where it may be that; only what JSON Schema knows.
fn kinds(value: Node<'_>, nullable: bool) -> Option<Value> {
    const KNOWN: [&str; 7] = ["string", "number", "integer", "boolean", "array", "object", "null"];
    let named = value.text().into_iter().chain(value.items().filter_map(Node::text));
    let mut kinds: Vec<&str> = Vec::new();
    for kind in named {
        if !KNOWN.contains(&kind) {
            return None;
        }
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    if nullable && !kinds.contains(&"null") {
        kinds.push("null");
    }
    match kinds[..] {
        [] => None,
        [only] => Some(json!(only)),
        _ => Some(json!(kinds)),
    }
}
