//! Runs and what they find, as the API shows them.

use chrono::{DateTime, Utc};
use gatewright_types::ids::{GatewayId, ProvisioningFindingId, ProvisioningRunId, SubscriptionId};
use gatewright_types::text_enum;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

text_enum! {
    /// What a run is for.
    pub enum RunKind {
        /// A plan of what would be done, which can be applied.
        Sync = "SYNC",
        /// Everything with our mark on one gateway, against what is desired; repaired where the connection says so.
        Drift = "DRIFT",
    }
}

text_enum! {
    /// Where a run stands.
    pub enum RunState {
        /// It goes through the gateways.
        Looking = "LOOKING",
        /// It has seen everything.
        Looked = "LOOKED",
        /// What it planned is handed to the workers.
        Applying = "APPLYING",
        /// All of it was; `acknowledged` says how much is done.
        Applied = "APPLIED",
        /// It could not be brought to an end.
        Failed = "FAILED",
    }
}

text_enum! {
    /// How a gateway differs.
    pub enum FindingKind {
        /// It is desired and not there.
        Missing = "MISSING",
        /// It is ours, there, and not desired.
        Extra = "EXTRA",
        /// It is there in another way than desired.
        Changed = "CHANGED",
        /// A credential of ours has another secret; it is left so.
        OtherSecret = "OTHER_SECRET",
        /// It has our mark or hangs on what is ours, and we know nothing of it; it is left so.
        Unknown = "UNKNOWN",
        /// The gateway would not say.
        Unreadable = "UNREADABLE",
    }
}

/// What a run is to look at.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewRun {
    /// What it is for.
    pub kind: RunKind,
    /// Which gateways: of DRIFT one, of SYNC all when absent.
    #[schema(min_items = 1, max_items = 50)]
    pub connection_ids: Option<Vec<GatewayId>>,
    /// Of SYNC: which subscriptions; all when absent.
    #[schema(min_items = 1, max_items = 1000)]
    pub subscription_ids: Option<Vec<SubscriptionId>>,
}

/// One look at what gateways have.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    /// Its id.
    pub id: ProvisioningRunId,
    /// What it is for.
    pub kind: RunKind,
    /// Where it stands.
    pub state: RunState,
    /// Which gateways.
    pub connection_ids: Vec<GatewayId>,
    /// Which subscriptions; null for all.
    pub subscription_ids: Option<Vec<SubscriptionId>>,
    /// Subscriptions looked at so far, on each gateway.
    pub looked: i32,
    /// Findings so far.
    pub findings: i64,
    /// Of these, what a repair would change.
    pub differing: i64,
    /// Of these, what is being repaired.
    pub applied: i64,
    /// Of these, what was read back as desired.
    pub acknowledged: i64,
    /// Of these, what fails at present.
    pub failing: i64,
    /// Why it does not go on, or did not.
    pub last_error: Option<String>,
    /// When it was begun.
    pub created_at: DateTime<Utc>,
    /// When it had seen everything.
    pub looked_at: Option<DateTime<Utc>>,
    /// When all was handed to the workers.
    pub applied_at: Option<DateTime<Utc>>,
}

/// Where a gateway differs from what is desired.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// Its id.
    pub id: ProvisioningFindingId,
    /// On which gateway.
    pub connection_id: GatewayId,
    /// Of which subscription; null where it is none that we know.
    pub subscription_id: Option<SubscriptionId>,
    /// Its name there, where it was found by its mark.
    pub remote_name: Option<String>,
    /// How it differs.
    pub kind: FindingKind,
    /// What a repair does, in order.
    pub actions: Vec<String>,
    /// In words.
    pub detail: String,
    /// Whether it is being repaired, or was.
    pub repaired: bool,
    /// When it was found.
    pub found_at: DateTime<Utc>,
}
