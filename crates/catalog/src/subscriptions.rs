//! Subscriptions: made, moved, read.

use chrono::TimeDelta;
use gatewright_database::{Page, PageRequest, TenantTx};
use gatewright_types::ids::{CustomerId, PlanId, ProductId, SubscriptionId};
use serde_json::json;
use sqlx::PgConnection;

use crate::model::{CustomerKind, PlanKind, Subscription};
use crate::state::{SubscriptionState, may_move};
use crate::{CatalogError, store};

/// Which subscriptions a list shows.
#[derive(Clone, Copy, Debug, Default)]
pub struct SubscriptionFilter {
    /// Only this customer's.
    pub customer_id: Option<CustomerId>,
    /// Only those in this state.
    pub state: Option<SubscriptionState>,
}

/// A subscription just made, and what it covers.
#[derive(Debug)]
pub struct Subscribed {
    /// The subscription.
    pub subscription: Subscription,
    /// The products of its plan's version.
    pub product_ids: Vec<ProductId>,
}

/// What a subscription lends to its keys.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The subscription.
    pub subscription_id: SubscriptionId,
    /// Who bought.
    pub customer_id: CustomerId,
    /// Where it stands.
    pub state: SubscriptionState,
    /// The products of its plan's version.
    pub product_ids: Vec<ProductId>,
    /// Those of them that are given to connected gateways.
    pub orchestrated_ids: Vec<ProductId>,
}

/// Subscribes a customer to a plan's current version; two round trips.
///
/// With `activate` it begins ACTIVE, or TRIALING where the plan has a trial; without, CREATED.
pub async fn create(
    tx: &mut TenantTx,
    customer_id: CustomerId,
    plan_id: PlanId,
    activate: bool,
) -> Result<Subscribed, CatalogError> {
    create_of_kind(
        tx,
        CustomerKind::Organization,
        customer_id,
        PlanKind::Catalog,
        plan_id,
        activate,
    )
    .await
}

/// The implicit subscription of an API consumer to its gateway's built-in plan.
pub async fn create_implicit(
    tx: &mut TenantTx,
    customer_id: CustomerId,
    plan_id: PlanId,
) -> Result<Subscribed, CatalogError> {
    create_of_kind(
        tx,
        CustomerKind::ApiConsumer,
        customer_id,
        PlanKind::Gateway,
        plan_id,
        true,
    )
    .await
}

async fn create_of_kind(
    tx: &mut TenantTx,
    customer_kind: CustomerKind,
    customer_id: CustomerId,
    plan_kind: PlanKind,
    plan_id: PlanId,
    activate: bool,
) -> Result<Subscribed, CatalogError> {
    let offer = store::subscriptions::offer(tx, customer_kind, customer_id, plan_kind, plan_id).await?;
    if !offer.customer_exists {
        return Err(CatalogError::invalid(
            "/customerId",
            format!("there is no customer {customer_id}"),
        ));
    }
    if offer.customer_suspended {
        return Err(CatalogError::CustomerSuspended(customer_id));
    }
    let Some((version, trial_days)) = offer.version.zip(offer.trial_days) else {
        return Err(CatalogError::invalid("/planId", format!("there is no plan {plan_id}")));
    };
    let state = match (activate, trial_days) {
        (false, _) => SubscriptionState::Created,
        (true, 0) => SubscriptionState::Active,
        (true, _) => SubscriptionState::Trialing,
    };
    let trial = (state == SubscriptionState::Trialing).then(|| TimeDelta::days(i64::from(trial_days)));
    let subscription = Subscription {
        id: SubscriptionId::mint(tx.clock(), tx.rng()),
        customer_id,
        plan_id,
        plan_version: version,
        state,
        suspended_from: None,
        trial_ends_at: trial.map(|trial| tx.now() + trial),
        ended_at: None,
        created_at: tx.now(),
        updated_at: tx.now(),
    };
    store::subscriptions::insert(tx, &subscription).await?;
    tx.created("catalog", "subscription.created", subscription.id, &subscription);
    Ok(Subscribed {
        subscription,
        product_ids: offer.product_ids,
    })
}

/// One subscription.
pub async fn get(tx: &mut TenantTx, id: SubscriptionId) -> Result<Subscription, CatalogError> {
    store::subscriptions::find(tx, id)
        .await?
        .ok_or_else(|| CatalogError::not_found("subscription", id))
}

/// One subscription, held until the end of the transaction; implicit ones as well.
pub async fn lock(tx: &mut TenantTx, id: SubscriptionId) -> Result<Subscription, CatalogError> {
    store::subscriptions::lock(tx, id)
        .await?
        .ok_or_else(|| CatalogError::not_found("subscription", id))
}

/// A page of subscriptions.
pub async fn list(
    tx: &mut TenantTx,
    filter: SubscriptionFilter,
    request: PageRequest,
) -> Result<Page<Subscription>, CatalogError> {
    Ok(Page::from_rows(
        store::subscriptions::list(tx, filter, request).await?,
        request,
    ))
}

/// Moves a subscription that [`lock`] holds. Who is admitted may change with it: the caller tells the gateways.
pub async fn move_to(
    tx: &mut TenantTx,
    mut subscription: Subscription,
    to: SubscriptionState,
) -> Result<Subscription, CatalogError> {
    let from = subscription.state;
    if !may_move(from, subscription.suspended_from, to) {
        return Err(CatalogError::IllegalMove { from, to });
    }
    // Whoever suspends the customer holds this row first, or sees what is committed here.
    if to.admits() && !from.admits() && store::customers::is_suspended(tx, subscription.customer_id).await? {
        return Err(CatalogError::CustomerSuspended(subscription.customer_id));
    }
    let before = subscription.clone();
    subscription.state = to;
    subscription.suspended_from = (to == SubscriptionState::Suspended).then_some(from);
    subscription.ended_at = to.is_final().then(|| tx.now());
    subscription.updated_at = tx.now();
    store::subscriptions::update(tx, &subscription).await?;
    let name = match to {
        SubscriptionState::Created => "subscription.created",
        SubscriptionState::Trialing => "subscription.trialing",
        SubscriptionState::Active => "subscription.activated",
        SubscriptionState::PastDue => "subscription.past_due",
        SubscriptionState::Paused => "subscription.paused",
        SubscriptionState::Suspended => "subscription.suspended",
        SubscriptionState::Expiring => "subscription.expiring",
        SubscriptionState::Expired => "subscription.expired",
        SubscriptionState::Cancelled => "subscription.cancelled",
    };
    let detail = json!({ "from": from, "to": to, "customerId": subscription.customer_id });
    tx.changed_telling("catalog", name, subscription.id, detail, &before, &subscription);
    Ok(subscription)
}

/// Begins a subscription that waits as CREATED and that the caller holds: ACTIVE, or TRIALING where its plan has a trial.
pub async fn begin(tx: &mut TenantTx, mut subscription: Subscription) -> Result<Subscription, CatalogError> {
    let days = store::subscriptions::trial_days(tx, subscription.id).await?;
    let to = if days > 0 {
        SubscriptionState::Trialing
    } else {
        SubscriptionState::Active
    };
    if days > 0 {
        subscription.trial_ends_at = Some(tx.now() + TimeDelta::days(i64::from(days)));
    }
    move_to(tx, subscription, to).await
}

/// What each of these subscriptions lends to its keys; works across tenants in a system transaction.
pub async fn standings(connection: &mut PgConnection, ids: &[SubscriptionId]) -> Result<Vec<Standing>, CatalogError> {
    Ok(store::subscriptions::standings(connection, ids).await?)
}

/// Those of a customer that have not ended, held until the end of the transaction; at most so many, those that admit
/// somebody first. The caller holds the customer.
pub async fn lock_of_customer(tx: &mut TenantTx, id: CustomerId, most: i64) -> Result<Vec<Subscription>, CatalogError> {
    Ok(store::subscriptions::lock_of_customer(tx, id, most).await?)
}

/// Remembers that these were suspended because their customer was, or forgets it.
pub async fn mark_with_customer(tx: &mut TenantTx, ids: &[SubscriptionId], marked: bool) -> Result<(), CatalogError> {
    Ok(store::subscriptions::mark_with_customer(tx, ids, marked).await?)
}

/// Those that were suspended because their customer was, and still are; at most so many.
pub async fn suspended_with_customer(
    tx: &mut TenantTx,
    id: CustomerId,
    most: i64,
) -> Result<Vec<SubscriptionId>, CatalogError> {
    Ok(store::subscriptions::suspended_with_customer(tx, id, most).await?)
}

/// How many of a customer's subscriptions admit somebody, and how many are suspended with it.
pub async fn count_of_customer(tx: &mut TenantTx, id: CustomerId) -> Result<(i64, i64), CatalogError> {
    Ok(store::subscriptions::count_of_customer(tx, id).await?)
}

/// Whether a customer has a subscription that has not ended.
pub async fn has_running(tx: &mut TenantTx, id: CustomerId) -> Result<bool, CatalogError> {
    Ok(store::subscriptions::has_running(tx, id).await?)
}

/// Subscriptions that cover any of these products and have not ended, in the order of their ids, after this one; at most so
/// many. Of `only`, where that is given.
pub async fn covering(
    tx: &mut TenantTx,
    products: &[ProductId],
    only: Option<&[SubscriptionId]>,
    after: Option<SubscriptionId>,
    most: i64,
) -> Result<Vec<SubscriptionId>, CatalogError> {
    Ok(store::subscriptions::covering(tx, products, only, after, most).await?)
}
