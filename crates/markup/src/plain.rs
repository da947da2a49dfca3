//! Text without any markup, which most of a description's text is: no parser is asked.

use crate::limits::MARKDOWN_MAX_BYTES;

/// Characters that may begin something in CommonMark, in its extensions or in HTML, wherever they stand.
const MEANINGFUL: &[u8] = b"\\`*_[]<>&!~|#@\t\0\r";

/// The text as a paragraph, if it is surely nothing else; empty for no text.
pub(crate) fn paragraph(markdown: &str) -> Option<String> {
    let text = markdown.trim_matches(['\n', ' ']);
    if text.is_empty() {
        return markdown
            .bytes()
            .all(|byte| matches!(byte, b'\n' | b' '))
            .then(String::new);
    }
    if text.len() > MARKDOWN_MAX_BYTES || text.len() != markdown.trim_end_matches(['\n', ' ']).len() {
        return None;
    }
    if text.bytes().any(|byte| MEANINGFUL.contains(&byte)) || begins_something(text) || has_bare_link(text) {
        return None;
    }
    let mut html = String::with_capacity(text.len() + 16);
    html.push_str("<p>");
    escape(text, &mut html);
    html.push_str("</p>\n");
    Some(html)
}

/// Whether a line may be more than text: a list, a rule, an underline of a heading, another paragraph, a hard break.
fn begins_something(text: &str) -> bool {
    text.contains("  \n")
        || text.lines().any(|line| {
            let Some(first) = line.bytes().next() else { return true };
            matches!(first, b' ' | b'-' | b'+' | b'=' | b':') || first.is_ascii_digit()
        })
}

/// Whether the text may hold a link without any sign of one.
fn has_bare_link(text: &str) -> bool {
    text.contains("://")
        || text.to_ascii_lowercase().contains("www.")
        || text.contains("mailto:")
        || text.contains("xmpp:")
}

/// Writes text so that HTML shows it as it is, between tags.
pub(crate) fn escape(text: &str, html: &mut String) {
    for letter in text.chars() {
        match letter {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '\0' => html.push('\u{fffd}'),
            letter => html.push(letter),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_surely_text_takes_the_short_way() {
        for text in [
            "The number of items.",
            "One line\nand another.",
            "  ",
            "",
            "about 50 % of it\n",
        ] {
            assert!(paragraph(text).is_some(), "{text:?}");
        }
        for markup in [
            "*b*",
            "a_b",
            "- a",
            "1. a",
            "a\n===",
            "a\n\nb",
            "a  \nb",
            "    code",
            "<b>",
            "&amp;",
            "[a](b)",
            "# a",
            "see https://a.example",
            "www.a.example",
            "a@b.example",
            "a\\\nb",
            "`a`",
            "a\n    b",
            "~~a~~",
            "| a |",
            ": a",
        ] {
            assert_eq!(paragraph(markup), None, "{markup:?}");
        }
    }
}
