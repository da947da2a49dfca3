//! `/keys/{id}`: one key, where it works, and what can be done with it.

use axum::extract::{Path, RawQuery};
use axum::response::Response;
use chrono::{DateTime, Utc};
use http::Method;
use maud::{Markup, html};
use serde_json::{Value, json};

use super::key_form::{self, address_field, addresses};
use super::keys::{bound, environment};
use super::model::{GatewayCount, Key, KeyGateway, Product, Subscription, Use, all, covered};
use super::words::{number, on_gateway};
use super::{leads_elsewhere, require_developer};
use crate::account::account;
use crate::client::Problem;
use crate::failure::Failure;
use crate::form::Form;
use crate::icons::icon;
use crate::layout::{self, About};
use crate::model::Items;
use crate::parts::{Field, alert, moment, note, state_badge};
use crate::visit::{Visit, see_other, segment};

pub(crate) async fn show(visit: Visit, Path(id): Path<String>, RawQuery(query): RawQuery) -> Result<Response, Failure> {
    render(&visit, &id, &Form::read(query.unwrap_or_default().as_bytes()), None).await
}

pub(crate) async fn send(visit: Visit, Path(id): Path<String>, form: Form) -> Result<Response, Failure> {
    match done(&visit, &id, &form).await {
        Ok(notice) => Ok(see_other(&format!("/keys/{id}?notice={notice}"))),
        Err(problem) if leads_elsewhere(&problem) => Err(problem.into()),
        Err(problem) => render(&visit, &id, &form, Some(problem)).await,
    }
}

async fn done(visit: &Visit, id: &str, form: &Form) -> Result<&'static str, Problem> {
    let path = format!("/api/v1/portal/keys/{}", segment(id)?);
    match form.text("do") {
        "save" => visit
            .call(Method::PATCH, &path, Some(&change(form)))
            .await
            .map(|_| "saved"),
        "suspend" => visit
            .post(&format!("{path}/suspend"), &json!({}))
            .await
            .map(|_| "suspended"),
        "reactivate" => visit
            .post(&format!("{path}/reactivate"), &json!({}))
            .await
            .map(|_| "reactivated"),
        _ => Err(Problem::not_found()),
    }
}

/// What a key is to be like from now on.
fn change(form: &Form) -> Value {
    let ranges = addresses(form.raw("addresses"));
    let mut body = json!({
        "name": form.text("name"),
        "allowedAddresses": if ranges.is_empty() { Value::Null } else { json!(ranges) },
    });
    if let Some(products) = key_form::products(form) {
        body["productIds"] = products;
    }
    body
}

/// One of the customer's; one that is none of theirs is not found.
pub(crate) async fn find(visit: &Visit, id: &str) -> Result<Key, Problem> {
    visit.get(&format!("/api/v1/portal/keys/{}", segment(id)?)).await
}

async fn render(visit: &Visit, id: &str, form: &Form, problem: Option<Problem>) -> Result<Response, Failure> {
    let account = account(visit).await?;
    require_developer(&account)?;
    let key = find(visit, id).await?;
    let (subscriptions, _) = all::<Subscription>(visit, "/api/v1/portal/subscriptions").await?;
    let (products, _) = all::<Product>(visit, "/api/v1/portal/products").await?;
    let gateways: Items<KeyGateway> = visit.get(&format!("/api/v1/portal/keys/{}/gateways", key.id)).await?;
    let used = usage(visit, &key).await?;
    let about = About {
        title: &key.name,
        secrets: true,
        ..About::default()
    };
    let content = html! {
        div.head {
            div {
                p { a href="/keys" { "Keys" } }
                h1 { (key.name) " " (environment(&key)) @if key.status != "ACTIVE" { " " (state_badge(&key.status)) } }
            }
            @if !key.is_revoked() { a.button href={ "/keys/" (key.id) "/rotate" } { "Rotate" } }
        }
        (notice(form.text("notice")))
        (alert(problem.as_ref(), &["name", "allowedAddresses"]))
        (warnings(&key, &gateways.items))
        (facts(&key, &subscriptions, &products, used.as_ref()))
        @if !key.is_revoked() {
            (where_it_works(&key, &gateways.items))
            (settings(&key, &subscriptions, &products, form, problem.as_ref()))
            (ends(&key))
        }
    };
    Ok(layout::with_status(
        layout::app(visit, about, &account, &content),
        problem.as_ref(),
    ))
}

/// What the key was used for, where that is counted.
pub(crate) async fn usage(visit: &Visit, key: &Key) -> Result<Option<Use>, Problem> {
    match visit.get::<Use>(&format!("/api/v1/portal/keys/{}/use", key.id)).await {
        Ok(used) => Ok(Some(used)),
        Err(problem) if problem.status == 404 => Ok(None),
        Err(problem) => Err(problem),
    }
}

fn notice(name: &str) -> Markup {
    let text = match name {
        "saved" => "Saved. It holds from now on.",
        "suspended" => "Suspended. It is refused until you reactivate it.",
        "reactivated" => "Reactivated. It is admitted again.",
        _ => return html! {},
    };
    note("good", text)
}

fn warnings(key: &Key, gateways: &[KeyGateway]) -> Markup {
    html! {
        @if key.secret_withdrawn_at.is_some() {
            div.note.bad role="status" { (icon("alert")) p { "The secret of this key was found where it should not be and was taken away. " a href={ "/keys/" (key.id) "/rotate" } { "Rotate it" } " to get a new one." } }
        }
        @if let Some(until) = key.old_secret_valid_until {
            @let waits = gateways.iter().any(|gateway| matches!(gateway.state.as_str(), "PENDING" | "PREPARING" | "UNREACHABLE"));
            div.note.warn role="status" { (icon("clock")) p {
                "The old key works for " (countdown(until)) "."
                @if waits { " The time begins when every gateway has the new one; this is the latest." }
                " " a href={ "/keys/" (key.id) "/rotate" } { "End it now" }
            } }
        }
    }
}

/// Time that is left; a script counts it down.
fn countdown(until: DateTime<Utc>) -> Markup {
    html! { time datetime=(until.format("%Y-%m-%dT%H:%M:%SZ")) data-countdown { "until " (until.format("%-d %b %Y, %H:%M UTC")) } }
}

fn facts(key: &Key, subscriptions: &[Subscription], products: &[Product], used: Option<&Use>) -> Markup {
    html! {
        section.panel.live[key.environment == "LIVE"] {
            div.body.plain { dl.facts {
                dt { "Key" }
                dd {
                    code { (key.shown()) }
                    @if !key.is_revoked() {
                        span.kept hidden data-kept={ (key.id) "/" (key.last_four) } {
                            button.button.small type="button" data-show { "Show" }
                            button.button.small type="button" data-copy-kept { (icon("copy")) span data-label aria-live="polite" { "Copy" } }
                            span.soft.small { "as long as this tab is open" }
                        }
                    }
                }
                dt { "Plan" } dd { (bound(key, subscriptions)) }
                dt { "Products" } dd { (scope(key, products)) }
                dt { "Addresses" } dd { @match &key.allowed_addresses { None => "From anywhere", Some(ranges) => code { (ranges.join(", ")) } } }
                @if let Some(used) = used {
                    dt { "Used" }
                    dd { @match used.last_used_at {
                        None => "Not yet",
                        Some(at) => { (moment(Some(at))) " · " (number(used.last_day.requests)) " requests in the last 24 hours" },
                    } }
                }
                dt { "Made" } dd { (moment(Some(key.created_at))) }
                @if let Some(at) = key.expires_at { dt { "Expires" } dd { (moment(Some(at))) } }
                @if let Some(at) = key.revoked_at { dt { "Revoked" } dd { (moment(Some(at))) } }
            } }
        }
    }
}

fn scope(key: &Key, products: &[Product]) -> String {
    let Some(ids) = &key.product_ids else {
        return "All of the plan".to_owned();
    };
    let name = |id: &String| products.iter().find(|one| &one.id == id).map(|one| one.name.as_str());
    let names: Vec<&str> = ids.iter().filter_map(name).collect();
    names.join(", ")
}

fn where_it_works(key: &Key, gateways: &[KeyGateway]) -> Markup {
    let count = GatewayCount {
        active: gateways.iter().filter(|gateway| gateway.state == "ACTIVE").count(),
        total: gateways.len(),
    };
    let example = gateways.iter().find_map(|gateway| gateway.example.as_ref());
    html! {
        section.panel {
            header { div {
                h2 { "Where it works" }
                p { @if gateways.is_empty() { "No gateway takes " (key.environment.to_lowercase()) " keys for these products yet." } @else { (count.words()) } }
            } }
            @if !gateways.is_empty() { ul.list { @for gateway in gateways { (on(key, gateway)) } } }
            @if let Some(example) = example {
                div.body.stack.tight {
                    p.soft.small { "Try it with the key in " code { "$API_KEY" } ":" }
                    pre.call tabindex="0" { code { "curl" @if example.method != "GET" { " -X " (example.method) } " '" (example.url) "' \\\n  -H \"" (example.header) ": $API_KEY\"" } }
                }
            }
        }
    }
}

fn on(key: &Key, gateway: &KeyGateway) -> Markup {
    let (kind, label, about) = on_gateway(&gateway.state);
    html! {
        li {
            div.what {
                span { (gateway.gateway_name) span class={ "badge " (kind) } { (label) } @if gateway.kind == "CONNECTED" { span.badge { "Connected" } } }
                @if !about.is_empty() { span { (about) @if let Some(since) = gateway.failing_since { " Since " (moment(Some(since))) "." } } }
                @if let Some(at) = gateway.old_secret_ends_at { span { "An older key works there until " (moment(Some(at))) "." } }
            }
            @match gateway.secret.as_deref() {
                Some("READY") => form method="post" action={ "/keys/" (key.id) "/gateways/" (gateway.gateway_id) "/reveal" } {
                    input type="hidden" name="gateway" value=(gateway.gateway_name);
                    button.button.small { "Reveal its key" span.visually-hidden { " on " (gateway.gateway_name) } }
                },
                Some("REVEALED") => span.soft.small { "Its key was shown" },
                Some(_) => span.soft.small { "Makes a key of its own" },
                None => @if let Some(at) = gateway.confirmed_at { span.soft.small { "since " (moment(Some(at))) } },
            }
        }
    }
}

fn settings(
    key: &Key,
    subscriptions: &[Subscription],
    products: &[Product],
    form: &Form,
    problem: Option<&Problem>,
) -> Markup {
    let offered: Vec<&Product> = subscriptions
        .iter()
        .filter(|one| key.subscription_ids.contains(&one.id))
        .flat_map(|one| covered(products, &one.plan.product_ids))
        .collect();
    let kept = problem.is_some() && form.text("do") == "save";
    let ranges = key
        .allowed_addresses
        .as_ref()
        .map(|ranges| ranges.join("\n"))
        .unwrap_or_default();
    let ranges = if kept { form.raw("addresses").to_owned() } else { ranges };
    let fault = problem.and_then(|problem| {
        problem
            .errors
            .iter()
            .find(|error| error.field.contains("allowedAddresses"))
    });
    let is_ticked = |id: &str| {
        key.product_ids
            .as_ref()
            .is_none_or(|ids| ids.iter().any(|one| one == id))
    };
    html! {
        section.panel {
            header { div { h2 { "Settings" } p { "A change holds when it is saved." } } }
            form.body.stack method="post" action={ "/keys/" (key.id) } {
                (Field { name: "name", label: "Name", value: if kept { form.raw("name") } else { &key.name }, max_length: Some(200), problem, ..Field::default() }.show())
                (key_form::product_fields(&offered, is_ticked))
                (address_field(&ranges, fault.map(|fault| fault.detail.as_str())))
                div.row.end { button.button name="do" value="save" { "Save" } }
            }
        }
    }
}

fn ends(key: &Key) -> Markup {
    let address = format!("/keys/{}", key.id);
    html! {
        section.panel.risky {
            ul.list {
                li {
                    @if key.status == "SUSPENDED" {
                        div.what { span { "Suspended" } span { "The key is refused everywhere until it is reactivated." } }
                        form method="post" action=(address) { button.button name="do" value="reactivate" { "Reactivate" } }
                    } @else {
                        div.what { span { "Suspend" } span { "Refused everywhere until you reactivate it. Nothing is lost." } }
                        form method="post" action=(address) { button.button name="do" value="suspend" { "Suspend" } }
                    }
                }
                li {
                    div.what { span { "Revoke" } span { "Refused for ever. Programs that use it fail at once." } }
                    a.button.danger href={ (address) "/revoke" } { "Revoke…" }
                }
            }
        }
    }
}
