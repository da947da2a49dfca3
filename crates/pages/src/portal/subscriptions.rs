//! `/subscriptions`: what one's customer has, and its end.

use axum::extract::{Path, RawQuery};
use axum::response::Response;
use maud::{Markup, html};
use serde_json::json;

use super::model::{Key, Product, Subscription, all};
use super::words::{includes, price_words, subscription as words};
use super::{leads_elsewhere, require_developer};
use crate::account::account;
use crate::client::Problem;
use crate::failure::Failure;
use crate::form::Form;
use crate::icons::icon;
use crate::layout::{self, About};
use crate::parts::{alert, moment, note};
use crate::visit::{Visit, see_other, segment};

pub(crate) async fn show(visit: Visit, RawQuery(query): RawQuery) -> Result<Response, Failure> {
    let account = account(&visit).await?;
    require_developer(&account)?;
    let form = Form::read(query.unwrap_or_default().as_bytes());
    let (subscriptions, more) = all::<Subscription>(&visit, "/api/v1/portal/subscriptions").await?;
    let (keys, _) = all::<Key>(&visit, "/api/v1/portal/keys").await?;
    let (products, _) = all::<Product>(&visit, "/api/v1/portal/products").await?;
    let (over, running): (Vec<&Subscription>, Vec<&Subscription>) = subscriptions.iter().partition(|one| one.is_over());
    let about = About {
        title: "Subscriptions",
        ..About::default()
    };
    let customer = account
        .developer
        .as_ref()
        .map_or("", |developer| developer.customer.name.as_str());
    let content = html! {
        div.head {
            div { h1 { "Subscriptions" } p { "What " (customer) " has of " (visit.brand().name) "." } }
            @if !running.is_empty() { a.button href="/" { "All products" } }
        }
        @if form.text("notice") == "cancelled" { (note("good", "Cancelled. Its keys are refused from now on.")) }
        @if running.is_empty() {
            section.panel { div.body.stack { p { "Nothing yet. A plan says what you may call, how often, and for how much." } div { a.button.primary href="/" { "Choose a plan" } } } }
        }
        @for one in &running { (item(one, &keys, &products)) }
        @if !over.is_empty() {
            details.more.revoked {
                summary.link { "Ended (" (over.len()) ")" }
                section.panel { ul.list { @for one in &over { (ended(one)) } } }
            }
        }
        @if more { p.soft { "There are more than fit here." } }
    };
    Ok(layout::app(&visit, about, &account, &content))
}

fn item(one: &Subscription, keys: &[Key], products: &[Product]) -> Markup {
    let (kind, label, about) = words(&one.state);
    let its = keys
        .iter()
        .filter(|key| !key.is_revoked() && key.subscription_ids.contains(&one.id))
        .count();
    let names: Vec<&str> = products
        .iter()
        .filter(|product| one.plan.product_ids.contains(&product.id))
        .map(|product| product.name.as_str())
        .collect();
    html! {
        section.panel {
            header {
                div {
                    h2 { (one.plan.name) " " span class={ "badge " (kind) } { (label) } }
                    p { (names.join(", ")) " · " (price_words(&one.plan)) }
                }
                a.button.small href={ "/keys/new?subscription=" (one.id) } { (icon("key")) "New key" }
            }
            div.body { dl.facts {
                dt { "Keys" } dd { @if its == 0 { "None" } @else { a href="/keys" { (its) @if its == 1 { " key" } @else { " keys" } } } " · " (about) }
                dt { "Includes" } dd { (includes(&one.plan).join(" · ")) }
                @if let Some(at) = one.trial_ends_at.filter(|_| one.state == "TRIALING") { dt { "Trial ends" } dd { (moment(Some(at))) } }
                dt { "Since" } dd { (moment(Some(one.created_at))) }
            } }
            footer.row.end { a.button.small.danger href={ "/subscriptions/" (one.id) "/cancel" } { "Cancel…" span.visually-hidden { " " (one.plan.name) } } }
        }
    }
}

fn ended(one: &Subscription) -> Markup {
    let (kind, label, _) = words(&one.state);
    html! { li { div.what { span { (one.plan.name) span class={ "badge " (kind) } { (label) } } } span.soft.small { (moment(one.ended_at)) } } }
}

/// `GET /subscriptions/{id}/cancel`
pub(crate) async fn ask(visit: Visit, Path(id): Path<String>) -> Result<Response, Failure> {
    render(&visit, &id, None).await
}

/// `POST /subscriptions/{id}/cancel`
pub(crate) async fn cancel(visit: Visit, Path(id): Path<String>) -> Result<Response, Failure> {
    let path = format!("/api/v1/portal/subscriptions/{}/cancel", segment(&id)?);
    match visit.post(&path, &json!({})).await {
        Ok(_) => Ok(see_other("/subscriptions?notice=cancelled")),
        Err(problem) if leads_elsewhere(&problem) => Err(problem.into()),
        Err(problem) => render(&visit, &id, Some(problem)).await,
    }
}

async fn render(visit: &Visit, id: &str, problem: Option<Problem>) -> Result<Response, Failure> {
    let account = account(visit).await?;
    require_developer(&account)?;
    let one: Subscription = visit
        .get(&format!("/api/v1/portal/subscriptions/{}", segment(id)?))
        .await?;
    let (keys, _) = all::<Key>(visit, "/api/v1/portal/keys").await?;
    let alone = |key: &&Key| !key.is_revoked() && key.subscription_ids == [one.id.clone()];
    let lost: Vec<&Key> = keys.iter().filter(alone).collect();
    let title = format!("Cancel {}", one.plan.name);
    let about = About {
        title: &title,
        ..About::default()
    };
    let content = html! {
        div.head { div { p { a href="/subscriptions" { "Subscriptions" } } h1 { (title) } } }
        (alert(problem.as_ref(), &[]))
        form.panel.risky.stack.padded.narrow method="post" action={ "/subscriptions/" (one.id) "/cancel" } {
            p { "The subscription ends now, and this cannot be undone; you may subscribe again." }
            @if lost.is_empty() { p { "No key hangs on it." } } @else {
                p { @if lost.len() == 1 { "This key is revoked and refused at once:" } @else { "These " (lost.len()) " keys are revoked and refused at once:" } }
                ul.ticks { @for key in lost { li { (icon("key")) span { (key.name) " " code { (key.shown()) } } } } }
            }
            div.row.end { a.button.quiet href="/subscriptions" { "Keep it" } button.button.danger { "Cancel the subscription" } }
        }
    };
    Ok(layout::with_status(
        layout::app(visit, about, &account, &content),
        problem.as_ref(),
    ))
}
