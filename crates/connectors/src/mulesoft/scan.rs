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
use crate::model::{Observed, Page, Scanned, mark};

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
        let whose = |row: &Row| Names::found(connection_id, row).map(|names| names.name());
        let kept = match rows.last().and_then(whose) {
            // More than a page of one subscription is told in parts.
            Some(last) if full => {
                let other = rows.iter().rposition(|row| whose(row).as_ref() != Some(&last));
                other.map_or(rows.len(), |place| place + 1)
            }
            _ => rows.len(),
        };
        let next = full.then_some(offset + kept);
        let mut groups: Vec<(Option<String>, Vec<Row>)> = Vec::new();
        for row in rows.into_iter().take(kept).filter(|row| has_mark(row, &mark)) {
            let name = whose(&row);
            match groups.iter_mut().find(|(known, _)| known.is_some() && *known == name) {
                Some((_, group)) => group.push(row),
                None => groups.push((name, vec![row])),
            }
        }
        let found = stream::iter(groups).map(|(_, group)| self.scanned(link, connection_id, group));
        let items: Vec<Option<Scanned>> = found.buffered(CALLS_AT_ONCE).try_collect().await?;
        Ok(Page {
            items: items.into_iter().flatten().collect(),
            next: next.map(|next| next.to_string()),
        })
    }

    /// One subscription's client applications; none: they are gone meanwhile.
    async fn scanned(&self, link: &Link, connection_id: GatewayId, rows: Vec<Row>) -> Result<Option<Scanned>, Fault> {
        let Some(first) = rows.first() else { return Ok(None) };
        let Some(names) = Names::found(connection_id, first) else {
            // Our mark, and words that are not of our making.
            return Ok(Some(Scanned {
                subscription_id: None,
                name: first.name.clone(),
                observed: Observed {
                    exists: true,
                    remote_id: Some(first.id.to_string()),
                    misnamed: true,
                    ..Observed::default()
                },
            }));
        };
        let ours = rows.iter().map(|row| match names.whose(row) {
            Whose::Ours(number, true) => Some(Ours {
                id: row.id,
                number,
                named: true,
            }),
            _ => None,
        });
        let observed = match ours.collect::<Option<Vec<Ours>>>() {
            Some(ours) => {
                let mut found = Vec::new();
                for one in ours {
                    if let Some(looked) = self.look(link, one.id).await? {
                        found.push((one, looked));
                    }
                }
                self.observed(link, &names, found).await?
            }
            // Its others stand elsewhere in the alphabet.
            None => self.observe(link, names.application()).await?,
        };
        Ok(observed.exists.then(|| Scanned {
            subscription_id: Some(names.subscription_id()),
            name: names.name(),
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

fn has_mark(row: &Row, mark: &str) -> bool {
    let described = row.description.as_deref().is_some_and(|text| text.starts_with(mark));
    described || row.name.starts_with(mark)
}

const _: () = assert!(APPLICATIONS_PER_PAGE <= PAGE_MAX);
