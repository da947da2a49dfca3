//! An example made from a schema: always the same one, and what the schema takes as far as that is easily said.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::schema::types;
use crate::description::Description;
use crate::limits::{EXAMPLE_BYTES, GENERATED_DEPTH_MAX, GENERATED_REQUIRED_MAX, GENERATED_VALUES_MAX, REQUIRED_MAX};
use crate::tree::{Id, Node};

/// Which way a body goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// To the API; without what is `readOnly`.
    Sent,
    /// From it; without what is `writeOnly`.
    Received,
}

/// A value of a schema; `None` where nothing can be said of it.
pub(crate) fn generate<'t>(description: &Description<'t>, schema: Node<'t>, direction: Direction) -> Option<Value> {
    // Who sends an example wants it taken, so everything required is in it.
    let most = match direction {
        Direction::Sent => GENERATED_REQUIRED_MAX,
        Direction::Received => GENERATED_VALUES_MAX,
    };
    let mut maker = Maker {
        description,
        direction,
        left: most,
        spare: most - GENERATED_VALUES_MAX,
        trail: Vec::new(),
    };
    maker
        .value(schema, 0)
        .filter(|value| *value != json!({}) && !value.is_null())
}

struct Maker<'d, 't> {
    description: &'d Description<'t>,
    direction: Direction,
    /// How many more values there may be.
    left: usize,
    /// How many of them are for what is required.
    spare: usize,
    trail: Vec<Id>,
}

impl<'t> Maker<'_, 't> {
    fn value(&mut self, node: Node<'t>, depth: usize) -> Option<Value> {
        let node = self.description.resolve(node)?;
        if self.left == 0 || depth > GENERATED_DEPTH_MAX || self.trail.contains(&node.id) {
            return None;
        }
        self.left -= 1;
        if let Some(given) = given(node) {
            return Some(given);
        }
        self.trail.push(node.id);
        let value = self.made(node, depth);
        self.trail.pop();
        value
    }

    fn made(&mut self, node: Node<'t>, depth: usize) -> Option<Value> {
        let (types, nullable) = types(node);
        let mut whole = match types.first().map(String::as_str) {
            Some("object") => Some(self.object(node, depth)),
            Some("array") => self.list(node, depth),
            Some("string") => Some(Value::String(text(node))),
            Some("integer") => Some(integer(node)),
            Some("number") => Some(number(node)),
            Some("boolean") => Some(Value::Bool(true)),
            _ if nullable && node.get("allOf").is_none() => Some(Value::Null),
            _ => None,
        };
        for member in node
            .get("allOf")
            .into_iter()
            .flat_map(Node::items)
            .take(GENERATED_VALUES_MAX)
        {
            combine(&mut whole, self.value(member, depth + 1));
        }
        for key in ["oneOf", "anyOf"] {
            // The first that is more than null.
            let choices = node.get(key).into_iter().flat_map(Node::items).take(8);
            let chosen = choices
                .filter_map(|choice| self.value(choice, depth + 1))
                .find(|value| !value.is_null());
            combine(&mut whole, chosen);
        }
        whole
    }

    fn object(&mut self, node: Node<'t>, depth: usize) -> Value {
        let mut object = Map::new();
        let required = node.get("required").into_iter().flat_map(Node::items);
        let required: HashSet<&str> = required.filter_map(Node::text).take(REQUIRED_MAX).collect();
        let hidden = if self.direction == Direction::Sent {
            "readOnly"
        } else {
            "writeOnly"
        };
        for (name, property) in node.get("properties").into_iter().flat_map(Node::entries) {
            if self.left == 0 {
                break;
            }
            let is_hidden = self
                .description
                .resolve(property)
                .is_none_or(|property| property.is_true(hidden));
            if is_hidden || property.is_true(hidden) || (self.left <= self.spare && !required.contains(name)) {
                continue;
            }
            if let Some(value) = self.value(property, depth + 1) {
                object.insert(name.to_owned(), value);
            }
        }
        let additional = node
            .get("additionalProperties")
            .filter(|additional| additional.is_map() && object.is_empty());
        if let Some(value) = additional.and_then(|additional| self.value(additional, depth + 1)) {
            object.insert("key".to_owned(), value);
        }
        Value::Object(object)
    }

    fn list(&mut self, node: Node<'t>, depth: usize) -> Option<Value> {
        let first = node.get("prefixItems").into_iter().flat_map(Node::items).take(20);
        let mut list: Vec<Value> = first.filter_map(|item| self.value(item, depth + 1)).collect();
        if list.is_empty()
            && let Some(item) = node.get("items").and_then(|items| self.value(items, depth + 1))
        {
            let least = node
                .get("minItems")
                .and_then(Node::number)
                .and_then(|least| least.parse().ok());
            list = vec![item; least.unwrap_or(1usize).clamp(1, 3)];
        }
        Some(Value::Array(list))
    }
}

/// What a schema says of itself.
fn given(node: Node<'_>) -> Option<Value> {
    let first = |key| {
        node.get(key)
            .and_then(|list| list.items().find(|value| !value.is_null()))
    };
    let value = node
        .get("const")
        .or_else(|| node.get("example"))
        .or_else(|| first("examples"))
        .or_else(|| node.get("default").filter(|value| !value.is_null()))
        .or_else(|| first("enum"))?;
    (value.extent(EXAMPLE_BYTES / 4).0 <= EXAMPLE_BYTES / 4).then(|| value.to_value())
}

fn combine(whole: &mut Option<Value>, part: Option<Value>) {
    match (&mut *whole, part) {
        (Some(Value::Object(whole)), Some(Value::Object(part))) => {
            for (key, value) in part {
                whole.entry(key).or_insert(value);
            }
        }
        (None | Some(Value::Null), Some(part)) => *whole = Some(part),
        _ => {}
    }
}

fn text(node: Node<'_>) -> String {
    let text = match node.get_text("format") {
        Some("date-time") => "2026-01-31T09:30:00Z",
        Some("date") => "2026-01-31",
        Some("time") => "09:30:00Z",
        Some("duration") => "PT15M",
        Some("uuid") => "3f2b8c1e-5d47-4c0a-9b6e-2a1f0c9d8e7b",
        Some("email" | "idn-email") => "ada@example.com",
        Some("uri" | "url" | "iri") => "https://example.com/",
        Some("uri-reference") => "/path",
        Some("hostname" | "idn-hostname") => "example.com",
        Some("ipv4" | "ip") => "192.0.2.1",
        Some("ipv6") => "2001:db8::1",
        Some("byte") => "aGVsbG8=",
        Some("binary") => "",
        Some("json-pointer") => "/field",
        _ => "string",
    };
    let bound = |key| {
        node.get(key)
            .and_then(Node::number)
            .and_then(|number| number.parse::<usize>().ok())
    };
    let mut text = text.to_owned();
    if let Some(least) = bound("minLength") {
        let missing = least.min(EXAMPLE_BYTES / 8).saturating_sub(text.len());
        text.extend(std::iter::repeat_n('x', missing));
    }
    if let Some(most) = bound("maxLength") {
        text.truncate(most);
    }
    text
}

/// The least number that is taken, or else the greatest, or one.
fn number(node: Node<'_>) -> Value {
    let bound = |key: &str| {
        node.get(key)
            .and_then(Node::number)
            .and_then(|number| number.parse::<f64>().ok())
    };
    let step = bound("multipleOf").filter(|step| *step > 0.0);
    let one = step.unwrap_or(1.0);
    let value = match (
        bound("minimum"),
        bound("exclusiveMinimum"),
        bound("maximum"),
        bound("exclusiveMaximum"),
    ) {
        (Some(least), ..) if node.is_true("exclusiveMinimum") => least + one,
        (Some(least), _, most, _) if least > 1.0 || most.is_some_and(|most| most < 1.0) => least,
        (_, Some(beyond), ..) if beyond >= 1.0 => beyond + one,
        (_, _, Some(most), _) if most < 1.0 => most,
        (_, _, _, Some(below)) if below <= 1.0 => below - one,
        _ => one,
    };
    if value.fract() == 0.0 && value.abs() < 1e15 {
        json!(value as i64)
    } else {
        json!(value)
    }
}

fn integer(node: Node<'_>) -> Value {
    match number(node) {
        Value::Number(number) if number.is_f64() => json!(number.as_f64().unwrap_or(1.0).ceil() as i64),
        other => other,
    }
}
