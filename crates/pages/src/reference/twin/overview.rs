//! A reference, one of its tags, and all references as Markdown.

use std::fmt::Write as _;

use gatewright_spec::model::Tag;

use super::{code, line};
use crate::reference::answers::{Listed, Whole};

/// A reference.
pub(crate) fn text(origin: &str, whole: &Whole) -> String {
    let (about, base) = (&whole.about, format!("{origin}/docs/{}", whole.slug));
    let mut text = format!(
        "# {}\n\nVersion {}. [OpenAPI description]({base}/openapi.json)\n\n",
        line(&about.title),
        line(&about.version)
    );
    for paragraph in [about.summary.trim(), about.description.markdown.trim()] {
        if !paragraph.is_empty() {
            let _ = write!(text, "{paragraph}\n\n");
        }
    }
    if !about.servers.is_empty() {
        text += "## Where it runs\n\n";
        for server in &about.servers {
            let _ = writeln!(text, "- {} {}", code(&server.url), line(&server.description.markdown));
        }
        text.push('\n');
    }
    if !about.security_schemes.is_empty() {
        text += "## Authorization\n\n";
        for scheme in &about.security_schemes {
            let _ = writeln!(text, "- {}: {}", code(&scheme.name), line(&scheme.words));
        }
        text.push('\n');
    }
    for tag in &about.tags {
        let _ = write!(text, "## {}\n\n", line(&tag.name));
        operations(&mut text, &base, tag);
    }
    if !whole.schemas.is_empty() {
        text += "## Schemas\n\n";
        for schema in &whole.schemas {
            let _ = writeln!(text, "- [{}]({base}/schemas/{}.md)", line(&schema.name), schema.slug);
        }
    }
    text
}

/// A tag.
pub(crate) fn of_tag(origin: &str, whole: &Whole, tag: &Tag) -> String {
    let base = format!("{origin}/docs/{}", whole.slug);
    let mut text = format!(
        "# {}\n\nPart of [{}]({base}.md).\n\n",
        line(&tag.name),
        line(&whole.about.title)
    );
    if !tag.description.markdown.trim().is_empty() {
        let _ = write!(text, "{}\n\n", tag.description.markdown.trim());
    }
    operations(&mut text, &base, tag);
    text
}

fn operations(text: &mut String, base: &str, tag: &Tag) {
    for link in &tag.operations {
        let call = code(&format!("{} {}", link.method, link.path));
        let gone = if link.deprecated { " (deprecated)" } else { "" };
        let _ = writeln!(
            text,
            "- [{}]({base}/operations/{}.md) {call}{gone}",
            line(&link.title),
            link.slug
        );
    }
    text.push('\n');
}

/// All references.
pub(crate) fn list(origin: &str, items: &[Listed]) -> String {
    let mut text = String::from("# Documentation\n\n");
    for item in items {
        let _ = writeln!(
            text,
            "- [{}]({origin}/docs/{}.md) {} {}",
            line(&item.title),
            item.slug,
            line(&item.version),
            line(&item.summary)
        );
    }
    text
}
