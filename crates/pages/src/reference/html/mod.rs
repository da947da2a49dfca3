//! What pages of a reference are made of.

pub(crate) mod body;
pub(crate) mod code;
pub(crate) mod field;
pub(crate) mod side;
pub(crate) mod tree;

use chrono::{DateTime, Utc};
use gatewright_spec::model::{ExternalDocs, OperationKind, OperationLink, Prose};
use maud::{Markup, PreEscaped, html};

use super::limits::TITLE_MAX_CHARS;
use crate::icons::icon;
use crate::parts::moment;

/// Text of an author. Its HTML was made safe when it was published; where there is none, the text stands as it was written.
pub(crate) fn prose(text: &Prose) -> Markup {
    html! {
        @if !text.html.is_empty() { div.prose { (PreEscaped(&text.html)) } }
        @else if !text.markdown.is_empty() {
            div.prose { @for block in text.markdown.split("\n\n") { p { (block) } } }
        }
    }
}

/// A method with its color; a webhook is called, so it has none of its own.
pub(crate) fn method(link: &OperationLink) -> Markup {
    let word = method_word(link);
    html! { span class={ "method " (word.to_lowercase()) } { (word) } }
}

/// A method as it is named in lists.
pub(crate) fn method_word(link: &OperationLink) -> &str {
    if link.kind == OperationKind::Webhook {
        "HOOK"
    } else {
        &link.method
    }
}

/// What an operation does in a few words; authors who wrote more than that are read on its page.
pub(crate) fn title(link: &OperationLink) -> String {
    super::words::shortened(&link.title, TITLE_MAX_CHARS)
}

/// A path with its placeholders marked.
pub(crate) fn path(path: &str) -> Markup {
    html! {
        @for (at, piece) in path.split('{').enumerate() {
            @match piece.split_once('}') {
                Some((name, rest)) if at > 0 => { var { "{" (name) "}" } (rest) },
                _ => { @if at > 0 { "{" } (piece) },
            }
        }
    }
}

/// A heading that can be linked to.
pub(crate) fn heading(id: &str, title: &str) -> Markup {
    with_note(id, title, "")
}

/// The same with a word beside it.
pub(crate) fn with_note(id: &str, title: &str, note: &str) -> Markup {
    html! {
        h2 id=(id) {
            (title) @if !note.is_empty() { " " span.required { (note) } }
            " " a.anchor href={ "#" (id) } aria-label={ "Link to " (title) } { "#" }
        }
    }
}

/// Operations with their methods, each a line.
pub(crate) fn operations(reference: &str, links: &[OperationLink]) -> Markup {
    html! {
        ul.operations {
            @for link in links {
                li {
                    a href={ "/docs/" (reference) "/operations/" (link.slug) } {
                        (method(link))
                        span.what { strong { (title(link)) } code { (path(&link.path)) } }
                        @if link.deprecated { span.badge.warn { "Deprecated" } }
                    }
                }
            }
        }
    }
}

/// What more there is to read elsewhere.
pub(crate) fn external(docs: Option<&ExternalDocs>) -> Markup {
    let words = |docs: &ExternalDocs| match docs.description.markdown.lines().next().unwrap_or_default() {
        "" => "More about this".to_owned(),
        line => super::words::shortened(line, 120),
    };
    html! {
        @if let Some(docs) = docs.filter(|docs| is_web(&docs.url)) {
            p.more-to-read { (icon("book")) a href=(docs.url) rel="nofollow noopener" { (words(docs)) } }
        }
    }
}

/// Whether an address leads to a page of the web and to nothing else.
pub(crate) fn is_web(url: &str) -> bool {
    url.starts_with("https://") || url.starts_with("http://")
}

/// Where a page stands.
pub(crate) fn breadcrumb(steps: &[(String, &str)]) -> Markup {
    html! {
        nav.crumbs aria-label="Breadcrumb" {
            ol { @for (path, name) in steps { li { a href=(path) { (name) } } } }
        }
    }
}

/// What can be done with a page, and how old it is.
pub(crate) fn tools(path: &str, updated_at: Option<DateTime<Utc>>) -> Markup {
    html! {
        p.tools {
            button.link type="button" hidden data-copy-url={ (path) ".md" } { (icon("copy")) span data-label { "Copy as Markdown" } }
            a href={ (path) ".md" } { "View as Markdown" }
            @if let Some(at) = updated_at { span { "Updated " (moment(Some(at))) } }
        }
    }
}
