//! `/console/people/developers`: who signed up, and whether they are let in.

use axum::extract::RawQuery;
use axum::response::Response;
use chrono::{DateTime, Utc};
use http::Method;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{leads_elsewhere, notice, older, operator, page};
use crate::client::Problem;
use crate::failure::Failure;
use crate::form::Form;
use crate::layout::{self, About};
use crate::model::Items;
use crate::parts::{alert, initials, moment, state_badge, words};
use crate::return_to;
use crate::visit::{Visit, see_other, segment};

const PATH: &str = "/console/people/developers";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Developer {
    id: String,
    name: String,
    email: String,
    role: String,
    state: String,
    customer_name: String,
    #[serde(default)]
    created_at: Option<DateTime<Utc>>,
}

pub(crate) async fn show(visit: Visit, RawQuery(query): RawQuery) -> Result<Response, Failure> {
    render(&visit, &Form::read(query.unwrap_or_default().as_bytes()), None).await
}

pub(crate) async fn send(visit: Visit, form: Form) -> Result<Response, Failure> {
    match done(&visit, &form).await {
        Ok(notice) => Ok(see_other(&format!("{PATH}?notice={notice}"))),
        Err(problem) if leads_elsewhere(&problem) => Err(problem.into()),
        Err(problem) => render(&visit, &form, Some(problem)).await,
    }
}

async fn done(visit: &Visit, form: &Form) -> Result<&'static str, Problem> {
    let path = format!("/api/v1/developers/{}", segment(form.text("id"))?);
    let state = |state: &str| json!({ "state": state });
    let change = async |body: Value| visit.call(Method::PATCH, &path, Some(&body)).await;
    match form.text("do") {
        "approve" => change(state("ACTIVE")).await.map(|_| "approved"),
        "suspend" => change(state("SUSPENDED")).await.map(|_| "suspended"),
        "remove" => visit.call(Method::DELETE, &path, None).await.map(|_| "removed"),
        _ => Err(Problem::not_found()),
    }
}

async fn render(visit: &Visit, form: &Form, problem: Option<Problem>) -> Result<Response, Failure> {
    let account = operator(visit).await?;
    let cursor = form
        .given("cursor")
        .map(|cursor| format!("?cursor={}", return_to::encoded(cursor)));
    let developers: Items<Developer> = visit
        .get(&format!("/api/v1/developers{}", cursor.unwrap_or_default()))
        .await?;
    let about = About {
        title: "Developers",
        ..About::default()
    };
    let content = html! {
        (notice(form.text("notice")))
        (alert(problem.as_ref(), &[]))
        section.panel {
            header { div { h2 { "Developers" } p { "People of your customers. Those who wait stand where they signed up, newest first." } } }
            @if developers.items.is_empty() {
                div.empty {
                    "Nobody has signed up yet. Send people to " a href="/sign-up" { "the sign-up page" } ", or let a program do it:"
                    code { "curl --json '{\"email\": \"ada@example.com\", \"name\": \"Ada\", \"password\": \"…\"}' …/api/v1/sign-ups" }
                }
            } @else {
                ul.list { @for developer in &developers.items { (item(developer)) } }
                (older(PATH, developers.next_cursor.as_deref()))
            }
        }
    };
    let response = page(visit, &account, about, &content);
    Ok(layout::with_status(response, problem.as_ref()))
}

fn item(developer: &Developer) -> Markup {
    let name = html! { span.visually-hidden { " " (developer.name) } };
    html! {
        li {
            span.avatar aria-hidden="true" { (initials(&developer.name, 2)) }
            div.what {
                span { (developer.name) (state_badge(&developer.state)) }
                span { (developer.email) " · since " (moment(developer.created_at)) }
                span { (words(&developer.role)) " of " (developer.customer_name) }
            }
            form.row method="post" action=(PATH) {
                input type="hidden" name="id" value=(developer.id);
                @match developer.state.as_str() {
                    "PENDING" => button.button.small.primary name="do" value="approve" { "Let in" (name) },
                    "SUSPENDED" => button.button.small name="do" value="approve" { "Let in again" (name) },
                    _ => button.button.small name="do" value="suspend" { "Suspend" (name) },
                }
            }
            details.more {
                summary.button.small.quiet { "Remove" (name) }
                form.row method="post" action=(PATH) {
                    input type="hidden" name="id" value=(developer.id);
                    p.soft { "They can no longer act for the customer. What it subscribed to, and its keys, stay." }
                    button.button.danger name="do" value="remove" { "Remove" (name) }
                }
            }
        }
    }
}
