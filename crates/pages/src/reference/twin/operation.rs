//! An operation as Markdown.

use std::fmt::Write as _;

use gatewright_spec::model::{Content, Location, Operation, OperationKind};

use super::{code, fenced, fields, line};
use crate::reference::answers::OneOperation;
use crate::reference::html::code::example_text;
use crate::reference::html::side::request_sample;
use crate::reference::limits::EXAMPLE_MAX_CHARS;
use crate::reference::operation::ordered;
use crate::reference::words::{place, requirement, shortened, status};

/// All of it.
pub(crate) fn text(origin: &str, one: &OneOperation) -> String {
    let (operation, reference) = (&one.operation, &one.reference);
    let link = &operation.link;
    let base = one.places.first().map_or("", |place| place.base_url.as_str());
    let mut text = format!(
        "# {}\n\n{}\n\nPart of [{}]({origin}/docs/{}.md) {}.\n\n",
        line(&link.title),
        code(&format!("{} {base}{}", link.method, link.path)),
        line(&reference.title),
        reference.slug,
        line(&reference.version)
    );
    if link.kind == OperationKind::Webhook {
        text += "The API sends this request to an address of yours.\n\n";
    }
    if link.deprecated {
        text += "**Deprecated.** Do not use it for anything new.\n\n";
    }
    paragraph(&mut text, &operation.description.markdown);
    security(&mut text, operation);
    for location in [
        Location::Path,
        Location::Query,
        Location::QueryString,
        Location::Header,
        Location::Cookie,
    ] {
        let here = ordered(operation, location);
        if !here.is_empty() {
            let _ = write!(text, "## {}\n\n{}", place(location), fields::parameters(&here));
        }
    }
    if let Some(body) = &operation.request_body {
        let _ = write!(text, "## Body\n\n{}", if body.required { "Required.\n\n" } else { "" });
        paragraph(&mut text, &body.description.markdown);
        body.contents.iter().for_each(|one| content(&mut text, one));
    }
    if let Some(sample) = request_sample(operation, &one.places) {
        let _ = write!(text, "## Example\n\n{}\n", fenced("sh", &sample));
    }
    answers(&mut text, operation);
    for callback in &operation.callbacks {
        let called = &callback.operation;
        let _ = write!(
            text,
            "## Callback: {}\n\n{}\n\n",
            line(&callback.name),
            code(&format!("{} {}", called.link.method, callback.expression))
        );
        paragraph(&mut text, &called.description.markdown);
        called
            .request_body
            .iter()
            .flat_map(|body| &body.contents)
            .for_each(|one| content(&mut text, one));
    }
    text
}

fn paragraph(text: &mut String, markdown: &str) {
    let markdown = markdown.trim();
    if !markdown.is_empty() {
        let _ = write!(text, "{markdown}\n\n");
    }
}

fn security(text: &mut String, operation: &Operation) {
    if operation.security.is_empty() {
        return;
    }
    *text += "## Authorization\n\n";
    for one in &operation.security {
        let _ = writeln!(text, "- {}", line(&requirement(one)));
    }
    *text += if operation.anonymous { "- or nothing\n\n" } else { "\n" };
}

fn content(text: &mut String, content: &Content) {
    let _ = write!(text, "{}\n\n", code(&content.media_type));
    if let Some(schema) = &content.schema {
        *text += &fields::fields(schema);
    }
    if let Some(schema) = &content.item_schema {
        let _ = write!(text, "Each part of the stream:\n\n{}", fields::fields(schema));
    }
    if let Some(example) = content.examples.first() {
        let (example, is_json) = example_text(example);
        let _ = writeln!(
            text,
            "{}",
            fenced(
                if is_json { "json" } else { "" },
                &shortened(&example, EXAMPLE_MAX_CHARS)
            )
        );
    }
}

fn answers(text: &mut String, operation: &Operation) {
    for answer in &operation.responses {
        let words = answer.description.markdown.trim();
        let words = if words.is_empty() {
            status(&answer.status)
        } else {
            line(words)
        };
        let _ = write!(text, "## Response {}\n\n{words}\n\n", line(&answer.status));
        if !answer.headers.is_empty() {
            *text += &fields::parameters(&answer.headers.iter().collect::<Vec<_>>());
        }
        answer.contents.iter().for_each(|one| content(text, one));
    }
}
