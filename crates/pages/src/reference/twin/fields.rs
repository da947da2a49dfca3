//! Schemas and parameters as tables, a row for each field by its path.

use std::fmt::Write as _;

use gatewright_spec::model::Parameter;
use gatewright_spec::schema::Schema;

use super::{code, line};
use crate::reference::limits::DEPTH_MAX;
use crate::reference::words::{alternative, inner, kind_text, shortened, value};

/// Rows of one table; the description has all of them.
const ROWS_MAX: usize = 400;
/// Longest meaning in a cell.
const MEANING_MAX_CHARS: usize = 600;

/// A table of parameters or header fields.
pub(crate) fn parameters(parameters: &[&Parameter]) -> String {
    let mut text = String::from("| Name | Type | Required | Meaning |\n|---|---|---|---|\n");
    for parameter in parameters {
        let meaning = meaning(&parameter.description.markdown, &parameter.schema);
        let required = if parameter.required { "yes" } else { "no" };
        let _ = writeln!(
            text,
            "| {} | {} | {required} | {meaning} |",
            code(&parameter.name),
            line(&kind_text(&parameter.schema))
        );
    }
    text + "\n"
}

/// A table of all fields of a schema.
pub(crate) fn fields(schema: &Schema) -> String {
    let mut rows = Vec::new();
    collect(schema, "", 0, &mut rows);
    if rows.is_empty() {
        let meaning = meaning("", schema);
        let kind = line(&kind_text(schema));
        return if meaning.is_empty() {
            format!("{kind}\n\n")
        } else {
            format!("{kind}: {meaning}\n\n")
        };
    }
    let all = rows.len();
    rows.truncate(ROWS_MAX);
    let mut text = format!(
        "| Field | Type | Required | Meaning |\n|---|---|---|---|\n{}",
        rows.concat()
    );
    if all > ROWS_MAX {
        let _ = write!(
            text,
            "\n{} more fields are in the OpenAPI description.\n",
            all - ROWS_MAX
        );
    }
    text + "\n"
}

fn collect(schema: &Schema, path: &str, depth: usize, rows: &mut Vec<String>) {
    let path = if schema.items.is_some() && inner(schema) != schema {
        format!("{path}[]")
    } else {
        path.to_owned()
    };
    let schema = inner(schema);
    if depth >= DEPTH_MAX || schema.cut || rows.len() > ROWS_MAX {
        return;
    }
    for property in &schema.properties {
        let name = if path.is_empty() {
            property.name.clone()
        } else {
            format!("{path}.{}", property.name)
        };
        let required = if property.required { "yes" } else { "no" };
        let meaning = meaning("", &property.schema);
        rows.push(format!(
            "| {} | {} | {required} | {meaning} |\n",
            code(&name),
            line(&kind_text(&property.schema))
        ));
        collect(&property.schema, &name, depth + 1, rows);
    }
    for (words, of) in [
        ("one of", &schema.one_of),
        ("any of", &schema.any_of),
        ("all of", &schema.all_of),
    ] {
        for (at, one) in of
            .iter()
            .enumerate()
            .filter(|(_, one)| !one.properties.is_empty() || one.cut)
        {
            let name = format!("{path}({words}: {})", alternative(one, at + 1));
            rows.push(format!(
                "| {} | {} | | {} |\n",
                code(&name),
                line(&kind_text(one)),
                meaning("", one)
            ));
            collect(one, &path, depth + 1, rows);
        }
    }
}

fn meaning(said: &str, schema: &Schema) -> String {
    let said = if said.is_empty() {
        &schema.description.markdown
    } else {
        said
    };
    let mut parts = vec![line(&shortened(said.trim(), MEANING_MAX_CHARS))];
    if schema.deprecated {
        parts.push("Deprecated.".to_owned());
    }
    if let Some(default) = &schema.default {
        parts.push(format!("Default {}.", code(&value(default))));
    }
    if !schema.limits.is_empty() {
        parts.push(format!("Limits: {}.", line(&shortened(&schema.limits.join(", "), 300))));
    }
    if !schema.allowed.is_empty() {
        let values: Vec<String> = schema.allowed.iter().take(100).map(|one| code(&value(one))).collect();
        let more = if schema.allowed.len() > 100 { ", and more" } else { "" };
        parts.push(format!("One of {}{more}.", values.join(", ")));
    }
    parts.retain(|part| !part.is_empty());
    parts.join(" ")
}
