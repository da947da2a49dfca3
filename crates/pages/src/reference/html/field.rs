//! One field or parameter: its name, what it may be, what it means.

use gatewright_spec::model::Parameter;
use gatewright_spec::schema::Schema;
use maud::{Markup, html};
use serde_json::Value;

use super::tree::Trees;
use super::{external, prose};
use crate::reference::limits::{EXAMPLES_MAX, VALUES_MAX, VALUES_SHOWN};
use crate::reference::words::{Piece, kind, shortened, value};

/// What is known of a field beside its schema.
#[derive(Clone, Copy, Default)]
pub(crate) struct Line<'a> {
    pub(crate) id: Option<&'a str>,
    pub(crate) name: &'a str,
    /// Whether it has no name, as an alternative.
    pub(crate) nameless: bool,
    /// Whether the name stands for others.
    pub(crate) other: bool,
    pub(crate) required: bool,
    pub(crate) deprecated: bool,
    /// What it means there, if that is said beside its schema.
    pub(crate) said: Option<&'a gatewright_spec::model::Prose>,
    /// What was said of examples beside its schema.
    pub(crate) examples: &'a [Value],
}

/// Name, kind and meaning.
pub(crate) fn about(reference: &str, line: &Line<'_>, schema: &Schema) -> Markup {
    let said = line
        .said
        .filter(|said| !said.markdown.is_empty())
        .unwrap_or(&schema.description);
    html! {
        div.line {
            @if !line.nameless { code.name.other[line.other] { (line.name) } }
            span.kind { (pieces(reference, schema)) }
            @if line.required { span.required { "required" } }
            @if line.deprecated || schema.deprecated { span.badge.warn { "Deprecated" } }
            @if schema.read_only { span.badge { "Only in answers" } }
            @if schema.write_only { span.badge { "Only in requests" } }
        }
        (prose(said))
        (facts(schema, line.examples))
    }
}

fn pieces(reference: &str, schema: &Schema) -> Markup {
    html! {
        @for piece in kind(schema) {
            @match piece {
                Piece::Text(text) => (text),
                Piece::Link(slug, name) => a href={ "/docs/" (reference) "/schemas/" (slug) } { (name) },
            }
        }
    }
}

/// Limits, default, values, examples.
fn facts(schema: &Schema, examples: &[Value]) -> Markup {
    let items = schema
        .items
        .as_deref()
        .filter(|items| !items.allowed.is_empty() || !items.limits.is_empty());
    let examples = if examples.is_empty() {
        &schema.examples
    } else {
        examples
    };
    let shown: Vec<&Value> = examples.iter().take(EXAMPLES_MAX).collect();
    html! {
        @if schema.default.is_some() || !schema.limits.is_empty() {
            p.facts-line {
                @if let Some(default) = &schema.default { span { "Default " code { (value(default)) } } }
                @for limit in &schema.limits { span { (shortened(limit, 200)) } }
            }
        }
        (values(&schema.allowed, ""))
        @if let Some(items) = items {
            @if !items.limits.is_empty() { p.facts-line { "Each " @for limit in &items.limits { span { (shortened(limit, 200)) } } } }
            (values(&items.allowed, "Each "))
        }
        @if !shown.is_empty() && shown.iter().all(|value| !value.is_object()) {
            p.facts-line { @if shown.len() == 1 { "Example " } @else { "Examples " } @for example in shown { code { (value(example)) } " " } }
        }
        (external(schema.external_docs.as_ref()))
    }
}

/// All that a value may be; long lists open.
fn values(allowed: &[Value], each: &str) -> Markup {
    let chips = |values: &[Value]| html! { @for one in values { code.chip { (bare(one)) } " " } };
    let shown = allowed.len().min(VALUES_MAX);
    html! {
        @match allowed {
            [] => {},
            [only] => p.facts-line { (each) "Always " code.chip { (bare(only)) } },
            _ if shown <= VALUES_SHOWN => p.values { (each) @if each.is_empty() { "One of " } @else { "one of " } (chips(allowed)) },
            _ => {
                details.values {
                    summary { (each) "One of " (allowed.len()) " values: " (chips(&allowed[..4])) "…" }
                    p { (chips(&allowed[..shown])) @if shown < allowed.len() { "and " (allowed.len() - shown) " more, which the description lists" } }
                }
            }
        }
    }
}

/// Text without its quotation marks, everything else as JSON.
fn bare(one: &Value) -> String {
    one.as_str().map_or_else(
        || value(one),
        |text| shortened(text, crate::reference::limits::VALUE_MAX_CHARS),
    )
}

/// Parameters of one place, or the header fields of an answer.
pub(crate) fn parameters(trees: &Trees<'_>, prefix: &str, parameters: &[&Parameter]) -> Markup {
    html! {
        ul.fields.flat {
            @for parameter in parameters {
                @let id = format!("{prefix}-{}", parameter.name.to_lowercase().replace(|letter: char| !letter.is_ascii_alphanumeric(), "-"));
                @let examples: Vec<Value> = parameter.examples.iter().filter(|example| !example.generated).map(|example| example.value.clone()).collect();
                (trees.line(&Line {
                    id: Some(&id).filter(|_| !prefix.is_empty()).map(String::as_str),
                    name: &parameter.name,
                    required: parameter.required,
                    deprecated: parameter.deprecated,
                    said: Some(&parameter.description),
                    examples: &examples,
                    ..Line::default()
                }, &parameter.schema, 1))
            }
        }
    }
}
