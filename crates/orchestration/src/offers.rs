//! What a gateway offers, against what was imported of it: a preview that says what is new, and the import.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use gatewright_catalog::CatalogError;
use gatewright_connectors::Connector;
use gatewright_connectors::model::{Offered, OfferedKind};
use gatewright_database::TenantTx;
use gatewright_types::ids::GatewayId;
use gatewright_types::text_enum;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::engine::Orchestrator;
use crate::model::Connection;
use crate::{OrchestrationError, connections, mappings, store};

/// Most offers of one gateway.
pub const OFFERS_MAX: usize = 10_000;
/// Most pages that they are read from.
pub const PAGES_MAX: usize = 1000;

text_enum! {
    /// How an offer differs from what was imported.
    pub enum OfferChange {
        /// It was not imported.
        New = "NEW",
        /// It is another one than was imported.
        Changed = "CHANGED",
        /// As it was imported.
        Unchanged = "UNCHANGED",
        /// It was imported, and the gateway does not offer it any more.
        Stale = "STALE",
    }
}

/// Something that a gateway offers, or offered.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Offer {
    /// How it differs from what was imported.
    pub change: OfferChange,
    /// What it is now; of one that is STALE, what it was.
    #[serde(flatten)]
    pub offered: Offered,
    /// When it was imported.
    pub imported_at: Option<DateTime<Utc>>,
    /// Of one that is CHANGED: what was imported.
    pub imported: Option<Offered>,
}

/// An offer as it was imported.
#[derive(Clone, Debug)]
pub(crate) struct Imported {
    pub(crate) offered: Offered,
    pub(crate) imported_at: DateTime<Utc>,
}

type Key = (OfferedKind, String);

fn key(offered: &Offered) -> Key {
    (offered.kind, offered.remote_id.clone())
}

/// Everything a gateway offers; calls it, so no transaction may be open.
pub async fn discover(
    engine: &Orchestrator,
    connection: &Connection,
    connector: &dyn Connector,
) -> Result<Vec<Offered>, OrchestrationError> {
    let (mut all, mut cursor) = (Vec::new(), None);
    for _ in 0..PAGES_MAX {
        let page = mappings::discover(engine, connection, connector, cursor).await?;
        all.extend(page.items);
        if all.len() > OFFERS_MAX {
            break;
        }
        cursor = page.next;
        if cursor.is_none() {
            return Ok(all);
        }
    }
    Err(OrchestrationError::Unusable(vec![format!(
        "it offers more than {OFFERS_MAX} services and products"
    )]))
}

/// What is new, changed, unchanged or gone, in the order of kinds and names.
pub async fn preview(
    tx: &mut TenantTx,
    id: GatewayId,
    offered: Vec<Offered>,
) -> Result<Vec<Offer>, OrchestrationError> {
    connections::get(tx, id).await?;
    Ok(compare(store::offers::list(tx, id).await?, offered))
}

fn compare(imported: Vec<Imported>, offered: Vec<Offered>) -> Vec<Offer> {
    let mut imported: BTreeMap<Key, Imported> = imported.into_iter().map(|one| (key(&one.offered), one)).collect();
    let mut offers: Vec<Offer> = offered
        .into_iter()
        .map(|offered| {
            let before = imported.remove(&key(&offered));
            let change = match &before {
                None => OfferChange::New,
                Some(before) if before.offered == offered => OfferChange::Unchanged,
                Some(_) => OfferChange::Changed,
            };
            Offer {
                change,
                imported_at: before.as_ref().map(|before| before.imported_at),
                imported: before
                    .filter(|_| change == OfferChange::Changed)
                    .map(|before| before.offered),
                offered,
            }
        })
        .collect();
    offers.extend(imported.into_values().map(|before| Offer {
        change: OfferChange::Stale,
        offered: before.offered,
        imported_at: Some(before.imported_at),
        imported: None,
    }));
    offers.sort_by(|one, other| {
        let order = |offer: &Offer| {
            (
                offer.offered.kind.as_str(),
                offer.offered.name.clone(),
                offer.offered.remote_id.clone(),
            )
        };
        order(one).cmp(&order(other))
    });
    offers
}

/// Takes over what a gateway offers under these ids; what it does not offer any more is forgotten. Returns how the
/// whole list stands then.
pub async fn import(
    tx: &mut TenantTx,
    id: GatewayId,
    offered: Vec<Offered>,
    remote_ids: &[String],
) -> Result<Vec<Offer>, OrchestrationError> {
    connections::lock(tx, id).await?;
    let before = preview(tx, id, offered.clone()).await?;
    let wanted: BTreeSet<&str> = remote_ids.iter().map(String::as_str).collect();
    let known: BTreeSet<&str> = before.iter().map(|offer| offer.offered.remote_id.as_str()).collect();
    if let Some(unknown) = wanted.iter().find(|id| !known.contains(*id)) {
        let detail = format!("the gateway offers no {unknown:?}");
        return Err(CatalogError::invalid("/remoteIds", detail).into());
    }
    let mut taken = Vec::new();
    for offer in before
        .iter()
        .filter(|offer| wanted.contains(offer.offered.remote_id.as_str()))
    {
        match offer.change {
            OfferChange::Unchanged => continue,
            OfferChange::New | OfferChange::Changed => store::offers::put(tx, id, &offer.offered).await?,
            OfferChange::Stale => store::offers::delete(tx, id, &offer.offered).await?,
        }
        taken.push(offer);
    }
    let earlier: Vec<&Offered> = taken
        .iter()
        .filter_map(|offer| match offer.change {
            OfferChange::Stale => Some(&offer.offered),
            _ => offer.imported.as_ref(),
        })
        .collect();
    let later: Vec<&Offered> = taken
        .iter()
        .filter(|offer| offer.change != OfferChange::Stale)
        .map(|offer| &offer.offered)
        .collect();
    tx.changed(
        "orchestration",
        "offers.imported",
        id,
        &json!({ "offers": earlier }),
        &json!({ "offers": later }),
    );
    preview(tx, id, offered).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offered(id: &str, detail: &str) -> Offered {
        Offered {
            kind: OfferedKind::Product,
            remote_id: id.to_owned(),
            name: id.to_owned(),
            detail: vec![detail.to_owned()],
            warnings: Vec::new(),
        }
    }

    #[test]
    fn a_preview_tells_new_changed_unchanged_and_stale_apart() {
        let imported = ["changed", "stale", "unchanged"].map(|id| Imported {
            offered: offered(id, "before"),
            imported_at: DateTime::UNIX_EPOCH,
        });
        let now = vec![
            offered("new", "now"),
            offered("changed", "now"),
            offered("unchanged", "before"),
        ];
        let found = compare(imported.to_vec(), now);
        let changes: Vec<(&str, OfferChange)> = found
            .iter()
            .map(|offer| (offer.offered.remote_id.as_str(), offer.change))
            .collect();
        assert_eq!(
            changes,
            [
                ("changed", OfferChange::Changed),
                ("new", OfferChange::New),
                ("stale", OfferChange::Stale),
                ("unchanged", OfferChange::Unchanged),
            ]
        );
        assert_eq!(found[0].imported.as_ref().unwrap().detail, ["before"]);
    }
}
