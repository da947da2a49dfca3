//! `/docs/{reference}/tags/{tag}`: a group of operations.

use axum::extract::Path;
use axum::response::Response;
use maud::html;

use super::frame::{Here, Said, columns, listing, navigation, page, viewer};
use super::html::{breadcrumb, external, prose, tools};
use super::words::shortened;
use super::{ask, twin};
use crate::client::Problem;
use crate::failure::Failure;
use crate::visit::Visit;

pub(crate) async fn show(visit: Visit, Path((reference, name)): Path<(String, String)>) -> Result<Response, Failure> {
    let whole = ask::whole(&visit, &reference).await?;
    if let Some(tag) = name.strip_suffix(".md").and_then(|name| whole.tag(name)) {
        return Ok(twin::answer(&twin::overview::of_tag(&visit.origin(), &whole, tag)));
    }
    let tag = whole.tag(&name).ok_or_else(Problem::not_found)?;
    let viewer = viewer(&visit).await?;
    let (base, about) = (format!("/docs/{}", whole.slug), whole.named());
    let path = format!("{base}/tags/{}", tag.slug);
    let steps = vec![("/docs".to_owned(), "Docs"), (base, whole.about.title.as_str())];
    let content = html! {
        article.doc {
            div.doc-head {
                (breadcrumb(&steps))
                h1 { (tag.name) }
                (prose(&tag.description))
                (external(tag.external_docs.as_ref()))
                (tools(&path, whole.updated_at))
            }
            div.doc-body { (listing(&whole.slug, tag)) }
        }
    };
    let said = Said {
        title: &tag.name,
        description: match tag.description.markdown.lines().next() {
            Some(line) if !line.is_empty() => shortened(line, 160),
            _ => format!("{} operations of {}", tag.operations.len(), whole.about.title),
        },
        path,
        steps,
        about: Some(&about),
        twin: true,
        indexed: true,
    };
    let here = Here {
        tag: &tag.slug,
        ..Here::default()
    };
    Ok(page(
        &visit,
        &viewer,
        &said,
        &columns(&navigation(&whole, here), &content),
    ))
}
