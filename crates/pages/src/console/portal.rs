//! `/console/portal`: how the tenant's pages look, and what they say of it.

use axum::Router;
use axum::extract::{DefaultBodyLimit, Multipart, RawQuery, State};
use axum::response::Response;
use axum::routing::{get, post};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use maud::{Markup, html};
use serde_json::{Value, json};

use super::{leads_elsewhere, operator, page};
use crate::Pages;
use crate::brand::Brand;
use crate::client::Problem;
use crate::failure::Failure;
use crate::form::Form;
use crate::icons::icon;
use crate::layout::{self, About};
use crate::parts::{Field, alert, hidden, note};
use crate::visit::{Visit, see_other};

const PATH: &str = "/console/portal";
const BRANDING: &str = "/api/v1/portal/branding";
const LOGO: &str = "/api/v1/portal/branding/logo";
/// Longest form with a logo: what the API takes at most, and the form around it.
const UPLOAD_MAX_BYTES: usize = 320 * 1024;

/// The page, and what is uploaded on it.
pub(crate) fn router() -> Router<Pages> {
    Router::new().route(PATH, get(show).post(send)).route(
        "/console/portal/logo",
        post(upload).layer(DefaultBodyLimit::max(UPLOAD_MAX_BYTES)),
    )
}

async fn show(visit: Visit, RawQuery(query): RawQuery) -> Result<Response, Failure> {
    render(&visit, &Form::read(query.unwrap_or_default().as_bytes()), None).await
}

async fn send(State(pages): State<Pages>, visit: Visit, form: Form) -> Result<Response, Failure> {
    let done = match form.text("do") {
        "save" => visit.call(Method::PUT, BRANDING, Some(&wanted(&form))).await,
        "remove-logo" => visit.call(Method::DELETE, LOGO, None).await,
        _ => Err(Problem::not_found()),
    };
    finish(&pages, &visit, &form, done).await
}

/// `POST /console/portal/logo`
async fn upload(State(pages): State<Pages>, visit: Visit, parts: Multipart) -> Result<Response, Failure> {
    let done = match image(parts).await {
        Ok(body) => visit.call(Method::PUT, LOGO, Some(&body)).await,
        Err(problem) => Err(problem),
    };
    finish(&pages, &visit, &Form::default(), done).await
}

async fn finish(pages: &Pages, visit: &Visit, form: &Form, done: Result<Value, Problem>) -> Result<Response, Failure> {
    match done {
        Ok(_) => {
            pages.2.forget();
            Ok(see_other(&format!("{PATH}?notice=saved")))
        }
        Err(problem) if leads_elsewhere(&problem) => Err(problem.into()),
        Err(problem) => render(visit, form, Some(problem)).await,
    }
}

fn wanted(form: &Form) -> Value {
    let mut body = json!({ "keepsSecretsInTab": form.text("keeps") == "yes" });
    for name in ["name", "color", "contact"] {
        if let Some(text) = form.given(name) {
            body[name] = text.into();
        }
    }
    body
}

/// The image of a form, as the API takes it.
async fn image(mut parts: Multipart) -> Result<Value, Problem> {
    let refuse = |detail: &str| Problem::of(422, "validation-failed", detail);
    let too_long = || refuse("The image is longer than 256 KiB, or the form is broken.");
    while let Some(part) = parts.next_field().await.map_err(|_| too_long())? {
        if part.name() != Some("logo") {
            continue;
        }
        let media_type = part.content_type().unwrap_or_default().to_owned();
        let bytes = part.bytes().await.map_err(|_| too_long())?;
        if bytes.is_empty() {
            return Err(refuse("Choose an image first."));
        }
        if !["image/png", "image/svg+xml", "image/webp"].contains(&media_type.as_str()) {
            return Err(refuse("A logo is a PNG, an SVG or a WebP image."));
        }
        return Ok(json!({ "mediaType": media_type, "content": STANDARD.encode(&bytes) }));
    }
    Err(refuse("Choose an image first."))
}

async fn render(visit: &Visit, form: &Form, problem: Option<Problem>) -> Result<Response, Failure> {
    let account = operator(visit).await?;
    let brand: Brand = visit.get(BRANDING).await?;
    let about = About {
        title: "Portal",
        ..About::default()
    };
    let content = html! {
        @if form.text("notice") == "saved" { (note("good", "Saved. Everybody sees it within ten seconds.")) }
        (alert(problem.as_ref(), &["name", "color", "contact"]))
        (looks(&brand, form, problem.as_ref()))
        (logo(&brand))
        (preview(&brand))
    };
    let response = page(visit, &account, about, &content);
    Ok(layout::with_status(response, problem.as_ref()))
}

fn looks(brand: &Brand, form: &Form, problem: Option<&Problem>) -> Markup {
    let kept = problem.is_some() && form.text("do") == "save";
    let value = |name: &str, known: &str| {
        if kept {
            form.raw(name).to_owned()
        } else {
            known.to_owned()
        }
    };
    let (name, contact) = (
        value("name", &brand.name),
        value("contact", brand.contact.as_deref().unwrap_or_default()),
    );
    let color = value("color", brand.color.as_deref().unwrap_or_default());
    let keeps = if kept {
        form.text("keeps") == "yes"
    } else {
        brand.keeps_secrets_in_tab
    };
    let offered = problem.and_then(|problem| problem.of_field("color")).and_then(offered);
    html! {
        section.panel {
            header { div { h2 { "Look" } p { "Of everything that developers see: pages, sign-in, documentation." } } }
            form.body.stack method="post" action=(PATH) {
                (Field { name: "name", label: "Name", value: &name, max_length: Some(200), problem, ..Field::default() }.show())
                (Field { name: "color", label: "Color", aside: "optional", optional: true, value: &color, placeholder: "#0a7d5a", max_length: Some(7), hint: "Buttons and links take it. White text has to be read on it: a contrast of 4.5 to 1.", problem, ..Field::default() }.show())
                @if let Some(offered) = offered {
                    p.row { span.soft { "The nearest that passes is " code { (offered) } "." } button.button.small form="take" { "Take it" } }
                }
                (Field { name: "contact", label: "Contact", aside: "optional", optional: true, value: &contact, placeholder: "sales@company.com", max_length: Some(500), hint: "A mail address or an https address: every product gets a “Talk to us”.", problem, ..Field::default() }.show())
                label.check { input type="checkbox" name="keeps" value="yes" checked[keeps]; span { "A browser tab that made a key may show it again as long as the tab is open and somebody is signed in." } }
                div.row.end { button.button.primary name="do" value="save" { "Save" } }
            }
            @if let Some(offered) = offered {
                form id="take" method="post" action=(PATH) {
                    (hidden("do", Some("save"))) (hidden("color", Some(offered))) (hidden("name", Some(&name)))
                    (hidden("contact", Some(&contact))) (hidden("keeps", keeps.then_some("yes")))
                }
            }
        }
    }
}

/// The color that a refusal names last.
fn offered(detail: &str) -> Option<&str> {
    let (_, named) = detail.split_once("passes is ")?;
    named.get(..7)
}

fn logo(brand: &Brand) -> Markup {
    html! {
        section.panel {
            header { div { h2 { "Logo" } p { "PNG, SVG or WebP, at most 256 KiB; shown 28 pixels high. It is the icon of browser tabs, too." } } }
            div.body.stack {
                @if let Some(address) = brand.logo() {
                    div.row { img.logo.framed src=(address) alt="The logo as it is" height="28";
                        form method="post" action=(PATH) { button.button.small name="do" value="remove-logo" { "Remove" } } }
                }
                form.row.fields method="post" action="/console/portal/logo" enctype="multipart/form-data" {
                    div.field { label for="logo" { "Image" } input.input.file id="logo" name="logo" type="file" accept="image/png,image/svg+xml,image/webp" required; }
                    button.button { "Upload" }
                }
            }
        }
    }
}

fn preview(brand: &Brand) -> Markup {
    html! {
        section.panel {
            header { div { h2 { "As it looks" } p { "On light and on dark pages, as it was saved last." } } }
            div.body.previews {
                @for theme in ["light", "dark"] {
                    div.preview data-scheme=(theme) {
                        div.brand { @match brand.logo() { Some(logo) => img.logo src=(logo) alt="" height="28";, None => span.monogram aria-hidden="true" { (crate::parts::initials(&brand.name, 1)) } } span { (brand.name) } }
                        p { "Words with " a href=(PATH) { "a link" } " and " span.badge.brand { "a mark" } }
                        div.row { span.button.primary { "A button" } span.button { (icon("key")) "Another" } }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::offered;

    #[test]
    fn the_color_that_would_pass_is_found_in_the_refusal() {
        let detail =
            "white text on #ffd400 has a contrast of 1.4:1 and needs 4.5:1; the nearest color that passes is #877000";
        assert_eq!(offered(detail), Some("#877000"));
        assert_eq!(offered("expected a color like #0a7d5a"), None);
    }
}
