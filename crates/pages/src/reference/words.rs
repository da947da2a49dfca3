//! What is said of a schema in words; the same on a page and in its twin.

use gatewright_spec::model::{Location, Requirement};
use gatewright_spec::schema::Schema;
use serde_json::Value;

use super::limits::VALUE_MAX_CHARS;

/// Alternatives that are named one by one in a line.
const NAMED_MAX: usize = 4;

/// A piece of what a value may be.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// Words.
    Text(String),
    /// A schema with a page: its slug and name.
    Link(&'a str, &'a str),
}

/// What a value may be, in a few words, as in "array of Pet or null".
pub(crate) fn kind(schema: &Schema) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    base(schema, &mut pieces, 0);
    if schema.nullable {
        pieces.push(Piece::Text(" or null".to_owned()));
    }
    pieces
}

fn base<'a>(schema: &'a Schema, pieces: &mut Vec<Piece<'a>>, depth: usize) {
    let text = |pieces: &mut Vec<Piece<'a>>, words: &str| pieces.push(Piece::Text(words.to_owned()));
    let is_list = schema.types.iter().any(|kind| kind == "array");
    if let (Some(slug), Some(name)) = (&schema.slug, &schema.name)
        && (schema.cut || schema.types.is_empty() || schema.types.iter().any(|kind| kind == "object"))
    {
        return pieces.push(Piece::Link(slug, name));
    }
    if is_list && schema.types.len() == 1 {
        return match schema.items.as_deref().filter(|_| depth < 3) {
            Some(items) => {
                text(pieces, "array of ");
                base(items, pieces, depth + 1);
                if items.nullable {
                    text(pieces, " or null");
                }
            }
            None => text(pieces, "array"),
        };
    }
    if schema.types.is_empty() {
        return alternatives(schema, pieces, depth);
    }
    let words: Vec<&str> = schema.types.iter().map(String::as_str).collect();
    text(pieces, &words.join(" or "));
    if let Some(format) = schema.format.as_deref().filter(|format| !format.is_empty()) {
        text(pieces, &format!(" · {format}"));
    }
}

fn alternatives<'a>(schema: &'a Schema, pieces: &mut Vec<Piece<'a>>, depth: usize) {
    let of = if schema.one_of.is_empty() {
        &schema.any_of
    } else {
        &schema.one_of
    };
    if of.is_empty() || depth > 1 {
        let words = if schema.properties.is_empty() && schema.all_of.is_empty() {
            "any value"
        } else {
            "object"
        };
        return pieces.push(Piece::Text(words.to_owned()));
    }
    if of.len() > NAMED_MAX {
        return pieces.push(Piece::Text(format!("one of {} kinds", of.len())));
    }
    for (at, one) in of.iter().enumerate() {
        if at > 0 {
            pieces.push(Piece::Text(" or ".to_owned()));
        }
        match &one.name {
            Some(name) if one.slug.is_none() && !one.properties.is_empty() => pieces.push(Piece::Text(name.clone())),
            _ => base(one, pieces, depth + 1),
        }
    }
}

/// The same without links.
pub(crate) fn kind_text(schema: &Schema) -> String {
    let piece = |piece: Piece<'_>| match piece {
        Piece::Text(text) => text,
        Piece::Link(_, name) => name.to_owned(),
    };
    kind(schema).into_iter().map(piece).collect()
}

/// What an alternative is called.
pub(crate) fn alternative(schema: &Schema, number: usize) -> String {
    if !schema.title.is_empty() {
        return schema.title.clone();
    }
    match &schema.name {
        Some(name) => name.clone(),
        None if schema.properties.is_empty() => kind_text(schema),
        None => format!("Choice {number}"),
    }
}

/// A value as it stands in JSON; long ones are cut, and end with "…".
pub(crate) fn value(value: &Value) -> String {
    shortened(&value.to_string(), VALUE_MAX_CHARS)
}

/// The beginning of a text, with "…" where something follows.
pub(crate) fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Whether something more is to be shown below a schema's own line.
pub(crate) fn has_more(schema: &Schema) -> bool {
    if schema.cut {
        return false;
    }
    let more = |schema: &Option<Box<Schema>>| schema.as_deref().is_some_and(has_more);
    let additional = schema
        .additional
        .as_ref()
        .and_then(|additional| additional.schema.as_deref());
    let simple = |of: &[Schema]| of.len() <= NAMED_MAX && !of.iter().any(has_more) && schema.discriminator.is_none();
    !schema.properties.is_empty()
        || !simple(&schema.one_of)
        || !simple(&schema.any_of)
        || !schema.all_of.is_empty()
        || !schema.prefix_items.is_empty()
        || schema.not.is_some()
        || additional.is_some()
        || more(&schema.items)
}

/// The schema whose fields are shown for one: of a list, its items'.
pub(crate) fn inner(schema: &Schema) -> &Schema {
    let mut inner = schema;
    while let (Some(items), true) = (
        inner.items.as_deref(),
        inner.properties.is_empty() && inner.prefix_items.is_empty(),
    ) {
        inner = items;
    }
    inner
}

/// Where a parameter goes, as a heading.
pub(crate) const fn place(location: Location) -> &'static str {
    match location {
        Location::Path => "Path parameters",
        Location::Query => "Query parameters",
        Location::QueryString => "Query",
        Location::Header => "Headers",
        Location::Cookie => "Cookies",
    }
}

/// What has to be shown together, in a line.
pub(crate) fn requirement(requirement: &Requirement) -> String {
    let words: Vec<&str> = requirement
        .schemes
        .iter()
        .map(|scheme| scheme.words.trim_end_matches('.'))
        .collect();
    words.join(", and ")
}

/// What a status means (RFC 9110 §15), where the description does not say it.
pub(crate) fn status(status: &str) -> String {
    if let Ok(Ok(code)) = status.parse::<u16>().map(http::StatusCode::from_u16) {
        return code.canonical_reason().unwrap_or("Answer").to_owned();
    }
    let words = match status.as_bytes().first() {
        Some(b'1') => "Any interim answer",
        Some(b'2') => "Any success",
        Some(b'3') => "Any redirect",
        Some(b'4') => "Any error of the caller",
        Some(b'5') => "Any error of the server",
        _ => "Everything else",
    };
    words.to_owned()
}

/// What a status says at a glance: `good`, `warn`, `bad` or nothing.
pub(crate) fn status_color(status: &str) -> &'static str {
    match status.as_bytes().first() {
        Some(b'2') => "good",
        Some(b'3') => "brand",
        Some(b'4') => "warn",
        Some(b'5') => "bad",
        _ => "",
    }
}
