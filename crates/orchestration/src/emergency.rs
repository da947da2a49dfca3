//! A whole customer at once: suspended now, with a reason, everywhere; brought back; or taken out for good.
//!
//! # Invariants
//! * One transaction ends all access on our own gateways and says what the others are to be brought to, before everything
//!   else that waits there. The nodes are told before the answer.
//! * While a customer is suspended nothing of it becomes usable, by whatever way (`gatewright_catalog::subscriptions`).
//! * What was suspended with the customer is remembered by its row, so that lifting brings back exactly that.

use chrono::{DateTime, Utc};
use gatewright_catalog::model::{Customer, Subscription};
use gatewright_catalog::subscriptions::SubscriptionFilter;
use gatewright_catalog::{SubscriptionState, customers, subscriptions};
use gatewright_credentials::AccessChange;
use gatewright_database::page::PAGE_MAX;
use gatewright_database::{PageRequest, TenantTx};
use gatewright_native::NativeError;
use gatewright_native::access as native;
use gatewright_types::ids::{CustomerId, GatewayId, SubscriptionId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::model::{ProvisioningState, Urgency};
use crate::store::{self, applications};
use crate::{OrchestrationError, access};

/// Most subscriptions that are suspended, brought back or cancelled by one request.
pub const SUBSCRIPTIONS_AT_ONCE_MAX: usize = 1000;

/// A customer that is suspended as a whole, and what became of its subscriptions.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EmergencySuspension {
    /// Whose.
    pub customer_id: CustomerId,
    /// Since when it stands; null: it was lifted, or there is none.
    pub suspended_at: Option<DateTime<Utc>>,
    /// Why.
    pub reason: Option<String>,
    /// Subscriptions that this is still to be done to, because one request does it to 1000 at most: send it again.
    pub remaining: i64,
    /// Those that are suspended with the customer; of the answer to lifting it, those that came back.
    pub subscriptions: Vec<SuspendedSubscription>,
}

/// A subscription of a customer that is suspended as a whole.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SuspendedSubscription {
    /// Which.
    pub subscription_id: SubscriptionId,
    /// Where it stands, which is what our own gateways do.
    pub state: SubscriptionState,
    /// Where it stands on each connected gateway.
    pub gateways: Vec<GatewayStanding>,
}

/// Where a subscription stands on a connected gateway.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GatewayStanding {
    /// The gateway.
    pub gateway_id: GatewayId,
    /// Its name.
    pub gateway_name: String,
    /// Where it stands; PENDING until it was read back there.
    pub state: ProvisioningState,
    /// Why it is not as desired, in words.
    pub last_error: Option<String>,
    /// When what is desired now was read back; null while it was not.
    pub acknowledged_at: Option<DateTime<Utc>>,
    /// From when on it surely acts everywhere on the gateway.
    pub effective_by: Option<DateTime<Utc>>,
}

fn most() -> i64 {
    i64::try_from(SUBSCRIPTIONS_AT_ONCE_MAX).unwrap_or(i64::MAX)
}

/// Suspends everything of a customer that admits somebody. Done again, it goes on with what is left.
pub async fn suspend(
    tx: &mut TenantTx,
    id: CustomerId,
    reason: &str,
) -> Result<(EmergencySuspension, Vec<AccessChange>), OrchestrationError> {
    let customer = customers::suspend(tx, id, reason).await?;
    let mut changes = Vec::new();
    // What waits for its gateways to begin does not begin any more.
    withdraw_waiting(tx, id, &mut changes).await?;
    let held = subscriptions::lock_of_customer(tx, id, most()).await?;
    let mut ids = Vec::new();
    for subscription in held.into_iter().filter(|subscription| subscription.state.admits()) {
        let (moved, mut its_changes) =
            native::move_subscription(tx, subscription.id, SubscriptionState::Suspended).await?;
        changes.append(&mut its_changes);
        ids.push(moved.id);
    }
    subscriptions::mark_with_customer(tx, &ids, true).await?;
    access::touch(tx, &ids, Urgency::Security).await?;
    Ok((get_of(tx, &customer).await?, changes))
}

/// Lifts it: exactly what was suspended with the customer goes back to where it came from.
pub async fn lift(
    tx: &mut TenantTx,
    id: CustomerId,
) -> Result<(EmergencySuspension, Vec<AccessChange>), OrchestrationError> {
    let held = customers::lock(tx, id).await?;
    let ids = subscriptions::suspended_with_customer(tx, id, most()).await?;
    // Without its suspension there may be some left of a lifting that was too large for one request.
    let customer = if held.suspended_at.is_some() || ids.is_empty() {
        customers::lift(tx, id).await?
    } else {
        held
    };
    let mut changes = Vec::new();
    for id in &ids {
        let (_, mut its_changes) = native::reactivate_subscription(tx, *id).await?;
        changes.append(&mut its_changes);
    }
    subscriptions::mark_with_customer(tx, &ids, false).await?;
    access::touch(tx, &ids, Urgency::Interactive).await?;
    let (_, remaining) = subscriptions::count_of_customer(tx, id).await?;
    let lifted = EmergencySuspension {
        customer_id: id,
        suspended_at: customer.suspended_at,
        reason: customer.suspension_reason,
        remaining,
        subscriptions: standings(tx, &ids).await?,
    };
    Ok((lifted, changes))
}

/// How it stands: what is suspended with the customer, and how far each gateway is.
pub async fn get(tx: &mut TenantTx, id: CustomerId) -> Result<EmergencySuspension, OrchestrationError> {
    let customer = customers::get(tx, id).await?;
    get_of(tx, &customer).await
}

async fn get_of(tx: &mut TenantTx, customer: &Customer) -> Result<EmergencySuspension, OrchestrationError> {
    let ids = subscriptions::suspended_with_customer(tx, customer.id, most()).await?;
    let (admitting, _) = subscriptions::count_of_customer(tx, customer.id).await?;
    Ok(EmergencySuspension {
        customer_id: customer.id,
        suspended_at: customer.suspended_at,
        reason: customer.suspension_reason.clone(),
        remaining: if customer.suspended_at.is_some() { admitting } else { 0 },
        subscriptions: standings(tx, &ids).await?,
    })
}

async fn standings(
    tx: &mut TenantTx,
    ids: &[SubscriptionId],
) -> Result<Vec<SuspendedSubscription>, OrchestrationError> {
    let mut gateways = applications::standing_of(tx, ids).await?;
    let found = subscriptions::standings(tx, ids).await?;
    let mut all: Vec<SuspendedSubscription> = found
        .into_iter()
        .map(|standing| SuspendedSubscription {
            subscription_id: standing.subscription_id,
            state: standing.state,
            gateways: gateways.remove(&standing.subscription_id).unwrap_or_default(),
        })
        .collect();
    all.sort_by_key(|one| one.subscription_id);
    Ok(all)
}

/// Deletes a customer: every subscription is cancelled, its keys are revoked everywhere, and it stands in no list any more.
pub async fn delete_customer(tx: &mut TenantTx, id: CustomerId) -> Result<Vec<AccessChange>, OrchestrationError> {
    let customer = customers::lock(tx, id).await?;
    let mut changes = Vec::new();
    withdraw_waiting(tx, id, &mut changes).await?;
    let held: Vec<Subscription> = subscriptions::lock_of_customer(tx, id, most() + 1).await?;
    if held.len() > SUBSCRIPTIONS_AT_ONCE_MAX {
        return Err(NativeError::LimitReached {
            max: SUBSCRIPTIONS_AT_ONCE_MAX,
            what: "subscriptions of a customer that is deleted: cancel some first",
        }
        .into());
    }
    let ids: Vec<SubscriptionId> = held.iter().map(|subscription| subscription.id).collect();
    for id in &ids {
        let (_, mut its_changes) = native::move_subscription(tx, *id, SubscriptionState::Cancelled).await?;
        changes.append(&mut its_changes);
    }
    access::touch(tx, &ids, Urgency::Security).await?;
    customers::delete(tx, &customer).await?;
    Ok(changes)
}

/// Ends what waits for its gateways to begin.
async fn withdraw_waiting(
    tx: &mut TenantTx,
    id: CustomerId,
    changes: &mut Vec<AccessChange>,
) -> Result<(), OrchestrationError> {
    let filter = SubscriptionFilter {
        customer_id: Some(id),
        state: Some(SubscriptionState::Created),
    };
    let mut request = PageRequest {
        after: None,
        limit: PAGE_MAX,
    };
    loop {
        let page = subscriptions::list(tx, filter, request).await?;
        let ids: Vec<SubscriptionId> = page.items.iter().map(|subscription| subscription.id).collect();
        for waiting in store::activations::among(tx, &ids).await? {
            changes.append(&mut access::withdraw(tx, waiting).await?);
        }
        request.after = ids.last().map(|id| id.uuid());
        if !page.more {
            return Ok(());
        }
    }
}
