//! `/console/docs`: the API descriptions that developers read, where they come from and what became of them.

mod model;
mod one;
mod revision;
mod upload;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Multipart, RawQuery};
use axum::response::Response;
use axum::routing::{get, post};
use http::{HeaderValue, header};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::json;

use self::model::Spec;
use super::{leads_elsewhere, older, operator, page};
use crate::Pages;
use crate::client::Problem;
use crate::failure::Failure;
use crate::form::Form;
use crate::layout::{self, About};
use crate::model::Items;
use crate::parts::{Field, alert, choose, moment, note, state_badge};
use crate::visit::{Visit, see_other};

pub(super) const PATH: &str = "/console/docs";
const SPECS: &str = "/api/v1/docs/api-specs";
const VISIBILITIES: [(&str, &str); 2] = [("PUBLIC", "Everybody"), ("SIGNED_IN", "Whoever signed in")];
const FIELDS: [&str; 5] = ["productId", "sourceUrl", "document", "slug", "syncMinutes"];
/// How often a page looks again while something is being imported, without a script.
const REFRESH: HeaderValue = HeaderValue::from_static("2");

/// The pages.
pub(crate) fn router() -> Router<Pages> {
    let uploads = Router::new()
        .route(PATH, post(send))
        .route("/console/docs/{id}/document", post(one::upload))
        .layer(DefaultBodyLimit::max(upload::FORM_MAX_BYTES));
    Router::new()
        .route(PATH, get(show))
        .route("/console/docs/{id}", get(one::show).post(one::send))
        .route("/console/docs/{id}/revisions/{revision}", get(revision::show))
        .merge(uploads)
}

#[derive(Deserialize)]
struct Product {
    id: String,
    name: String,
}

async fn show(visit: Visit, RawQuery(query): RawQuery) -> Result<Response, Failure> {
    render(&visit, &Form::read(query.unwrap_or_default().as_bytes()), None).await
}

async fn send(visit: Visit, parts: Multipart) -> Result<Response, Failure> {
    let form = upload::read(parts).await?;
    match add(&visit, &form).await {
        Ok(id) => Ok(see_other(&format!("{PATH}/{id}"))),
        Err(problem) if leads_elsewhere(&problem) => Err(problem.into()),
        Err(problem) => render(&visit, &form, Some(problem)).await,
    }
}

async fn add(visit: &Visit, form: &Form) -> Result<String, Problem> {
    let mut body = json!({ "productId": form.text("productId"), "specFormat": "OPENAPI_3", "visibility": form.text("visibility") });
    for name in ["sourceUrl", "slug"] {
        if let Some(text) = form.given(name) {
            body[name] = text.into();
        }
    }
    if let Some(document) = upload::document(form) {
        body["document"] = document.into();
    }
    if let Some(minutes) = minutes(form)? {
        body["syncMinutes"] = minutes.into();
    }
    let spec: Spec = crate::visit::read(visit.post(SPECS, &body).await?)?;
    Ok(spec.id)
}

/// How often a form wants a source looked at.
fn minutes(form: &Form) -> Result<Option<i32>, Problem> {
    let Some(text) = form.given("syncMinutes") else {
        return Ok(None);
    };
    let number = text.parse();
    number
        .map(Some)
        .map_err(|_| Problem::of(422, "validation-failed", "Minutes are a whole number."))
}

async fn render(visit: &Visit, form: &Form, problem: Option<Problem>) -> Result<Response, Failure> {
    let account = operator(visit).await?;
    let cursor = form.given("cursor").map_or_else(String::new, |cursor| {
        format!("&cursor={}", crate::return_to::encoded(cursor))
    });
    let specs: Items<Spec> = visit.get(&format!("{SPECS}?limit=50{cursor}")).await?;
    let products: Items<Product> = visit.get("/api/v1/products?limit=100").await?;
    let about = About {
        title: "Docs",
        ..About::default()
    };
    let content = html! {
        @if form.text("notice") == "deleted" { (note("good", "Deleted. Its pages are gone.")) }
        (alert(problem.as_ref(), &FIELDS))
        section.panel {
            header { div { h2 { "API descriptions" } p { "Each becomes pages to read, a playground to try and samples to copy." } } }
            @if specs.items.is_empty() {
                div.empty { "None yet. Add the address of an OpenAPI document, or the document itself, below." }
            } @else {
                ul.list { @for spec in &specs.items { (item(spec, &products.items)) } }
                (older(PATH, specs.next_cursor.as_deref()))
            }
        }
        (adding(form, problem.as_ref(), &products.items))
    };
    let importing = specs.items.iter().any(Spec::is_importing);
    let response = page(visit, &account, about, &content);
    Ok(watching(
        layout::with_status(response, problem.as_ref()),
        importing && problem.is_none(),
    ))
}

/// The same page, looked at again by itself while something is going on.
fn watching(mut response: Response, going_on: bool) -> Response {
    if going_on {
        response.headers_mut().insert(header::REFRESH, REFRESH);
    }
    response
}

fn item(spec: &Spec, products: &[Product]) -> Markup {
    let product = products.iter().find(|product| product.id == spec.product_id);
    html! {
        li {
            div.what {
                span {
                    a href={ (PATH) "/" (spec.id) } { (spec.title()) }
                    @if let Some(latest) = &spec.latest { (state_badge(&latest.state)) }
                    @if spec.visibility == "SIGNED_IN" { span.badge { "Signed in" } }
                }
                span {
                    "/docs/" (spec.slug)
                    @if let Some(product) = product { " · " (product.name) }
                    @if let Some(published) = &spec.published { " · " (published.operations.unwrap_or_default()) " operations" }
                }
                span { (synced(spec)) }
            }
        }
    }
}

/// When the source was last looked at, and what came of it.
fn synced(spec: &Spec) -> Markup {
    html! {
        @match (&spec.source_url, &spec.sync_error) {
            (None, _) => { "Uploaded" },
            (Some(_), Some(error)) => {
                span.badge.bad { "Not synced" } " since " (moment(spec.sync_failed_at)) ": " (error)
                @if spec.sync_failures > 1 { " (" (spec.sync_failures) " times in a row)" }
            },
            (Some(_), None) => { "Synced " (moment(spec.synced_at)) },
        }
    }
}

fn adding(form: &Form, problem: Option<&Problem>, products: &[Product]) -> Markup {
    let value = |name: &str| if problem.is_some() { form.raw(name) } else { "" };
    let choices: Vec<(&str, &str)> = products
        .iter()
        .map(|one| (one.id.as_str(), one.name.as_str()))
        .collect();
    html! {
        section.panel {
            header { div { h2 { "Add a description" } p { "OpenAPI 3.0, 3.1 or 3.2 as JSON or YAML; Swagger 2.0 is read as well. What cannot be published is said with its lines." } } }
            @if products.is_empty() {
                div.empty { "A description is of a product, and there is none yet: make one with " code { "POST /api/v1/products" } "." }
            } @else {
                form.body.stack method="post" action=(PATH) enctype="multipart/form-data" {
                    div.row.fields {
                        (choose("productId", "productId", "Product", &choices, value("productId")))
                        (choose("visibility", "visibility", "For", &VISIBILITIES, value("visibility")))
                    }
                    (Field { name: "sourceUrl", label: "Address of the document", kind: "url", aside: "or a document below", optional: true, value: value("sourceUrl"), placeholder: "https://company.com/openapi.yaml", problem, ..Field::default() }.show())
                    (upload::fields(problem))
                    div.row.fields {
                        (Field { name: "slug", label: "Short name", aside: "optional", optional: true, value: value("slug"), hint: "Its part of the address; the product's when empty.", max_length: Some(63), problem, ..Field::default() }.show())
                        (Field { name: "syncMinutes", label: "Look again every … minutes", kind: "number", aside: "optional", optional: true, value: value("syncMinutes"), hint: "At least 5; for an address only.", problem, ..Field::default() }.show())
                    }
                    div.row.end { button.button.primary { "Add description" } }
                }
            }
        }
    }
}
