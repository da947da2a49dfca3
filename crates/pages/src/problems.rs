//! `/errors`: a page for every problem code; and the page for a problem of a page.

use axum::extract::Path;
use axum::response::Response;
use maud::{Markup, html};

use crate::client::Problem;
use crate::failure::Failure;
use crate::layout::{self, About, heading};
use crate::model::SignInOptions;
use crate::return_to;
use crate::visit::Visit;

include!(concat!(env!("OUT_DIR"), "/problem_pages.rs"));

/// `GET /errors`: every problem code.
pub(crate) async fn list(visit: Visit) -> Response {
    let about = About {
        title: "Problems",
        ..About::default()
    };
    let content = html! {
        div.head { div { h1 { "Problems" } p { "Every code that an answer can carry." } } }
        section.panel {
            div.body {
                dl.facts {
                    @for (code, text) in PAGES {
                        dt { a href={ "/errors/" (code) } { code { (code) } } }
                        dd { (text.lines().next().unwrap_or_default().trim_start_matches("# ")) }
                    }
                }
            }
        }
    };
    layout::open(&visit, about, &content)
}

/// `GET /errors/{code}`: one problem code.
pub(crate) async fn one(visit: Visit, Path(code): Path<String>) -> Result<Response, Failure> {
    let code = code.strip_suffix(".md").unwrap_or(&code);
    let none = || {
        Problem::of(
            404,
            "not-found",
            "There is no problem with this code; /errors lists them all.",
        )
    };
    let (code, text) = PAGES.iter().find(|(known, _)| *known == code).ok_or_else(none)?;
    let about = About {
        title: code,
        ..About::default()
    };
    let content = html! {
        div.head { div { p { a href="/errors" { "Problems" } } h1 { (text.lines().next().unwrap_or_default().trim_start_matches("# ")) } p { code { (code) } } } }
        div.prose { (prose(text)) }
    };
    Ok(layout::open(&visit, about, &content))
}

/// A page that cannot be shown as asked.
pub(crate) async fn failed(visit: &Visit, problem: &Problem) -> Response {
    let options = visit.get::<SignInOptions>("/api/v1/sign-in-options").await;
    let tenant = options.map(|options| options.tenant.name).unwrap_or_default();
    let about = About {
        title: &problem.title,
        tenant: &tenant,
        ..About::default()
    };
    // What is not for everybody is not there for whom nobody knows.
    let hidden = problem.status == 404 && !visit.shows_a_session();
    let card = html! {
        section.card {
            (heading("alert", &problem.title, &html! { (problem.detail) }))
            @if hidden { p.soft { "Some pages are there only for people who have signed in." } }
            @if let Some(permission) = &problem.permission {
                p.soft { "Your role lacks " code { (permission) } ". An owner or admin of " (tenant) " can give you another." }
            }
            div.stack.tight {
                @if hidden { a.button.primary.block href=(return_to::with("/sign-in", return_to::local(visit.address()))) { "Sign in" } }
                @else { a.button.primary.block href=(visit.path()) { "Try again" } }
                a.button.quiet.block href="/" { "Go to the first page" }
            }
            @if !problem.request_id.is_empty() {
                p.beside.small { "Request " code { (problem.request_id) } " · " a href={ "/errors/" (problem.code) } { (problem.code) } }
            }
        }
    };
    layout::with_status(layout::gate(visit, about, &card), Some(problem))
}

/// The little of Markdown that these pages use: paragraphs, lists, fenced code, `code` and **strong**.
fn prose(text: &str) -> Markup {
    html! {
        @for block in blocks(text) {
            @match block {
                Block::Code(code) => pre tabindex="0" { (code) },
                Block::Text(text) => p { (inline(&text)) },
                Block::List(items) => ul { @for item in items { li { (inline(&item)) } } },
            }
        }
    }
}

enum Block {
    Text(String),
    List(Vec<String>),
    Code(String),
}

/// The blocks after the title.
fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = text.lines().skip(1);
    let mut open = false;
    while let Some(line) = lines.next() {
        if line.starts_with("```") {
            let code: Vec<&str> = lines.by_ref().take_while(|line| !line.starts_with("```")).collect();
            blocks.push(Block::Code(code.join("\n")));
            open = false;
        } else if line.trim().is_empty() {
            open = false;
        } else if let Some(item) = line.strip_prefix("- ") {
            match blocks.last_mut() {
                Some(Block::List(items)) if open => items.push(item.to_owned()),
                _ => blocks.push(Block::List(vec![item.to_owned()])),
            }
            open = true;
        } else {
            match blocks.last_mut() {
                Some(Block::Text(text)) if open => *text = format!("{text} {}", line.trim()),
                Some(Block::List(items)) if open && line.starts_with(' ') => {
                    if let Some(item) = items.last_mut() {
                        *item = format!("{item} {}", line.trim());
                    }
                }
                _ => blocks.push(Block::Text(line.trim().to_owned())),
            }
            open = true;
        }
    }
    blocks
}

/// Code between backquotes, strong between double asterisks, links; everything else as it is.
fn inline(text: &str) -> Markup {
    html! {
        @for (at, part) in text.split('`').enumerate() {
            @if at % 2 == 1 { code { (part) } } @else {
                @for (at, part) in part.split("**").enumerate() {
                    @if at % 2 == 1 { strong { (part) } } @else { (links(part)) }
                }
            }
        }
    }
}

/// Links to other codes; what else the documentation links to is not served here, and its name stands alone.
fn links(text: &str) -> Markup {
    let mut pieces = text.split("](");
    let mut before = pieces.next().unwrap_or_default();
    html! {
        @for piece in pieces {
            @let (plain, label) = before.rsplit_once('[').unwrap_or(("", before));
            @let (target, rest) = piece.split_once(')').unwrap_or((piece, ""));
            (plain)
            @match target.strip_suffix(".md").filter(|code| !code.contains('/')) {
                Some(code) => a href={ "/errors/" (code) } { (label) },
                None => (label),
            }
            @let () = before = rest;
        }
        (before)
    }
}

#[cfg(test)]
mod tests {
    use gatewright_types::ProblemCode;

    use super::{PAGES, prose};

    #[test]
    fn every_code_has_a_page_here() {
        let mut codes: Vec<&str> = ProblemCode::ALL.iter().map(|code| code.as_str()).collect();
        codes.sort_unstable();
        assert_eq!(PAGES.iter().map(|(code, _)| *code).collect::<Vec<_>>(), codes);
    }

    #[test]
    fn their_markdown_is_all_understood() {
        for (code, text) in PAGES {
            let html = prose(text).into_string();
            let outside: String = html
                .split("<pre")
                .map(|part| part.split("</pre>").last().unwrap_or_default())
                .collect();
            for left in ["**", "`", "](", "\n#", "|--"] {
                assert!(!outside.contains(left), "{code}: {left:?} is left in {outside}");
            }
        }
    }

    #[test]
    fn what_stands_between_the_marks_is_escaped() {
        let html = prose("# T\n\n`<b>` and **<i>**\n\n```\n<u>\n```\n").into_string();
        assert!(html.contains("<code>&lt;b&gt;</code> and <strong>&lt;i&gt;</strong>") && html.contains("&lt;u&gt;"));
    }
}
