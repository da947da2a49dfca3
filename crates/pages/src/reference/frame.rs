//! The frame of every page of a reference: who looks at it, the navigation beside it, what its head says to search engines.

use axum::response::Response;
use gatewright_spec::model::{OperationLink, Tag};
use maud::{Markup, PreEscaped, html};
use serde_json::{Value, json};

use super::answers::{About, Whole};
use super::html::{method_word, operations, title};
use super::limits::LISTED_MAX;
use crate::client::Problem;
use crate::layout;
use crate::model::{Account, SignInOptions};
use crate::visit::Visit;

/// Whoever looks at a page.
pub(crate) struct Viewer {
    pub(crate) tenant: String,
    pub(crate) account: Option<Account>,
}

/// Finds out who it is; most are nobody, and are not asked about.
pub(crate) async fn viewer(visit: &Visit) -> Result<Viewer, Problem> {
    if visit.shows_a_session() {
        match visit.get::<Account>("/api/v1/account").await {
            Ok(account) => {
                return Ok(Viewer {
                    tenant: account.tenant.name.clone(),
                    account: Some(account),
                });
            }
            Err(problem) if problem.status == 401 => {}
            Err(problem) => return Err(problem),
        }
    }
    let options: SignInOptions = visit.get("/api/v1/sign-in-options").await?;
    Ok(Viewer {
        tenant: options.tenant.name,
        account: None,
    })
}

/// What is said of a page beside its content.
pub(crate) struct Said<'a> {
    pub(crate) title: &'a str,
    pub(crate) description: String,
    /// Its path, as it is to be known.
    pub(crate) path: String,
    /// From the list of references to the page that this one stands below: path and name.
    pub(crate) steps: Vec<(String, &'a str)>,
    pub(crate) about: Option<&'a About>,
    /// Whether it has a twin in Markdown.
    pub(crate) twin: bool,
    pub(crate) indexed: bool,
}

/// The page with everything around it.
pub(crate) fn page(visit: &Visit, viewer: &Viewer, said: &Said<'_>, content: &Markup) -> Response {
    let head = head(visit, viewer, said);
    let about = layout::About {
        title: said.title,
        tenant: &viewer.tenant,
        indexed: said.indexed,
        head: Some(&head),
        ..layout::About::default()
    };
    layout::wide(visit, about, viewer.account.as_ref(), content)
}

fn head(visit: &Visit, viewer: &Viewer, said: &Said<'_>) -> Markup {
    let origin = visit.origin();
    let address = format!("{origin}{}", said.path);
    html! {
        @if !said.description.is_empty() { meta name="description" content=(said.description); }
        @if said.indexed {
            link rel="canonical" href=(address);
            (data(&linked(&origin, &address, viewer, said)))
        }
        @if said.twin { link rel="alternate" type="text/markdown" href={ (said.path) ".md" }; }
    }
}

/// What the page is in words that search engines share (<https://schema.org>). A block of data: no browser runs it.
fn linked(origin: &str, address: &str, viewer: &Viewer, said: &Said<'_>) -> Value {
    let steps = said.steps.iter().map(|(path, name)| (format!("{origin}{path}"), *name));
    let steps = steps.chain([(address.to_owned(), said.title)]);
    let items: Vec<Value> = steps
        .enumerate()
        .map(|(at, (item, name))| json!({ "@type": "ListItem", "position": at + 1, "name": name, "item": item }))
        .collect();
    let mut article = json!({
        "@type": "TechArticle", "headline": said.title, "url": address, "inLanguage": "en",
        "publisher": { "@type": "Organization", "name": viewer.tenant },
    });
    if !said.description.is_empty() {
        article["description"] = json!(said.description);
    }
    if let Some(at) = said.about.and_then(|about| about.updated_at) {
        article["dateModified"] = json!(at.to_rfc3339());
    }
    json!({ "@context": "https://schema.org", "@graph": [article, { "@type": "BreadcrumbList", "itemListElement": items }] })
}

fn data(value: &Value) -> Markup {
    html! { script type="application/ld+json" { (PreEscaped(block(value))) } }
}

/// JSON that cannot end the element it stands in (HTML §4.12.1.3).
pub(crate) fn block(value: &Value) -> String {
    value.to_string().replace('<', "\\u003c")
}

/// The columns: navigation, and what is read.
pub(crate) fn columns(navigation: &Markup, content: &Markup) -> Markup {
    html! {
        div.docs {
            details.docs-menu { summary { "Menu" } }
            nav.docs-nav aria-label="Reference" { (navigation) }
            main id="main" { (content) }
        }
    }
}

/// Where one is.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Here<'a> {
    pub(crate) tag: &'a str,
    pub(crate) operation: &'a str,
    pub(crate) schema: &'a str,
    pub(crate) overview: bool,
}

/// The navigation of a reference: its tags, and what is below the one that is read.
pub(crate) fn navigation(whole: &Whole, here: Here<'_>) -> Markup {
    let base = format!("/docs/{}", whole.slug);
    html! {
        a.docs-title href=(base) aria-current=[here.overview.then_some("page")] {
            strong { (whole.about.title) } span { (whole.about.version) }
        }
        ul.docs-tags {
            @for tag in &whole.about.tags {
                @let open = tag.slug == here.tag;
                li.nested[tag.parent.is_some()] {
                    a href={ (base) "/tags/" (tag.slug) } aria-current=[(open && here.operation.is_empty()).then_some("page")] {
                        (tag.name) span.count { (tag.operations.len()) }
                    }
                    @if open { (listed(&base, tag, here.operation)) }
                }
            }
        }
        @if !whole.schemas.is_empty() {
            a.docs-more href={ (base) "#schemas" } aria-current=[(!here.schema.is_empty()).then_some("true")] { "Schemas" span.count { (whole.schemas.len()) } }
        }
    }
}

fn listed(base: &str, tag: &Tag, current: &str) -> Markup {
    html! {
        ul {
            @for link in tag.operations.iter().take(LISTED_MAX) {
                li { a href={ (base) "/operations/" (link.slug) } aria-current=[(link.slug == current).then_some("page")] {
                    span class={ "m " (method_word(link).to_lowercase()) } { (short(link)) }
                    span.gone[link.deprecated] { (title(link)) }
                } }
            }
        }
    }
}

/// A method in at most four letters.
fn short(link: &OperationLink) -> &str {
    match method_word(link) {
        "DELETE" => "DEL",
        "OPTIONS" => "OPT",
        "PATCH" => "PTCH",
        word => word.get(..4.min(word.len())).unwrap_or(word),
    }
}

/// The operations of a tag, and how many more there are.
pub(crate) fn listing(reference: &str, tag: &Tag) -> Markup {
    let shown = tag.operations.len().min(LISTED_MAX);
    html! {
        (operations(reference, &tag.operations[..shown]))
        @if shown < tag.operations.len() {
            p.elsewhere { (tag.operations.len() - shown) " more are in " a href={ "/docs/" (reference) "/openapi.json" } { "the description" } "; the search finds each of them." }
        }
    }
}
