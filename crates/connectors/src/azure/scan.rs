//! Everything of ours, a page of subscriptions at a time.

use std::collections::{BTreeMap, BTreeSet};

use gatewright_types::ids::GatewayId;

use super::Azure;
use super::apart::together;
use super::client::PAGE;
use super::names::{Names, scope_of};
use super::observe::observed;
use super::rows::{Named, Subscription};
use crate::fault::Fault;
use crate::link::Link;
use crate::model::{Observed, Page, Scanned, mark};
use crate::wire::segment;

impl Azure {
    /// A page of what carries a connection's mark. Their keys are not asked for: that is a write for each, of ten a second.
    pub(crate) async fn scan(
        &self,
        link: &Link,
        connection_id: GatewayId,
        cursor: Option<String>,
    ) -> Result<Page<Scanned>, Fault> {
        let has_users = self.has_users(link).await?;
        let filter = segment(&format!("startswith(name,'{}-')", mark(connection_id)));
        let path = format!("/subscriptions?%24filter={filter}");
        let page = self.subscriptions(link, &path, (PAGE, cursor)).await?;
        // Where the filter is not honored, what others made is not ours for that.
        let ours = page
            .items
            .into_iter()
            .filter(|one| one.name.starts_with(&mark(connection_id)));
        let named = ours.map(|one| (Names::found(connection_id, &one.name, &one.properties, has_users), one));
        let named: Vec<(Option<Names>, Named<Subscription>)> = named.collect();
        let mut firsts: BTreeMap<String, &str> = BTreeMap::new();
        for (names, one) in &named {
            if let Some(names) = names.filter(|names| names.first().is_some()) {
                let first = firsts.entry(names.application_name()).or_insert(&one.name);
                *first = one.name.as_str().min(first);
            }
        }
        let firsts: BTreeSet<String> = firsts.into_values().map(str::to_owned).collect();
        let mut items = Vec::new();
        for (names, one) in named {
            let observed = match &names {
                Some(names) if names.first().is_some() => {
                    // The whole is asked for once on a page.
                    if !firsts.contains(&one.name) {
                        continue;
                    }
                    match self.whole(link, names).await? {
                        Some(observed) => observed,
                        None => continue,
                    }
                }
                Some(names) => observed(names, &one.name, &one.properties, None),
                None => nameless(&one),
            };
            items.push(Scanned {
                subscription_id: names.as_ref().map(Names::subscription_id),
                name: names.map_or(one.name, |names| names.application_name()),
                observed,
            });
        }
        let next = page.next;
        Ok(Page { items, next })
    }

    /// The whole application of a subscription for one key. A page may cut it in two: it is told where the first of them by
    /// name is.
    async fn whole(&self, link: &Link, names: &Names) -> Result<Option<Observed>, Fault> {
        let own = self.apart(link, names).await?;
        let first = own.iter().map(|(names, _)| names.sid()).min();
        let is_first = first.is_some_and(|first| names.sid() <= first);
        Ok(is_first.then(|| together(names, &own, &[])))
    }

    pub(crate) async fn subscriptions(
        &self,
        link: &Link,
        path: &str,
        (top, cursor): (u32, Option<String>),
    ) -> Result<Page<Named<Subscription>>, Fault> {
        let page = self
            .caller
            .page(link, "read.subscriptions", path, (top, cursor.as_deref()))
            .await?;
        let nothing = Page {
            items: Vec::new(),
            next: None,
        };
        Ok(page.map_or(nothing, |(page, _)| page))
    }
}

/// What has our mark and a name that is not of our making.
fn nameless(one: &Named<Subscription>) -> Observed {
    Observed {
        exists: true,
        remote_id: Some(one.name.clone()),
        suspended: one.properties.state == "suspended",
        misnamed: true,
        scope: BTreeSet::from([scope_of(&one.properties.scope)]),
        ..Observed::default()
    }
}
