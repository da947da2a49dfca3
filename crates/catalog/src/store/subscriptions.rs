use gatewright_database::{PageRequest, TenantTx};
use gatewright_types::ids::{CustomerId, PlanId, ProductId, SubscriptionId};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::SubscriptionState;
use crate::model::{CustomerKind, PlanKind, Subscription};
use crate::subscriptions::{Standing, SubscriptionFilter};

/// What a subscription would be made of.
pub(crate) struct Offer {
    pub(crate) customer_exists: bool,
    pub(crate) customer_suspended: bool,
    pub(crate) version: Option<i32>,
    pub(crate) trial_days: Option<i32>,
    pub(crate) product_ids: Vec<ProductId>,
}

pub(crate) async fn offer(
    tx: &mut TenantTx,
    customer_kind: CustomerKind,
    customer_id: CustomerId,
    plan_kind: PlanKind,
    plan_id: PlanId,
) -> Result<Offer, sqlx::Error> {
    sqlx::query_as!(
        Offer,
        // Held, so that whoever suspends or deletes the customer waits for this subscription or is waited for.
        r#"WITH customer AS MATERIALIZED (
             SELECT suspended_at FROM customers WHERE tenant_id = $1 AND id = $2 AND kind = $3 AND deleted_at IS NULL FOR KEY SHARE)
           SELECT EXISTS (SELECT FROM customer) AS "customer_exists!",
             EXISTS (SELECT FROM customer WHERE suspended_at IS NOT NULL) AS "customer_suspended!",
             v.version AS "version?", v.trial_days AS "trial_days?",
             ARRAY(SELECT product_id FROM plan_version_products AS c
                   WHERE c.tenant_id = v.tenant_id AND c.plan_id = v.plan_id AND c.version = v.version) AS "product_ids!: _"
           FROM (SELECT) AS always
           LEFT JOIN plans AS p ON p.tenant_id = $1 AND p.id = $4 AND p.kind = $5
           LEFT JOIN plan_versions AS v ON v.tenant_id = p.tenant_id AND v.plan_id = p.id AND v.version = p.current_version"#,
        tx.tenant_id().uuid(),
        customer_id.uuid(),
        customer_kind.as_str(),
        plan_id.uuid(),
        plan_kind.as_str(),
    )
    .fetch_one(&mut **tx)
    .await
}

pub(crate) async fn insert(tx: &mut TenantTx, subscription: &Subscription) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO subscriptions (tenant_id, id, customer_id, plan_id, plan_version, state, trial_ends_at, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)",
        tx.tenant_id().uuid(),
        subscription.id.uuid(),
        subscription.customer_id.uuid(),
        subscription.plan_id.uuid(),
        subscription.plan_version,
        subscription.state.as_str(),
        subscription.trial_ends_at,
        subscription.created_at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) async fn update(tx: &mut TenantTx, subscription: &Subscription) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE subscriptions SET state = $3, suspended_from = $4, ended_at = $5, updated_at = $6, trial_ends_at = $7 WHERE tenant_id = $1 AND id = $2",
        tx.tenant_id().uuid(),
        subscription.id.uuid(),
        subscription.state.as_str(),
        subscription.suspended_from.map(SubscriptionState::as_str),
        subscription.ended_at,
        subscription.updated_at,
        subscription.trial_ends_at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) async fn find(tx: &mut TenantTx, id: SubscriptionId) -> Result<Option<Subscription>, sqlx::Error> {
    sqlx::query_as!(
        Subscription,
        r#"SELECT id AS "id: _", customer_id AS "customer_id: _", plan_id AS "plan_id: _", plan_version,
             state AS "state: _", suspended_from AS "suspended_from: _", trial_ends_at, ended_at, created_at, updated_at
           FROM subscriptions WHERE tenant_id = $1 AND id = $2"#,
        tx.tenant_id().uuid(),
        id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await
}

pub(crate) async fn lock(tx: &mut TenantTx, id: SubscriptionId) -> Result<Option<Subscription>, sqlx::Error> {
    sqlx::query_as!(
        Subscription,
        r#"SELECT id AS "id: _", customer_id AS "customer_id: _", plan_id AS "plan_id: _", plan_version,
             state AS "state: _", suspended_from AS "suspended_from: _", trial_ends_at, ended_at, created_at, updated_at
           FROM subscriptions WHERE tenant_id = $1 AND id = $2 FOR UPDATE"#,
        tx.tenant_id().uuid(),
        id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await
}

pub(crate) async fn list(
    tx: &mut TenantTx,
    filter: SubscriptionFilter,
    page: PageRequest,
) -> Result<Vec<Subscription>, sqlx::Error> {
    sqlx::query_as!(
        Subscription,
        r#"SELECT s.id AS "id: _", s.customer_id AS "customer_id: _", s.plan_id AS "plan_id: _", s.plan_version,
             s.state AS "state: _", s.suspended_from AS "suspended_from: _", s.trial_ends_at, s.ended_at, s.created_at, s.updated_at
           FROM subscriptions AS s
           JOIN plans AS p ON p.tenant_id = s.tenant_id AND p.id = s.plan_id AND p.kind = 'CATALOG'
           WHERE s.tenant_id = $1 AND ($2::uuid IS NULL OR s.customer_id = $2) AND ($3::text IS NULL OR s.state = $3)
             AND ($4::uuid IS NULL OR s.id < $4)
           ORDER BY s.id DESC LIMIT $5"#,
        tx.tenant_id().uuid(),
        filter.customer_id.map(CustomerId::uuid),
        filter.state.map(SubscriptionState::as_str),
        page.after,
        page.probe(),
    )
    .fetch_all(&mut **tx)
    .await
}

pub(crate) async fn standings(
    connection: &mut PgConnection,
    ids: &[SubscriptionId],
) -> Result<Vec<Standing>, sqlx::Error> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    sqlx::query_as!(
        Standing,
        r#"SELECT s.id AS "subscription_id: _", s.customer_id AS "customer_id: _", s.state AS "state: _",
             ARRAY(SELECT product_id FROM plan_version_products AS c
                   WHERE c.tenant_id = s.tenant_id AND c.plan_id = s.plan_id AND c.version = s.plan_version) AS "product_ids!: _",
             ARRAY(SELECT p.id FROM plan_version_products AS c JOIN products AS p ON p.tenant_id = c.tenant_id AND p.id = c.product_id
                   WHERE c.tenant_id = s.tenant_id AND c.plan_id = s.plan_id AND c.version = s.plan_version AND p.orchestrated) AS "orchestrated_ids!: _"
           FROM subscriptions AS s WHERE s.id = ANY($1)"#,
        &ids,
    )
    .fetch_all(connection)
    .await
}

/// How long the trial of a subscription's plan version is, in days.
pub(crate) async fn trial_days(tx: &mut TenantTx, id: SubscriptionId) -> Result<i32, sqlx::Error> {
    sqlx::query_scalar!(
        "SELECT v.trial_days FROM subscriptions AS s
         JOIN plan_versions AS v ON v.tenant_id = s.tenant_id AND v.plan_id = s.plan_id AND v.version = s.plan_version
         WHERE s.tenant_id = $1 AND s.id = $2",
        tx.tenant_id().uuid(),
        id.uuid(),
    )
    .fetch_one(&mut **tx)
    .await
}

/// Those of a customer that have not ended, held; those that admit first.
pub(crate) async fn lock_of_customer(
    tx: &mut TenantTx,
    id: CustomerId,
    most: i64,
) -> Result<Vec<Subscription>, sqlx::Error> {
    sqlx::query_as!(
        Subscription,
        r#"SELECT id AS "id: _", customer_id AS "customer_id: _", plan_id AS "plan_id: _", plan_version,
             state AS "state: _", suspended_from AS "suspended_from: _", trial_ends_at, ended_at, created_at, updated_at
           FROM subscriptions WHERE tenant_id = $1 AND customer_id = $2 AND state NOT IN ('EXPIRED', 'CANCELLED')
           ORDER BY state IN ('TRIALING', 'ACTIVE', 'PAST_DUE', 'EXPIRING') DESC, id LIMIT $3 FOR UPDATE"#,
        tx.tenant_id().uuid(),
        id.uuid(),
        most,
    )
    .fetch_all(&mut **tx)
    .await
}

/// Those that were suspended with their customer and still are.
pub(crate) async fn suspended_with_customer(
    tx: &mut TenantTx,
    id: CustomerId,
    most: i64,
) -> Result<Vec<SubscriptionId>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT id AS "id: _" FROM subscriptions
           WHERE tenant_id = $1 AND customer_id = $2 AND suspended_with_customer AND state = 'SUSPENDED' ORDER BY id LIMIT $3"#,
        tx.tenant_id().uuid(),
        id.uuid(),
        most,
    )
    .fetch_all(&mut **tx)
    .await
}

/// Remembers, or forgets, that these were suspended with their customer.
pub(crate) async fn mark_with_customer(
    tx: &mut TenantTx,
    ids: &[SubscriptionId],
    marked: bool,
) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    sqlx::query!(
        "UPDATE subscriptions SET suspended_with_customer = $3 WHERE tenant_id = $1 AND id = ANY($2)",
        tx.tenant_id().uuid(),
        &ids,
        marked,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// How many of a customer's admit somebody, and how many are suspended with it.
pub(crate) async fn count_of_customer(tx: &mut TenantTx, id: CustomerId) -> Result<(i64, i64), sqlx::Error> {
    let counted = sqlx::query!(
        r#"SELECT count(*) FILTER (WHERE state IN ('TRIALING', 'ACTIVE', 'PAST_DUE', 'EXPIRING')) AS "admitting!",
             count(*) FILTER (WHERE suspended_with_customer AND state = 'SUSPENDED') AS "suspended!"
           FROM subscriptions WHERE tenant_id = $1 AND customer_id = $2"#,
        tx.tenant_id().uuid(),
        id.uuid(),
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok((counted.admitting, counted.suspended))
}

pub(crate) async fn has_running(tx: &mut TenantTx, id: CustomerId) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM subscriptions
             WHERE tenant_id = $1 AND customer_id = $2 AND state NOT IN ('EXPIRED', 'CANCELLED')) AS "running!""#,
        tx.tenant_id().uuid(),
        id.uuid(),
    )
    .fetch_one(&mut **tx)
    .await
}

/// A page of those that cover any of these products and have not ended; of `only`, where that is given.
pub(crate) async fn covering(
    tx: &mut TenantTx,
    products: &[ProductId],
    only: Option<&[SubscriptionId]>,
    after: Option<SubscriptionId>,
    most: i64,
) -> Result<Vec<SubscriptionId>, sqlx::Error> {
    let products: Vec<Uuid> = products.iter().map(|id| id.uuid()).collect();
    let only: Option<Vec<Uuid>> = only.map(|ids| ids.iter().map(|id| id.uuid()).collect());
    sqlx::query_scalar!(
        r#"SELECT s.id AS "id: _" FROM subscriptions AS s
           WHERE s.tenant_id = $1 AND s.state NOT IN ('EXPIRED', 'CANCELLED') AND ($4::uuid IS NULL OR s.id > $4)
             AND ($3::uuid[] IS NULL OR s.id = ANY($3))
             AND EXISTS (SELECT FROM plan_version_products AS c WHERE c.tenant_id = s.tenant_id AND c.plan_id = s.plan_id
                           AND c.version = s.plan_version AND c.product_id = ANY($2))
           ORDER BY s.id LIMIT $5"#,
        tx.tenant_id().uuid(),
        &products,
        only.as_deref(),
        after.map(SubscriptionId::uuid),
        most,
    )
    .fetch_all(&mut **tx)
    .await
}
