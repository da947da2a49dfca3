//! Everything of ours, a page of client applications at a time.

use futures_util::stream::{self, StreamExt, TryStreamExt};
use gatewright_types::ids::GatewayId;

use super::MuleSoft;
use super::client::{CALLS_AT_ONCE, PAGE_MAX};
use super::names::{Names, Whose};
use super::observe::Ours;
use super::rows::Application as Row;
use crate::fault::{Fault, FaultKind};
use crate::link::Link;
use crate::model::{Page, Scanned, mark};

/// Client applications on a page: each costs two calls, so that a page stays a matter of seconds.
pub(crate) const APPLICATIONS_PER_PAGE: usize = 100;

impl MuleSoft {
    /// A page of what carries a connection's mark. A subscription's client applications follow each other by name; those that
    /// a page cuts in two are left to the next one.
    pub(crate) async fn scan(
        &self,
        link: &Link,
        connection_id: GatewayId,
        cursor: Option<String>,
    ) -> Result<Page<Scanned>, Fault> {
        let offset = offset(cursor)?;
        let mark = mark(connection_id);
        let rows = self
            .list_applications(link, &mark, offset, APPLICATIONS_PER_PAGE)
            .await?;
        if rows.is_empty() && offset == 0 {
            self.sees_applications(link).await?;
        }
        let full = rows.len() >= APPLICATIONS_PER_PAGE;
        let mut groups: Vec<(usize, Vec<Row>)> = Vec::new();
        for (place, row) in rows.into_iter().enumerate() {
            let same = |last: &Row| subscription(connection_id, last) == subscription(connection_id, &row);
            match groups.last_mut() {
                Some((_, group)) if group.last().is_some_and(same) => group.push(row),
                _ => groups.push((place, vec![row])),
            }
        }
        let next = match groups.last() {
            // More than a page of one subscription: its parts are told one by one.
            Some((place, _)) if full && *place > 0 => Some(offset + groups.pop().map_or(0, |(place, _)| place)),
            Some(_) if full => Some(offset + APPLICATIONS_PER_PAGE),
            _ => None,
        };
        let ours = groups
            .into_iter()
            .filter(|(_, group)| group.iter().any(|row| has_mark(row, &mark)));
        let found = stream::iter(ours).map(|(_, group)| self.scanned(link, connection_id, group));
        let items: Vec<Option<Scanned>> = found.buffered(CALLS_AT_ONCE).try_collect().await?;
        Ok(Page {
            items: items.into_iter().flatten().collect(),
            next: next.map(|next| next.to_string()),
        })
    }

    /// One subscription's client applications; none: they are gone meanwhile.
    async fn scanned(&self, link: &Link, connection_id: GatewayId, rows: Vec<Row>) -> Result<Option<Scanned>, Fault> {
        let names = rows.first().and_then(|row| Names::found(connection_id, row));
        let mut name = names.as_ref().map(Names::name);
        let mut found = Vec::new();
        for row in rows {
            let whose = names.as_ref().map(|names| names.whose(&row));
            let (number, named) = match whose {
                Some(Whose::Ours(number, named)) => (number, named),
                _ => (0, false),
            };
            let one = Ours {
                id: row.id,
                number,
                named,
            };
            name.get_or_insert(row.name);
            if let Some(looked) = self.look(link, one.id).await? {
                found.push((one, looked));
            }
        }
        let (Some(name), false) = (name, found.is_empty()) else {
            return Ok(None);
        };
        let subscription_id = names.as_ref().map(Names::subscription_id);
        let mut observed = match &names {
            Some(names) => self.observed(link, names, found).await?,
            None => crate::model::Observed {
                exists: true,
                misnamed: true,
                ..Default::default()
            },
        };
        observed.remote_id.get_or_insert_with(|| name.clone());
        Ok(Some(Scanned {
            subscription_id,
            name,
            observed,
        }))
    }
}

pub(crate) fn offset(cursor: Option<String>) -> Result<usize, Fault> {
    let Some(cursor) = cursor else { return Ok(0) };
    cursor
        .parse()
        .map_err(|_| Fault::new(FaultKind::Invalid, "the cursor is not one of ours"))
}

/// Which subscription a client application belongs to by its words.
fn subscription(connection_id: GatewayId, row: &Row) -> Option<String> {
    Names::found(connection_id, row).map(|names| names.name())
}

fn has_mark(row: &Row, mark: &str) -> bool {
    let described = row.description.as_deref().is_some_and(|text| text.starts_with(mark));
    described || row.name.starts_with(mark)
}

const _: () = assert!(APPLICATIONS_PER_PAGE <= PAGE_MAX);
