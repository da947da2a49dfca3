//! Texts of authors, made fit to show: nothing that cannot be seen, nothing without an end, no address but http's.

use url::Url;

use crate::limits::{NAME_MAX_BYTES, PROSE_MAX_BYTES};
use crate::model::{ExternalDocs, Prose};
use crate::tree::Node;

/// Whether a character would let a text look like what it is not: controls, and what turns the direction of writing.
pub(crate) fn is_hidden(character: char) -> bool {
    let is_control = character.is_control() && !matches!(character, '\n' | '\t');
    is_control || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// The beginning of a text that is not longer than `limit` bytes.
pub(crate) fn beginning(text: &str, limit: usize) -> &str {
    &text[..text.floor_char_boundary(limit)]
}

/// A name, title or summary: one line.
pub(crate) fn line(text: &str) -> String {
    let mut line = String::new();
    for word in beginning(text, NAME_MAX_BYTES * 2).split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.extend(word.chars().filter(|character| !is_hidden(*character)));
    }
    if line.len() > NAME_MAX_BYTES || text.len() > NAME_MAX_BYTES * 2 {
        line = format!("{}…", beginning(&line, NAME_MAX_BYTES));
    }
    line
}

/// The line that a map has under a key; empty where it has none.
pub(crate) fn line_of(node: Node<'_>, key: &str) -> String {
    node.get(key).and_then(Node::words).map(line).unwrap_or_default()
}

/// CommonMark.
pub(crate) fn prose(text: &str) -> Prose {
    let cut = beginning(text, PROSE_MAX_BYTES);
    let mut markdown: String = cut.chars().filter(|character| !is_hidden(*character)).collect();
    markdown.truncate(markdown.trim_end().len());
    if cut.len() < text.len() {
        markdown.push_str("\n\n…");
    }
    Prose {
        markdown,
        html: String::new(),
    }
}

/// The text that a map has under a key.
pub(crate) fn prose_of(node: Node<'_>, key: &str) -> Prose {
    node.get_text(key).map(prose).unwrap_or_default()
}

/// An address that may be followed; what is relative is so to where the description was got.
pub(crate) fn web_url(base: &str, text: &str) -> Option<String> {
    let text = text.trim();
    let url = match Url::parse(text) {
        Ok(url) => url,
        Err(_) => Url::parse(base).ok()?.join(text).ok()?,
    };
    let is_web = matches!(url.scheme(), "http" | "https") && url.host_str().is_some_and(|host| !host.is_empty());
    (is_web && url.as_str().len() <= NAME_MAX_BYTES * 4).then(|| url.into())
}

/// `externalDocs`.
pub(crate) fn external_docs(base: &str, node: Node<'_>) -> Option<ExternalDocs> {
    let docs = node.get("externalDocs")?;
    let url = web_url(base, docs.get_text("url")?)?;
    Some(ExternalDocs {
        url,
        description: prose_of(docs, "description"),
    })
}
