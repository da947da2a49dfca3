//! What was given up, or left as somebody else made it: applications that wait for a person.

use chrono::{DateTime, Utc};
use gatewright_catalog::CatalogError;
use gatewright_catalog::subscriptions;
use gatewright_database::TenantTx;
use gatewright_types::ids::{CustomerId, GatewayId, SubscriptionId};
use gatewright_types::problem::FieldError;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::model::ProvisioningState;
use crate::{OrchestrationError, connections, store};

/// Most subscriptions that one replay names.
pub const NAMED_MAX: usize = 100;
/// Most applications that are replayed at once.
pub const REPLAYED_AT_ONCE_MAX: i64 = 500;

/// A subscription on a gateway that does not stand there as desired, and will not by itself.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeadLetter {
    /// On which gateway.
    pub gateway_id: GatewayId,
    /// Its name.
    pub gateway_name: String,
    /// Which subscription.
    pub subscription_id: SubscriptionId,
    /// Whose.
    pub customer_id: CustomerId,
    /// FAILED, DRIFTED or NEEDS_ROTATION.
    pub state: ProvisioningState,
    /// Why, in the gateway's words or ours.
    pub error: Option<String>,
    /// The last failure's class.
    pub fault: Option<String>,
    /// Since when it is not as desired.
    pub failing_since: Option<DateTime<Utc>>,
    /// For how long, in seconds.
    pub age_seconds: i64,
    /// How often it was tried since.
    pub attempts: i32,
    /// When it is tried next: what ends access is tried for ever. Null: not by itself.
    pub next_try_at: Option<DateTime<Utc>>,
}

/// Where a page begins: after this one.
pub type Place = (SubscriptionId, GatewayId);

/// A page of what waits for a person, newest subscription first, and whether there is more.
pub async fn list(
    tx: &mut TenantTx,
    connection_id: Option<GatewayId>,
    after: Option<Place>,
    limit: u16,
) -> Result<(Vec<DeadLetter>, bool), OrchestrationError> {
    let mut rows = store::dead_letters::list(tx, connection_id, after, i64::from(limit) + 1).await?;
    let more = rows.len() > usize::from(limit);
    rows.truncate(usize::from(limit));
    Ok((rows, more))
}

/// What is to be tried again: all of a gateway, of some subscriptions, or both.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Replay {
    /// Only on this gateway.
    pub connection_id: Option<GatewayId>,
    /// Only these subscriptions.
    #[schema(min_items = 1, max_items = 100)]
    pub subscription_ids: Option<Vec<SubscriptionId>>,
}

/// What is tried again.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Replayed {
    /// How many.
    pub replayed: u64,
    /// Whether some are left: ask again.
    pub more: bool,
}

/// Makes dead letters due at once, oldest subscription first; at most [`REPLAYED_AT_ONCE_MAX`].
pub async fn replay(tx: &mut TenantTx, which: &Replay) -> Result<Replayed, OrchestrationError> {
    check(tx, which).await?;
    let ids = which.subscription_ids.as_deref();
    let replayed = store::dead_letters::replay(tx, which.connection_id, ids, REPLAYED_AT_ONCE_MAX).await?;
    let more = store::dead_letters::any(tx, which.connection_id, ids).await?;
    let replayed = Replayed { replayed, more };
    let detail = json!({
        "connectionId": which.connection_id, "subscriptionIds": ids, "replayed": replayed.replayed, "more": more,
    });
    match which.connection_id {
        Some(id) => tx.happened("orchestration", "dead_letters.replayed", id, detail),
        None => {
            let tenant_id = tx.tenant_id();
            tx.happened("orchestration", "dead_letters.replayed", tenant_id, detail);
        }
    }
    Ok(replayed)
}

/// Both are of this tenant, and something is named.
async fn check(tx: &mut TenantTx, which: &Replay) -> Result<(), OrchestrationError> {
    let mut errors = Vec::new();
    if which.connection_id.is_none() && which.subscription_ids.is_none() {
        errors.push(FieldError::new(
            "/connectionId",
            "expected this, /subscriptionIds or both",
        ));
    }
    if let Some(id) = which.connection_id
        && let Err(OrchestrationError::NotFound { .. }) = connections::get(tx, id).await
    {
        errors.push(FieldError::new("/connectionId", format!("there is no connection {id}")));
    }
    if let Some(ids) = &which.subscription_ids {
        if !(1..=NAMED_MAX).contains(&ids.len()) {
            let detail = format!("expected 1 to {NAMED_MAX} subscriptions");
            errors.push(FieldError::new("/subscriptionIds", detail));
        } else {
            let known = subscriptions::standings(tx, ids).await?;
            let unknown = ids
                .iter()
                .find(|id| known.iter().all(|one| one.subscription_id != **id));
            if let Some(id) = unknown {
                errors.push(FieldError::new(
                    "/subscriptionIds",
                    format!("there is no subscription {id}"),
                ));
            }
        }
    }
    if errors.is_empty() {
        Ok(())
    } else {
        Err(CatalogError::Invalid(errors).into())
    }
}
