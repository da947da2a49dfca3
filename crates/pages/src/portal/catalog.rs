//! The products, as everybody sees them.

use maud::{Markup, html};

use super::model::{Plan, Product, Reference, all, references};
use super::words::{first_sentence, is_free, money};
use crate::client::Problem;
use crate::icons::{icon, large};
use crate::visit::Visit;

/// What is sold here.
pub(crate) struct Catalog {
    pub(crate) products: Vec<Product>,
    pub(crate) plans: Vec<Plan>,
    pub(crate) references: Vec<Reference>,
    /// There is more than is shown.
    more: bool,
}

impl Catalog {
    /// Asks for everything that one can see.
    pub(crate) async fn read(visit: &Visit) -> Result<Self, Problem> {
        let (mut products, more) = all::<Product>(visit, "/api/v1/portal/products").await?;
        let (mut plans, _) = all::<Plan>(visit, "/api/v1/portal/plans").await?;
        // As they were made, which is how whoever sells them thinks of them.
        products.reverse();
        plans.reverse();
        Ok(Self {
            products,
            plans,
            references: references(visit).await?,
            more,
        })
    }

    /// The plans that cover a product.
    pub(crate) fn plans_of<'a>(&'a self, product: &'a Product) -> impl Iterator<Item = &'a Plan> {
        self.plans.iter().filter(|plan| plan.product_ids.contains(&product.id))
    }

    /// Where a product is documented.
    pub(crate) fn reference_of(&self, product: &Product) -> Option<&Reference> {
        self.references
            .iter()
            .find(|reference| reference.product_id == product.id)
    }

    /// Every product with a line about it.
    pub(crate) fn show(&self) -> Markup {
        html! {
            @if self.products.is_empty() {
                section.panel { div.body.soft { "Nothing is for sale here yet." } }
            } @else {
                ul.products { @for product in &self.products { (self.item(product)) } }
                @if self.more { p.soft { "There are more products than fit here: search for what you need." } }
            }
        }
    }

    fn item(&self, product: &Product) -> Markup {
        let address = format!("/products/{}", product.slug);
        html! {
            li.product {
                div.mark { (large("box")) }
                h3 { a href=(address) { (product.name) } }
                p { (first_sentence(&product.description)) }
                footer {
                    span { (self.from(product)) }
                    @if let Some(reference) = self.reference_of(product) {
                        a href={ "/docs/" (reference.slug) } { (icon("book")) "Docs" span.visually-hidden { " of " (product.name) } }
                    }
                }
            }
        }
    }

    /// What it costs at least.
    fn from(&self, product: &Product) -> String {
        let plans: Vec<&Plan> = self.plans_of(product).collect();
        let amount = |plan: &Plan| plan.price.amount.parse::<f64>().unwrap_or(f64::MAX);
        let cheapest = plans.iter().min_by(|one, two| amount(one).total_cmp(&amount(two)));
        match cheapest {
            None => "On request".to_owned(),
            Some(plan) if is_free(&plan.price) && plans.len() == 1 => "Free".to_owned(),
            Some(plan) if is_free(&plan.price) => format!("Free to start · {} plans", plans.len()),
            Some(plan) => format!("From {} per {}", money(&plan.price), plan.billing_period.to_lowercase()),
        }
    }
}
