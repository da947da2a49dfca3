//! Secrets that were found where they should not be.
//!
//! What is reported is judged by check digits, then by hash, and forgotten. What happens to a key is
//! its tenant's policy. `ROTATE` cannot hand out the new secret, because whoever reports is not whoever
//! uses the key: it takes the leaked secret away, and the next rotation reveals a new one to the one who asks for it.

use gatewright_catalog::check::Checks;
use gatewright_database::TenantTx;
use gatewright_types::CredentialHash;
use gatewright_types::access::KeyStatus;
use gatewright_types::credential::{KeyShape, client_secret_shape, key_shape};
use gatewright_types::ids::KeyId;
use gatewright_types::text_enum;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::settings::{self, LeakPolicy};
use crate::store::leaks::Found;
use crate::{AccessChange, CredentialError, look_up, rotate, status, store};

/// Most candidates of one report.
pub const CANDIDATES_MAX: usize = 100;
/// Longest address of a place, in characters.
pub const FOUND_AT_MAX: usize = 2048;
/// Longest word that a scanner adds, in characters.
pub const LABEL_MAX: usize = 100;

/// Something that looks like a secret of ours; the fields of GitHub's secret scanning alerts.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Candidate {
    /// What was found. It is judged and kept nowhere.
    #[schema(value_type = String, example = "sk_live_…")]
    token: SecretString,
    /// What the scanner takes it for; not looked at.
    #[serde(rename = "type")]
    #[schema(max_length = 100)]
    kind: Option<String>,
    /// Where it was found.
    #[schema(max_length = 2048)]
    url: Option<String>,
    /// In what, as the scanner calls it: `content`, `commit`, `issue`…
    #[schema(max_length = 100)]
    source: Option<String>,
}

text_enum! {
    /// What a candidate turned out to be.
    pub enum LeakVerdict {
        /// Not of the form of a key's secret, or its check digits are wrong.
        FalsePositive = "FALSE_POSITIVE",
        /// Of the right form, and no key of this tenant has or had it.
        Unknown = "UNKNOWN",
        /// A secret of a key.
        Leaked = "LEAKED",
    }
}

text_enum! {
    /// What was done about a leaked secret.
    pub enum LeakAction {
        /// Nothing but an event and an audit row.
        Notified = "NOTIFIED",
        /// The key is suspended.
        Suspended = "SUSPENDED",
        /// The secret is refused; the key waits for a rotation.
        SecretWithdrawn = "SECRET_WITHDRAWN",
        /// The secret had been replaced and was still valid for a while: it is refused, the new one is not.
        OverlapEnded = "OVERLAP_ENDED",
        /// The secret was not valid any more.
        AlreadyRefused = "ALREADY_REFUSED",
    }
}

/// What became of one candidate.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// What it turned out to be.
    pub verdict: LeakVerdict,
    /// The key whose secret it is.
    pub key_id: Option<KeyId>,
    /// Which of the key's secrets.
    pub secret_version: Option<i32>,
    /// What was done.
    pub action: Option<LeakAction>,
}

impl Finding {
    const fn harmless(verdict: LeakVerdict) -> Self {
        Self {
            verdict,
            key_id: None,
            secret_version: None,
            action: None,
        }
    }
}

/// Judges what was found and does what the tenant's policy says; the findings stand in the order of the candidates.
pub async fn report(
    tx: &mut TenantTx,
    candidates: &[Candidate],
) -> Result<(Vec<Finding>, Vec<AccessChange>), CredentialError> {
    check(candidates)?;
    let hashes: Vec<Option<CredentialHash>> = candidates.iter().map(|one| intact(&one.token)).collect();
    let asked: Vec<CredentialHash> = hashes.iter().flatten().copied().collect();
    let mut found = store::leaks::find(tx, &asked).await?;
    // In the order of their ids, as everybody locks keys.
    found.sort_by_key(|one| (one.key_id, one.secret_version));
    let policy = settings::get(tx).await?.leak_policy;

    let mut findings: Vec<Finding> = hashes
        .iter()
        .map(|hash| Finding::harmless(hash.map_or(LeakVerdict::FalsePositive, |_| LeakVerdict::Unknown)))
        .collect();
    let mut changes = Vec::new();
    for one in &found {
        let at: Vec<usize> = (0..hashes.len())
            .filter(|at| hashes[*at].is_some_and(|hash| hash.as_bytes().as_slice() == one.hash))
            .collect();
        let (action, mut its_changes) = act(tx, one, policy).await?;
        changes.append(&mut its_changes);
        for at in at {
            findings[at] = Finding {
                verdict: LeakVerdict::Leaked,
                key_id: Some(one.key_id),
                secret_version: Some(one.secret_version),
                action: Some(action),
            };
            let detail = json!({
                "secretVersion": one.secret_version, "action": action, "policy": policy,
                "foundAt": place(&candidates[at], candidates), "source": candidates[at].source,
            });
            tx.happened("credentials", "key.leaked", one.key_id, detail);
        }
    }
    let count = |verdict| findings.iter().filter(|finding| finding.verdict == verdict).count();
    let detail = json!({
        "candidates": findings.len(), "leaked": count(LeakVerdict::Leaked), "unknown": count(LeakVerdict::Unknown)
    });
    let tenant_id = tx.tenant_id();
    tx.happened("credentials", "leaks.reported", tenant_id, detail);
    Ok((findings, changes))
}

fn check(candidates: &[Candidate]) -> Result<(), CredentialError> {
    let mut checks = Checks::default();
    checks.require(
        (1..=CANDIDATES_MAX).contains(&candidates.len()),
        "/candidates",
        format!("expected 1 to {CANDIDATES_MAX}"),
    );
    for (at, one) in candidates.iter().enumerate() {
        for (name, text, max) in [
            ("type", &one.kind, LABEL_MAX),
            ("url", &one.url, FOUND_AT_MAX),
            ("source", &one.source, LABEL_MAX),
        ] {
            let right = text
                .as_ref()
                .is_none_or(|text| text.chars().count() <= max && !text.chars().any(char::is_control));
            checks.require(
                right,
                &format!("/candidates/{at}/{name}"),
                format!("expected at most {max} characters on one line"),
            );
        }
    }
    Ok(checks.done()?)
}

/// The hash of what has the form and the check digits of a key's secret.
fn intact(token: &SecretString) -> Option<CredentialHash> {
    let token = token.expose_secret().as_bytes();
    [key_shape(token), client_secret_shape(token)]
        .contains(&KeyShape::Intact)
        .then(|| CredentialHash::of(token))
}

/// Where it was found, unless that text holds one of the secrets itself.
fn place<'c>(one: &'c Candidate, all: &[Candidate]) -> Option<&'c str> {
    let url = one.url.as_deref()?;
    let quotes = all.iter().any(|other| {
        let token = other.token.expose_secret();
        !token.is_empty() && url.contains(token)
    });
    (!quotes).then_some(url)
}

async fn act(
    tx: &mut TenantTx,
    found: &Found,
    policy: LeakPolicy,
) -> Result<(LeakAction, Vec<AccessChange>), CredentialError> {
    let id = found.key_id;
    let held = store::lock(tx, id).await?.ok_or(CredentialError::NotFound(id))?;
    let now = tx.now();
    let is_current = found.secret_version == held.secret_version;
    let is_over = held.status == KeyStatus::Revoked
        || held.expires_at.is_some_and(|at| at <= now)
        || found.valid_until.is_some_and(|until| until <= now)
        || !is_current && found.valid_until.is_none();
    if is_over {
        return Ok((LeakAction::AlreadyRefused, Vec::new()));
    }
    match policy {
        LeakPolicy::Notify => Ok((LeakAction::Notified, Vec::new())),
        LeakPolicy::Suspend if held.status == KeyStatus::Active => {
            Ok((LeakAction::Suspended, status::suspend(tx, id).await?))
        }
        LeakPolicy::Suspend => {
            store::take_over_suspension(tx, id).await?;
            Ok((LeakAction::Suspended, Vec::new()))
        }
        LeakPolicy::Rotate if is_current => Ok((LeakAction::SecretWithdrawn, rotate::withdraw(tx, id, &held).await?)),
        LeakPolicy::Rotate => {
            store::end_overlap(tx, id).await?;
            store::raise_version(tx, id).await?;
            Ok((LeakAction::OverlapEnded, look_up::of_keys(tx, &[id]).await?))
        }
    }
}
