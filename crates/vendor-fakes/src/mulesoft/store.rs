//! What one organization has: API instances, applications, contracts.

use std::collections::BTreeMap;

use gatewright_types::Rng;
use serde::Serialize;

use crate::stage::{Touch, Touched};

/// The applications of the connected app that asks are owned by this.
pub(super) const OURSELVES: &str = "connected-app";
/// And those that somebody made by hand by this.
pub(super) const BY_HAND: &str = "by-hand";

/// An instance of an API in API Manager.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Api {
    pub(super) id: u64,
    pub(super) asset: String,
    pub(super) label: Option<String>,
    pub(super) deprecated: bool,
    /// A contract has to be approved by somebody, also without a tier.
    pub(super) manual: bool,
    pub(super) policies: Vec<Policy>,
    pub(super) tiers: Vec<Tier>,
}

/// A policy on an API instance.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Policy {
    pub(super) asset: String,
    /// It wants the secret beside the id.
    pub(super) asks_for_secret: bool,
    pub(super) disabled: bool,
}

/// An SLA tier of an API instance.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Tier {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) auto_approve: bool,
    pub(super) active: bool,
}

/// A client application of Exchange.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Application {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) url: Option<String>,
    pub(super) client_id: String,
    pub(super) client_secret: String,
    pub(super) owner: &'static str,
}

/// Where a contract stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Status {
    Pending,
    Approved,
    Rejected,
    Revoked,
}

impl Status {
    pub(super) const ALL: [Self; 4] = [Self::Pending, Self::Approved, Self::Rejected, Self::Revoked];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Approved => "APPROVED",
            Self::Rejected => "REJECTED",
            Self::Revoked => "REVOKED",
        }
    }

    /// Whether a contract can go from here to there.
    pub(super) fn can_become(self, next: Self) -> bool {
        self == next
            || matches!(
                (self, next),
                (Self::Pending, Self::Approved | Self::Rejected)
                    | (Self::Approved, Self::Revoked)
                    | (Self::Revoked | Self::Rejected, Self::Approved)
            )
    }
}

/// What lets an application call an API instance.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Contract {
    pub(super) id: u64,
    pub(super) application: u64,
    pub(super) api: u64,
    pub(super) status: Status,
    pub(super) tier: Option<u64>,
    pub(super) requested_tier: Option<u64>,
}

pub(super) struct Store {
    pub(super) apis: Vec<Api>,
    pub(super) applications: BTreeMap<u64, Application>,
    pub(super) contracts: BTreeMap<u64, Contract>,
    /// When each token ends.
    pub(super) tokens: BTreeMap<String, i64>,
    pub(super) secrets: Vec<String>,
    /// Applications and contracts of somebody else, as they were.
    foreign: (BTreeMap<u64, Application>, BTreeMap<u64, Contract>),
    next_id: u64,
    rng: Rng,
}

impl Store {
    pub(super) fn new(rng: Rng) -> Self {
        Self {
            apis: Vec::new(),
            applications: BTreeMap::new(),
            contracts: BTreeMap::new(),
            tokens: BTreeMap::new(),
            secrets: Vec::new(),
            foreign: (BTreeMap::new(), BTreeMap::new()),
            next_id: 1_000_001,
            rng,
        }
    }

    pub(super) fn api(&self, id: u64) -> Option<&Api> {
        self.apis.iter().find(|api| api.id == id)
    }

    pub(super) fn hex(&self) -> String {
        self.rng
            .bytes::<16>()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }

    pub(super) fn next_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    /// Keeps an application that was not there; its id.
    pub(super) fn add_application(&mut self, mut application: Application) -> u64 {
        application.id = self.next_id();
        self.secrets
            .extend([application.client_id.clone(), application.client_secret.clone()]);
        let id = application.id;
        self.applications.insert(id, application);
        id
    }

    pub(super) fn contracts_of(&self, application: u64) -> impl Iterator<Item = &Contract> {
        self.contracts
            .values()
            .filter(move |contract| contract.application == application)
    }

    /// Lets somebody else have an application of this name.
    pub(super) fn plant(&mut self, name: &str) {
        if self.applications.values().any(|application| application.name == name) {
            return;
        }
        let (client_id, client_secret) = (self.hex(), self.hex());
        let id = self.add_application(Application {
            id: 0,
            name: name.to_owned(),
            description: None,
            url: None,
            client_id,
            client_secret,
            owner: BY_HAND,
        });
        self.foreign.0.insert(id, self.applications[&id].clone());
    }

    pub(super) fn mark_all_foreign(&mut self) {
        self.foreign = (self.applications.clone(), self.contracts.clone());
    }

    pub(super) fn touched(&self) -> Vec<Touched> {
        let told = |kind: &str, id: &u64, how| Touched {
            kind: kind.to_owned(),
            id: id.to_string(),
            how,
        };
        let (applications, contracts) = &self.foreign;
        let mut touched = Vec::new();
        for (id, was) in applications {
            match self.applications.get(id) {
                None => touched.push(told("application", id, Touch::Gone)),
                Some(is) if is != was => touched.push(told("application", id, Touch::Changed)),
                Some(_) => {}
            }
            if self.contracts_of(*id).any(|one| !contracts.contains_key(&one.id)) {
                touched.push(told("application", id, Touch::AddedTo));
            }
        }
        for (id, was) in contracts {
            match self.contracts.get(id) {
                None => touched.push(told("contract", id, Touch::Gone)),
                Some(is) if is != was => touched.push(told("contract", id, Touch::Changed)),
                Some(_) => {}
            }
        }
        touched
    }
}
