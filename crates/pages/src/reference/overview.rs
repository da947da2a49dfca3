//! `/docs/{reference}`: what an API is about, and everything there is of it.

use axum::extract::Path;
use axum::response::Response;
use gatewright_spec::model::{Overview, Server, Tag};
use http::{HeaderMap, header};
use maud::{Markup, html};

use super::answers::{SchemaLink, Whole};
use super::frame::{Here, Said, columns, navigation, page, viewer};
use super::html::{breadcrumb, external, heading, is_web, operations, prose, tools};
use super::words::shortened;
use super::{ask, deliver, twin};
use crate::failure::Failure;
use crate::icons::icon;
use crate::visit::Visit;

/// Operations of a tag that the overview shows; its page has all.
const SHOWN_OF_TAG: usize = 5;
/// Schemas that stand open in the list; all are in it.
const SCHEMAS_OPEN: usize = 60;

pub(crate) async fn show(visit: Visit, Path(reference): Path<String>) -> Result<Response, Failure> {
    if let Some(reference) = reference.strip_suffix(".md") {
        let whole = ask::whole(&visit, reference).await?;
        return Ok(twin::answer(&twin::overview::text(&visit.origin(), &whole)));
    }
    let whole = ask::whole(&visit, &reference).await?;
    let viewer = viewer(&visit).await?;
    let here = Here {
        overview: true,
        ..Here::default()
    };
    let about = whole.named();
    let summary = if whole.about.summary.is_empty() {
        &whole.about.description.markdown
    } else {
        &whole.about.summary
    };
    let said = Said {
        title: &whole.about.title,
        description: shortened(summary.lines().next().unwrap_or_default(), 160),
        path: format!("/docs/{}", whole.slug),
        steps: vec![("/docs".to_owned(), "Docs")],
        about: Some(&about),
        twin: true,
        indexed: true,
    };
    let content = columns(&navigation(&whole, here), &content(&whole));
    Ok(page(&visit, &viewer, &said, &content))
}

/// `GET /docs/{reference}/openapi.json`
pub(crate) async fn json(visit: Visit, Path(name): Path<String>, asked: HeaderMap) -> Result<Response, Failure> {
    document(&visit, &name, "JSON", &asked).await
}

/// `GET /docs/{reference}/openapi.yaml`
pub(crate) async fn yaml(visit: Visit, Path(name): Path<String>, asked: HeaderMap) -> Result<Response, Failure> {
    document(&visit, &name, "YAML", &asked).await
}

async fn document(visit: &Visit, reference: &str, format: &str, asked: &HeaderMap) -> Result<Response, Failure> {
    let path = format!(
        "/api/v1/docs/references/{}/document?format={format}",
        ask::slug(reference)?
    );
    let mut response = visit.pass(&path, asked).await?;
    response.headers_mut().remove(header::CACHE_CONTROL);
    if !visit.shows_a_session() {
        response.headers_mut().insert(header::CACHE_CONTROL, deliver::COMPARED);
    }
    Ok(response)
}

fn content(whole: &Whole) -> Markup {
    let (about, base) = (&whole.about, format!("/docs/{}", whole.slug));
    html! {
        article.doc {
            div.doc-head {
                (breadcrumb(&[("/docs".to_owned(), "Docs")]))
                h1 { (about.title) }
                p.lead { (about.summary) }
                p.tools {
                    span.badge { "Version " (about.version) }
                    a href={ (base) "/openapi.json" } { (icon("download")) "OpenAPI " (about.specification) ", JSON" }
                    a href={ (base) "/openapi.yaml" } { "YAML" }
                }
                (tools(&base, whole.updated_at))
            }
            aside.doc-side aria-label="In short" { (servers(&about.servers)) (contacts(about)) }
            div.doc-body {
                @if !about.description.markdown.is_empty() { section { (prose(&about.description)) (external(about.external_docs.as_ref())) } }
                (security(about))
                @for tag in &about.tags { (of_tag(whole, tag)) }
                (schemas(whole))
            }
        }
    }
}

fn servers(servers: &[Server]) -> Markup {
    html! {
        @if !servers.is_empty() {
            div.side-card {
                h2 { "Where it runs" }
                ul.plain { @for server in servers.iter().take(20) { li { code { (server.url) } (prose(&server.description)) } } }
            }
        }
    }
}

fn contacts(about: &Overview) -> Markup {
    let link = |url: &Option<String>, name: &str| {
        let url = url.as_deref().filter(|url| is_web(url));
        html! { @match url { Some(url) => a href=(url) rel="nofollow noopener" { (name) }, None => (name) } }
    };
    let mail = about.contact.as_ref().and_then(|contact| contact.email.as_deref());
    let mail = mail.filter(|mail| mail.contains('@') && mail.bytes().all(|byte| byte.is_ascii_graphic()));
    html! {
        @if about.contact.is_some() || about.license.is_some() || about.terms_of_service.is_some() {
            div.side-card {
                h2 { "About" }
                ul.plain {
                    @if let Some(contact) = &about.contact {
                        li { "Contact: " (link(&contact.url, if contact.name.is_empty() { "page" } else { &contact.name })) @if let Some(mail) = mail { " " a href={ "mailto:" (mail) } { (mail) } } }
                    }
                    @if let Some(license) = &about.license { li { "License: " (link(&license.url, &license.name)) } }
                    @if let Some(terms) = about.terms_of_service.as_deref().filter(|url| is_web(url)) { li { a href=(terms) rel="nofollow noopener" { "Terms of service" } } }
                }
            }
        }
    }
}

fn security(about: &Overview) -> Markup {
    html! {
        @if !about.security_schemes.is_empty() {
            section {
                (heading("authorization", "Authorization"))
                ul.fields.flat {
                    @for scheme in &about.security_schemes {
                        li {
                            div.line { code.name { (scheme.name) } span.kind { (scheme.words) } @if scheme.deprecated { span.badge.warn { "Deprecated" } } }
                            (prose(&scheme.description))
                            @for flow in &scheme.flows {
                                details.below {
                                    summary { code { (flow.flow) } " · " (flow.scopes.len()) " scopes" }
                                    @for (label, url) in [("Agree at", &flow.authorization_url), ("Get a token at", &flow.token_url)] {
                                        @if let Some(url) = url { p.small { (label) " " code { (url) } } }
                                    }
                                    dl.facts.small { @for (scope, meaning) in &flow.scopes { dt { code { (scope) } } dd { (meaning) } } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn of_tag(whole: &Whole, tag: &Tag) -> Markup {
    let shown = tag.operations.len().min(SHOWN_OF_TAG);
    let path = format!("/docs/{}/tags/{}", whole.slug, tag.slug);
    html! {
        section {
            h2 id={ "tag-" (tag.slug) } { a.plain-link href=(path) { (tag.name) } }
            (operations(&whole.slug, &tag.operations[..shown]))
            @if shown < tag.operations.len() { p.elsewhere { a href=(path) { "All " (tag.operations.len()) " operations of " (tag.name) } } }
        }
    }
}

fn schemas(whole: &Whole) -> Markup {
    html! {
        @if !whole.schemas.is_empty() {
            section {
                (heading("schemas", "Schemas"))
                @if whole.schemas.len() <= SCHEMAS_OPEN { (names(&whole.slug, &whole.schemas)) }
                @else { details.below { summary { "All " (whole.schemas.len()) " schemas" } (names(&whole.slug, &whole.schemas)) } }
            }
        }
    }
}

fn names(reference: &str, schemas: &[SchemaLink]) -> Markup {
    html! { ul.names { @for schema in schemas { li { a href={ "/docs/" (reference) "/schemas/" (schema.slug) } { (schema.name) } } } } }
}
