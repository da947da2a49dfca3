//! How a change of who is admitted reaches a node at once.

use gatewright_types::CredentialHash;
use serde::{Deserialize, Serialize};

use crate::Credential;

/// The new record of one credential, pushed to every node.
///
/// A node replaces what it knows under `hash` unless that has a higher version, and keeps the
/// record for [`TOMBSTONE_MS`], so that a look-up that was in flight cannot bring an older one back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AccessChange {
    /// What it is found by.
    pub hash: CredentialHash,
    /// What is true from now on.
    pub credential: Credential,
}

/// How long a pushed record is kept apart from the cache, in milliseconds.
pub const TOMBSTONE_MS: i64 = 60_000;

/// How long a looked-up record is valid, counted from the control plane's answer, in milliseconds.
pub const CREDENTIAL_VALID_MS: i64 = 30_000;
