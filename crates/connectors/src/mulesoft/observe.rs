//! What an Anypoint has of a subscription: the client applications with its name, and the contracts of each.

use std::collections::BTreeSet;

use futures_util::future::try_join;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use secrecy::SecretString;

use super::MuleSoft;
use super::client::{Ask, CALLS_AT_ONCE, PAGE_MAX};
use super::names::{Names, Whose};
use super::rows::{Application as Row, Contract, Status};
use crate::fault::{Fault, FaultKind};
use crate::link::Link;
use crate::model::{Application, Observed, ObservedCredential};
use crate::wire::segment;

/// Most client applications of one subscription.
const APPLICATIONS_OF_A_SUBSCRIPTION_MAX: usize = 1000;

/// A client application of ours.
pub(crate) struct Ours {
    pub(crate) id: u64,
    pub(crate) number: u32,
    pub(crate) named: bool,
}

impl MuleSoft {
    /// What is there of a subscription.
    pub(crate) async fn observe(&self, link: &Link, application: &Application) -> Result<Observed, Fault> {
        let names = Names::of(application);
        let ours = self.ours(link, &names).await?;
        let looks: Vec<Option<(Row, Vec<Contract>)>> = stream::iter(ours.iter().map(|one| one.id).collect::<Vec<_>>())
            .map(|id| self.look(link, id))
            .buffered(CALLS_AT_ONCE)
            .try_collect()
            .await?;
        let found = ours.into_iter().zip(looks);
        let found = found.filter_map(|(one, looked)| Some((one, looked?)));
        self.observed(link, &names, found.collect()).await
    }

    /// Puts together what was found of a subscription's client applications.
    pub(crate) async fn observed(
        &self,
        link: &Link,
        names: &Names,
        found: Vec<(Ours, (Row, Vec<Contract>))>,
    ) -> Result<Observed, Fault> {
        if found.iter().any(|(_, (_, contracts))| contracts.is_empty()) {
            self.sees_contracts(link).await?;
        }
        let admits = |contracts: &[Contract]| contracts.iter().any(|one| one.status.opens());
        let any_admits = found.iter().any(|(_, (_, contracts))| admits(contracts));
        let mut observed = Observed {
            exists: !found.is_empty(),
            remote_id: (!found.is_empty()).then(|| names.name()),
            suspended: !found.is_empty() && !any_admits,
            // A suspension, or its end, or the taking of a scope, got half of the way.
            unsettled: any_admits
                && found
                    .iter()
                    .any(|(_, (_, contracts))| contracts.iter().any(|one| !one.status.opens())),
            misnamed: found.iter().any(|(one, _)| !one.named),
            ..Observed::default()
        };
        for (one, (row, contracts)) in found {
            let scope = scope(&contracts);
            observed.scope.extend(scope.iter().cloned());
            // Somebody copied our words to another application: the first one by name is ours.
            let known = observed
                .credentials
                .iter()
                .any(|other| other.number == Some(one.number));
            observed.credentials.push(ObservedCredential {
                number: (!known).then_some(one.number),
                remote_id: one.id.to_string(),
                fingerprint: row.fingerprint(),
                disabled: false,
                expires_in_seconds: None,
                scope,
            });
        }
        Ok(observed)
    }

    /// The client applications of a subscription, those with our name first.
    pub(crate) async fn ours(&self, link: &Link, names: &Names) -> Result<Vec<Ours>, Fault> {
        let (name, mut ours, mut offset) = (names.name(), Vec::new(), 0);
        loop {
            let page = self.list_applications(link, &name, offset, PAGE_MAX).await?;
            for row in &page {
                match names.whose(row) {
                    Whose::Ours(number, named) => ours.push(Ours {
                        id: row.id,
                        number,
                        named,
                    }),
                    Whose::Foreign => {
                        let words = format!(
                            "the client application {} has our name and its description does not say that it is ours, so it is not touched",
                            row.id
                        );
                        return Err(Fault::new(FaultKind::Foreign, words));
                    }
                    Whose::Strange => {}
                }
            }
            offset += page.len();
            if page.len() < PAGE_MAX {
                break;
            }
            if offset >= APPLICATIONS_OF_A_SUBSCRIPTION_MAX {
                let words = format!(
                    "more than {APPLICATIONS_OF_A_SUBSCRIPTION_MAX} client applications answer to {name}, which is more than Gatewright reads"
                );
                return Err(Fault::new(FaultKind::QuotaExhausted, words));
            }
        }
        if ours.is_empty() {
            self.sees_applications(link).await?;
        }
        ours.sort_by_key(|one| (one.number, !one.named, one.id));
        Ok(ours)
    }

    /// One page of client applications that answer to a text, by name. Others' are among them, and those that only
    /// mention it.
    pub(crate) async fn list_applications(
        &self,
        link: &Link,
        query: &str,
        offset: usize,
        limit: usize,
    ) -> Result<Vec<Row>, Fault> {
        let query = match query {
            "" => String::new(),
            query => format!("query={}&literalMatch=true&", segment(query)),
        };
        let path = format!(
            "{}?{query}targetAdminSite=true&sort=name&ascending=true&limit={limit}&offset={offset}",
            self.caller.applications("v2")
        );
        let generation = self.caller.generation(link).await?;
        let found: Option<Vec<Row>> = self
            .caller
            .get(link, Ask::new("application.list", path).secret())
            .await?;
        let Some(found) = found else {
            return Err(Fault::new(FaultKind::NotFound, "there is no such root organization"));
        };
        if !found.is_empty() {
            self.sight.applications.with(generation);
        }
        Ok(found)
    }

    /// A client application with its pair and its contracts; none: it is gone.
    pub(crate) async fn look(&self, link: &Link, id: u64) -> Result<Option<(Row, Vec<Contract>)>, Fault> {
        let (row, contracts) = try_join(self.application(link, id), self.contracts(link, id)).await?;
        Ok(row.zip(contracts))
    }

    pub(crate) async fn application(&self, link: &Link, id: u64) -> Result<Option<Row>, Fault> {
        let path = format!("{}/{id}", self.caller.applications("v2"));
        self.caller.get(link, Ask::new("application.get", path).secret()).await
    }

    /// An application's contracts; none: it is gone.
    pub(crate) async fn contracts(&self, link: &Link, id: u64) -> Result<Option<Vec<Contract>>, Fault> {
        let path = format!("{}/{id}/contracts", self.caller.applications("v2"));
        let generation = self.caller.generation(link).await?;
        let found: Option<Vec<Contract>> = self.caller.get(link, Ask::new("contract.list", path).secret()).await?;
        if found.as_ref().is_some_and(|found| !found.is_empty()) {
            self.sight.contracts.with(generation);
        }
        // Those with groups of APIs are not of our making.
        Ok(found.map(|found| found.into_iter().filter(|one| one.api().is_some()).collect()))
    }

    /// Reads a pair again.
    pub(crate) async fn read_secret(
        &self,
        link: &Link,
        application: &Application,
        credential: &ObservedCredential,
    ) -> Result<Option<SecretString>, Fault> {
        let Ok(id) = credential.remote_id.parse() else {
            return Ok(None);
        };
        let row = self.application(link, id).await?;
        let ours = |row: &Row| matches!(Names::of(application).whose(row), Whose::Ours(..));
        Ok(row.filter(ours).and_then(|row| row.told()))
    }
}

/// What a client application may call. Beside what is open, a contract that is not is told as well: it is half taken away, so
/// that the scope is not yet what anybody wanted. Where nothing is open, that is a suspension.
fn scope(contracts: &[Contract]) -> BTreeSet<String> {
    let open = contracts.iter().any(|one| one.status.opens());
    let shown = contracts.iter().filter_map(|one| {
        let remote_id = one.remote_id()?;
        match one.status {
            Status::Approved => Some(remote_id),
            Status::Rejected | Status::Revoked if open => Some(format!("{remote_id} (revoked)")),
            _ => None,
        }
    });
    shown.collect()
}
