//! `/team`: a developer's colleagues at the same customer, and who is invited.

use axum::extract::RawQuery;
use axum::response::Response;
use chrono::{DateTime, Utc};
use http::Method;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::json;

use crate::account::account;
use crate::client::Problem;
use crate::failure::Failure;
use crate::form::Form;
use crate::layout::{self, About};
use crate::model::{DeveloperHat, Items};
use crate::parts::{Field, alert, choose, initials, moment, note, state_badge, words};
use crate::visit::{Visit, see_other, segment};

const ROLES: [(&str, &str); 2] = [("MEMBER", "Member"), ("OWNER", "Owner")];

#[derive(Deserialize)]
struct Colleague {
    id: String,
    name: String,
    email: String,
    role: String,
    state: String,
}

/// Somebody who has not come yet.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Invitation {
    pub(crate) id: String,
    pub(crate) email: String,
    pub(crate) role: String,
    pub(crate) expires_at: Option<DateTime<Utc>>,
    #[serde(default)]
    pub(crate) accepted_at: Option<DateTime<Utc>>,
    #[serde(default)]
    pub(crate) revoked_at: Option<DateTime<Utc>>,
}

impl Invitation {
    /// Whether nobody accepted it or took it back.
    pub(crate) const fn is_open(&self) -> bool {
        self.accepted_at.is_none() && self.revoked_at.is_none()
    }
}

pub(crate) async fn show(visit: Visit, RawQuery(query): RawQuery) -> Result<Response, Failure> {
    render(&visit, &Form::read(query.unwrap_or_default().as_bytes()), None).await
}

pub(crate) async fn send(visit: Visit, form: Form) -> Result<Response, Failure> {
    match done(&visit, &form).await {
        Ok(notice) => Ok(see_other(&format!("/team?notice={notice}"))),
        Err(problem) if problem.is("reauthentication-required") || problem.status == 401 => Err(problem.into()),
        Err(problem) => render(&visit, &form, Some(problem)).await,
    }
}

async fn done(visit: &Visit, form: &Form) -> Result<&'static str, Problem> {
    let colleague = || segment(form.text("id")).map(|id| format!("/api/v1/portal/colleagues/{id}"));
    match form.text("do") {
        "invite" => {
            let body = json!({ "email": form.text("email"), "role": form.text("role") });
            visit.post("/api/v1/portal/invitations", &body).await.map(|_| "invited")
        }
        "withdraw" => {
            let path = format!("/api/v1/portal/invitations/{}", segment(form.text("id"))?);
            visit.call(Method::DELETE, &path, None).await.map(|_| "withdrawn")
        }
        "role" => {
            let body = json!({ "role": form.text("role") });
            visit
                .call(Method::PATCH, &colleague()?, Some(&body))
                .await
                .map(|_| "role")
        }
        "remove" => visit.call(Method::DELETE, &colleague()?, None).await.map(|_| "removed"),
        "rename" => {
            let body = json!({ "name": form.text("customerName") });
            visit
                .call(Method::PATCH, "/api/v1/portal/customer", Some(&body))
                .await
                .map(|_| "renamed")
        }
        _ => Err(Problem::not_found()),
    }
}

async fn render(visit: &Visit, form: &Form, problem: Option<Problem>) -> Result<Response, Failure> {
    let account = account(visit).await?;
    let Some(me) = &account.developer else {
        return Err(Problem::of(404, "not-found", "You are no developer here, so there is no team.").into());
    };
    let colleagues: Items<Colleague> = visit.get("/api/v1/portal/colleagues").await?;
    let invitations: Option<Items<Invitation>> = if me.role == "OWNER" {
        Some(visit.get("/api/v1/portal/invitations").await?)
    } else {
        None
    };
    let about = About {
        title: "Team",
        ..About::default()
    };
    let content = html! {
        div.head { div { h1 { (me.customer.name) } p { "Who works with the APIs of " (account.tenant.name) " for " (me.customer.name) "." } } }
        (notice(form.text("notice")))
        (alert(problem.as_ref(), &["email", "role"]))
        @if let Some(invitations) = &invitations {
            (invite(form, problem.as_ref()))
            (invited(&invitations.items))
        }
        (people(me, &colleagues.items))
        @if me.role == "OWNER" { (customer(me)) }
    };
    let response = layout::app(visit, about, &account, &content);
    Ok(layout::with_status(response, problem.as_ref()))
}

fn invite(form: &Form, problem: Option<&Problem>) -> Markup {
    let problem = problem.filter(|_| form.text("do") == "invite");
    html! {
        section.panel {
            header { div { h2 { "Invite a colleague" } p { "They get a mail with a link. Owners invite, remove and subscribe; members work with what is there." } } }
            form.body method="post" action="/team" {
                div.row.fields {
                    (Field { name: "email", label: "E-mail", kind: "email", placeholder: "colleague@company.com", value: if problem.is_some() { form.raw("email") } else { "" }, problem, ..Field::default() }.show())
                    (choose("role", "role", "Role", &ROLES, "MEMBER"))
                    button.button.primary name="do" value="invite" { "Invite" }
                }
            }
        }
    }
}

fn invited(invitations: &[Invitation]) -> Markup {
    let open: Vec<&Invitation> = invitations.iter().filter(|invitation| invitation.is_open()).collect();
    html! {
        @if !open.is_empty() {
            section.panel {
                header { div { h2 { "Invited" } } }
                ul.list { @for invitation in open { (open_invitation(invitation, "/team")) } }
            }
        }
    }
}

/// An invitation that was sent, and the button that takes it back.
pub(crate) fn open_invitation(invitation: &Invitation, action: &str) -> Markup {
    html! {
        li {
            div.what { span { (invitation.email) span.badge { (words(&invitation.role)) } } span { "until " (moment(invitation.expires_at)) } }
            form method="post" action=(action) {
                input type="hidden" name="id" value=(invitation.id);
                button.button.small name="do" value="withdraw" { "Withdraw" span.visually-hidden { " " (invitation.email) } }
            }
        }
    }
}

fn people(me: &DeveloperHat, colleagues: &[Colleague]) -> Markup {
    html! {
        section.panel {
            header { div { h2 { "Colleagues" } p { (colleagues.len()) @if colleagues.len() == 1 { " person" } @else { " people" } } } }
            ul.list { @for colleague in colleagues { (person(me, colleague)) } }
        }
    }
}

fn person(me: &DeveloperHat, colleague: &Colleague) -> Markup {
    let myself = colleague.id == me.id;
    let id = format!("role-{}", colleague.id);
    html! {
        li {
            span.avatar aria-hidden="true" { (initials(&colleague.name, 2)) }
            div.what {
                span { (colleague.name) @if myself { span.badge { "You" } } @if colleague.state != "ACTIVE" { (state_badge(&colleague.state)) } }
                span { (colleague.email) }
            }
            span.badge.brand { (words(&colleague.role)) }
            @if me.role == "OWNER" && !myself {
                details.more {
                    summary.button.small.quiet { "Change" span.visually-hidden { " " (colleague.name) } }
                    form.row.fields method="post" action="/team" {
                        input type="hidden" name="id" value=(colleague.id);
                        (choose("role", &id, "Role", &ROLES, &colleague.role))
                        button.button name="do" value="role" { "Save" }
                        button.button.danger name="do" value="remove" { "Remove from " (me.customer.name) }
                    }
                }
            }
        }
    }
}

fn customer(me: &DeveloperHat) -> Markup {
    html! {
        section.panel {
            header { div { h2 { "Company" } p { "The name on subscriptions." } } }
            form.body method="post" action="/team" {
                div.row.fields {
                    (Field { name: "customerName", label: "Name", autocomplete: "organization", value: &me.customer.name, ..Field::default() }.show())
                    button.button name="do" value="rename" { "Save" }
                }
            }
        }
    }
}

fn notice(name: &str) -> Markup {
    let text = match name {
        "invited" => "The invitation is on its way.",
        "withdrawn" => "The invitation is withdrawn; its link no longer works.",
        "role" => "The role is changed.",
        "removed" => "Removed. Their sessions have ended.",
        "renamed" => "Saved.",
        _ => return html! {},
    };
    note("good", text)
}
