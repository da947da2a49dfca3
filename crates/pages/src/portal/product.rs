//! `/products/{slug}`: a product with its plans.

use axum::extract::Path;
use axum::response::Response;
use maud::{Markup, html};

use super::catalog::Catalog;
use super::model::{Plan, Product, Subscription, all};
use super::words::{includes, price};
use crate::client::Problem;
use crate::failure::Failure;
use crate::icons::icon;
use crate::layout::{self, About};
use crate::reference::viewer;
use crate::visit::Visit;

pub(crate) async fn show(visit: Visit, Path(slug): Path<String>) -> Result<Response, Failure> {
    let viewer = viewer(&visit).await?;
    let catalog = Catalog::read(&visit).await?;
    let product = catalog.products.iter().find(|product| product.slug == slug);
    let product = product.ok_or_else(|| Problem::of(404, "not-found", "There is no such product."))?;
    let is_developer = viewer
        .account
        .as_ref()
        .is_some_and(crate::model::Account::is_active_developer);
    let held: Vec<Subscription> = if is_developer {
        all(&visit, "/api/v1/portal/subscriptions").await?.0
    } else {
        Vec::new()
    };
    let description = html! { meta name="description" content=(super::words::first_sentence(&product.description)); };
    let about = About {
        title: &product.name,
        tenant: &viewer.tenant,
        indexed: true,
        head: Some(&description),
        ..About::default()
    };
    let content = html! {
        div.head.product-head {
            div {
                p { a href="/" { "Products" } }
                h1 { (product.name) }
                p.intro { (product.description) }
            }
            @if let Some(reference) = catalog.reference_of(product) {
                a.button href={ "/docs/" (reference.slug) } { (icon("book")) "Read the docs" }
            }
        }
        (plans(&visit, &catalog, product, &held))
    };
    Ok(layout::site(&visit, about, viewer.account.as_ref(), &content))
}

fn plans(visit: &Visit, catalog: &Catalog, product: &Product, held: &[Subscription]) -> Markup {
    let plans: Vec<&Plan> = catalog.plans_of(product).collect();
    let contact = visit.brand().contact_address();
    html! {
        section aria-labelledby="plans" {
            h2.section id="plans" { "Plans" }
            @if plans.is_empty() && contact.is_none() {
                section.panel { div.body.soft { "No plan is open for everybody. Ask " (visit.brand().name) " for one." } }
            }
            ul.plans {
                @for plan in plans {
                    @let has = held.iter().find(|one| one.plan_id == plan.id && !one.is_over());
                    (card(catalog, product, plan, has))
                }
                @if let Some(contact) = &contact { (talk(contact)) }
            }
        }
    }
}

fn card(catalog: &Catalog, product: &Product, plan: &Plan, has: Option<&Subscription>) -> Markup {
    let others: Vec<&str> = catalog
        .products
        .iter()
        .filter(|other| other.id != product.id && plan.product_ids.contains(&other.id))
        .map(|other| other.name.as_str())
        .collect();
    html! {
        li.plan {
            header {
                h3 { (plan.name) @if has.is_some() { span.badge.good { "Yours" } } }
                (price(plan))
                @if !plan.description.is_empty() { p.soft { (plan.description) } }
            }
            ul {
                @for line in includes(plan) { li { (icon("check")) span { (line) } } }
                @if !others.is_empty() { li { (icon("check")) span { "Also " (others.join(", ")) } } }
            }
            @if has.is_some() { a.button.block href="/keys" { "Your keys" } }
            @else { a.button.primary.block href={ "/subscribe/" (plan.id) } { "Choose " (plan.name) } }
        }
    }
}

fn talk(contact: &str) -> Markup {
    html! {
        li.plan {
            header {
                h3 { "Something else" }
                p.price { strong { "Custom" } }
                p.soft { "Other volumes, other terms, or an invoice." }
            }
            ul {}
            a.button.block href=(contact) rel="noreferrer" { "Talk to us" }
        }
    }
}
