//! `/keys`: the keys of one's customer, and another one.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use maud::{Markup, html};

use super::key_form::{self, KeyForm};
use super::model::{Key, MadeKey, Product, Subscription, all, covered};
use super::{leads_elsewhere, once, require_developer, reveal};
use crate::Pages;
use crate::account::account;
use crate::client::Problem;
use crate::failure::Failure;
use crate::form::Form;
use crate::icons::icon;
use crate::layout::{self, About};
use crate::parts::{alert, hidden, moment, note, state_badge};
use crate::visit::{Visit, read, segment};

pub(crate) async fn show(visit: Visit, RawQuery(query): RawQuery) -> Result<Response, Failure> {
    let account = account(&visit).await?;
    require_developer(&account)?;
    let form = Form::read(query.unwrap_or_default().as_bytes());
    let (keys, more) = all::<Key>(&visit, "/api/v1/portal/keys?countGateways=true").await?;
    let (subscriptions, _) = all::<Subscription>(&visit, "/api/v1/portal/subscriptions").await?;
    let (over, alive): (Vec<&Key>, Vec<&Key>) = keys.iter().partition(|key| key.is_revoked());
    let can_add = subscriptions.iter().any(|one| !one.is_over());
    let about = About {
        title: "Keys",
        ..About::default()
    };
    let content = html! {
        div.head {
            div { h1 { "Keys" } p { "Programs show one with every request." } }
            @if can_add && !alive.is_empty() { a.button.primary href="/keys/new" { (icon("key")) "New key" } }
        }
        (notice(form.text("notice")))
        @if alive.is_empty() { (empty(&visit, can_add)) } @else {
            section.panel { ul.list.keys { @for key in &alive { (item(key, &subscriptions)) } } }
        }
        @if !over.is_empty() {
            details.more.revoked {
                summary.link { "Revoked (" (over.len()) ")" }
                section.panel { ul.list.keys { @for key in &over { (item(key, &subscriptions)) } } }
            }
        }
        @if more { p.soft { "There are more keys than fit here." } }
    };
    Ok(layout::app(&visit, about, &account, &content))
}

fn notice(name: &str) -> Markup {
    match name {
        "revoked" => note("good", "Revoked. No gateway that was told admits it any more."),
        _ => html! {},
    }
}

fn item(key: &Key, subscriptions: &[Subscription]) -> Markup {
    // One that is refused everywhere says so already.
    let count = key.gateways.filter(|_| key.status == "ACTIVE");
    html! {
        li.live[key.environment == "LIVE"] {
            div.what {
                span {
                    a href={ "/keys/" (key.id) } { (key.name) }
                    (environment(key))
                    @if key.status != "ACTIVE" { (state_badge(&key.status)) }
                    @if key.secret_withdrawn_at.is_some() { span.badge.bad { "Rotate it" } }
                    @if key.old_secret_valid_until.is_some() { span.badge.warn { "Old key still works" } }
                    @if let Some(count) = count.filter(|count| count.active < count.total) { span.badge.warn { (count.words()) } }
                }
                span {
                    code { (key.shown()) }
                    @match count {
                        Some(count) if count.total == 0 => " · no gateway yet",
                        Some(count) if count.active == count.total => { " · " (count.words()) },
                        _ => {}
                    }
                }
            }
            span.soft.small { (bound(key, subscriptions)) }
            span.soft.small { (moment(Some(key.created_at))) }
        }
    }
}

/// What gives a key its right to exist.
pub(crate) fn bound(key: &Key, subscriptions: &[Subscription]) -> String {
    let of = |id: &String| subscriptions.iter().find(|one| &one.id == id);
    let names: Vec<&str> = key
        .subscription_ids
        .iter()
        .filter_map(of)
        .map(|one| one.plan.name.as_str())
        .collect();
    match names.as_slice() {
        [] => "Bound to no plan".to_owned(),
        names => format!("Bound to {} plan", names.join(", ")),
    }
}

/// Where a key works, always seen beside its name.
pub(crate) fn environment(key: &Key) -> Markup {
    if key.environment == "LIVE" {
        html! { span.badge.live { "Live" } }
    } else {
        html! { span.badge { "Test" } }
    }
}

fn empty(visit: &Visit, can_add: bool) -> Markup {
    let origin = visit.origin();
    html! {
        section.panel { div.body.stack {
            p { "You have no key yet. A program shows one with each request, so that the gateway knows whose it is." }
            div.row {
                @if can_add { a.button.primary href="/keys/new" { "Make a key" } }
                @else { a.button.primary href="/" { "Choose a plan" } }
            }
            p.soft.small { "Or with the access token of a session:" }
            pre.call tabindex="0" { code {
                @if can_add { "curl --json '{\"name\": \"CI\"}' -H \"Authorization: Bearer $TOKEN\" \\\n  " (origin) "/api/v1/portal/subscriptions/$SUBSCRIPTION/keys" }
                @else { "curl --json '{\"planId\": \"…\"}' -H \"Authorization: Bearer $TOKEN\" \\\n  " (origin) "/api/v1/portal/subscriptions" }
            } }
        } }
    }
}

/// `GET /keys/new`
pub(crate) async fn new(
    State(pages): State<Pages>,
    visit: Visit,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let form = Form::read(query.unwrap_or_default().as_bytes());
    let mut wanted = KeyForm::default();
    wanted.rename("");
    render(&visit, &once(&pages.0.rng), form.text("subscription"), &wanted, None).await
}

/// `POST /keys/new`
pub(crate) async fn send(visit: Visit, form: Form) -> Result<Response, Failure> {
    let (wanted, id, key) = (KeyForm::read(&form), form.text("subscription"), form.text("once"));
    let path = format!("/api/v1/portal/subscriptions/{}/keys", segment(id)?);
    match visit.post_once(&path, key, &wanted.body()).await {
        Ok(answer) => {
            let made: MadeKey = read(answer)?;
            Ok(reveal::key(&visit, "Your key is ready", made).await?)
        }
        Err(problem) if leads_elsewhere(&problem) => Err(problem.into()),
        Err(problem) if problem.is("idempotency-in-flight") => Ok(reveal::in_flight(&visit).await?),
        Err(problem) => render(&visit, key, id, &wanted, Some(problem)).await,
    }
}

async fn render(
    visit: &Visit,
    once: &str,
    subscription: &str,
    wanted: &KeyForm,
    problem: Option<Problem>,
) -> Result<Response, Failure> {
    let account = account(visit).await?;
    require_developer(&account)?;
    let (subscriptions, _) = all::<Subscription>(visit, "/api/v1/portal/subscriptions").await?;
    let (products, _) = all::<Product>(visit, "/api/v1/portal/products").await?;
    let running: Vec<&Subscription> = subscriptions.iter().filter(|one| !one.is_over()).collect();
    let chosen = match running.as_slice() {
        [only] => Some(*only),
        several => several.iter().find(|one| one.id == subscription).copied(),
    };
    let about = About {
        title: "New key",
        ..About::default()
    };
    let content = html! {
        div.head { div { p { a href="/keys" { "Keys" } } h1 { "New key" } } }
        (alert(problem.as_ref(), &key_form::FIELDS))
        @match chosen {
            Some(chosen) => form.panel.stack.padded.narrow method="post" action="/keys/new" {
                (hidden("once", Some(once)))
                (hidden("subscription", Some(&chosen.id)))
                @if running.len() > 1 { p { "For " strong { (chosen.plan.name) } ". " a href="/keys/new" { "Another plan" } } }
                (key_form::fields(wanted, &covered(&products, &chosen.plan.product_ids), problem.as_ref(), ""))
                div.row.end { a.button.quiet href="/keys" { "Cancel" } button.button.primary { "Make the key" } }
            },
            None if running.is_empty() => section.panel { div.body.stack { p { "A key belongs to a subscription, and you have none that is running." } div { a.button.primary href="/" { "Choose a plan" } } } },
            None => section.panel.narrow {
                header { div { h2 { "For which plan?" } p { "A key may call what its plan covers." } } }
                ul.list { @for one in &running {
                    li {
                        div.what {
                            span { (one.plan.name) }
                            span { @for (at, product) in covered(&products, &one.plan.product_ids).iter().enumerate() { @if at > 0 { ", " } (product.name) } }
                        }
                        a.button.small href={ "/keys/new?subscription=" (one.id) } { "Choose" span.visually-hidden { " " (one.plan.name) } }
                    }
                } }
            },
        }
    };
    Ok(layout::with_status(
        layout::app(visit, about, &account, &content),
        problem.as_ref(),
    ))
}
