//! `/console/people`: operators and their invitations.

use axum::extract::RawQuery;
use axum::response::Response;
use http::Method;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::json;

use super::{leads_elsewhere, notice, older, operator, page};
use crate::client::Problem;
use crate::failure::Failure;
use crate::form::Form;
use crate::layout::{self, About};
use crate::model::Items;
use crate::parts::{Field, alert, choose, initials, state_badge, words};
use crate::return_to;
use crate::team::{Invitation, open_invitation};
use crate::visit::{Visit, read, see_other, segment};

const PATH: &str = "/console/people";
const ROLES: [(&str, &str); 9] = [
    ("ENGINEER", "Engineer"),
    ("PRODUCT", "Product"),
    ("SUPPORT", "Support"),
    ("BILLING", "Billing"),
    ("DEVREL", "DevRel"),
    ("SECURITY", "Security"),
    ("AUDITOR", "Auditor"),
    ("ADMIN", "Admin"),
    ("OWNER", "Owner"),
];

#[derive(Deserialize)]
struct Made {
    id: String,
}

#[derive(Deserialize)]
struct Operator {
    id: String,
    name: String,
    #[serde(default)]
    email: Option<String>,
    role: String,
    state: String,
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
    let id = || segment(form.text("id"));
    match form.text("do") {
        "invite" => {
            let body = json!({ "name": form.text("name"), "email": form.text("email"), "role": form.text("role") });
            let made: Made = read(visit.post("/api/v1/operators", &body).await?)?;
            // Should this fail, the operator is in the list below, with a button that invites.
            let path = format!("/api/v1/operators/{}/invitations", segment(&made.id)?);
            visit.post(&path, &json!({})).await.map(|_| "invited")
        }
        "invite-again" => {
            let path = format!("/api/v1/operators/{}/invitations", id()?);
            visit.post(&path, &json!({})).await.map(|_| "invited")
        }
        "withdraw" => {
            let path = format!("/api/v1/invitations/{}", id()?);
            visit.call(Method::DELETE, &path, None).await.map(|_| "withdrawn")
        }
        "role" => {
            let (path, body) = (
                format!("/api/v1/operators/{}", id()?),
                json!({ "role": form.text("role") }),
            );
            visit.call(Method::PATCH, &path, Some(&body)).await.map(|_| "saved")
        }
        "remove" => {
            let path = format!("/api/v1/operators/{}", id()?);
            visit.call(Method::DELETE, &path, None).await.map(|_| "removed")
        }
        _ => Err(Problem::not_found()),
    }
}

async fn render(visit: &Visit, form: &Form, problem: Option<Problem>) -> Result<Response, Failure> {
    let account = operator(visit).await?;
    let cursor = form
        .given("cursor")
        .map(|cursor| format!("?cursor={}", return_to::encoded(cursor)));
    let operators: Items<Operator> = visit
        .get(&format!("/api/v1/operators{}", cursor.unwrap_or_default()))
        .await?;
    let invitations: Items<Invitation> = visit.get("/api/v1/invitations").await?;
    let open: Vec<&Invitation> = invitations
        .items
        .iter()
        .filter(|invitation| invitation.is_open())
        .collect();
    let me = account
        .operator
        .as_ref()
        .map(|operator| operator.id.as_str())
        .unwrap_or_default();
    let about = About {
        title: "Operators",
        ..About::default()
    };
    let content = html! {
        (notice(form.text("notice")))
        (alert(problem.as_ref(), &["name", "email", "role"]))
        (invite(form, problem.as_ref()))
        @if !open.is_empty() {
            section.panel {
                header { div { h2 { "Invited" } } }
                ul.list { @for invitation in open { (open_invitation(invitation, PATH)) } }
            }
        }
        section.panel {
            header { div { h2 { "Operators" } p { "Each has one role; the roles say what they may do." } } }
            ul.list { @for operator in &operators.items { (item(me, operator)) } }
            (older(PATH, operators.next_cursor.as_deref()))
        }
    };
    let response = page(visit, &account, about, &content);
    Ok(layout::with_status(response, problem.as_ref()))
}

fn invite(form: &Form, problem: Option<&Problem>) -> Markup {
    let problem = problem.filter(|_| form.text("do") == "invite");
    let value = |name| if problem.is_some() { form.raw(name) } else { "" };
    html! {
        section.panel {
            header { div { h2 { "Invite an operator" } p { "They get a mail and choose a password or a passkey." } } }
            form.body method="post" action=(PATH) {
                div.row.fields {
                    (Field { name: "name", label: "Name", placeholder: "Grace Hopper", value: value("name"), problem, ..Field::default() }.show())
                    (Field { name: "email", label: "E-mail", kind: "email", placeholder: "grace@company.com", value: value("email"), problem, ..Field::default() }.show())
                    (choose("role", "role", "Role", &ROLES, if problem.is_some() { form.text("role") } else { "ENGINEER" }))
                    button.button.primary name="do" value="invite" { "Invite" }
                }
            }
        }
    }
}

fn item(me: &str, operator: &Operator) -> Markup {
    let myself = operator.id == me;
    let id = format!("role-{}", operator.id);
    html! {
        li {
            span.avatar aria-hidden="true" { (initials(&operator.name, 2)) }
            div.what {
                span { (operator.name) @if myself { span.badge { "You" } } @if operator.state != "ACTIVE" { (state_badge(&operator.state)) } }
                span { (operator.email.as_deref().unwrap_or("no address; works by token")) }
            }
            span.badge.brand { (words(&operator.role)) }
            @if !myself {
                details.more {
                    summary.button.small.quiet { "Change" span.visually-hidden { " " (operator.name) } }
                    form.row.fields method="post" action=(PATH) {
                        input type="hidden" name="id" value=(operator.id);
                        (choose("role", &id, "Role", &ROLES, &operator.role))
                        button.button name="do" value="role" { "Save" }
                        @if operator.email.is_some() { button.button name="do" value="invite-again" { "Send invitation" } }
                        button.button.danger name="do" value="remove" { "Remove" }
                    }
                }
            }
        }
    }
}
