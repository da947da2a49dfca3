//! Everything of ours, and everything that could become ours, a page of subscriptions at a time.

use std::collections::BTreeSet;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use gatewright_types::ids::GatewayId;

use super::Azure;
use super::client::{CALLS_AT_ONCE, PAGE, segment};
use super::names::{Names, is_gatewrights, scope_of};
use super::observe::{observed, remote_id};
use super::rows::{Named, Subscription};
use super::slots::Side;
use crate::fault::Fault;
use crate::link::Link;
use crate::model::{Adoptable, AdoptableKey, Observed, Page, Scanned, mark};

/// Subscriptions on a page that costs a call for each.
const STRANGERS_PER_PAGE: u32 = 25;
/// The subscription that every service has for whoever runs it; it opens everything and belongs to nobody.
const BUILT_IN: &str = "master";

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

    /// A page of subscriptions that no Gatewright made. It may be empty and not the last.
    pub(crate) async fn adoptable(&self, link: &Link, cursor: Option<String>) -> Result<Page<Adoptable>, Fault> {
        let page = self
            .subscriptions(link, "/subscriptions", (STRANGERS_PER_PAGE, cursor))
            .await?;
        let strangers = page.items.into_iter();
        let strangers = strangers.filter(|one| !is_gatewrights(&one.name) && one.name != BUILT_IN);
        let found = stream::iter(strangers).map(|one| self.stranger(link, one));
        Ok(Page {
            items: found.buffered(CALLS_AT_ONCE).try_collect().await?,
            next: page.next,
        })
    }

    async fn stranger(&self, link: &Link, one: Named<Subscription>) -> Result<Adoptable, Fault> {
        let keys = self.keys(link, &segment(&one.name)).await?;
        let of = |side: Side| {
            let secret = side.of(keys.as_ref()?)?.clone();
            Some(AdoptableKey {
                remote_id: remote_id(&one.name, side),
                secret: Some(secret),
                expires_in_seconds: None,
            })
        };
        Ok(Adoptable {
            keys: Side::BOTH.into_iter().filter_map(of).collect(),
            scope: BTreeSet::from([scope_of(&one.properties.scope)]),
            name: one.properties.display_name.unwrap_or_else(|| one.name.clone()),
            remote_id: one.name,
        })
    }

    async fn subscriptions(
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
