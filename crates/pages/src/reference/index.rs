//! What programs that read all of it begin with: `llms.txt`, `robots.txt`, the sitemap.

use std::fmt::Write as _;

use axum::body::Body;
use axum::extract::Path;
use axum::response::Response;
use http::{HeaderValue, header};

use super::answers::{Listed, Whole};
use super::frame::viewer;
use super::limits::{LLMS_OPERATIONS_MAX, SITEMAP_MAX};
use super::{ask, list, twin};
use crate::client::Problem;
use crate::failure::Failure;
use crate::visit::Visit;

/// `GET /robots.txt` (RFC 9309)
pub(crate) async fn robots(visit: Visit) -> Response {
    let origin = visit.origin();
    let closed = [
        "/account",
        "/api/",
        "/console",
        "/keys",
        "/mailbox",
        "/search",
        "/sign-in",
        "/subscribe",
        "/subscriptions",
        "/team",
    ];
    let closed: String = closed.iter().map(|path| format!("Disallow: {path}\n")).collect();
    twin::plain(&format!(
        "User-agent: *\n{closed}Allow: /\n\nSitemap: {origin}/sitemap.xml\n"
    ))
}

/// `GET /llms.txt` (<https://llmstxt.org>)
pub(crate) async fn llms(visit: Visit) -> Result<Response, Failure> {
    let (references, viewer, origin) = (list::all(&visit).await?, viewer(&visit).await?, visit.origin());
    let mut text = format!(
        "# {}\n\n> The APIs of {}: what each operation does, what it takes and what comes back.\n\n\
         Every page of the documentation is Markdown at its address with `.md` behind it. A key is needed to call; it is never part of the documentation.\n",
        twin::line(&viewer.tenant),
        twin::line(&viewer.tenant)
    );
    for reference in &references {
        let whole = ask::whole(&visit, &reference.slug).await?;
        section(&mut text, &origin, reference, &whole);
    }
    Ok(twin::plain(&text))
}

fn section(text: &mut String, origin: &str, reference: &Listed, whole: &Whole) {
    let base = format!("{origin}/docs/{}", reference.slug);
    let summary = twin::line(&reference.summary);
    let _ = write!(text, "\n## {}\n\n", twin::line(&reference.title));
    let _ = writeln!(
        text,
        "- [Overview]({base}.md): {}",
        if summary.is_empty() {
            "What it is about"
        } else {
            &summary
        }
    );
    let _ = writeln!(
        text,
        "- [OpenAPI description]({base}/openapi.json): all of it, for programs"
    );
    let in_full = whole.operations() <= LLMS_OPERATIONS_MAX;
    for tag in &whole.about.tags {
        if !in_full {
            let _ = writeln!(
                text,
                "- [{}]({base}/tags/{}.md): {} operations",
                twin::line(&tag.name),
                tag.slug,
                tag.operations.len()
            );
            continue;
        }
        for link in &tag.operations {
            let _ = writeln!(
                text,
                "- [{}]({base}/operations/{}.md): {} {}",
                twin::line(&link.title),
                link.slug,
                link.method,
                twin::line(&link.path)
            );
        }
    }
}

/// `GET /sitemap.xml`: every page, or, where those are too many for one file, the files.
pub(crate) async fn sitemap(visit: Visit) -> Result<Response, Failure> {
    let (pages, origin) = (addresses(&visit).await?, visit.origin());
    if pages.len() <= SITEMAP_MAX {
        return Ok(xml(&urls(&pages)));
    }
    let mut text = String::from("<sitemapindex xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n");
    for number in 1..=pages.len().div_ceil(SITEMAP_MAX) {
        let _ = writeln!(
            text,
            "<sitemap><loc>{}/sitemap/{number}.xml</loc></sitemap>",
            escaped(&origin)
        );
    }
    text += "</sitemapindex>\n";
    Ok(xml(&text))
}

/// `GET /sitemap/{number}.xml`
pub(crate) async fn sitemap_part(visit: Visit, Path(number): Path<String>) -> Result<Response, Failure> {
    let number = number
        .strip_suffix(".xml")
        .and_then(|number| number.parse::<usize>().ok());
    let pages = addresses(&visit).await?;
    let part = number.and_then(|number| pages.chunks(SITEMAP_MAX).nth(number.checked_sub(1)?));
    Ok(xml(&urls(part.ok_or_else(Problem::not_found)?)))
}

/// An address and the day of its last change.
type Address = (String, Option<String>);

async fn addresses(visit: &Visit) -> Result<Vec<Address>, Problem> {
    let origin = visit.origin();
    let mut pages = vec![(format!("{origin}/"), None), (format!("{origin}/docs"), None)];
    for reference in list::all(visit).await? {
        let whole = ask::whole(visit, &reference.slug).await?;
        let base = format!("{origin}/docs/{}", whole.slug);
        let day = whole.updated_at.map(|at| at.format("%Y-%m-%d").to_string());
        let mut add = |path: String| pages.push((format!("{base}{path}"), day.clone()));
        add(String::new());
        for tag in &whole.about.tags {
            add(format!("/tags/{}", tag.slug));
            tag.operations
                .iter()
                .for_each(|link| add(format!("/operations/{}", link.slug)));
        }
        whole
            .schemas
            .iter()
            .for_each(|schema| add(format!("/schemas/{}", schema.slug)));
    }
    // An operation stands in each of its tags.
    let mut seen = std::collections::HashSet::new();
    pages.retain(|(address, _)| seen.insert(address.clone()));
    Ok(pages)
}

fn urls(pages: &[Address]) -> String {
    let mut text = String::from("<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n");
    for (address, day) in pages {
        let day = day
            .as_ref()
            .map_or_else(String::new, |day| format!("<lastmod>{day}</lastmod>"));
        let _ = writeln!(text, "<url><loc>{}</loc>{day}</url>", escaped(address));
    }
    text + "</urlset>\n"
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&apos;")
}

fn xml(text: &str) -> Response {
    let mut response = Response::new(Body::from(format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{text}"
    )));
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    response
}
