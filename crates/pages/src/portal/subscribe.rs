//! `/subscribe/{plan}`: from a plan to a subscription and its first key.

use axum::extract::{Path, State};
use axum::response::Response;
use maud::{Markup, html};
use serde_json::json;

use super::key_form::{self, KeyForm};
use super::model::{Plan, Product, Subscribed, Subscription, all, covered};
use super::words::{includes, price_words};
use super::{leads_elsewhere, once, require_developer, reveal};
use crate::Pages;
use crate::account::account;
use crate::client::Problem;
use crate::failure::Failure;
use crate::form::Form;
use crate::icons::icon;
use crate::layout::{self, About};
use crate::model::Account;
use crate::parts::{alert, hidden};
use crate::visit::{Visit, read, segment};

pub(crate) async fn show(
    State(pages): State<Pages>,
    visit: Visit,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    render(&visit, &id, &once(&pages.0.rng), &KeyForm::default(), None).await
}

pub(crate) async fn send(visit: Visit, Path(id): Path<String>, form: Form) -> Result<Response, Failure> {
    let wanted = KeyForm::read(&form);
    let body = json!({ "planId": segment(&id)?, "key": wanted.body() });
    let key = form.text("once");
    match visit.post_once("/api/v1/portal/subscriptions", key, &body).await {
        Ok(answer) => {
            let made: Subscribed = read(answer)?;
            Ok(reveal::key(&visit, "You are subscribed", made.api_key).await?)
        }
        Err(problem) if leads_elsewhere(&problem) => Err(problem.into()),
        Err(problem) if problem.is("idempotency-in-flight") => Ok(reveal::in_flight(&visit).await?),
        Err(problem) => render(&visit, &id, key, &wanted, Some(problem)).await,
    }
}

async fn render(
    visit: &Visit,
    id: &str,
    once: &str,
    wanted: &KeyForm,
    problem: Option<Problem>,
) -> Result<Response, Failure> {
    let account = account(visit).await?;
    require_developer(&account)?;
    let (plans, _) = all::<Plan>(visit, "/api/v1/portal/plans").await?;
    let plan = plans.iter().find(|plan| plan.id == id);
    let plan = plan.ok_or_else(|| {
        Problem::of(
            404,
            "not-found",
            "There is no such plan, or it is not open for everybody.",
        )
    })?;
    let (products, _) = all::<Product>(visit, "/api/v1/portal/products").await?;
    let (held, _) = all::<Subscription>(visit, "/api/v1/portal/subscriptions").await?;
    let has = held.iter().any(|one| one.plan_id == plan.id && !one.is_over());
    let covered = covered(&products, &plan.product_ids);
    let title = format!("Subscribe to {}", plan.name);
    let about = About {
        title: &title,
        ..About::default()
    };
    let content = html! {
        div.head { div {
            p { @match covered.first() { Some(product) => a href={ "/products/" (product.slug) } { (product.name) }, None => a href="/" { "Products" } } }
            h1 { (title) }
        } }
        div.beside-summary {
            div {
                @if has { (already()) }
                (alert(problem.as_ref(), &key_form::FIELDS))
                form.panel.stack.padded method="post" action={ "/subscribe/" (plan.id) } {
                    (hidden("once", Some(once)))
                    (key_form::fields(wanted, &covered, problem.as_ref(), "/key"))
                    div.row.end {
                        button.button.primary { "Subscribe and make the key" }
                    }
                }
            }
            (summary(&account, plan, &covered))
        }
    };
    Ok(layout::with_status(
        layout::app(visit, about, &account, &content),
        problem.as_ref(),
    ))
}

fn already() -> Markup {
    html! {
        div.note.warn role="status" { (icon("alert")) p {
            "You have this plan already. For another key, "
            a href="/keys/new" { "add one to it" } " rather than subscribing again."
        } }
    }
}

fn summary(account: &Account, plan: &Plan, covered: &[&Product]) -> Markup {
    let customer = account
        .developer
        .as_ref()
        .map_or("", |developer| developer.customer.name.as_str());
    html! {
        aside.panel.summary aria-label="What you get" {
            div.padded.stack.tight {
                h2 { (plan.name) }
                p.price { strong { (price_words(plan)) } }
                ul.ticks {
                    @for product in covered { li { (icon("check")) span { (product.name) } } }
                    @for line in includes(plan) { li { (icon("check")) span { (line) } } }
                }
                p.soft.small { "For " strong { (customer) } ". You can cancel any time." }
            }
        }
    }
}
