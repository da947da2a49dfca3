//! From nothing to a first call: what is next, ticked by what has happened.

use maud::{Markup, html};

use super::catalog::Catalog;
use super::key::usage;
use super::model::{Key, Reference, Subscription, all};
use crate::client::Problem;
use crate::icons::icon;
use crate::reference::first_operation;
use crate::visit::Visit;

/// Keys that are asked whether they were used.
const ASKED_MAX: usize = 3;
/// A description of more operations is not read for a link to its first one.
const OPERATIONS_MAX: u64 = 200;

/// How far a developer is.
pub(crate) struct FirstRun {
    subscribed: bool,
    has_key: bool,
    /// Where the first call can be tried.
    docs: Option<String>,
}

impl FirstRun {
    /// Finds out; nothing where the first call was made.
    pub(crate) async fn find(visit: &Visit, catalog: &Catalog) -> Result<Option<Self>, Problem> {
        let (subscriptions, _) = all::<Subscription>(visit, "/api/v1/portal/subscriptions").await?;
        let (keys, _) = all::<Key>(visit, "/api/v1/portal/keys").await?;
        let alive: Vec<&Key> = keys.iter().filter(|key| !key.is_revoked()).collect();
        for key in alive.iter().take(ASKED_MAX) {
            if usage(visit, key).await?.is_some_and(|used| used.last_used_at.is_some()) {
                return Ok(None);
            }
        }
        let running = || subscriptions.iter().filter(|one| !one.is_over());
        let is_bought =
            |reference: &&Reference| running().any(|one| one.plan.product_ids.contains(&reference.product_id));
        let mut readable = catalog.references.iter().filter(|reference| reference.operations > 0);
        let reference = readable.clone().find(is_bought).or_else(|| readable.next());
        Ok(Some(Self {
            subscribed: running().next().is_some(),
            has_key: !alive.is_empty(),
            docs: match reference {
                Some(reference) => Some(first_page(visit, reference).await?),
                None => None,
            },
        }))
    }

    pub(crate) fn show(&self) -> Markup {
        html! {
            section.panel.steps aria-label="What is next" {
                ol {
                    (step(self.subscribed, "Choose a plan", "It says what you may call, how often and for how much.", Some(("#products", "See the products"))))
                    (step(self.has_key, "Get a key", "Your programs show it with every request.", self.subscribed.then_some(("/keys/new", "Make a key"))))
                    @match (&self.docs, self.has_key) {
                        (Some(docs), true) => (step(false, "Make the first call", "Each operation can be tried on its page.", Some((docs, "Try it")))),
                        (None, true) => (step(false, "Make the first call", "The key's page has a line to copy.", Some(("/keys", "Open your keys")))),
                        (_, false) => (step(false, "Make the first call", "In the browser, or with a line to copy.", None)),
                    }
                }
            }
        }
    }
}

/// The page of a reference's first operation, or the reference's own.
async fn first_page(visit: &Visit, reference: &Reference) -> Result<String, Problem> {
    let first = if reference.operations <= OPERATIONS_MAX {
        first_operation(visit, &reference.slug).await?
    } else {
        None
    };
    Ok(first.unwrap_or_else(|| format!("/docs/{}", reference.slug)))
}

fn step(is_done: bool, label: &str, about: &str, next: Option<(&str, &str)>) -> Markup {
    html! {
        li.done[is_done] {
            span.tick { @if is_done { (icon("check")) span.visually-hidden { "Done: " } } }
            div { strong { (label) } span { (about) } }
            @if let Some((path, action)) = next.filter(|_| !is_done) { a.button.small href=(path) { (action) } }
        }
    }
}
