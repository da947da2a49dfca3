//! `/account`: name, address, and the same person's accounts at other tenants.

use axum::extract::RawQuery;
use axum::response::Response;
use http::Method;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::json;

use super::{account, notice, page};
use crate::client::Problem;
use crate::failure::Failure;
use crate::form::Form;
use crate::icons::icon;
use crate::layout::{self, About};
use crate::model::{Account, Items, Tenant};
use crate::parts::{Field, alert, moment, state_badge, words};
use crate::visit::{Visit, read, see_other, segment};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HandOver {
    hand_over_url: String,
}

pub(crate) async fn show(visit: Visit, RawQuery(query): RawQuery) -> Result<Response, Failure> {
    render(&visit, &Form::read(query.unwrap_or_default().as_bytes()), None).await
}

pub(crate) async fn send(visit: Visit, form: Form) -> Result<Response, Failure> {
    let done = match form.text("do") {
        "name" => {
            let body = json!({ "name": form.text("name") });
            visit
                .call(Method::PATCH, "/api/v1/account", Some(&body))
                .await
                .map(|_| "saved")
        }
        "email" => {
            let body = json!({ "email": form.text("email") });
            visit.post("/api/v1/account/email-changes", &body).await.map(|_| "mail")
        }
        "hand-over" => {
            let path = format!("/api/v1/account/tenants/{}/hand-over", segment(form.text("id"))?);
            let begun: HandOver = read(visit.post(&path, &json!({})).await?)?;
            return go_over(&visit, &begun.hand_over_url).await;
        }
        _ => return Err(Problem::not_found().into()),
    };
    match done {
        Ok(notice) => Ok(see_other(&format!("/account?notice={notice}"))),
        Err(problem) if problem.is("reauthentication-required") => Err(problem.into()),
        Err(problem) => render(&visit, &form, Some(problem)).await,
    }
}

/// The other tenant is another origin, to which a form may not lead.
async fn go_over(visit: &Visit, url: &str) -> Result<Response, Failure> {
    let account = account(visit).await?;
    let about = About {
        title: "One moment",
        tenant: &account.tenant.name,
        onward: Some(url),
        ..About::default()
    };
    let card = html! {
        section.card {
            (layout::heading("world", about.title, &html! { "You go on to the other account." }))
            a.button.primary.block href=(url) rel="noreferrer" { "Continue" }
        }
    };
    Ok(layout::gate(visit, about, &card))
}

async fn render(visit: &Visit, form: &Form, problem: Option<Problem>) -> Result<Response, Failure> {
    let account = account(visit).await?;
    let tenants: Items<Tenant> = visit.get("/api/v1/account/tenants").await?;
    let about = About {
        title: "Profile",
        ..About::default()
    };
    let content = html! {
        (notice(form.text("notice")))
        (alert(problem.as_ref(), &["name", "email"]))
        (name(&account, form, problem.as_ref()))
        (email(&account, form, problem.as_ref()))
        (roles(&account))
        (others(&account, &tenants.items))
    };
    let response = page(visit, &account, about, &content);
    Ok(layout::with_status(response, problem.as_ref()))
}

fn name(account: &Account, form: &Form, problem: Option<&Problem>) -> Markup {
    let value = if form.text("do") == "name" {
        form.raw("name")
    } else {
        &account.person.name
    };
    html! {
        section.panel {
            header { div { h2 { "Name" } p { "How colleagues see you." } } }
            form.body method="post" action="/account" {
                div.row.fields {
                    (Field { name: "name", label: "Your name", autocomplete: "name", value, problem: problem.filter(|_| form.text("do") == "name"), ..Field::default() }.show())
                    button.button name="do" value="name" { "Save" }
                }
            }
        }
    }
}

fn email(account: &Account, form: &Form, problem: Option<&Problem>) -> Markup {
    let asked = form.text("do") == "email";
    html! {
        section.panel {
            header { div { h2 { "E-mail" } p { "You sign in with " strong { (account.person.email) } ". A new address has to be confirmed first." } } }
            form.body method="post" action="/account" {
                div.row.fields {
                    (Field { name: "email", label: "New address", kind: "email", autocomplete: "email", value: if asked { form.raw("email") } else { "" }, problem: problem.filter(|_| asked), ..Field::default() }.show())
                    button.button name="do" value="email" { "Send link" }
                }
            }
        }
    }
}

fn roles(account: &Account) -> Markup {
    html! {
        section.panel {
            header { div { h2 { "What you are here" } p { "Given by others." } } }
            ul.list {
                @if let Some(operator) = &account.operator {
                    li { (icon("building")) div.what { span { "Operator of " (account.tenant.name) } span.mono { (operator.id) } } span.badge.brand { (words(&operator.role)) } }
                }
                @if let Some(developer) = &account.developer {
                    li {
                        (icon("team"))
                        div.what { span { "Developer at " (developer.customer.name) } span.mono { (developer.id) } }
                        (state_badge(&developer.state)) span.badge.brand { (words(&developer.role)) }
                    }
                }
                li { (icon("clock")) div.what { span { "Member since" } span { (moment(account.person.created_at)) } } span.mono.soft { (account.person.id) } }
            }
        }
    }
}

fn others(account: &Account, tenants: &[Tenant]) -> Markup {
    let others: Vec<&Tenant> = tenants.iter().filter(|tenant| tenant.id != account.tenant.id).collect();
    html! {
        @if !others.is_empty() {
            section.panel {
                header { div { h2 { "Other accounts" } p { "Where the same address has an account too." } } }
                ul.list {
                    @for tenant in others {
                        li {
                            (icon("world"))
                            div.what { span { (tenant.name) } span { (tenant.slug) } }
                            form method="post" action="/account" {
                                input type="hidden" name="id" value=(tenant.id);
                                button.button.small name="do" value="hand-over" { "Go there" }
                            }
                        }
                    }
                }
            }
        }
    }
}
