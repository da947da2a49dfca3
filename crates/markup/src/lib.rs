//! Text of authors, in CommonMark, as HTML that is safe to show.
//!
//! An author is anybody who may write a description, and what they write is read by others on pages that know who is signed in.
//!
//! # Invariants
//! * Nothing an author writes becomes a script, a style, a form, a frame or a request to another origin; what is not on the
//!   list of `policy` is not there.
//! * Ids begin with [`ID_PREFIX`], so that they never meet one of the page's own.
//! * Nothing an author writes makes [`html`] panic, nest without end or run long: what is larger or deeper than [`limits`]
//!   is shown as it was written.
//!
//! Start with [`html`]: `plain` is the short way for text without any markup, `images` takes foreign images out.

#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod images;
pub mod limits;
mod nesting;
mod plain;
mod policy;

use std::sync::LazyLock;

use comrak::nodes::NodeValue;
use comrak::{Arena, Options, format_html, parse_document};

use crate::limits::{DEPTH_MAX, MARKDOWN_MAX_BYTES};

/// What every id of an author's text begins with.
pub const ID_PREFIX: &str = "text-";
/// How far an author's headings are moved down, since a page has a title and parts of its own.
const HEADINGS_BELOW: u8 = 2;
const HEADING_LEVEL_MAX: u8 = 6;

static OPTIONS: LazyLock<Options<'static>> = LazyLock::new(|| {
    let mut options = Options::default();
    options.extension.strikethrough = true;
    options.extension.table = true;
    options.extension.autolink = true;
    options.extension.header_id_prefix = Some(ID_PREFIX.to_owned());
    options.extension.header_id_prefix_in_href = true;
    // HTML inside of the text is let through here and judged by the policy afterwards, as all of it is.
    options.render.r#unsafe = true;
    options
});

/// CommonMark, with tables, strikethrough and bare links as on GitHub, as HTML that is safe to show.
///
/// Text that is longer or nests deeper than [`limits`] allow is shown as it was written, inside `<pre>`.
pub fn html(markdown: &str) -> String {
    if let Some(paragraph) = plain::paragraph(markdown) {
        return paragraph;
    }
    if markdown.len() > MARKDOWN_MAX_BYTES || nesting::of_markdown(markdown) > DEPTH_MAX {
        return as_written(markdown);
    }
    let raw = render(markdown);
    if nesting::of_html(&raw) > DEPTH_MAX {
        return as_written(markdown);
    }
    let clean = policy::POLICY.clean(&raw).to_string();
    images::without_foreign(&clean)
}

fn render(markdown: &str) -> String {
    let arena = Arena::new();
    let root = parse_document(&arena, markdown, &OPTIONS);
    for node in root.descendants() {
        if let NodeValue::Heading(heading) = &mut node.data.borrow_mut().value {
            heading.level = (heading.level + HEADINGS_BELOW).min(HEADING_LEVEL_MAX);
        }
    }
    let mut html = String::with_capacity(markdown.len() * 2);
    // Writing into a string cannot fail.
    let _ = format_html(root, &OPTIONS, &mut html);
    html
}

fn as_written(markdown: &str) -> String {
    let mut html = String::with_capacity(markdown.len() + 16);
    html.push_str("<pre>");
    plain::escape(markdown, &mut html);
    html.push_str("</pre>");
    html
}
