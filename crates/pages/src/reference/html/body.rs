//! Bodies: what is sent, and what comes back.

use gatewright_spec::model::{Answer, Content, Example, Link, RequestBody};
use gatewright_spec::schema::Schema;
use maud::{Markup, html};

use super::code;
use super::field::{Line, about, parameters};
use super::tree::Trees;
use super::{heading, prose, with_note};
use crate::reference::limits::EXAMPLES_MAX;
use crate::reference::words::{has_more, status, status_color};

/// What is sent.
pub(crate) fn request(trees: &Trees<'_>, body: &RequestBody) -> Markup {
    html! {
        section {
            (with_note("body", "Body", if body.required { "required" } else { "" }))
            (plain(trees, body))
        }
    }
}

/// The same without a heading.
pub(crate) fn plain(trees: &Trees<'_>, body: &RequestBody) -> Markup {
    html! { (prose(&body.description)) (contents(trees, &body.contents, true)) }
}

/// Each media type; the first one stands open.
fn contents(trees: &Trees<'_>, contents: &[Content], examples: bool) -> Markup {
    html! {
        @match contents {
            [] => {},
            [only] => { p.media { code { (only.media_type) } } (content(trees, only, examples)) },
            [first, others @ ..] => {
                details.media open { summary { code { (first.media_type) } } (content(trees, first, examples)) }
                @for other in others { details.media { summary { code { (other.media_type) } } (content(trees, other, examples)) } }
            }
        }
    }
}

fn content(trees: &Trees<'_>, content: &Content, examples: bool) -> Markup {
    let more: Vec<&Example> = content
        .examples
        .iter()
        .filter(|example| !example.generated)
        .take(EXAMPLES_MAX)
        .collect();
    html! {
        @if let Some(schema) = &content.schema { (whole(trees, schema)) }
        @if let Some(item) = &content.item_schema {
            p.choice-words { "Each part of the stream" }
            (whole(trees, item))
        }
        @if !content.encodings.is_empty() {
            ul.small.plain {
                @for encoding in &content.encodings {
                    @if let Some(media_type) = &encoding.media_type { li { code { (encoding.field) } " is sent as " code { (media_type) } } }
                }
            }
        }
        @if more.len() > 1 || (examples && !more.is_empty()) {
            @for (at, one) in more.iter().enumerate() {
                details.example {
                    summary { "Example" @if !one.name.is_empty() { ": " (one.name) } @else if more.len() > 1 { " " (at + 1) } @if !one.summary.is_empty() { " · " (one.summary) } }
                    (prose(&one.description))
                    (code::example(one))
                }
            }
        }
    }
}

/// A schema that is a body: its own line where it has something to say, and its fields.
fn whole(trees: &Trees<'_>, schema: &Schema) -> Markup {
    html! {
        @if trees.takes(schema) {
            @if !is_plain_object(schema) { div.whole { (about(trees.reference(), &Line { nameless: true, ..Line::default() }, schema)) } }
            @if has_more(schema) || schema.cut { (trees.below(schema, 0)) }
        }
    }
}

/// Whether its fields say all there is to say.
fn is_plain_object(schema: &Schema) -> bool {
    schema.types == ["object"] && schema.slug.is_none() && !schema.nullable && schema.description.markdown.is_empty()
}

/// What comes back, by status.
pub(crate) fn answers(trees: &Trees<'_>, answers: &[Answer]) -> Markup {
    let first = answers
        .iter()
        .position(|answer| answer.status.starts_with('2'))
        .unwrap_or(0);
    html! {
        section {
            (heading("responses", "Responses"))
            @for (at, answer) in answers.iter().enumerate() {
                @let bare = answer.headers.is_empty() && answer.contents.is_empty() && answer.links.is_empty();
                @if bare { div.answer id={ "response-" (answer.status) } { (answer_line(answer)) } }
                @else {
                    details.answer id={ "response-" (answer.status) } open[at == first] {
                        summary { (answer_line(answer)) }
                        div.answer-body {
                            @if !answer.headers.is_empty() {
                                h3 { "Headers" }
                                (parameters(trees, "", &answer.headers.iter().collect::<Vec<_>>()))
                            }
                            (contents(trees, &answer.contents, false))
                            (links(trees.reference(), &answer.links))
                        }
                    }
                }
            }
            (trees.rest())
        }
    }
}

/// A status and what it means.
pub(crate) fn answer_line(answer: &Answer) -> Markup {
    let words = answer.description.markdown.trim();
    html! {
        span class={ "status " (status_color(&answer.status)) } { (answer.status) }
        @if words.is_empty() { span { (status(&answer.status)) } } @else { (prose(&answer.description)) }
    }
}

fn links(reference: &str, links: &[Link]) -> Markup {
    html! {
        @if !links.is_empty() {
            h3 { "What can be called next" }
            ul.plain {
                @for link in links {
                    li {
                        @match &link.operation {
                            Some(operation) => a href={ "/docs/" (reference) "/operations/" (operation) } { (link.name) },
                            None => (link.name),
                        }
                        @for (name, value) in &link.parameters { " " code { (name) " = " (value) } }
                        (prose(&link.description))
                    }
                }
            }
        }
    }
}
