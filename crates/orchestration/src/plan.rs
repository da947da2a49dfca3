//! What has to be done on a gateway, from what is desired and what was found. Pure.
//!
//! The order is what makes it safe: access is taken away first, whatever else is to be done; then everything is
//! prepared, inert; what makes it work comes last. Done again at any point, what is left is done.

use std::collections::BTreeSet;

use gatewright_connectors::Observed;
use gatewright_connectors::model::{Capabilities, Granularity, Inert, ObservedCredential};

/// What an application is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Not there at all.
    Absent,
    /// There, and nobody admitted.
    Suspended,
    /// There and inert: nothing that would admit anybody.
    Prepared,
    /// There and working.
    Active,
}

/// What is to be on a gateway of one subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Desired {
    /// Whether it is there, and works.
    pub standing: Standing,
    /// What it may call there.
    pub scope: BTreeSet<String>,
    /// The credentials that are to be there; any other of ours is not.
    pub credentials: Vec<DesiredCredential>,
}

/// A credential that is to be on a gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredCredential {
    /// Its number there.
    pub number: u32,
    /// The first number of the same key.
    pub first: u32,
    /// What its secret's fingerprint has to be; none: not known yet, the gateway makes the secret.
    pub fingerprint: Option<[u8; 32]>,
    /// What it may call, where that hangs on the credential.
    pub scope: BTreeSet<String>,
    /// It is not made anew, and not written again where writing it would take its end away.
    pub superseded: bool,
    /// In how many seconds it is to end by itself, where the gateway can do that.
    pub ends_in_seconds: Option<u32>,
}

/// One thing to be done; [`crate::converge`] adds the secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// See [`gatewright_connectors::Step`].
    DropApplication,
    /// See [`gatewright_connectors::Step`].
    Suspend,
    /// See [`gatewright_connectors::Step`].
    DropCredential {
        /// Its number.
        number: u32,
        /// The gateway's own id of it.
        remote_id: String,
    },
    /// See [`gatewright_connectors::Step`].
    Application,
    /// See [`gatewright_connectors::Step`].
    Scope(BTreeSet<String>),
    /// See [`gatewright_connectors::Step`].
    Reactivate(BTreeSet<String>),
    /// See [`gatewright_connectors::Step`].
    Credential {
        /// Its number.
        number: u32,
        /// The first number of the same key.
        first: u32,
        /// Whether it is to work.
        admitted: bool,
        /// What it may call, where that hangs on the credential.
        scope: BTreeSet<String>,
    },
    /// See [`gatewright_connectors::Step`].
    Expire {
        /// Its number.
        number: u32,
        /// In how many seconds.
        after_seconds: u32,
    },
}

impl Action {
    /// Whether somebody's access ends with it.
    pub const fn ends_access(&self) -> bool {
        matches!(
            self,
            Self::DropApplication | Self::Suspend | Self::DropCredential { .. }
        )
    }
}

/// What is on a gateway that we neither made nor may change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Strange {
    /// A credential of ours has another secret than we gave it.
    OtherSecret(u32),
    /// A credential under our application is not ours.
    UnknownCredential(String),
}

/// What has to be done, in order. Nothing: the gateway is as desired.
pub fn actions(desired: &Desired, observed: &Observed, can: &Capabilities) -> Vec<Action> {
    let mut actions = Vec::new();
    if desired.standing == Standing::Absent {
        if observed.exists {
            actions.push(Action::DropApplication);
        }
        return actions;
    }
    withdraw(desired, observed, &mut actions);
    let works = desired.standing == Standing::Active;
    let missing: Vec<&DesiredCredential> = desired
        .credentials
        .iter()
        .filter(|wanted| {
            let found = ours(observed, wanted.number);
            if wanted.superseded {
                works && exceeds(wanted, found, can)
            } else {
                lacks(wanted, found, works, can)
            }
        })
        .collect();
    let withheld = can.inert == Inert::CredentialWithheld;
    // Of a suspended application that was never there nothing need be there: nobody is admitted either way.
    let needed = works || desired.standing == Standing::Prepared || (observed.exists && !missing.is_empty());
    // What is no object of its own comes and goes with its credentials, and there may be none.
    let absent = can.has_applications && !observed.exists;
    if (absent && needed) || observed.misnamed {
        actions.push(Action::Application);
    }
    // What may be called less than before goes before whoever would be able to call it.
    let narrows = works && !observed.scope.is_subset(&desired.scope);
    // Where credentials have their own, they are put right before the application works again.
    let scope_first = can.scope_granularity == Granularity::Application && (withheld || narrows);
    if scope_first {
        settle_scope(desired, observed, can, &mut actions);
    }
    let prepared = desired.standing == Standing::Prepared && !withheld;
    if works || prepared || (desired.standing == Standing::Suspended && observed.exists) {
        for credential in missing {
            let scope = if works || can.needs_scope {
                credential.scope.clone()
            } else {
                BTreeSet::new()
            };
            actions.push(Action::Credential {
                number: credential.number,
                first: credential.first,
                admitted: works,
                scope,
            });
        }
    }
    if !scope_first && works {
        settle_scope(desired, observed, can, &mut actions);
    }
    expire(desired, observed, can, &mut actions);
    actions
}

/// Whether a credential has to be made, or to be written again.
fn lacks(wanted: &DesiredCredential, found: Option<&ObservedCredential>, works: bool, can: &Capabilities) -> bool {
    let Some(found) = found else { return true };
    let own_scope = can.scope_granularity == Granularity::Credential;
    // Without a fingerprint it is there and we never learned its secret: the answer that told it was lost.
    wanted.fingerprint.is_none() || (works && (found.disabled || (own_scope && found.scope != wanted.scope)))
}

/// Whether an old secret may still call what its key may not any more. It is written again for that, where this takes no end away.
fn exceeds(wanted: &DesiredCredential, found: Option<&ObservedCredential>, can: &Capabilities) -> bool {
    let own_scope = can.scope_granularity == Granularity::Credential;
    own_scope && !can.expires_credential && found.is_some_and(|found| !found.scope.is_subset(&wanted.scope))
}

/// What takes access away.
fn withdraw(desired: &Desired, observed: &Observed, actions: &mut Vec<Action>) {
    if desired.standing == Standing::Suspended && observed.exists && (!observed.suspended || observed.unsettled) {
        actions.push(Action::Suspend);
    }
    for credential in &observed.credentials {
        let Some(number) = credential.number else { continue };
        if !desired.credentials.iter().any(|wanted| wanted.number == number) {
            let remote_id = credential.remote_id.clone();
            actions.push(Action::DropCredential { number, remote_id });
        }
    }
}

fn settle_scope(desired: &Desired, observed: &Observed, can: &Capabilities, actions: &mut Vec<Action>) {
    match desired.standing {
        Standing::Active if observed.exists && (observed.suspended || observed.unsettled) => {
            actions.push(Action::Reactivate(desired.scope.clone()));
        }
        Standing::Active | Standing::Prepared
            if can.scope_granularity == Granularity::Application && observed.scope != desired.scope =>
        {
            actions.push(Action::Scope(desired.scope.clone()));
        }
        _ => {}
    }
}

fn expire(desired: &Desired, observed: &Observed, can: &Capabilities, actions: &mut Vec<Action>) {
    if !can.expires_credential {
        return;
    }
    for credential in &desired.credentials {
        let (Some(after_seconds), Some(found)) = (credential.ends_in_seconds, ours(observed, credential.number)) else {
            continue;
        };
        if found.expires_in_seconds.is_none() {
            let number = credential.number;
            actions.push(Action::Expire { number, after_seconds });
        }
    }
}

/// What an operator has to look at: it is reported and left alone.
pub fn strange(desired: &Desired, observed: &Observed) -> Vec<Strange> {
    let mut strange: Vec<Strange> = observed
        .credentials
        .iter()
        .filter(|credential| credential.number.is_none())
        .map(|credential| Strange::UnknownCredential(credential.remote_id.clone()))
        .collect();
    for wanted in &desired.credentials {
        let found = ours(observed, wanted.number).and_then(|found| found.fingerprint);
        if let (Some(found), Some(expected)) = (found, wanted.fingerprint)
            && found != expected
        {
            strange.push(Strange::OtherSecret(wanted.number));
        }
    }
    strange
}

fn ours(observed: &Observed, number: u32) -> Option<&ObservedCredential> {
    observed.credentials.iter().find(|found| found.number == Some(number))
}

#[cfg(test)]
mod tests;
