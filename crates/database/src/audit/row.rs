//! One row of the audit log: as it is shown, and as it is hashed.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use gatewright_types::ids::{AuditId, DeveloperId, InvalidId, OperatorId, PersonId, RequestId, SessionId, TokenId};
use gatewright_types::text_enum;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;
use uuid::Uuid;

text_enum! {
    /// Whether something was done.
    pub enum Outcome {
        /// It was done.
        Succeeded = "SUCCEEDED",
        /// It was not, since whoever asked may not do it.
        Refused = "REFUSED",
    }
}

text_enum! {
    /// What kind of somebody did something.
    pub enum ActorKind {
        /// An operator of the tenant.
        Operator = "OPERATOR",
        /// A developer of a customer.
        Developer = "DEVELOPER",
        /// A person who signed in, in their own matters.
        Person = "PERSON",
        /// Whoever runs the installation.
        Installation = "INSTALLATION",
        /// Gatewright itself.
        System = "SYSTEM",
    }
}

/// The id of an operator, a developer or a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActorId(ActorKind, Uuid);

impl ActorId {
    pub(super) const fn new(kind: ActorKind, id: Uuid) -> Self {
        Self(kind, id)
    }

    /// The id as the database keeps it.
    pub const fn uuid(self) -> Uuid {
        self.1
    }
}

impl fmt::Display for ActorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            ActorKind::Developer => DeveloperId::from_uuid(self.1).fmt(f),
            ActorKind::Person => PersonId::from_uuid(self.1).fmt(f),
            ActorKind::Operator | ActorKind::Installation | ActorKind::System => OperatorId::from_uuid(self.1).fmt(f),
        }
    }
}

impl FromStr for ActorId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        if let Ok(id) = text.parse::<DeveloperId>() {
            return Ok(Self(ActorKind::Developer, id.uuid()));
        }
        if let Ok(id) = text.parse::<PersonId>() {
            return Ok(Self(ActorKind::Person, id.uuid()));
        }
        text.parse().map(|id: OperatorId| Self(ActorKind::Operator, id.uuid()))
    }
}

impl Serialize for ActorId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ActorId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Something that was done, or refused. Holds no secret.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AuditEvent)]
pub struct AuditEvent {
    /// Its id.
    pub id: AuditId,
    /// When.
    pub occurred_at: DateTime<Utc>,
    /// Its place in the chain; null for a second or so, until it is sealed.
    pub sequence: Option<i64>,
    /// What kind of somebody.
    pub actor_kind: ActorKind,
    /// Which operator, developer or person, if one.
    #[schema(value_type = Option<String>, example = "opr_01hzy3v4f8k5w9m2c6q7r8s9t0")]
    pub actor_id: Option<ActorId>,
    /// The token that was shown.
    pub token_id: Option<TokenId>,
    /// The session that the request belonged to.
    pub session_id: Option<SessionId>,
    /// The other end of the connection.
    #[schema(example = "192.0.2.7")]
    pub peer_address: Option<String>,
    /// The request, as its answer and the log name it.
    pub request_id: RequestId,
    /// What was done, as in `key.rotated`; of what was refused, the operation, as in `rotate_key`.
    #[schema(example = "key.rotated")]
    pub action: String,
    /// To what.
    pub resource_id: String,
    /// Whether it was done.
    pub outcome: Outcome,
    /// Why it was refused.
    pub problem_code: Option<String>,
    /// The fields that changed, each with `before` and `after`.
    #[schema(value_type = Object, example = json!({"name": {"before": "Pro", "after": "Pro 2027"}}))]
    pub changes: Value,
    /// What else is to be said.
    #[schema(value_type = Object)]
    pub detail: Value,
}

/// A row as it lies in the table, JSON as PostgreSQL writes it.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) tenant_id: Uuid,
    pub(super) id: Uuid,
    pub(super) occurred_at: DateTime<Utc>,
    pub(super) actor_kind: String,
    pub(super) actor_id: Option<Uuid>,
    pub(super) token_id: Option<Uuid>,
    pub(super) peer_address: Option<String>,
    pub(super) request_id: Uuid,
    pub(super) action: String,
    pub(super) resource_id: String,
    pub(super) outcome: String,
    pub(super) problem_code: Option<String>,
    pub(super) changes: String,
    pub(super) detail: String,
    pub(super) session_id: Option<Uuid>,
}

/// SHA-256 of a link of the chain.
pub type Hash = [u8; 32];

/// What the first link of a chain has in the place of the hash before.
pub(super) const BEGINNING: Hash = [0; 32];

impl Row {
    /// The hash of this row as the link `sequence`, sealed at `sealed_at`, behind `previous`.
    ///
    /// Over, in this order: the name of the format, the hash before, sequence and time of sealing, and each
    /// column as 0, or 1 with its length and its bytes. Numbers are 8 bytes, big-endian; times are
    /// microseconds since 1970; ids are 16 bytes; JSON is the text of jsonb, which is the same for the same value.
    /// A session, which is the last column, leaves nothing behind where there is none.
    pub(super) fn hash(&self, previous: &Hash, sequence: i64, sealed_at: DateTime<Utc>) -> Hash {
        let mut hash = Sha256::new();
        hash.update(b"gatewright audit 1");
        hash.update(previous);
        hash.update(sequence.to_be_bytes());
        hash.update(sealed_at.timestamp_micros().to_be_bytes());
        let mut column = |bytes: Option<&[u8]>| match bytes {
            None => hash.update([0]),
            Some(bytes) => {
                hash.update([1]);
                hash.update((bytes.len() as u64).to_be_bytes());
                hash.update(bytes);
            }
        };
        column(Some(self.tenant_id.as_bytes()));
        column(Some(self.id.as_bytes()));
        column(Some(&self.occurred_at.timestamp_micros().to_be_bytes()));
        column(Some(self.actor_kind.as_bytes()));
        column(self.actor_id.as_ref().map(|id| id.as_bytes().as_slice()));
        column(self.token_id.as_ref().map(|id| id.as_bytes().as_slice()));
        column(self.peer_address.as_deref().map(str::as_bytes));
        column(Some(self.request_id.as_bytes()));
        column(Some(self.action.as_bytes()));
        column(Some(self.resource_id.as_bytes()));
        column(Some(self.outcome.as_bytes()));
        column(self.problem_code.as_deref().map(str::as_bytes));
        column(Some(self.changes.as_bytes()));
        column(Some(self.detail.as_bytes()));
        // Only where there is one, so that rows of earlier releases keep their hash.
        if let Some(id) = &self.session_id {
            column(Some(id.as_bytes()));
        }
        hash.finalize().into()
    }
}
