//! How a parameter's value is written, by style and `explode`: OpenAPI 3.1.1 §4.8.12.3's table, which is RFC 6570's.

use serde_json::Value;

use super::NESTING_MAX;
use super::encode::{Coding, strict};
use crate::ecmascript::{compact, entries};
use crate::model::{Parameter, Style};

/// A value as styles see it.
pub(super) enum Shape {
    /// One text.
    Text(String),
    /// A list of texts, at least one, with the value it came from.
    List(Vec<String>, Value),
    /// An object of texts, at least one, with the value it came from.
    Fields(Vec<(String, String)>, Value),
}

/// A value's shape; none for what RFC 6570 §2.3 calls undefined: null, and lists and objects without anything.
pub(super) fn shape(value: &Value) -> Option<Shape> {
    match value {
        Value::Array(items) => {
            let texts: Vec<_> = items.iter().filter_map(text).collect();
            (!texts.is_empty()).then(|| Shape::List(texts, value.clone()))
        }
        Value::Object(map) => {
            let fields: Vec<_> = entries(map)
                .into_iter()
                .filter_map(|(key, value)| Some((key.clone(), text(value)?)))
                .collect();
            (!fields.is_empty()).then(|| Shape::Fields(fields, value.clone()))
        }
        scalar => text(scalar).map(Shape::Text),
    }
}

/// A value as one text; what is nested has no style and is written as JSON.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(compact(other)),
    }
}

/// A parameter that is described by a media type: the value as that type.
fn content(parameter: &Parameter, shape: &Shape) -> Option<String> {
    let is_json = super::body::is_json(parameter.media_type.as_ref()?);
    Some(match shape {
        // Only what is described as text needs quotes; a number that came as text is none.
        Shape::Text(text) if is_json && parameter.schema.types.iter().any(|kind| kind == "string") => {
            compact(&Value::String(text.clone()))
        }
        Shape::Text(text) => text.clone(),
        Shape::List(_, value) | Shape::Fields(_, value) => compact(value),
    })
}

/// What replaces `{name}` in a path.
pub(super) fn path(parameter: &Parameter, shape: &Shape) -> String {
    let coding = if parameter.allow_reserved {
        Coding::ReservedInPath
    } else {
        Coding::Strict
    };
    let encode = |text: &str| coding.value(text);
    if let Some(text) = content(parameter, shape) {
        return encode(&text);
    }
    let name = strict(&parameter.name);
    let pair = |key: &str, value: &str| {
        if value.is_empty() {
            key.to_owned()
        } else {
            format!("{key}={value}")
        }
    };
    let (lead, between) = match parameter.style {
        Style::Label => (".", "."),
        Style::Matrix => (";", ";"),
        _ => ("", ","),
    };
    let joined = |texts: Vec<String>| format!("{lead}{}", texts.join(between));
    match (shape, parameter.explode, parameter.style) {
        (Shape::Text(text), _, Style::Matrix) => format!(";{}", pair(&name, &encode(text))),
        (Shape::Text(text), ..) => format!("{lead}{}", encode(text)),
        (Shape::List(texts, _), true, Style::Matrix) => {
            joined(texts.iter().map(|text| pair(&name, &encode(text))).collect())
        }
        (Shape::List(texts, _), true, _) => joined(texts.iter().map(|text| encode(text)).collect()),
        (Shape::Fields(fields, _), true, _) => joined(
            fields
                .iter()
                .map(|(key, value)| format!("{}={}", encode(key), encode(value)))
                .collect(),
        ),
        (_, false, Style::Matrix) => format!(";{}", pair(&name, &flat(shape, coding).join(","))),
        (_, false, _) => format!("{lead}{}", flat(shape, coding).join(",")),
    }
}

/// What goes into the query: each part stands between `&`.
pub(super) fn query(parameter: &Parameter, shape: &Shape) -> Result<Vec<String>, String> {
    let coding = if parameter.allow_reserved {
        Coding::Reserved
    } else {
        Coding::Strict
    };
    if let Some(text) = content(parameter, shape) {
        return Ok(vec![format!(
            "{}={}",
            coding.name(&parameter.name),
            coding.value(&text)
        )]);
    }
    let pairs = pairs(&parameter.name, parameter.style, parameter.explode, shape, coding)?;
    Ok(pairs
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect())
}

/// Names and values of a query or a form.
pub(super) fn pairs(
    name: &str,
    style: Style,
    explode: bool,
    shape: &Shape,
    coding: Coding,
) -> Result<Vec<(String, String)>, String> {
    let key = coding.name(name);
    let separator = match style {
        Style::SpaceDelimited => coding.value(" "),
        Style::PipeDelimited => coding.value("|"),
        _ => ",".to_owned(),
    };
    Ok(match (shape, style, explode) {
        (Shape::Text(text), ..) => vec![(key, coding.value(text))],
        (Shape::Fields(_, value), Style::DeepObject, _) => {
            let mut deep = Vec::new();
            nested(&mut deep, name, value, 0)?;
            deep.into_iter()
                .map(|(name, value)| (coding.name(&name), coding.value(&value)))
                .collect()
        }
        (Shape::List(texts, _), _, true) => texts.iter().map(|text| (key.clone(), coding.value(text))).collect(),
        (Shape::Fields(fields, _), _, true) => fields
            .iter()
            .map(|(name, value)| (coding.name(name), coding.value(value)))
            .collect(),
        (_, _, false) => vec![(key, flat(shape, coding).join(&separator))],
    })
}

/// `x[a]=1`, and what is common beyond the specification: `x[a][b]=1`, and a name that comes again for each part of a list.
fn nested(pairs: &mut Vec<(String, String)>, name: &str, value: &Value, depth: usize) -> Result<(), String> {
    if depth > NESTING_MAX {
        return Err(format!("is nested more than {NESTING_MAX} deep"));
    }
    match value {
        Value::Object(map) => entries(map)
            .into_iter()
            .try_for_each(|(key, value)| nested(pairs, &format!("{name}[{key}]"), value, depth + 1)),
        Value::Array(items) => items.iter().try_for_each(|item| nested(pairs, name, item, depth + 1)),
        scalar => {
            pairs.extend(text(scalar).map(|text| (name.to_owned(), text)));
            Ok(())
        }
    }
}

fn flat(shape: &Shape, coding: Coding) -> Vec<String> {
    match shape {
        Shape::Text(text) => vec![coding.value(text)],
        Shape::List(texts, _) => texts.iter().map(|text| coding.value(text)).collect(),
        Shape::Fields(fields, _) => fields
            .iter()
            .flat_map(|(key, value)| [coding.value(key), coding.value(value)])
            .collect(),
    }
}

/// The whole query (OpenAPI 3.2 `in: querystring`).
pub(super) fn query_string(parameter: &Parameter, shape: &Shape) -> String {
    match shape {
        Shape::Fields(fields, _) if !parameter.media_type.as_deref().is_some_and(super::body::is_json) => fields
            .iter()
            .map(|(key, value)| format!("{}={}", strict(key), strict(value)))
            .collect::<Vec<_>>()
            .join("&"),
        Shape::Text(text) => Coding::Reserved.value(text),
        _ => strict(&content(parameter, shape).unwrap_or_else(|| flat(shape, Coding::None).join(","))),
    }
}

/// What stands in a header field. Nothing is percent-encoded: OpenAPI 3.1.1, appendix D.
pub(super) fn header(parameter: &Parameter, shape: &Shape) -> String {
    if let Some(text) = content(parameter, shape) {
        return text;
    }
    match shape {
        Shape::Fields(fields, _) if parameter.explode => fields
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect::<Vec<_>>()
            .join(","),
        shape => flat(shape, Coding::None).join(","),
    }
}

/// Cookies. Exploded ones are parted as cookies are (RFC 6265 §4.2.1) and not by `&`, which no server would understand; OpenAPI 3.2 says the
/// same of its style `cookie`.
pub(super) fn cookie(parameter: &Parameter, shape: &Shape) -> Vec<String> {
    let name = strict(&parameter.name);
    if let Some(text) = content(parameter, shape) {
        return vec![format!("{name}={}", strict(&text))];
    }
    match shape {
        Shape::List(texts, _) if parameter.explode => {
            texts.iter().map(|text| format!("{name}={}", strict(text))).collect()
        }
        Shape::Fields(fields, _) if parameter.explode => fields
            .iter()
            .map(|(key, value)| format!("{}={}", strict(key), strict(value)))
            .collect(),
        shape => vec![format!("{name}={}", flat(shape, Coding::Strict).join(","))],
    }
}
