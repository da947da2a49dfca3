//! Letting nodes in.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use gatewright_database::{Caller, Origin, SystemTx, SystemUse};
use gatewright_snapshot::protocol::Enrollment;
use gatewright_types::CredentialHash;
use gatewright_types::access::NodeState;
use gatewright_types::credential::CREDENTIAL_MAX_LENGTH;
use gatewright_types::ids::NodeId;
use gatewright_vault::NODE_TOKEN_PREFIX;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::{Nodes, Reported};
use crate::{NativeError, store};

/// How long a code can be used.
pub const ENROLLMENT_CODE_VALID: TimeDelta = TimeDelta::minutes(15);
/// Most nodes of an installation that are not revoked.
pub const NODES_MAX: usize = 1_000;
/// From when on a node in a process that ended without a word is forgotten.
pub(super) const IN_PROCESS_FORGOTTEN_AFTER: TimeDelta = TimeDelta::minutes(10);
/// Longest text that a node may say about itself.
const SAID_MAX: usize = 100;

/// A code that lets one node in.
pub struct EnrollmentCode {
    /// The code, to be revealed once.
    pub code: SecretString,
    /// From when on it is of no use.
    pub expires_at: DateTime<Utc>,
}

impl Nodes {
    /// Makes a code; the node that uses it gets this name.
    pub async fn create_enrollment_code(
        &self,
        tx: &mut SystemTx,
        caller: &Caller,
        name: &str,
    ) -> Result<EnrollmentCode, NativeError> {
        let now = self.database.clock().now();
        let minted = gatewright_vault::mint_enrollment_code(self.database.rng());
        let expires_at = now + ENROLLMENT_CODE_VALID;
        require_room(tx).await?;
        store::nodes::insert_code(tx, &minted.hash, name, now, expires_at).await?;
        let made = json!({ "name": name, "expiresAt": expires_at });
        let action = "enrollment_code.created";
        tx.installation_changed(&self.database, caller, action, "", &Value::Null, &made)
            .await?;
        Ok(EnrollmentCode {
            code: minted.secret,
            expires_at,
        })
    }

    /// Lets a node in and gives it a token.
    pub async fn enroll(
        &self,
        (caller, origin): (Caller, Origin),
        enrollment: &Enrollment,
    ) -> Result<(NodeId, SecretString), NativeError> {
        if enrollment.code.len() > CREDENTIAL_MAX_LENGTH {
            return Err(NativeError::EnrollmentCode);
        }
        let (clock, rng) = (self.database.clock(), self.database.rng());
        let hash = CredentialHash::of(enrollment.code.as_bytes());
        let mut tx = self.database.system(SystemUse::ManageNodes).await?;
        tx.came_from(origin);
        let name = store::nodes::use_code(&mut tx, &hash, clock.now()).await?;
        let name = name.ok_or(NativeError::EnrollmentCode)?;
        require_room(&mut tx).await?;
        let id = NodeId::mint(clock, rng);
        let minted = gatewright_vault::mint_node_token(rng);
        let reported = Reported {
            version: said(&enrollment.version),
            addr: said(&enrollment.addr),
            ..Reported::default()
        };
        store::nodes::insert(&mut tx, id, &name, Some(&minted.hash), &reported, clock.now()).await?;
        let made = json!({ "name": name, "version": reported.version, "addr": reported.addr });
        tx.installation_changed(&self.database, &caller, "node.enrolled", id, &Value::Null, &made)
            .await?;
        tx.commit().await?;
        tracing::info!(node.id = %id, node.name = name, "a node was let in");
        Ok((id, minted.secret))
    }

    /// The node that holds a token, and where it stands.
    pub async fn authenticate(&self, token: &str) -> Result<Option<(NodeId, NodeState)>, NativeError> {
        if !token.starts_with(NODE_TOKEN_PREFIX) || token.len() > CREDENTIAL_MAX_LENGTH {
            return Ok(None);
        }
        let hash = CredentialHash::of(token.as_bytes());
        if let Some(id) = self.sessions().get(&hash) {
            return Ok(Some((*id, NodeState::Active)));
        }
        let mut tx = self.database.system(SystemUse::FollowNodes).await?;
        let found = store::nodes::by_token(&mut tx, &hash).await?;
        tx.close().await?;
        Ok(found)
    }

    /// A node has begun to follow the news; one that has just started is not draining any more.
    pub async fn arrived(&self, id: NodeId, starting: bool) -> Result<Option<NodeState>, NativeError> {
        let mut tx = self.database.system(SystemUse::FollowNodes).await?;
        let state = store::nodes::arrived(&mut tx, id, starting, self.database.clock().now()).await?;
        tx.commit().await?;
        Ok(state)
    }

    /// Adds the node of this very process.
    pub async fn join_in_process(&self, reported: &Reported) -> Result<NodeId, NativeError> {
        let (clock, rng) = (self.database.clock(), self.database.rng());
        let id = NodeId::mint(clock, rng);
        let mut tx = self.database.system(SystemUse::ManageNodes).await?;
        store::nodes::insert(&mut tx, id, "in-process", None, reported, clock.now()).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Takes the node of this very process away again, for at most as long.
    pub async fn leave_in_process(&self, id: NodeId, limit: Duration) {
        let leaving = async {
            let mut tx = self.database.system(SystemUse::ManageNodes).await?;
            store::nodes::delete(&mut tx, id).await?;
            Ok::<(), NativeError>(tx.commit().await?)
        };
        if !matches!(tokio::time::timeout(limit, leaving).await, Ok(Ok(()))) {
            tracing::warn!(node.id = %id, "the node of this process stays in the list for some minutes");
        }
    }
}

async fn require_room(tx: &mut gatewright_database::SystemTx) -> Result<(), NativeError> {
    let count = store::nodes::count(tx).await?;
    if usize::try_from(count).unwrap_or(usize::MAX) >= NODES_MAX {
        return Err(NativeError::LimitReached {
            max: NODES_MAX,
            what: "nodes of an installation",
        });
    }
    Ok(())
}

/// What a node says about itself, for people.
pub(super) fn said(text: &str) -> String {
    text.chars().filter(|one| !one.is_control()).take(SAID_MAX).collect()
}
