//! A schema as Markdown.

use std::fmt::Write as _;

use super::{code, fenced, fields, line};
use crate::reference::answers::OneSchema;
use crate::reference::html::code::example_text;
use crate::reference::limits::EXAMPLE_MAX_CHARS;
use crate::reference::words::shortened;

/// All of it.
pub(crate) fn text(origin: &str, one: &OneSchema) -> String {
    let (named, base) = (&one.schema, format!("{origin}/docs/{}", one.reference.slug));
    let mut text = format!(
        "# {}\n\nA schema of [{}]({base}.md).\n\n",
        line(&named.name),
        line(&one.reference.title)
    );
    let description = named.schema.description.markdown.trim();
    if !description.is_empty() {
        let _ = write!(text, "{description}\n\n");
    }
    text += &fields::fields(&named.schema);
    if let Some(example) = &named.example {
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
    if !named.used_by.is_empty() {
        text += "## Used by\n\n";
        for link in &named.used_by {
            let call = code(&format!("{} {}", link.method, link.path));
            let _ = writeln!(
                text,
                "- [{}]({base}/operations/{}.md) {call}",
                line(&link.title),
                link.slug
            );
        }
    }
    text
}
