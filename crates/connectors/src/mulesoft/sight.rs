//! Whether an empty list means that nothing is there.
//!
//! A connected app without a scope is not always refused: lists are then empty, with 200. An application that is taken for gone
//! would go on being admitted, so nothing is taken for gone before something else was seen with the same token, or before it is
//! clear that no contract is there that could admit anybody.

use std::sync::atomic::{AtomicU64, Ordering};

use super::MuleSoft;
use super::client::{Ask, PAGE_MAX};
use super::rows::{Api, Application, Assets, Contracts};
use crate::fault::{Fault, FaultKind};
use crate::link::Link;

/// What is seen at the second look as at the first is so, and was not just being changed.
const LOOKS: usize = 2;
/// API instances with contracts that are asked for them: one may have none but those of a group of APIs.
const ASKED_MAX: usize = 5;
/// Most pages of API instances that are looked through for one with contracts.
const PAGES_MAX: usize = 40;

/// With which token something was seen.
#[derive(Default)]
pub(crate) struct Sight {
    pub(crate) applications: Seen,
    pub(crate) contracts: Seen,
}

/// The generation of the token with which a kind of object was seen; 0: never.
#[derive(Default)]
pub(crate) struct Seen(AtomicU64);

impl Seen {
    pub(crate) fn with(&self, generation: u64) {
        self.0.fetch_max(generation, Ordering::Relaxed);
    }

    fn is_with(&self, generation: u64) -> bool {
        self.0.load(Ordering::Relaxed) == generation
    }
}

impl MuleSoft {
    /// Fails unless applications would be seen if there were any, or none could call anything.
    pub(crate) async fn sees_applications(&self, link: &Link) -> Result<(), Fault> {
        let generation = self.caller.generation(link).await?;
        if self.sight.applications.is_with(generation) {
            return Ok(());
        }
        for _ in 0..LOOKS {
            let any: Vec<Application> = self.list_applications(link, "", 0, 1).await?;
            if !any.is_empty() || self.with_contracts(link).await?.is_empty() {
                return Ok(());
            }
        }
        Err(Fault::new(
            FaultKind::Forbidden,
            "Anypoint lists no client application although its APIs have contracts: the connected app lacks the scope View Client Applications",
        ))
    }

    /// Fails unless contracts would be seen if there were any.
    pub(crate) async fn sees_contracts(&self, link: &Link) -> Result<(), Fault> {
        let generation = self.caller.generation(link).await?;
        if self.sight.contracts.is_with(generation) {
            return Ok(());
        }
        for _ in 0..LOOKS {
            let apis = self.with_contracts(link).await?;
            if apis.is_empty() {
                return Ok(());
            }
            for api in apis.into_iter().take(ASKED_MAX) {
                let path = format!("{}/{}/contracts?limit=1", self.caller.apis(), api.id);
                let ask = Ask::new("contract.list", path).secret();
                let found: Option<Contracts> = self.caller.get(link, ask).await?;
                if found.is_some_and(|found| !found.contracts.is_empty()) {
                    self.sight.contracts.with(generation);
                    return Ok(());
                }
            }
        }
        Err(Fault::new(
            FaultKind::Forbidden,
            "Anypoint lists no contract of an API that has some: the connected app lacks the scope View Contracts",
        ))
    }

    /// API instances with active contracts, of the first page that has any. That none is seen at all is a missing scope as
    /// well.
    async fn with_contracts(&self, link: &Link) -> Result<Vec<Api>, Fault> {
        let mut seen = false;
        for page in 0..PAGES_MAX {
            let (mut apis, more) = self.apis(link, page * PAGE_MAX, PAGE_MAX).await?;
            seen |= !apis.is_empty();
            apis.retain(|api| api.active_contracts_count.is_some_and(|count| count > 0));
            if !apis.is_empty() {
                return Ok(apis);
            }
            if more.is_none() {
                break;
            }
        }
        if seen {
            return Ok(Vec::new());
        }
        Err(Fault::new(
            FaultKind::Forbidden,
            "Anypoint lists no API instance in this environment: it has none, or the connected app lacks the scope View APIs Configuration",
        ))
    }

    /// API instances of the assets from `offset` on, and where the next page begins.
    pub(crate) async fn apis(
        &self,
        link: &Link,
        offset: usize,
        limit: usize,
    ) -> Result<(Vec<Api>, Option<usize>), Fault> {
        let path = format!("{}?limit={limit}&offset={offset}", self.caller.apis());
        let found: Option<Assets> = self.caller.get(link, Ask::new("api.list", path)).await?;
        let Some(found) = found else {
            let words = "there is no such business group or environment";
            return Err(Fault::new(FaultKind::NotFound, words));
        };
        // A page may be shorter than was asked for, where the platform's own limit is less.
        let next = (!found.assets.is_empty()).then_some(offset + found.assets.len());
        let more = next.filter(|_| found.assets.len() >= limit);
        Ok((found.assets.into_iter().flat_map(|asset| asset.apis).collect(), more))
    }
}
