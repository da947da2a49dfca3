//! How Kong checks a body and completes it to a row.

use serde_json::{Value, json};
use uuid::Uuid;

use super::plugins;
use super::schema::{Field, Kind, Row, Table};

/// Completes a body to a whole row, or gives the tree of what is wrong. `lenient` reads numbers and booleans from text, as a form has them.
pub(super) fn complete(fields: &[Field], mut given: Row, lenient: bool) -> Result<Row, Row> {
    let mut row = Row::new();
    let mut wrong = Row::new();
    for field in fields {
        let value = given.remove(field.name).unwrap_or_else(|| field.initial.value());
        if value.is_null() {
            if field.required {
                wrong.insert(field.name.to_owned(), json!("required field missing"));
            }
            row.insert(field.name.to_owned(), Value::Null);
            continue;
        }
        match check(field.kind, value, lenient) {
            Ok(value) => row.insert(field.name.to_owned(), value),
            Err(why) => wrong.insert(field.name.to_owned(), why),
        };
    }
    for unknown in given.keys() {
        wrong.insert(unknown.clone(), json!("unknown field"));
    }
    if wrong.is_empty() { Ok(row) } else { Err(wrong) }
}

/// Completes a body to a row of this table, with the checks that concern several fields.
pub(super) fn complete_row(table: Table, given: Row, lenient: bool) -> Result<Row, Row> {
    let config = (table == Table::Plugins).then(|| plugins::complete_config(&given, lenient));
    let (mut row, mut wrong) = match complete(table.fields(), given.clone(), lenient) {
        Ok(row) => (row, Row::new()),
        Err(wrong) => (given, wrong),
    };
    let mut entity = Vec::new();
    match config {
        Some(Ok(Some(config))) => {
            row.insert("config".to_owned(), Value::Object(config));
        }
        Some(Ok(None)) | None => {}
        Some(Err(mut tree)) => {
            if let Some(Value::Array(whole)) = tree.remove("@entity") {
                entity.extend(whole);
            }
            wrong.extend(tree);
        }
    }
    entity.extend(whole_row(table, &row).map(Value::String));
    if !entity.is_empty() {
        wrong.insert("@entity".to_owned(), Value::Array(entity));
    }
    if wrong.is_empty() { Ok(row) } else { Err(wrong) }
}

fn whole_row(table: Table, row: &Row) -> Option<String> {
    let empty = |name: &str| match row.get(name) {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => text.is_empty(),
        Some(Value::Array(items)) => items.is_empty(),
        Some(Value::Object(fields)) => fields.is_empty(),
        Some(_) => false,
    };
    match table {
        Table::Consumers if empty("username") && empty("custom_id") => {
            Some("at least one of these fields must be non-empty: 'custom_id', 'username'".to_owned())
        }
        Table::Routes => {
            let spoken = |name: &str| match row.get("protocols") {
                Some(Value::Array(protocols)) => protocols.iter().any(|one| one == name),
                _ => name != "grpc",
            };
            let (protocol, ways): (_, &[&str]) = match () {
                () if spoken("https") => ("https", &["methods", "hosts", "headers", "paths", "snis"]),
                () if spoken("http") => ("http", &["methods", "hosts", "headers", "paths"]),
                () => return None,
            };
            ways.iter().all(|way| empty(way)).then(|| {
                let ways: Vec<_> = ways.iter().map(|way| format!("'{way}'")).collect();
                format!("must set one of {} when 'protocols' is '{protocol}'", ways.join(", "))
            })
        }
        _ => None,
    }
}

fn check(kind: Kind, value: Value, lenient: bool) -> Result<Value, Value> {
    match kind {
        Kind::Any => Ok(value),
        Kind::Record => match value {
            Value::Object(_) => Ok(value),
            _ => Err(json!("expected a record")),
        },
        Kind::Bool => match value {
            Value::Bool(_) => Ok(value),
            Value::String(text) if lenient && (text == "true" || text == "false") => Ok(json!(text == "true")),
            _ => Err(json!("expected a boolean")),
        },
        Kind::Int(least, most) => int(&value, least, most, lenient),
        Kind::Ref(_) => match value {
            Value::Object(key) if key.len() == 1 => Ok(Value::Object(key)),
            _ => Err(json!("expected a record")),
        },
        Kind::Set | Kind::SetOf(_) | Kind::Tags => each(kind, value, "expected a set", true),
        Kind::List | Kind::Paths => each(kind, value, "expected an array", false),
        Kind::Uuid | Kind::Text | Kind::Name | Kind::Path | Kind::OneOf(_) => match value {
            Value::String(text) => text_is(kind, &text).map_or(Ok(json!(text)), |why| Err(json!(why))),
            _ => Err(json!("expected a string")),
        },
    }
}

fn int(value: &Value, least: i64, most: i64, lenient: bool) -> Result<Value, Value> {
    let number = match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) if lenient => text.parse().ok(),
        _ => None,
    };
    match number {
        None => Err(json!("expected an integer")),
        Some(number) if !(least..=most).contains(&number) => {
            Err(json!(format!("value should be between {least} and {most}")))
        }
        Some(number) => Ok(json!(number)),
    }
}

fn each(kind: Kind, value: Value, otherwise: &str, once: bool) -> Result<Value, Value> {
    let Value::Array(items) = value else {
        return Err(json!(otherwise));
    };
    let mut kept: Vec<Value> = Vec::new();
    let mut wrong = Vec::new();
    for item in items {
        let why = match &item {
            Value::String(text) => text_is(kind, text),
            _ => Some("expected a string".to_owned()),
        };
        wrong.push(json!(why));
        if !(once && kept.contains(&item)) {
            kept.push(item);
        }
    }
    if wrong.iter().all(Value::is_null) {
        Ok(Value::Array(kept))
    } else {
        Err(Value::Array(wrong))
    }
}

/// Why a text is not what it should be.
fn text_is(kind: Kind, text: &str) -> Option<String> {
    if text.is_empty() {
        return Some("length must be at least 1".to_owned());
    }
    match kind {
        Kind::Uuid => (!is_uuid(text)).then(|| "expected a valid UUID".to_owned()),
        Kind::Name => name_is(text),
        Kind::Path => (!text.starts_with('/')).then(|| "should start with: /".to_owned()),
        Kind::Paths => (!text.starts_with('/') && !text.starts_with("~/"))
            .then(|| "should start with: / (fixed path) or ~/ (regex path)".to_owned()),
        Kind::OneOf(these) | Kind::SetOf(these) => {
            (!these.contains(&text)).then(|| format!("expected one of: {}", these.join(", ")))
        }
        Kind::Tags => (text.contains([',', '/']) || text.chars().any(char::is_control)).then(|| {
            format!("invalid tag '{text}': expected printable ascii (except `,` and `/`) or valid utf-8 sequences")
        }),
        _ => None,
    }
}

fn name_is(text: &str) -> Option<String> {
    let fine = |c: char| !c.is_ascii() || c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '~');
    (!text.chars().all(fine)).then(|| {
        format!("invalid value '{text}': the only accepted ascii characters are alphanumerics or ., -, _, and ~")
    })
}

/// Whether Kong takes a path's segment for an id: the form with hyphens only.
pub(super) fn is_uuid(text: &str) -> bool {
    text.len() == 36 && Uuid::try_parse(text).is_ok()
}
