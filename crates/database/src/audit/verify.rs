//! Recomputes a chain and says where it no longer holds.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use gatewright_types::ids::{AuditId, TenantId};

use super::row::{BEGINNING, Hash};
use super::store::{self, Link};
use crate::{DatabaseError, SystemTx};

/// Links that are read at once.
const PAGE: i64 = 1000;

/// The last link of a chain that somebody has seen: `<sequence>:<hash>`, the hash in hexadecimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Its place.
    pub sequence: i64,
    /// Its hash, over everything before.
    pub hash: Hash,
}

/// How far a chain is sealed, and whether it holds.
#[derive(Debug)]
pub struct Report {
    /// The last link; none when nothing is sealed yet.
    pub head: Option<Head>,
    /// Rows that wait to be sealed.
    pub waiting: i64,
    /// The first thing that is wrong.
    pub fault: Option<ChainFault>,
}

/// What is wrong with a chain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainFault {
    /// A sealed row, its link or the order of links was changed.
    #[error("row {audit_id} at sequence {sequence} is not what was sealed: it was changed, put in or moved")]
    Changed {
        /// Where.
        sequence: i64,
        /// Which row.
        audit_id: AuditId,
    },
    /// A sealed row is gone.
    #[error("row {audit_id} at sequence {sequence} was removed")]
    Removed {
        /// Where.
        sequence: i64,
        /// Which row.
        audit_id: AuditId,
    },
    /// A link of the chain is gone.
    #[error("the link at sequence {sequence} was removed from the chain")]
    LinkRemoved {
        /// Where.
        sequence: i64,
    },
    /// A row was put in behind the chain's back, or its link cut from the end.
    #[error("row {audit_id} was never sealed and does not wait to be: it was put in, or its link was removed")]
    Unsealed {
        /// Which row.
        audit_id: AuditId,
    },
    /// The chain is not the one that somebody has seen.
    #[error("the chain at sequence {sequence} is not the one with the head that was given")]
    OtherHead {
        /// Where.
        sequence: i64,
    },
}

/// Recomputes the chain of a tenant, and compares it with a head that was kept elsewhere.
pub async fn verify(tx: &mut SystemTx, tenant_id: TenantId, seen: Option<Head>) -> Result<Report, DatabaseError> {
    store::without_time_limit(tx).await?;
    let (head, mut fault) = walk(tx, tenant_id, seen).await?;
    if fault.is_none()
        && let Some(audit_id) = store::unaccounted(tx, tenant_id).await?
    {
        fault = Some(ChainFault::Unsealed { audit_id });
    }
    let waiting = store::waiting(tx, tenant_id).await?;
    Ok(Report { head, waiting, fault })
}

/// From the first link to the last, or to the first that is wrong.
async fn walk(
    tx: &mut SystemTx,
    tenant_id: TenantId,
    seen: Option<Head>,
) -> Result<(Option<Head>, Option<ChainFault>), DatabaseError> {
    let mut head: Option<Head> = None;
    loop {
        let behind = head.map_or(0, |head| head.sequence);
        let links = store::links(tx, tenant_id, behind, PAGE).await?;
        if links.is_empty() {
            break;
        }
        let keys: Vec<store::Key> = links.iter().map(|link| (link.tenant_id, link.audit_id)).collect();
        let rows = store::rows(tx, &keys).await?;
        let rows: HashMap<_, _> = rows.into_iter().map(|row| (row.id, row)).collect();
        for link in links {
            let (expected, previous) = head.map_or((1, BEGINNING), |head| (head.sequence + 1, head.hash));
            match judge(&link, expected, &previous, rows.get(&link.audit_id)) {
                Ok(hash) => {
                    head = Some(Head {
                        sequence: link.sequence,
                        hash,
                    });
                }
                Err(fault) => return Ok((head, Some(fault))),
            }
            if let Some(seen) = seen
                && seen.sequence == link.sequence
                && head != Some(seen)
            {
                return Ok((
                    head,
                    Some(ChainFault::OtherHead {
                        sequence: seen.sequence,
                    }),
                ));
            }
        }
    }
    let end = head.map_or(0, |head| head.sequence);
    let cut = seen.filter(|seen| seen.sequence > end);
    Ok((
        head,
        cut.map(|seen| ChainFault::OtherHead {
            sequence: seen.sequence,
        }),
    ))
}

fn judge(link: &Link, expected: i64, previous: &Hash, row: Option<&super::row::Row>) -> Result<Hash, ChainFault> {
    let audit_id = AuditId::from_uuid(link.audit_id);
    if link.sequence != expected {
        return Err(ChainFault::LinkRemoved { sequence: expected });
    }
    let sequence = link.sequence;
    let row = row.ok_or(ChainFault::Removed { sequence, audit_id })?;
    let hash = row.hash(previous, sequence, link.sealed_at);
    if link.hash == hash {
        Ok(hash)
    } else {
        Err(ChainFault::Changed { sequence, audit_id })
    }
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.sequence)?;
        self.hash.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for Head {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "expected <sequence>:<64 hexadecimal digits>, as `audit verify` prints it".to_owned();
        let (sequence, digits) = text.split_once(':').ok_or_else(wrong)?;
        if digits.len() != 64 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        let mut hash = BEGINNING;
        for (at, byte) in hash.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).map_err(|_| wrong())?;
        }
        let sequence = sequence
            .parse()
            .ok()
            .filter(|sequence| *sequence >= 1)
            .ok_or_else(wrong)?;
        Ok(Self { sequence, hash })
    }
}
