//! Each page as Markdown, for programs that read and for whoever pastes it somewhere.

pub(crate) mod fields;
pub(crate) mod operation;
pub(crate) mod overview;
pub(crate) mod schema;

use axum::body::Body;
use axum::response::Response;
use http::{HeaderName, HeaderValue, header};

/// A twin as it is sent (RFC 7763). Search engines list the page instead.
pub(crate) fn answer(text: &str) -> Response {
    let mut response = typed(text, HeaderValue::from_static("text/markdown; charset=utf-8"));
    let robots = HeaderName::from_static("x-robots-tag");
    response
        .headers_mut()
        .insert(robots, HeaderValue::from_static("noindex"));
    response
}

/// Plain text as it is sent.
pub(crate) fn plain(text: &str) -> Response {
    typed(text, HeaderValue::from_static("text/plain; charset=utf-8"))
}

fn typed(text: &str, kind: HeaderValue) -> Response {
    let mut response = Response::new(Body::from(text.to_owned()));
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// Text of an author in one line of Markdown, with nothing in it that means something there.
pub(crate) fn line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.split_whitespace().collect::<Vec<_>>().join(" ").chars() {
        if matches!(letter, '[' | ']' | '<' | '>' | '|' | '`' | '*' | '_' | '\\') {
            out.push('\\');
        }
        out.push(letter);
    }
    out
}

/// Code in a line; backquotes in it get longer ones around them (CommonMark §6.1). A bar would end a cell of a table.
pub(crate) fn code(text: &str) -> String {
    let text = text
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .replace('|', "\\|");
    if text.contains('`') {
        format!("`` {text} ``")
    } else {
        format!("`{text}`")
    }
}

/// A block of code with a fence that nothing in it closes.
pub(crate) fn fenced(language: &str, text: &str) -> String {
    let longest = text.split(|letter| letter != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}{language}\n{}\n{fence}\n", text.trim_end_matches('\n'))
}

#[cfg(test)]
mod tests {
    use super::{code, fenced, line};

    #[test]
    fn what_an_author_wrote_ends_no_cell_no_code_and_no_fence() {
        assert_eq!(line("a | b\n[x](y) <z>"), "a \\| b \\[x\\](y) \\<z\\>");
        assert_eq!(code("a`b|c"), "`` a`b\\|c ``");
        assert_eq!(fenced("json", "```\n"), "````json\n```\n````\n");
    }
}
