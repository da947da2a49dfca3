//! What a form starts with: required parameters and the body, from the description's own examples.

use serde_json::{Value, json};

use super::body::{BodyKind, body_kind, takes_none};
use super::{is_left_out, is_nothing, names_in};
use crate::ecmascript::pretty;
use crate::model::{Content, Encoding, Example, Location, Operation, Parameter};
use crate::schema::Schema;
use crate::values::{Given, GivenBody, GivenField, GivenFile, Values};

/// Values that make a request as it is meant: every required parameter, and the first of the bodies.
pub fn example(operation: &Operation) -> Values {
    let described = operation
        .parameters
        .iter()
        .filter(|parameter| parameter.required && !is_left_out(parameter, &[]));
    let mut parameters: Vec<_> = described.map(given).collect();
    for name in names_in(&operation.link.path) {
        if !operation
            .parameters
            .iter()
            .any(|known| known.location == Location::Path && known.name == name)
        {
            parameters.push(Given {
                location: Location::Path,
                name: name.to_owned(),
                value: json!(name),
            });
        }
    }
    let first = operation.request_body.iter().flat_map(|body| &body.contents).next();
    Values {
        parameters,
        body: first.filter(|_| !takes_none(&operation.link.method)).map(body),
    }
}

fn given(parameter: &Parameter) -> Given {
    let shown = parameter
        .examples
        .iter()
        .map(|example| &example.value)
        .find(|value| !is_nothing(value))
        .cloned();
    let value = shown
        .or_else(|| sample(&parameter.schema, 0))
        .unwrap_or_else(|| json!(parameter.name));
    Given {
        location: parameter.location,
        name: parameter.name.clone(),
        value,
    }
}

/// A value that a schema without examples may have.
fn sample(schema: &Schema, depth: usize) -> Option<Value> {
    let said = schema
        .default
        .iter()
        .chain(&schema.examples)
        .chain(&schema.allowed)
        .find(|value| !is_nothing(value));
    if said.is_some() || depth > 3 {
        return said.cloned();
    }
    if let Some(choice) = schema.one_of.iter().chain(&schema.any_of).chain(&schema.all_of).next() {
        return sample(choice, depth + 1);
    }
    match schema.types.first().map(String::as_str) {
        Some("boolean") => Some(json!(true)),
        Some("integer" | "number") => Some(json!(1)),
        Some("array") => Some(json!([schema
            .items
            .as_deref()
            .and_then(|items| sample(items, depth + 1))?])),
        Some("object") => {
            let required = schema.properties.iter().filter(|property| property.required);
            let fields: serde_json::Map<_, _> = required
                .filter_map(|property| Some((property.name.clone(), sample(&property.schema, depth + 1)?)))
                .collect();
            (!fields.is_empty()).then_some(Value::Object(fields))
        }
        Some("string") => Some(match schema.format.as_deref() {
            Some("uuid") => json!("00000000-0000-4000-8000-000000000000"),
            Some("date") => json!("2026-01-31"),
            Some("date-time") => json!("2026-01-31T12:00:00Z"),
            Some("email") => json!("ada@example.com"),
            Some("uri" | "url") => json!("https://example.com"),
            _ => return None,
        }),
        _ => None,
    }
}

fn body(content: &Content) -> GivenBody {
    let value = content.examples.first();
    let mut body = GivenBody {
        media_type: content.media_type.clone(),
        text: None,
        base64: None,
        fields: Vec::new(),
    };
    match body_kind(&content.media_type) {
        BodyKind::Json => body.text = Some(value.map_or_else(|| "{}".to_owned(), json_text)),
        BodyKind::Text => body.text = Some(value.map(plain_text).unwrap_or_default()),
        BodyKind::Bytes => body.base64 = Some(String::new()),
        BodyKind::Form | BodyKind::Parts => body.fields = fields(content, value.map(|example| &example.value)),
    }
    body
}

/// A cut example is the beginning of a text already.
fn json_text(example: &Example) -> String {
    if example.cut {
        plain_text(example)
    } else {
        pretty(&example.value)
    }
}

fn plain_text(example: &Example) -> String {
    example
        .value
        .as_str()
        .map_or_else(|| pretty(&example.value), str::to_owned)
}

/// Fields of a form: those of the example, and required files, which no example has.
fn fields(content: &Content, example: Option<&Value>) -> Vec<GivenField> {
    let parts = body_kind(&content.media_type) == BodyKind::Parts;
    let shown = example.and_then(Value::as_object);
    let mut fields = Vec::new();
    for property in content.schema.iter().flat_map(|schema| &schema.properties) {
        let value = shown
            .and_then(|shown| shown.get(&property.name))
            .filter(|value| !is_nothing(value));
        if property.pattern || property.schema.read_only || (value.is_none() && !property.required) {
            continue;
        }
        let name = property.name.clone();
        let encoding = content.encodings.iter().find(|encoding| encoding.field == name);
        if parts && is_file(&property.schema, encoding) {
            let file = GivenFile {
                name: format!("{name}.bin"),
                media_type: String::new(),
                base64: String::new(),
            };
            fields.push(GivenField {
                name,
                value: Value::Null,
                file: Some(file),
            });
        } else {
            let value = value
                .cloned()
                .or_else(|| sample(&property.schema, 0))
                .unwrap_or_else(|| json!(name));
            fields.push(GivenField {
                name,
                value,
                file: None,
            });
        }
    }
    if content
        .schema
        .as_ref()
        .is_none_or(|schema| schema.properties.is_empty())
    {
        for (name, value) in shown.into_iter().flat_map(crate::ecmascript::entries) {
            fields.push(GivenField {
                name: name.clone(),
                value: value.clone(),
                file: None,
            });
        }
    }
    fields
}

/// How a schema's limits say its `contentMediaType`.
const HOLDS: &str = "holds ";

/// Whether a field of `multipart/form-data` is a file: `format: binary` (OpenAPI 3.0), or a media type that is no text (3.1).
pub(crate) fn is_file(schema: &Schema, encoding: Option<&Encoding>) -> bool {
    let holds_bytes = |limit: &String| {
        limit
            .strip_prefix(HOLDS)
            .is_some_and(|held| body_kind(held) == BodyKind::Bytes)
    };
    let binary = |schema: &Schema| schema.format.as_deref() == Some("binary") || schema.limits.iter().any(holds_bytes);
    let described = encoding
        .and_then(|encoding| encoding.media_type.as_deref())
        .and_then(|types| types.split(',').next());
    binary(schema)
        || schema.items.as_deref().is_some_and(binary)
        || described.is_some_and(|media_type| body_kind(media_type.trim()) == BodyKind::Bytes)
}
