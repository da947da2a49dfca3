//! What orchestration refuses.

use gatewright_catalog::CatalogError;
use gatewright_connectors::Fault;
use gatewright_credentials::CredentialError;
use gatewright_database::DatabaseError;
use gatewright_native::NativeError;
use gatewright_types::ids::GatewayId;

/// Everything that is refused about connected gateways and what they are given.
#[derive(Debug, thiserror::Error)]
pub enum OrchestrationError {
    /// There is no such object in this tenant.
    #[error("there is no {kind} {id}")]
    NotFound {
        /// As in `connection`.
        kind: &'static str,
        /// What was asked for.
        id: String,
    },
    /// Another connection of the tenant has this name.
    #[error("another connection is named {0:?}")]
    NameTaken(String),
    /// A consumer that was adopted is not adopted again.
    #[error("the consumer {0:?} was adopted before")]
    AdoptedBefore(String),
    /// The gateway cannot be used as it is.
    #[error("the gateway cannot be used: {}", .0.join("; "))]
    Unusable(Vec<String>),
    /// A mapping, a key or a plan that this gateway cannot honor.
    #[error("gateway {gateway:?} cannot honor this: {}", .reasons.join("; "))]
    CannotHonor {
        /// The gateway's name.
        gateway: String,
        /// Why.
        reasons: Vec<String>,
    },
    /// Something of the gateway is open by default, and nobody accepted that by name.
    #[error("open by default: {}", .0.join("; "))]
    OpenByDefault(Vec<String>),
    /// The connection's state does not allow that.
    #[error("the connection is {state}; {allowed}")]
    WrongState {
        /// Where it stands.
        state: String,
        /// What would be allowed.
        allowed: &'static str,
    },
    /// The run's state does not allow that.
    #[error("the run is {state}; {allowed}")]
    WrongRunState {
        /// Where it stands.
        state: String,
        /// What would be allowed.
        allowed: &'static str,
    },
    /// A job could not be enqueued.
    #[error(transparent)]
    Job(#[from] gatewright_database::jobs::JobError),
    /// The gateway that has to confirm first did not: everything was withdrawn.
    #[error("gateway {gateway:?} did not confirm: {why}; nothing was kept")]
    NotConfirmed {
        /// The gateway's name.
        gateway: String,
        /// Why, in its words or ours.
        why: String,
        /// Whether the same may succeed later.
        may_pass: bool,
    },
    /// There is no secret to be revealed.
    #[error("{0}")]
    NothingToReveal(&'static str),
    /// A gateway did not do what was asked.
    #[error("gateway {gateway}: {fault}")]
    Gateway {
        /// Which.
        gateway: GatewayId,
        /// What happened.
        fault: Fault,
    },
    /// What native gateways refuse.
    #[error(transparent)]
    Native(#[from] NativeError),
    /// What the catalog refuses.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// What is refused about keys.
    #[error(transparent)]
    Credential(#[from] CredentialError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl From<sqlx::Error> for OrchestrationError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}

impl OrchestrationError {
    pub(crate) fn not_found(kind: &'static str, id: impl std::fmt::Display) -> Self {
        let id = id.to_string();
        Self::NotFound { kind, id }
    }
}
