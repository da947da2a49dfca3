//! `/docs/{reference}/schemas/{schema}`: a schema with a name.

use axum::extract::Path;
use axum::response::Response;
use maud::{Markup, html};

use super::answers::OneSchema;
use super::frame::{Here, Said, columns, navigation, page, viewer};
use super::html::field::{Line, about};
use super::html::side::{Tab, tabs};
use super::html::tree::Trees;
use super::html::{breadcrumb, code, heading, operations, tools};
use super::words::{has_more, shortened};
use super::{ask, twin};
use crate::failure::Failure;
use crate::visit::Visit;

pub(crate) async fn show(visit: Visit, Path((reference, name)): Path<(String, String)>) -> Result<Response, Failure> {
    if let Some(name) = name.strip_suffix(".md") {
        let one = ask::schema(&visit, &reference, name).await?;
        return Ok(twin::answer(&twin::schema::text(&visit.origin(), &one)));
    }
    let one = ask::schema(&visit, &reference, &name).await?;
    let whole = ask::navigation(&visit, &one.reference).await?;
    let viewer = viewer(&visit).await?;
    let here = Here {
        schema: &one.schema.slug,
        ..Here::default()
    };
    let base = format!("/docs/{}", one.reference.slug);
    let steps = vec![
        ("/docs".to_owned(), "Docs"),
        (base.clone(), one.reference.title.as_str()),
    ];
    let first = one
        .schema
        .schema
        .description
        .markdown
        .lines()
        .next()
        .unwrap_or_default();
    let said = Said {
        title: &one.schema.name,
        description: if first.is_empty() {
            format!("A schema of {}", one.reference.title)
        } else {
            shortened(first, 160)
        },
        path: format!("{base}/schemas/{}", one.schema.slug),
        steps: steps.clone(),
        about: Some(&one.reference),
        twin: true,
        indexed: true,
    };
    let content = content(&one, &steps, &said.path);
    Ok(page(
        &visit,
        &viewer,
        &said,
        &columns(&navigation(&whole, here), &content),
    ))
}

fn content(one: &OneSchema, steps: &[(String, &str)], path: &str) -> Markup {
    let named = &one.schema;
    let trees = Trees::new(&one.reference.slug);
    // The page of a schema does not link to itself.
    let mut schema = named.schema.clone();
    schema.slug = None;
    html! {
        article.doc {
            div.doc-head {
                (breadcrumb(steps))
                h1 { (named.name) }
                (tools(path, one.reference.updated_at))
            }
            aside.doc-side aria-label="Example" {
                @if let Some(example) = &named.example {
                    (tabs("example", "Example", &[Tab { value: "JSON", label: "JSON".to_owned(), color: "", content: code::example(example) }], ""))
                }
            }
            div.doc-body {
                section {
                    div.whole { (about(trees.reference(), &Line { nameless: true, ..Line::default() }, &schema)) }
                    @if has_more(&schema) { (trees.below(&schema, 0)) }
                    (trees.rest())
                }
                @if !named.used_by.is_empty() {
                    section { (heading("used-by", "Used by")) (operations(&one.reference.slug, &named.used_by)) }
                }
            }
        }
    }
}
