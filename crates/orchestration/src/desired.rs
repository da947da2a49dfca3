//! What a gateway is to have of a subscription, as the database has it now.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use gatewright_catalog::SubscriptionState;
use gatewright_catalog::subscriptions::Standing as Subscription;
use gatewright_connectors::model::{Capabilities, Overlap};
use gatewright_credentials::look_up::GivenSecret;
use gatewright_types::access::KeyStatus;
use gatewright_types::ids::{KeyId, ProductId};

use crate::model::{Connection, ConnectionState, ProductMapping, ProvisioningState, SecretMode, SecretState};
use crate::plan::{Desired, DesiredCredential, Standing};
use crate::store;

/// After its overlap a superseded secret ends by itself on gateways that can do that: so much later than we end it.
const SAFETY_NET: TimeDelta = TimeDelta::seconds(60);
/// An overlap begins at the latest so long after its rotation, whoever has the new secret by then.
pub const OVERLAP_WAITS_MAX: TimeDelta = TimeDelta::hours(1);

/// A rotation with an overlap.
#[derive(Clone, Debug)]
pub(crate) struct Rotation {
    pub(crate) key_id: KeyId,
    pub(crate) secret_version: i32,
    pub(crate) overlap_seconds: i32,
    pub(crate) requested_at: DateTime<Utc>,
    pub(crate) begun_at: Option<DateTime<Utc>>,
}

/// Everything that decides what is desired on one gateway.
pub(crate) struct Facts<'a> {
    pub(crate) connection: &'a Connection,
    pub(crate) can: &'a Capabilities,
    pub(crate) subscription: &'a Subscription,
    pub(crate) held: bool,
    pub(crate) mappings: &'a [ProductMapping],
    pub(crate) secrets: &'a [GivenSecret],
    pub(crate) rotations: &'a [Rotation],
    pub(crate) now: DateTime<Utc>,
}

/// Brings the credentials' rows up to date with the keys: a secret without a row gets one, with the next number.
/// Returns those that are new.
pub(crate) fn number(facts: &Facts<'_>, rows: &mut Vec<store::credentials::Row>, last_number: &mut i32) -> usize {
    let before = rows.len();
    for secret in facts.present() {
        if rows
            .iter()
            .any(|row| row.key_id == secret.key_id && row.secret_version == secret.secret_version)
        {
            continue;
        }
        *last_number += 1;
        let generated = facts.connection.secret_mode == SecretMode::GatewayGenerated;
        rows.push(store::credentials::Row {
            connection_id: facts.connection.id,
            subscription_id: facts.subscription.subscription_id,
            number: *last_number,
            key_id: secret.key_id,
            secret_version: secret.secret_version,
            state: ProvisioningState::Pending,
            secret: generated.then_some(SecretState::Pending),
            generated: None,
            fingerprint: (!generated).then(|| secret.hash.clone()),
            remote_id: None,
            drop_at: None,
            confirmed_at: None,
            removed_at: None,
        });
    }
    rows.len() - before
}

/// What is desired, and when that changes by itself.
pub(crate) fn decide(facts: &Facts<'_>, rows: &mut [store::credentials::Row]) -> (Desired, Option<DateTime<Utc>>) {
    let mut scope = BTreeSet::new();
    for mapping in facts.mapped() {
        scope.extend(mapping.scope.iter().cloned());
    }
    let standing = facts.standing(&scope);
    let current: BTreeMap<KeyId, &GivenSecret> = facts.present().map(|secret| (secret.key_id, secret)).collect();
    let live: BTreeSet<KeyId> = facts
        .secrets
        .iter()
        .filter(|s| s.status == KeyStatus::Active)
        .map(|s| s.key_id)
        .collect();
    let mut changes_at: Vec<DateTime<Utc>> = current.values().filter_map(|secret| secret.expires_at).collect();
    let confirmed: BTreeMap<(KeyId, i32), DateTime<Utc>> = rows
        .iter()
        .filter_map(|row| Some(((row.key_id, row.secret_version), row.confirmed_at?)))
        .collect();
    let mut firsts: BTreeMap<KeyId, i32> = BTreeMap::new();
    for row in rows.iter() {
        let first = firsts.entry(row.key_id).or_insert(row.number);
        *first = row.number.min(*first);
    }
    let mut credentials = Vec::new();
    for row in rows.iter_mut() {
        let number = u32::try_from(row.number).unwrap_or(0);
        let first = firsts.get(&row.key_id).and_then(|first| u32::try_from(*first).ok());
        let first = first.unwrap_or(number);
        let fingerprint = row.fingerprint.as_deref().and_then(|bytes| bytes.try_into().ok());
        if let Some(secret) = current
            .get(&row.key_id)
            .filter(|secret| secret.secret_version == row.secret_version)
        {
            let scope = facts.scope_of(secret);
            credentials.push(DesiredCredential {
                number,
                first,
                fingerprint,
                scope,
                superseded: false,
                ends_in_seconds: None,
            });
            continue;
        }
        // A superseded one: it stays until its successor has been here for the overlap.
        let rotation = facts
            .rotations
            .iter()
            .find(|rotation| rotation.key_id == row.key_id && rotation.secret_version == row.secret_version + 1);
        let Some(rotation) = rotation.filter(|_| live.contains(&row.key_id) && row.removed_at.is_none()) else {
            continue;
        };
        // The old one makes room for the new one: the gateway cannot have both.
        if facts.can.overlap == Overlap::None {
            continue;
        }
        row.drop_at = ends_at(rotation, confirmed.get(&(row.key_id, rotation.secret_version)).copied());
        if row.drop_at.is_some_and(|at| at <= facts.now) {
            continue;
        }
        changes_at.extend(row.drop_at);
        let ends_in_seconds = row
            .drop_at
            .and_then(|at| u32::try_from((at + SAFETY_NET - facts.now).num_seconds()).ok());
        // As much as its successor: its key may have been narrowed meanwhile.
        let successor = current.get(&row.key_id);
        credentials.push(DesiredCredential {
            number,
            first,
            fingerprint,
            scope: successor.map_or_else(|| scope.clone(), |secret| facts.scope_of(secret)),
            superseded: true,
            ends_in_seconds,
        });
    }
    let next = changes_at.into_iter().filter(|at| *at > facts.now).min();
    (
        Desired {
            standing,
            scope,
            credentials,
        },
        next,
    )
}

/// When an old secret is taken away here: an overlap after the last gateway had the new one, or after this one had it.
fn ends_at(rotation: &Rotation, confirmed_here: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
    let overlap = TimeDelta::seconds(i64::from(rotation.overlap_seconds));
    Some(rotation.begun_at?.max(confirmed_here?) + overlap)
}

impl Facts<'_> {
    fn mapped(&self) -> impl Iterator<Item = &ProductMapping> {
        let sold = &self.subscription.orchestrated_ids;
        self.mappings
            .iter()
            .filter(|mapping| sold.contains(&mapping.product_id))
    }

    /// The secrets that are to be there.
    pub(crate) fn present(&self) -> impl Iterator<Item = &GivenSecret> {
        self.secrets.iter().filter(|secret| {
            secret.environment == self.connection.environment
                && secret.status == KeyStatus::Active
                && !secret.withdrawn
                && secret.expires_at.is_none_or(|at| at > self.now)
                && !self.scope_of(secret).is_empty()
        })
    }

    /// What a key may call here.
    fn scope_of(&self, secret: &GivenSecret) -> BTreeSet<String> {
        let covered = |id: &ProductId| secret.product_ids.as_ref().is_none_or(|kept| kept.contains(id));
        self.mapped()
            .filter(|mapping| covered(&mapping.product_id))
            .flat_map(|mapping| mapping.scope.iter().cloned())
            .collect()
    }

    fn standing(&self, scope: &BTreeSet<String>) -> Standing {
        let state = self.subscription.state;
        let here = self
            .secrets
            .iter()
            .any(|secret| secret.environment == self.connection.environment);
        if state.is_final() || self.connection.state == ConnectionState::Disconnecting || scope.is_empty() || !here {
            return Standing::Absent;
        }
        match state {
            _ if self.held => Standing::Prepared,
            SubscriptionState::Created => Standing::Active,
            state if state.admits() => Standing::Active,
            _ => Standing::Suspended,
        }
    }
}
