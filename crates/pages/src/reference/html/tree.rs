//! A schema as nested fields that open without a script.

use std::cell::Cell;

use gatewright_spec::schema::{Discriminator, Property, Schema};
use maud::{Markup, html};

use super::field::{Line, about};
use crate::reference::limits::{DEPTH_MAX, FIELD_BYTES, TREES_MAX_BYTES};
use crate::reference::words::{alternative, has_more, inner, kind_text};

/// Draws the schemas of one page; what they take together is limited.
pub(crate) struct Trees<'a> {
    reference: &'a str,
    left: Cell<usize>,
    /// Whether something did not fit; nothing is shown behind it.
    full: Cell<bool>,
    depth_max: usize,
}

impl<'a> Trees<'a> {
    /// Of the page of something that uses schemas.
    pub(crate) const fn new(reference: &'a str) -> Self {
        Self {
            reference,
            left: Cell::new(TREES_MAX_BYTES),
            full: Cell::new(false),
            depth_max: DEPTH_MAX,
        }
    }

    pub(crate) const fn reference(&self) -> &'a str {
        self.reference
    }

    /// Whether there is room for one more field.
    pub(crate) fn takes(&self, schema: &Schema) -> bool {
        let prose = schema.description.html.len().max(schema.description.markdown.len());
        let values: usize = schema
            .allowed
            .iter()
            .map(|value| value.as_str().map_or(16, str::len) + 16)
            .sum();
        let needed = FIELD_BYTES + prose + values.min(16_384);
        match self.left.get().checked_sub(needed).filter(|_| !self.full.get()) {
            Some(left) => self.left.set(left),
            None => self.full.set(true),
        }
        !self.full.get()
    }

    /// Everything below a schema's own line.
    pub(crate) fn below(&self, schema: &Schema, depth: usize) -> Markup {
        let schema = inner(schema);
        if schema.cut || depth >= self.depth_max {
            return self.elsewhere(schema);
        }
        let additional = schema
            .additional
            .as_ref()
            .and_then(|additional| additional.schema.as_deref());
        html! {
            @if !schema.properties.is_empty() || additional.is_some() {
                ul.fields {
                    @for property in &schema.properties { (self.property(property, depth)) }
                    @if let Some(additional) = additional {
                        (self.line(&Line { name: "any other name", other: true, ..Line::default() }, additional, depth))
                    }
                }
            }
            @for (at, item) in schema.prefix_items.iter().enumerate() {
                ul.fields { (self.line(&Line { name: &format!("[{at}]"), ..Line::default() }, item, depth)) }
            }
            (self.choices("One of", &schema.one_of, schema.discriminator.as_ref(), depth))
            (self.choices("Any of", &schema.any_of, schema.discriminator.as_ref(), depth))
            (self.choices("All of", &schema.all_of, None, depth))
            @if let Some(not) = &schema.not {
                p.small { "Not: " (kind_text(not)) }
                @if has_more(not) { (self.below(not, depth + 1)) }
            }
        }
    }

    fn property(&self, property: &Property, depth: usize) -> Markup {
        let line = Line {
            name: &property.name,
            required: property.required,
            other: property.pattern,
            ..Line::default()
        };
        self.line(&line, &property.schema, depth)
    }

    /// A field: its name, what it may be, and what is below it.
    pub(crate) fn line(&self, line: &Line<'_>, schema: &Schema, depth: usize) -> Markup {
        if !self.takes(schema) {
            return html! {};
        }
        let whole = inner(schema);
        let fields = whole.properties.len();
        let choices = whole.one_of.len().max(whole.any_of.len());
        let label = match (&whole.name, fields) {
            (_, 0) if choices > 0 => format!("{choices} choices"),
            (Some(name), 0) => name.clone(),
            (_, 0) => "More".to_owned(),
            (Some(name), 1) => format!("{name}: 1 field"),
            (Some(name), _) => format!("{name}: {fields} fields"),
            (None, 1) => "1 field".to_owned(),
            (None, _) => format!("{fields} fields"),
        };
        html! {
            li id=[line.id] {
                (about(self.reference, line, schema))
                @if has_more(schema) {
                    @if depth + 1 >= self.depth_max { (self.elsewhere(whole)) }
                    @else { details.below { summary { (label) } (self.below(schema, depth + 1)) } }
                }
            }
        }
    }

    fn choices(&self, words: &str, of: &[Schema], discriminator: Option<&Discriminator>, depth: usize) -> Markup {
        let said = |schema: &Schema| {
            let mapping = discriminator
                .map(|discriminator| discriminator.mapping.as_slice())
                .unwrap_or_default();
            let name = schema.name.as_deref();
            mapping
                .iter()
                .find(|(_, known)| Some(known.as_str()) == name)
                .map(|(value, _)| value.as_str())
        };
        html! {
            @if !of.is_empty() {
                div.choice {
                    p.choice-words { (words) @if let Some(discriminator) = discriminator { ", told apart by " code { (discriminator.field) } } }
                    @for (at, one) in of.iter().enumerate() {
                        @if self.takes(one) {
                            @if has_more(one) || !one.description.markdown.is_empty() || one.cut {
                                details.below open[at == 0 && depth == 0] {
                                    summary { (alternative(one, at + 1)) @if let Some(value) = said(one) { " " code { (value) } } }
                                    (about(self.reference, &Line { nameless: true, ..Line::default() }, one))
                                    (self.below(one, depth + 1))
                                }
                            } @else { p.alone { (alternative(one, at + 1)) } (about(self.reference, &Line { nameless: true, ..Line::default() }, one)) }
                        }
                    }
                }
            }
        }
    }

    /// Where the rest of a schema is.
    fn elsewhere(&self, schema: &Schema) -> Markup {
        html! {
            @match (&schema.slug, &schema.name) {
                (Some(slug), Some(name)) => p.elsewhere { a href={ "/docs/" (self.reference) "/schemas/" (slug) } { "All of " (name) } },
                _ if schema.cut || has_more(schema) => p.elsewhere { a href={ "/docs/" (self.reference) "/openapi.json" } { "The rest is in the description" } },
                _ => {},
            }
        }
    }

    /// Said once below what did not fit.
    pub(crate) fn rest(&self) -> Markup {
        html! {
            @if self.full.get() {
                p.elsewhere { "Not every field fits on this page; " a href={ "/docs/" (self.reference) "/openapi.json" } { "the description" } " has all of them." }
            }
        }
    }
}
