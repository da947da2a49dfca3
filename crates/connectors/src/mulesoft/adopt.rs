//! What others made: shown, and given up for ours where an operator says so.

use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::MuleSoft;
use super::client::CALLS_AT_ONCE;
use super::names::is_gatewrights;
use super::rows::{Application as Row, Contract, Status};
use super::scan::{APPLICATIONS_PER_PAGE, offset};
use crate::fault::{Fault, FaultKind};
use crate::link::Link;
use crate::model::{Adoptable, AdoptableKey, AdoptedKey, Page};

impl MuleSoft {
    /// A page of client applications that no Gatewright made. It may be empty and not the last.
    pub(crate) async fn adoptable(&self, link: &Link, cursor: Option<String>) -> Result<Page<Adoptable>, Fault> {
        let offset = offset(cursor)?;
        let rows = self.list_applications(link, "", offset, APPLICATIONS_PER_PAGE).await?;
        let next = (rows.len() >= APPLICATIONS_PER_PAGE).then(|| (offset + rows.len()).to_string());
        let strangers = rows.into_iter().filter(|row| !is_gatewrights(row)).map(|row| row.id);
        let looks = stream::iter(strangers.collect::<Vec<_>>()).map(|id| self.look(link, id));
        let found: Vec<Option<(Row, Vec<Contract>)>> = looks.buffered(CALLS_AT_ONCE).try_collect().await?;
        Ok(Page {
            items: found.into_iter().flatten().map(adoptable).collect(),
            next,
        })
    }

    /// One of them.
    pub(crate) async fn stranger(&self, link: &Link, remote_id: &str) -> Result<Option<Adoptable>, Fault> {
        let Ok(id) = remote_id.parse() else { return Ok(None) };
        let found = self.look(link, id).await?;
        Ok(found.filter(|(row, _)| !is_gatewrights(row)).map(adoptable))
    }

    /// Takes a client application of somebody else away, if it still has the pair that was given to us: client ids are unique,
    /// and a pair can only be given to an application that is made with it.
    pub(crate) async fn release(&self, link: &Link, key: &AdoptedKey) -> Result<(), Fault> {
        let Ok(id) = key.remote_id.parse() else {
            return Err(Fault::new(FaultKind::Invalid, "it is no client application's id"));
        };
        let Some(row) = self.application(link, id).await? else {
            return Ok(());
        };
        if is_gatewrights(&row) || (key.fingerprint.is_some() && key.fingerprint != row.fingerprint()) {
            let words = "the client application was changed since it was adopted: whoever did that has to say what becomes of it";
            return Err(Fault::new(FaultKind::Foreign, words));
        }
        self.withdraw(link, id).await
    }
}

fn adoptable((row, contracts): (Row, Vec<Contract>)) -> Adoptable {
    let approved = contracts.iter().filter(|one| one.status == Status::Approved);
    Adoptable {
        scope: approved.filter_map(Contract::remote_id).collect(),
        keys: vec![AdoptableKey {
            remote_id: row.id.to_string(),
            secret: row.told(),
            expires_in_seconds: None,
        }],
        remote_id: row.id.to_string(),
        name: row.name,
    }
}
