//! Everything of ours, a page of subscriptions at a time.

use std::collections::BTreeSet;

use gatewright_types::ids::GatewayId;

use super::Azure;
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
        let scanned = |one: Named<Subscription>| {
            let names = Names::found(connection_id, &one.name, &one.properties, has_users);
            Scanned {
                subscription_id: names.as_ref().map(Names::subscription_id),
                observed: match &names {
                    Some(names) => observed(names, &one.name, &one.properties, None),
                    None => nameless(&one),
                },
                name: one.name,
            }
        };
        // Where the filter is not honored, what others made is not ours for that.
        let ours = page
            .items
            .into_iter()
            .filter(|one| one.name.starts_with(&mark(connection_id)));
        Ok(Page {
            items: ours.map(scanned).collect(),
            next: page.next,
        })
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
