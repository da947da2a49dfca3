//! Contracts: what lets a client application call an API instance, and the suspension that revokes them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::MuleSoft;
use super::application::all;
use super::client::{Ask, is_taken};
use super::names::Names;
use super::rows::{Contract, Status};
use crate::fault::{Fault, FaultKind};
use crate::link::Link;
use crate::model::Applied;

/// API instances, each with the tier at which it is called.
pub(crate) type Wanted = BTreeMap<u64, Option<u64>>;

/// Reads what a mapping names: `apiInstanceId` or `apiInstanceId:tierId`.
pub(crate) fn parse(remote_id: &str) -> Option<(u64, Option<u64>)> {
    let number = |text: &str| text.parse().ok().filter(|number: &u64| number.to_string() == text);
    match remote_id.split_once(':') {
        Some((api, tier)) => Some((number(api)?, Some(number(tier)?))),
        None => Some((number(remote_id)?, None)),
    }
}

/// What is wanted of each API instance. An application has one contract with it, and so one tier.
pub(crate) fn wanted(scope: &BTreeSet<String>) -> Result<Wanted, Fault> {
    let mut wanted = Wanted::new();
    for remote_id in scope {
        let Some((api, tier)) = parse(remote_id) else {
            let words =
                format!("{remote_id} is neither an API instance's id nor one with a tier's, as in 18230456:301");
            return Err(Fault::new(FaultKind::Invalid, words));
        };
        if wanted.insert(api, tier).is_some_and(|other| other != tier) {
            let words = format!(
                "the API instance {api} is wanted at two tiers, and a client application has one contract with it"
            );
            return Err(Fault::new(FaultKind::Unsupported, words));
        }
    }
    Ok(wanted)
}

impl MuleSoft {
    /// Gives every client application of a subscription exactly these.
    pub(crate) async fn set_scopes(
        &self,
        link: &Link,
        names: &Names,
        scope: &BTreeSet<String>,
    ) -> Result<Applied, Fault> {
        let wanted = wanted(scope)?;
        let ours = self.ours(link, names).await?;
        all(ours.iter().map(|one| self.set_scope(link, one.id, &wanted)).collect()).await?;
        Ok(applied(names))
    }

    /// Gives a client application contracts with exactly these API instances. What is too much goes first.
    pub(crate) async fn set_scope(&self, link: &Link, id: u64, wanted: &Wanted) -> Result<(), Fault> {
        let contracts = self.contracts(link, id).await?.ok_or_else(|| gone(id))?;
        let (kept, extra): (Vec<_>, Vec<_>) = contracts.into_iter().partition(|one| can_be_kept(one, wanted));
        all(extra.iter().map(|one| self.end(link, one)).collect()).await?;
        let had: BTreeSet<u64> = kept.iter().filter_map(Contract::api).collect();
        all(kept.iter().map(|one| self.put_right(link, one, wanted)).collect()).await?;
        let missing = wanted.iter().filter(|(api, _)| !had.contains(api));
        all(missing
            .map(|(api, tier)| self.make_contract(link, id, *api, *tier))
            .collect())
        .await?;
        Ok(())
    }

    /// Gives a client application that has no contract yet its first ones.
    pub(crate) async fn give_scope(&self, link: &Link, id: u64, wanted: &Wanted) -> Result<(), Fault> {
        let made = wanted
            .iter()
            .map(|(api, tier)| self.make_contract(link, id, *api, *tier));
        all(made.collect()).await?;
        Ok(())
    }

    /// Revokes every contract of a subscription. None waits for another to succeed.
    pub(crate) async fn suspend(&self, link: &Link, names: &Names) -> Result<Applied, Fault> {
        let ours = self.ours(link, names).await?;
        let closing = ours.iter().map(|one| async {
            let contracts = self.contracts(link, one.id).await?.unwrap_or_default();
            all(contracts.iter().map(|one| self.close(link, one)).collect()).await
        });
        all(closing.collect()).await?;
        Ok(applied(names))
    }

    /// Gives back what a suspension took. What a credential is not to have any more its own step has taken before.
    pub(crate) async fn reactivate(
        &self,
        link: &Link,
        names: &Names,
        scope: &BTreeSet<String>,
    ) -> Result<Applied, Fault> {
        let wanted = wanted(scope)?;
        let ours = self.ours(link, names).await?;
        let opening = ours.iter().map(|one| async {
            let contracts = self.contracts(link, one.id).await?.unwrap_or_default();
            let (back, extra): (Vec<_>, Vec<_>) = contracts.into_iter().partition(|one| can_be_kept(one, &wanted));
            all(extra.iter().map(|one| self.end(link, one)).collect()).await?;
            all(back.iter().map(|one| self.put_right(link, one, &wanted)).collect()).await?;
            Ok(())
        });
        all(opening.collect()).await?;
        Ok(applied(names))
    }

    /// A contract that there is not yet; where somebody was faster, that one.
    async fn make_contract(&self, link: &Link, id: u64, api: u64, tier: Option<u64>) -> Result<(), Fault> {
        let mut body = json!({ "applicationId": id });
        if let Some(tier) = tier {
            body["requestedTierId"] = tier.into();
        }
        let ask = Ask::new("contract.create", format!("{}/{api}/contracts", self.caller.apis()));
        let made: Result<Contract, Fault> = self.caller.post(link, ask.secret(), &body).await;
        let contract = match made {
            Err(fault) if is_taken(&fault) => {
                let contracts = self.contracts(link, id).await?.ok_or_else(|| gone(id))?;
                contracts.into_iter().find(|one| one.api() == Some(api)).ok_or(fault)?
            }
            made => made?,
        };
        self.put_right(link, &contract, &Wanted::from([(api, tier)])).await
    }

    /// Approves a contract that may not be used yet or any more, at its tier.
    async fn put_right(&self, link: &Link, contract: &Contract, wanted: &Wanted) -> Result<(), Fault> {
        let tier = contract.api().and_then(|api| wanted.get(&api).copied()).flatten();
        let mut status = contract.status;
        let mut has = contract.tier();
        if status != Status::Approved {
            let approved = self
                .patch_contract(link, contract, &json!({ "status": "APPROVED" }))
                .await;
            let approved = approved.map_err(|fault| match fault.kind {
                FaultKind::Forbidden => Fault {
                    words: format!(
                        "{} (approving a contract takes the scope Manage Contracts)",
                        fault.words
                    ),
                    ..fault
                },
                _ => fault,
            })?;
            let approved = approved.ok_or_else(|| gone(contract.id))?;
            (status, has) = (approved.status, approved.tier().or(has));
        }
        if tier.is_some() && has != tier {
            let changed = self.patch_contract(link, contract, &json!({ "tierId": tier })).await?;
            status = changed.ok_or_else(|| gone(contract.id))?.status;
        }
        if status == Status::Approved {
            return Ok(());
        }
        let words = format!("contract.update: the contract {} was approved and is not", contract.id);
        Err(Fault::new(FaultKind::Transient, words))
    }

    /// Takes a contract's effect away.
    pub(crate) async fn close(&self, link: &Link, contract: &Contract) -> Result<(), Fault> {
        let status = match contract.status {
            Status::Approved | Status::Unknown => "REVOKED",
            // Revoking is for what was approved.
            Status::Pending => "REJECTED",
            Status::Rejected | Status::Revoked => return Ok(()),
        };
        self.patch_contract(link, contract, &json!({ "status": status }))
            .await
            .map(|_| ())
    }

    /// Anypoint deletes a contract only after it was revoked.
    async fn end(&self, link: &Link, contract: &Contract) -> Result<(), Fault> {
        self.close(link, contract).await?;
        self.delete_contract(link, contract).await
    }

    pub(crate) async fn delete_contract(&self, link: &Link, contract: &Contract) -> Result<(), Fault> {
        let Some(path) = self.contract_path(contract) else {
            return Ok(());
        };
        self.caller.delete(link, Ask::new("contract.delete", path)).await?;
        Ok(())
    }

    async fn patch_contract(
        &self,
        link: &Link,
        contract: &Contract,
        body: &serde_json::Value,
    ) -> Result<Option<Contract>, Fault> {
        let Some(path) = self.contract_path(contract) else {
            return Ok(None);
        };
        let ask = Ask::new("contract.update", path).secret();
        self.caller.patch(link, ask, body).await
    }

    fn contract_path(&self, contract: &Contract) -> Option<String> {
        let api = contract.api()?;
        Some(format!("{}/{api}/contracts/{}", self.caller.apis(), contract.id))
    }
}

/// A contract's tier can be changed and not taken away.
fn can_be_kept(contract: &Contract, wanted: &Wanted) -> bool {
    let Some(tier) = contract.api().and_then(|api| wanted.get(&api)) else {
        return false;
    };
    tier.is_some() || contract.tier().is_none()
}

fn gone(id: u64) -> Fault {
    Fault::new(FaultKind::NotFound, format!("{id} was taken away meanwhile"))
}

fn applied(names: &Names) -> Applied {
    Applied {
        remote_id: Some(names.name()),
        generated: None,
    }
}
