//! Gives a key a new secret.

use chrono::{DateTime, TimeDelta, Utc};
use gatewright_catalog::check::Checks;
use gatewright_database::TenantTx;
use gatewright_types::access::KeyStatus;
use gatewright_types::ids::KeyId;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::issue::{self, Revealed};
use crate::store::{Held, Replacement};
use crate::{AccessChange, CredentialError, look_up, sealed, settings, store};

/// How long old and new secret are both valid when the caller does not say, in seconds.
pub const OVERLAP_DEFAULT_SECONDS: u32 = 300;
/// Longest overlap: seven days, in seconds.
pub const OVERLAP_MAX_SECONDS: u32 = 7 * 24 * 3600;

/// How a key is to be rotated.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rotation {
    /// How long the old secret stays valid, in seconds; 0 refuses it at once, as after a leak.
    #[schema(default = 300, minimum = 0, maximum = 604800)]
    pub overlap_seconds: Option<u32>,
    /// Ends the overlap of an earlier rotation that is still under way.
    #[serde(default)]
    pub end_overlap: bool,
}

/// Gives a key a new secret; the old one stays valid for the overlap.
///
/// The changes are of the old secrets only: nobody knows the new one yet.
pub async fn rotate(
    tx: &mut TenantTx,
    id: KeyId,
    rotation: Rotation,
) -> Result<(Revealed, Vec<AccessChange>), CredentialError> {
    let overlap_seconds = rotation.overlap_seconds.unwrap_or(OVERLAP_DEFAULT_SECONDS);
    let mut checks = Checks::default();
    checks.require(
        overlap_seconds <= OVERLAP_MAX_SECONDS,
        "/overlapSeconds",
        format!("expected 0 to {OVERLAP_MAX_SECONDS}"),
    );
    checks.done()?;

    let held = store::lock(tx, id).await?.ok_or(CredentialError::NotFound(id))?;
    if held.status == KeyStatus::Revoked {
        return Err(CredentialError::WrongStatus {
            status: held.status,
            wanted: "rotated",
        });
    }
    if let Some(until) = held.old_secret_valid_until.filter(|until| *until > tx.now()) {
        if !rotation.end_overlap {
            return Err(CredentialError::RotationInProgress { until });
        }
        store::end_overlap(tx, id).await?;
    }

    let minted = issue::mint(held.accessor_type, held.environment, tx.rng());
    let valid_until = tx.now() + TimeDelta::seconds(i64::from(overlap_seconds));
    let copies = settings::copies(tx).await?;
    let kept = sealed::copy(tx, copies, id, held.secret_version + 1, &minted.secret).await?;
    let replacement = Replacement {
        hash: &minted.hash,
        last_four: &minted.last_four,
        copy: kept.copy.as_ref(),
        valid_until,
        withdrawn: false,
    };
    store::supersede(tx, id, replacement).await?;
    let key = look_up::get(tx, id).await?;
    let detail =
        json!({ "secretVersion": key.secret_version, "lastFour": key.last_four, "oldSecretValidUntil": valid_until });
    let before = secret_of(&held);
    tx.changed_telling("credentials", "key.rotated", id, detail.clone(), &before, &detail);
    let mut changes = look_up::of_keys(tx, &[id]).await?;
    changes.retain(|change| change.hash != minted.hash);
    Ok((
        Revealed {
            key,
            secret: minted.secret,
            provisions: kept.provisions,
        },
        changes,
    ))
}

/// Holds keys until the end of the transaction, in their order: before anything that hangs on them is held.
pub async fn hold(tx: &mut TenantTx, ids: &[KeyId]) -> Result<(), CredentialError> {
    let ids: std::collections::BTreeSet<KeyId> = ids.iter().copied().collect();
    for id in ids {
        store::lock(tx, id).await?;
    }
    Ok(())
}

/// Moves the end of an overlap that is under way, because it began later than the rotation; nothing where it has ended.
pub async fn move_overlap(
    tx: &mut TenantTx,
    id: KeyId,
    valid_until: DateTime<Utc>,
) -> Result<Vec<AccessChange>, CredentialError> {
    if store::move_overlap(tx, id, valid_until).await? == 0 {
        return Ok(Vec::new());
    }
    let detail = json!({ "oldSecretValidUntil": valid_until });
    tx.happened("credentials", "key.overlap_begun", id, detail);
    look_up::of_keys(tx, &[id]).await
}

/// Takes a key's secret away, after a leak: the one in its place is known to nobody, until the next rotation reveals one.
pub(crate) async fn withdraw(tx: &mut TenantTx, id: KeyId, held: &Held) -> Result<Vec<AccessChange>, CredentialError> {
    store::end_overlap(tx, id).await?;
    let minted = issue::mint(held.accessor_type, held.environment, tx.rng());
    let replacement = Replacement {
        hash: &minted.hash,
        last_four: &minted.last_four,
        copy: None,
        valid_until: tx.now(),
        withdrawn: true,
    };
    store::supersede(tx, id, replacement).await?;
    let detail = json!({ "secretVersion": held.secret_version });
    let after = json!({
        "secretVersion": held.secret_version + 1, "lastFour": minted.last_four, "oldSecretValidUntil": tx.now(),
        "secretWithdrawnAt": tx.now(),
    });
    tx.changed_telling(
        "credentials",
        "key.secret_withdrawn",
        id,
        detail,
        &secret_of(held),
        &after,
    );
    look_up::of_keys(tx, &[id]).await
}

/// What the audit log says about the secret that a key has.
fn secret_of(held: &Held) -> Value {
    json!({
        "secretVersion": held.secret_version, "lastFour": held.last_four, "oldSecretValidUntil": held.old_secret_valid_until
    })
}
