//! A subscription as the developers of its customer see it.

use gatewright_catalog::model::{Plan, Subscription};
use gatewright_catalog::{CatalogError, plans, subscriptions};
use gatewright_database::TenantTx;
use gatewright_identity::model::Seat;
use gatewright_types::ids::SubscriptionId;
use serde::Serialize;
use utoipa::ToSchema;

/// A subscription, with the version of the plan that it has.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OwnSubscription {
    #[serde(flatten)]
    pub(crate) subscription: Subscription,
    /// The plan in the version that was subscribed to.
    plan: Plan,
}

/// One of the developer's customer; that of another is none.
pub(crate) async fn own(tx: &mut TenantTx, seat: Seat, id: SubscriptionId) -> Result<Subscription, CatalogError> {
    let subscription = subscriptions::get(tx, id).await?;
    if subscription.customer_id == seat.customer_id {
        return Ok(subscription);
    }
    Err(CatalogError::not_found("subscription", id))
}

/// Subscriptions with their plans, in their order.
pub(crate) async fn with_plans(
    tx: &mut TenantTx,
    subscriptions: Vec<Subscription>,
) -> Result<Vec<OwnSubscription>, CatalogError> {
    let mut wanted: Vec<_> = subscriptions
        .iter()
        .map(|one| (one.plan_id, one.plan_version))
        .collect();
    wanted.sort_unstable();
    wanted.dedup();
    let known = plans::versions(tx, &wanted).await?;
    let of = |one: Subscription| {
        let plan = known
            .iter()
            .find(|plan| (plan.id, plan.version) == (one.plan_id, one.plan_version))?;
        Some(OwnSubscription {
            plan: plan.clone(),
            subscription: one,
        })
    };
    // A version is never taken away, so each has its own.
    Ok(subscriptions.into_iter().filter_map(of).collect())
}
