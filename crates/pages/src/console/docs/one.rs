//! `/console/docs/{id}`: one description.

use axum::extract::{Multipart, Path, RawQuery};
use axum::response::Response;
use http::Method;
use maud::{Markup, html};
use serde_json::{Value, json};

use super::model::{Revision, Spec, Summary};
use super::upload::{self, document};
use super::{PATH, SPECS, VISIBILITIES, minutes, revision, synced, watching};
use crate::client::Problem;
use crate::console::{leads_elsewhere, older, operator, page};
use crate::failure::Failure;
use crate::form::Form;
use crate::layout::{self, About};
use crate::model::Items;
use crate::parts::{Field, alert, choose, hidden, moment, note, state_badge, words};
use crate::visit::{Visit, read, see_other, segment};

const FIELDS: [&str; 4] = ["sourceUrl", "slug", "syncMinutes", "document"];

pub(super) async fn show(visit: Visit, Path(id): Path<String>, RawQuery(query): RawQuery) -> Result<Response, Failure> {
    let form = Form::read(query.unwrap_or_default().as_bytes());
    render(&visit, &id, &form, None, None).await
}

pub(super) async fn send(visit: Visit, Path(id): Path<String>, form: Form) -> Result<Response, Failure> {
    let path = format!("{SPECS}/{}", segment(&id)?);
    let done = match form.text("do") {
        "save" => match change(&form) {
            Ok(body) => visit.call(Method::PATCH, &path, Some(&body)).await,
            Err(problem) => Err(problem),
        },
        "fetch" => visit.post(&format!("{path}/revisions"), &json!({})).await,
        "roll-back" => {
            let body = json!({ "revisionId": form.text("revision") });
            visit.post(&format!("{path}/roll-back"), &body).await
        }
        "secret" => match visit.post(&format!("{path}/sync-secret"), &json!({})).await {
            // Shown on the page that answers, and never again.
            Ok(made) => {
                let secret = made["secret"].as_str().unwrap_or_default().to_owned();
                return render(&visit, &id, &Form::default(), None, Some(&secret)).await;
            }
            Err(problem) => Err(problem),
        },
        "delete" => match visit.call(Method::DELETE, &path, None).await {
            Ok(_) => return Ok(see_other(&format!("{PATH}?notice=deleted"))),
            Err(problem) => Err(problem),
        },
        _ => Err(Problem::not_found()),
    };
    finish(&visit, &id, &form, done).await
}

pub(super) async fn upload(visit: Visit, Path(id): Path<String>, parts: Multipart) -> Result<Response, Failure> {
    let form = upload::read(parts).await?;
    let path = format!("{SPECS}/{}/revisions", segment(&id)?);
    let done = match document(&form) {
        Some(document) => visit.post(&path, &json!({ "document": document })).await,
        None => Err(Problem::of(
            422,
            "validation-failed",
            "Choose a file, or paste the document.",
        )),
    };
    finish(&visit, &id, &form, done).await
}

async fn finish(visit: &Visit, id: &str, form: &Form, done: Result<Value, Problem>) -> Result<Response, Failure> {
    match done {
        Ok(_) if form.text("do") == "save" => Ok(see_other(&format!("{PATH}/{id}?notice=saved"))),
        // What is imported says itself how far it is.
        Ok(_) => Ok(see_other(&format!("{PATH}/{id}"))),
        Err(problem) if leads_elsewhere(&problem) => Err(problem.into()),
        Err(problem) => render(visit, id, form, Some(problem), None).await,
    }
}

fn change(form: &Form) -> Result<Value, Problem> {
    Ok(json!({
        "visibility": form.text("visibility"),
        "slug": form.text("slug"),
        "sourceUrl": form.given("sourceUrl"),
        "syncMinutes": minutes(form)?,
    }))
}

async fn render(
    visit: &Visit,
    id: &str,
    form: &Form,
    problem: Option<Problem>,
    secret: Option<&str>,
) -> Result<Response, Failure> {
    let account = operator(visit).await?;
    let path = format!("{SPECS}/{}", segment(id)?);
    let spec: Spec = visit.get(&path).await?;
    let cursor = form.given("cursor").map_or_else(String::new, |cursor| {
        format!("&cursor={}", crate::return_to::encoded(cursor))
    });
    let revisions: Items<Summary> = visit.get(&format!("{path}/revisions?limit=20{cursor}")).await?;
    let latest: Option<Revision> = match &spec.latest {
        Some(latest) => Some(read(visit.get(&format!("{path}/revisions/{}", latest.id)).await?)?),
        None => None,
    };
    let here = format!("{PATH}/{id}");
    let title = spec.title().to_owned();
    let about = About {
        title: &title,
        ..About::default()
    };
    let content = html! {
        p { a href=(PATH) { "All descriptions" } @if spec.published.is_some() { " · " a href={ "/docs/" (spec.slug) } { "Read it" } } }
        @if form.text("notice") == "saved" { (note("good", "Saved.")) }
        (alert(problem.as_ref(), &FIELDS))
        @if let Some(secret) = secret { (revealed(&spec, secret)) }
        @if let Some(latest) = &latest { (newest(&spec, latest)) }
        (another(&spec, &here))
        (settings(&spec, &here, form, problem.as_ref()))
        (list(&spec, &revisions, &here))
        (removal(&here))
    };
    let response = page(visit, &account, about, &content);
    let watched = spec.is_importing() && problem.is_none() && secret.is_none();
    Ok(watching(layout::with_status(response, problem.as_ref()), watched))
}

/// What became of the newest revision, step by step while it is imported.
fn newest(spec: &Spec, latest: &Revision) -> Markup {
    let summary = &latest.summary;
    html! {
        section.panel {
            header { div {
                h2 { "Revision " (summary.number) " " (state_badge(&summary.state)) }
                p { (words(&summary.cause)) ", " (moment(Some(summary.created_at))) }
            } }
            div.body.stack {
                (revision::steps(&latest.steps))
                @match summary.state.as_str() {
                    "REJECTED" => {
                        p { "It cannot be published. "
                            @if spec.published.is_some() { "What was published before stays." } @else { "Nothing is published yet." } }
                        (revision::findings(&latest.findings, summary.findings_total))
                    },
                    "UNCHANGED" => p { "The document is the published one: nothing was done." },
                    "PUBLISHED" => {
                        p {
                            (summary.operations.unwrap_or_default()) " operations, "
                            (summary.findings_total) " findings. "
                            a href={ (PATH) "/" (spec.id) "/revisions/" (summary.id) } { "What was found and what changed" }
                        }
                        @if let Some(note) = &summary.contract_note { p.soft { (note) } }
                    },
                    _ => {},
                }
            }
        }
    }
}

fn another(spec: &Spec, here: &str) -> Markup {
    html! {
        section.panel {
            header { div { h2 { "Another revision" } p { "What is published stays until the new one is good." } } }
            div.body.stack {
                @if spec.source_url.is_some() {
                    form.row method="post" action=(here) {
                        span { (synced(spec)) }
                        @if let Some(next) = spec.next_sync_at { span.soft { "Next look " (moment(Some(next))) } }
                        button.button name="do" value="fetch" { "Fetch it now" }
                    }
                }
                form.stack method="post" action={ (here) "/document" } enctype="multipart/form-data" {
                    (upload::fields(None))
                    div.row.end { button.button { "Upload" } }
                }
            }
        }
    }
}

fn settings(spec: &Spec, here: &str, form: &Form, problem: Option<&Problem>) -> Markup {
    let kept = problem.filter(|_| form.text("do") == "save");
    let known_minutes = spec.sync_minutes.map(|minutes| minutes.to_string()).unwrap_or_default();
    let value = |name: &'static str, known: &str| match kept {
        Some(_) => form.raw(name).to_owned(),
        None => known.to_owned(),
    };
    let (slug, source) = (
        value("slug", &spec.slug),
        value("sourceUrl", spec.source_url.as_deref().unwrap_or_default()),
    );
    let minutes = value("syncMinutes", &known_minutes);
    html! {
        section.panel {
            header { div { h2 { "Settings" } p { "Where it comes from, where it stands and who may read it." } } }
            form.body.stack method="post" action=(here) {
                (Field { name: "sourceUrl", label: "Address of the document", kind: "url", aside: "optional", optional: true, value: &source, problem: kept, ..Field::default() }.show())
                div.row.fields {
                    (Field { name: "slug", label: "Short name", value: &slug, max_length: Some(63), problem: kept, ..Field::default() }.show())
                    (Field { name: "syncMinutes", label: "Look again every … minutes", kind: "number", aside: "optional", optional: true, value: &minutes, problem: kept, ..Field::default() }.show())
                    (choose("visibility", "visibility", "For", &VISIBILITIES, &value("visibility", &spec.visibility)))
                }
                div.row.end { button.button.primary name="do" value="save" { "Save" } }
            }
            @if spec.source_url.is_some() {
                form.body.row method="post" action=(here) {
                    p.soft {
                        "A repository can say that the document has changed: a webhook to "
                        code { "/api/v1/docs/api-specs/" (spec.id) "/sync" } ", signed as GitHub or Standard Webhooks do."
                        @if spec.has_sync_secret { " There is a secret; a new one takes its place." }
                    }
                    button.button.small name="do" value="secret" { @if spec.has_sync_secret { "New secret" } @else { "Make a secret" } }
                }
            }
        }
    }
}

/// A secret, on the one page that shows it.
fn revealed(spec: &Spec, secret: &str) -> Markup {
    html! {
        section.panel.narrow {
            header { div { h2 { "The webhook's secret" } p { "It is shown now and never again." } } }
            div.body.stack {
                div.field { label for="secret" { "Secret" } input.input.code id="secret" readonly value=(secret); }
                p { "In GitHub: Settings, Webhooks, Add webhook. Payload URL: this host and " code { "/api/v1/docs/api-specs/" (spec.id) "/sync" } ", content type " code { "application/json" } "." }
            }
        }
    }
}

fn list(spec: &Spec, revisions: &Items<Summary>, here: &str) -> Markup {
    html! {
        section.panel {
            header { div { h2 { "Revisions" } p { "The newest twenty keep their documents and can be published again." } } }
            ul.list { @for one in &revisions.items {
                li {
                    div.what {
                        span { a href={ (here) "/revisions/" (one.id) } { "Revision " (one.number) } " " (state_badge(&one.state)) }
                        span {
                            @if !one.title.is_empty() { (one.title) " " (one.version) " · " }
                            (words(&one.cause))
                            @if let Some(from) = one.from_number { " to revision " (from) }
                            " · " (moment(Some(one.created_at)))
                        }
                    }
                    @if one.state == "SUPERSEDED" && spec.published.is_some() && !one.title.is_empty() {
                        form method="post" action=(here) {
                            (hidden("revision", Some(&one.id)))
                            button.button.small name="do" value="roll-back" { "Roll back" span.visually-hidden { " to revision " (one.number) } }
                        }
                    }
                }
            } }
            (older(here, revisions.next_cursor.as_deref()))
        }
    }
}

fn removal(here: &str) -> Markup {
    html! {
        section.panel {
            header { div { h2 { "Delete" } p { "Its pages, its revisions and their documents. Links to them lead nowhere then." } } }
            div.body {
                details.more {
                    summary.button.small.quiet { "Delete this description" }
                    form.row method="post" action=(here) { button.button.danger name="do" value="delete" { "Delete description" } }
                }
            }
        }
    }
}
