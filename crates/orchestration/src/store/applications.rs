use std::collections::HashMap;

use chrono::{DateTime, Utc};
use gatewright_catalog::subscriptions::Standing;
use gatewright_database::{SystemTx, TenantTx};
use gatewright_types::ids::{CustomerId, GatewayId, KeyId, ProvisioningRunId, RequestId, SubscriptionId, TenantId};
use uuid::Uuid;

use crate::emergency::GatewayStanding;
use crate::model::{ApplicationKey, ProvisioningState, Stage, Urgency};

/// Wakes the dispatchers.
pub(crate) const CHANNEL: &str = "gatewright_provisioning";

/// Says that what is desired of these subscriptions has changed, wherever they are or should be; returns where.
///
/// `taken` is work that the caller does itself: of one gateway, which may go all the way, or of all.
pub(crate) async fn touch(
    tx: &mut TenantTx,
    standings: &[Standing],
    urgency: Urgency,
    stage: Stage,
    taken: Option<Taken>,
    except: Option<GatewayId>,
) -> Result<Vec<GatewayId>, sqlx::Error> {
    let subscriptions: Vec<Uuid> = standings
        .iter()
        .map(|standing| standing.subscription_id.uuid())
        .collect();
    let customers: Vec<Uuid> = standings.iter().map(|standing| standing.customer_id.uuid()).collect();
    let (sold, products): (Vec<Uuid>, Vec<Uuid>) = standings
        .iter()
        .flat_map(|standing| {
            let ids = standing.orchestrated_ids.iter();
            ids.map(|product| (standing.subscription_id.uuid(), product.uuid()))
        })
        .unzip();
    let only = taken.and_then(|taken| taken.only);
    let (tenant_id, request_id, now) = (tx.tenant_id().uuid(), tx.caller().request_id.uuid(), tx.now());
    let rows = sqlx::query!(
        r#"WITH subscription (id, customer_id) AS (SELECT * FROM unnest($2::uuid[], $3::uuid[])),
           sold (subscription_id, product_id) AS (SELECT * FROM unnest($4::uuid[], $5::uuid[])),
           wanted AS (
             SELECT m.connection_id, s.id AS subscription_id, s.customer_id
             FROM sold JOIN subscription AS s ON s.id = sold.subscription_id
             JOIN product_mappings AS m ON m.tenant_id = $1 AND m.product_id = sold.product_id
             JOIN connections AS c ON c.tenant_id = $1 AND c.id = m.connection_id AND c.state <> 'DISCONNECTING'
             UNION
             SELECT a.connection_id, a.subscription_id, a.customer_id
             FROM applications AS a WHERE a.tenant_id = $1 AND a.subscription_id = ANY($2)
           ), touched AS (
             INSERT INTO applications AS a (tenant_id, connection_id, subscription_id, customer_id, stage, state, generation,
               acknowledged_generation, urgency, due_at, attempts, lease_token, leased_until, last_number, request_id, created_at, updated_at)
             SELECT $1, connection_id, subscription_id, customer_id, CASE WHEN connection_id = $8 THEN 'LIVE' ELSE $11 END, 'PENDING', 1, 0,
               $6, $7, 0, CASE WHEN $8::uuid IS NULL OR connection_id = $8 THEN $9::uuid END,
               CASE WHEN $8::uuid IS NULL OR connection_id = $8 THEN $10::timestamptz END, 0, $12, $7, $7
             FROM wanted WHERE connection_id IS DISTINCT FROM $13 ORDER BY connection_id, subscription_id
             ON CONFLICT (tenant_id, connection_id, subscription_id) DO UPDATE SET
               generation = a.generation + 1, due_at = $7, attempts = 0, request_id = $12, updated_at = $7, stage = $11,
               urgency = CASE WHEN a.due_at IS NULL THEN $6 ELSE LEAST(a.urgency, $6) END
             RETURNING a.connection_id
           )
           SELECT connection_id AS "id!: GatewayId", pg_notify('gatewright_provisioning', '')::text AS told FROM touched"#,
        tenant_id,
        &subscriptions,
        &customers,
        &sold,
        &products,
        urgency.as_i16(),
        now,
        only.map(GatewayId::uuid),
        taken.map(|taken| taken.token),
        taken.map(|taken| taken.until),
        stage.as_str(),
        request_id,
        except.map(GatewayId::uuid),
    )
    .fetch_all(&mut **tx)
    .await?;
    let mut ids: Vec<GatewayId> = rows.into_iter().map(|row| row.id).collect();
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

/// Work that is leased by the transaction that makes it.
#[derive(Clone, Copy)]
pub(crate) struct Taken {
    /// Of this gateway; none: of all.
    pub(crate) only: Option<GatewayId>,
    pub(crate) token: Uuid,
    pub(crate) until: DateTime<Utc>,
}

/// What a worker takes on.
#[derive(Clone, Debug)]
pub(crate) struct Claimed {
    pub(crate) tenant_id: TenantId,
    pub(crate) connection_id: GatewayId,
    pub(crate) subscription_id: SubscriptionId,
    pub(crate) customer_id: CustomerId,
    pub(crate) urgency: i16,
}

impl Claimed {
    pub(crate) const fn key(&self) -> ApplicationKey {
        ApplicationKey {
            connection_id: self.connection_id,
            subscription_id: self.subscription_id,
            customer_id: self.customer_id,
        }
    }
}

/// Takes on what is due, the most urgent first, at most so many of each connection, less those that are `busy` there.
///
/// Nothing is taken of a connection whose breaker is open but what ends access; one whose breaker may be tried is
/// left to [`probe`].
pub(crate) async fn claim(
    tx: &mut SystemTx,
    now: DateTime<Utc>,
    token: Uuid,
    until: DateTime<Utc>,
    places: (i64, i64),
    busy: &[(GatewayId, i64)],
) -> Result<Vec<Claimed>, sqlx::Error> {
    let (per_connection, in_all) = places;
    let (busy, at_work): (Vec<Uuid>, Vec<i64>) = busy.iter().map(|(id, count)| (id.uuid(), *count)).unzip();
    sqlx::query_as!(
        Claimed,
        r#"WITH due AS (
             SELECT c.tenant_id, c.id, c.serial, h.breaker, h.retry_at, $4::bigint - coalesce(busy.at_work, 0) AS places
             FROM connections AS c JOIN connection_health AS h ON h.tenant_id = c.tenant_id AND h.connection_id = c.id
             LEFT JOIN unnest($5::uuid[], $7::bigint[]) AS busy (id, at_work) ON busy.id = c.id
             WHERE c.state <> 'DISABLED' AND coalesce(busy.at_work, 0) < $4
               AND EXISTS (SELECT FROM applications AS a WHERE a.connection_id = c.id AND a.due_at <= $1
                           AND (a.leased_until IS NULL OR a.leased_until <= $1))
               AND (c.serial = 'NONE' OR pg_try_advisory_xact_lock(hashtextextended(c.id::text, 1)))
           ), free AS (
             SELECT a.tenant_id, a.connection_id, a.subscription_id
             FROM due CROSS JOIN LATERAL (
               SELECT a.* FROM applications AS a
               WHERE a.connection_id = due.id AND a.due_at <= $1 AND (a.leased_until IS NULL OR a.leased_until <= $1)
                 AND (due.breaker = 'CLOSED' OR a.urgency = 0)
                 AND (due.serial <> 'CUSTOMER' OR NOT EXISTS (
                   SELECT FROM applications AS o WHERE o.connection_id = a.connection_id AND o.customer_id = a.customer_id
                     AND o.leased_until > $1))
                 AND (due.serial <> 'CUSTOMER' OR a.subscription_id = (
                   SELECT o.subscription_id FROM applications AS o WHERE o.connection_id = a.connection_id
                     AND o.customer_id = a.customer_id AND o.due_at <= $1 ORDER BY o.urgency, o.due_at, o.subscription_id LIMIT 1))
                 AND (due.serial <> 'CONNECTION' OR NOT EXISTS (
                   SELECT FROM applications AS o WHERE o.connection_id = a.connection_id AND o.leased_until > $1))
               ORDER BY a.urgency, a.due_at, a.subscription_id
               LIMIT CASE WHEN due.serial = 'CONNECTION' THEN 1 ELSE due.places END
               FOR UPDATE OF a SKIP LOCKED
             ) AS a
             -- One of each gateway in turn: none takes all places because it was first.
             ORDER BY a.urgency, row_number() OVER (PARTITION BY a.connection_id ORDER BY a.urgency, a.due_at) LIMIT $6
           )
           UPDATE applications AS a SET lease_token = $2, leased_until = $3 FROM free
           WHERE a.tenant_id = free.tenant_id AND a.connection_id = free.connection_id AND a.subscription_id = free.subscription_id
           RETURNING a.tenant_id AS "tenant_id: _", a.connection_id AS "connection_id: _", a.subscription_id AS "subscription_id: _",
             a.customer_id AS "customer_id: _", a.urgency"#,
        now,
        token,
        until,
        per_connection,
        &busy,
        in_all,
        &at_work,
    )
    .fetch_all(&mut **tx)
    .await
}

/// Takes the probe of each connection whose breaker may be tried, and one thing that is due there.
pub(crate) async fn probe(
    tx: &mut SystemTx,
    now: DateTime<Utc>,
    token: Uuid,
    until: DateTime<Utc>,
    probe_until: DateTime<Utc>,
) -> Result<Vec<Claimed>, sqlx::Error> {
    sqlx::query_as!(
        Claimed,
        r#"WITH taken AS (
             UPDATE connection_health AS h SET breaker = 'HALF_OPEN', retry_at = $4, updated_at = $1
             FROM connections AS c
             WHERE c.tenant_id = h.tenant_id AND c.id = h.connection_id AND c.state <> 'DISABLED'
               AND h.breaker <> 'CLOSED' AND h.retry_at <= $1
               AND EXISTS (SELECT FROM applications AS a WHERE a.connection_id = c.id AND a.due_at <= $1
                           AND (a.leased_until IS NULL OR a.leased_until <= $1))
             RETURNING h.connection_id
           ), first AS (
             SELECT a.tenant_id, a.connection_id, a.subscription_id
             FROM taken CROSS JOIN LATERAL (
               SELECT a.* FROM applications AS a
               WHERE a.connection_id = taken.connection_id AND a.due_at <= $1 AND (a.leased_until IS NULL OR a.leased_until <= $1)
               ORDER BY a.urgency, a.due_at, a.subscription_id LIMIT 1 FOR UPDATE OF a SKIP LOCKED
             ) AS a
           )
           UPDATE applications AS a SET lease_token = $2, leased_until = $3 FROM first
           WHERE a.tenant_id = first.tenant_id AND a.connection_id = first.connection_id AND a.subscription_id = first.subscription_id
           RETURNING a.tenant_id AS "tenant_id: _", a.connection_id AS "connection_id: _", a.subscription_id AS "subscription_id: _",
             a.customer_id AS "customer_id: _", a.urgency"#,
        now,
        token,
        until,
        probe_until,
    )
    .fetch_all(&mut **tx)
    .await
}

/// Takes one application on if nobody has it.
pub(crate) async fn claim_one(
    tx: &mut TenantTx,
    key: ApplicationKey,
    token: Uuid,
    until: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let now = tx.now();
    let claimed = sqlx::query!(
        "UPDATE applications SET lease_token = $4, leased_until = $5
         WHERE tenant_id = $1 AND connection_id = $2 AND subscription_id = $3 AND (leased_until IS NULL OR leased_until <= $6)",
        tx.tenant_id().uuid(),
        key.connection_id.uuid(),
        key.subscription_id.uuid(),
        token,
        until,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(claimed.rows_affected() == 1)
}

/// An application's row.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) connection_id: GatewayId,
    pub(crate) subscription_id: SubscriptionId,
    pub(crate) customer_id: CustomerId,
    pub(crate) stage: Stage,
    pub(crate) state: ProvisioningState,
    pub(crate) generation: i64,
    pub(crate) acknowledged_generation: i64,
    pub(crate) urgency: i16,
    pub(crate) due_at: Option<DateTime<Utc>>,
    pub(crate) attempts: i32,
    pub(crate) last_error: Option<String>,
    pub(crate) failing_since: Option<DateTime<Utc>>,
    pub(crate) remote_id: Option<String>,
    pub(crate) acknowledged_at: Option<DateTime<Utc>>,
    pub(crate) effective_by: Option<DateTime<Utc>>,
    pub(crate) last_number: i32,
    pub(crate) request_id: Option<RequestId>,
    /// Keys of it are still under the consumer that it was adopted from.
    pub(crate) adopts: bool,
}

impl Row {
    pub(crate) const fn key(&self) -> ApplicationKey {
        ApplicationKey {
            connection_id: self.connection_id,
            subscription_id: self.subscription_id,
            customer_id: self.customer_id,
        }
    }
}

/// The row, held until the end of the transaction, if it is this worker's.
pub(crate) async fn hold(tx: &mut TenantTx, key: ApplicationKey, token: Uuid) -> Result<Option<Row>, sqlx::Error> {
    sqlx::query_as!(
        Row,
        r#"SELECT connection_id AS "connection_id: _", subscription_id AS "subscription_id: _", customer_id AS "customer_id: _", stage AS "stage: _",
             state AS "state: _", generation, acknowledged_generation, urgency, due_at, attempts, last_error, failing_since, remote_id,
             acknowledged_at, effective_by, last_number, request_id AS "request_id: _", adopts
           FROM applications
           WHERE tenant_id = $1 AND connection_id = $2 AND subscription_id = $3 AND lease_token = $4 FOR UPDATE"#,
        tx.tenant_id().uuid(),
        key.connection_id.uuid(),
        key.subscription_id.uuid(),
        token,
    )
    .fetch_optional(&mut **tx)
    .await
}

/// Every row of a subscription.
pub(crate) async fn of_subscription(tx: &mut TenantTx, id: SubscriptionId) -> Result<Vec<Row>, sqlx::Error> {
    sqlx::query_as!(
        Row,
        r#"SELECT connection_id AS "connection_id: _", subscription_id AS "subscription_id: _", customer_id AS "customer_id: _", stage AS "stage: _",
             state AS "state: _", generation, acknowledged_generation, urgency, due_at, attempts, last_error, failing_since, remote_id,
             acknowledged_at, effective_by, last_number, request_id AS "request_id: _", adopts
           FROM applications WHERE tenant_id = $1 AND subscription_id = $2 ORDER BY connection_id"#,
        tx.tenant_id().uuid(),
        id.uuid(),
    )
    .fetch_all(&mut **tx)
    .await
}

/// Writes what came of an attempt and gives the row back.
pub(crate) async fn give_back(tx: &mut TenantTx, row: &Row, fault: Option<&str>) -> Result<(), sqlx::Error> {
    let now = tx.now();
    sqlx::query!(
        "UPDATE applications SET state = $4, acknowledged_generation = $5, urgency = $6, due_at = $7, attempts = $8, last_error = $9,
           failing_since = $10, remote_id = $11, acknowledged_at = $12, effective_by = $13, last_fault = $14, observed_at = $15,
           updated_at = $15, lease_token = NULL, leased_until = NULL
         WHERE tenant_id = $1 AND connection_id = $2 AND subscription_id = $3",
        tx.tenant_id().uuid(),
        row.connection_id.uuid(),
        row.subscription_id.uuid(),
        row.state.as_str(),
        row.acknowledged_generation,
        row.urgency,
        row.due_at,
        row.attempts,
        row.last_error,
        row.failing_since,
        row.remote_id,
        row.acknowledged_at,
        row.effective_by,
        fault,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Notes the last number that was given to a credential.
pub(crate) async fn set_last_number(tx: &mut TenantTx, key: ApplicationKey, number: i32) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE applications SET last_number = $4 WHERE tenant_id = $1 AND connection_id = $2 AND subscription_id = $3",
        tx.tenant_id().uuid(),
        key.connection_id.uuid(),
        key.subscription_id.uuid(),
        number,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Everything of a connection that waits after a failure is due now.
pub(crate) async fn hurry(tx: &mut TenantTx, id: GatewayId) -> Result<(), sqlx::Error> {
    let now = tx.now();
    sqlx::query!(
        // Whoever holds one writes down now when it is due.
        "UPDATE applications AS a SET due_at = $3 FROM (
           SELECT subscription_id FROM applications
           WHERE tenant_id = $1 AND connection_id = $2 AND due_at > $3
             AND (failing_since IS NOT NULL OR acknowledged_generation < generation) FOR UPDATE SKIP LOCKED) AS w
         WHERE a.tenant_id = $1 AND a.connection_id = $2 AND a.subscription_id = w.subscription_id",
        tx.tenant_id().uuid(),
        id.uuid(),
        now,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!("SELECT pg_notify($1, '')::text AS told", CHANNEL)
        .fetch_one(&mut **tx)
        .await?;
    Ok(())
}

/// Wherever this key has a credential, something else is desired from now on: whoever is at it there begins again.
pub(crate) async fn hurry_key(tx: &mut TenantTx, id: KeyId) -> Result<(), sqlx::Error> {
    let now = tx.now();
    sqlx::query!(
        "UPDATE applications AS a SET generation = a.generation + 1, due_at = LEAST(coalesce(a.due_at, $3), $3)
         FROM application_credentials AS c
         WHERE a.tenant_id = $1 AND c.tenant_id = $1 AND c.key_id = $2 AND c.removed_at IS NULL
           AND a.connection_id = c.connection_id AND a.subscription_id = c.subscription_id",
        tx.tenant_id().uuid(),
        id.uuid(),
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Everything of a connection is to be brought to what is desired now; returns how much that is.
pub(crate) async fn touch_connection(tx: &mut TenantTx, id: GatewayId, urgency: Urgency) -> Result<u64, sqlx::Error> {
    let (now, request_id) = (tx.now(), tx.caller().request_id.uuid());
    let touched = sqlx::query!(
        "UPDATE applications SET generation = generation + 1, due_at = $3, attempts = 0, request_id = $5,
           urgency = CASE WHEN due_at IS NULL THEN $4 ELSE LEAST(urgency, $4) END
         WHERE tenant_id = $1 AND connection_id = $2 AND state <> 'REMOVED'",
        tx.tenant_id().uuid(),
        id.uuid(),
        now,
        urgency.as_i16(),
        request_id,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!("SELECT pg_notify($1, '')::text AS told", CHANNEL)
        .fetch_one(&mut **tx)
        .await?;
    Ok(touched.rows_affected())
}

/// How many applications of a connection are not surely gone.
pub(crate) async fn count_left(tx: &mut TenantTx, id: GatewayId) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM applications WHERE tenant_id = $1 AND connection_id = $2 AND state <> 'REMOVED'"#,
        tx.tenant_id().uuid(),
        id.uuid(),
    )
    .fetch_one(&mut **tx)
    .await
}

/// Where each of these stands on every connected gateway.
pub(crate) async fn standing_of(
    tx: &mut TenantTx,
    ids: &[SubscriptionId],
) -> Result<HashMap<SubscriptionId, Vec<GatewayStanding>>, sqlx::Error> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let rows = sqlx::query!(
        r#"SELECT a.subscription_id AS "subscription_id: SubscriptionId", a.connection_id AS "gateway_id: GatewayId", c.name,
             CASE WHEN a.acknowledged_generation < a.generation AND a.state IN ('ACTIVE', 'SUSPENDED', 'REMOVED', 'PREPARING')
               THEN 'PENDING' ELSE a.state END AS "state!: ProvisioningState", a.last_error,
             CASE WHEN a.acknowledged_generation >= a.generation THEN a.acknowledged_at END AS acknowledged_at,
             CASE WHEN a.acknowledged_generation >= a.generation THEN a.effective_by END AS effective_by
           FROM applications AS a JOIN connections AS c ON c.tenant_id = a.tenant_id AND c.id = a.connection_id
           WHERE a.tenant_id = $1 AND a.subscription_id = ANY($2) ORDER BY a.connection_id"#,
        tx.tenant_id().uuid(),
        &ids,
    )
    .fetch_all(&mut **tx)
    .await?;
    let mut found: HashMap<SubscriptionId, Vec<GatewayStanding>> = HashMap::new();
    for row in rows {
        found.entry(row.subscription_id).or_default().push(GatewayStanding {
            gateway_id: row.gateway_id,
            gateway_name: row.name,
            state: row.state,
            last_error: row.last_error,
            acknowledged_at: row.acknowledged_at,
            effective_by: row.effective_by,
        });
    }
    Ok(found)
}

/// The rows of these subscriptions on one gateway.
pub(crate) async fn of_connection(
    tx: &mut TenantTx,
    id: GatewayId,
    subscriptions: &[SubscriptionId],
) -> Result<Vec<Row>, sqlx::Error> {
    let subscriptions: Vec<Uuid> = subscriptions.iter().map(|id| id.uuid()).collect();
    sqlx::query_as!(
        Row,
        r#"SELECT connection_id AS "connection_id: _", subscription_id AS "subscription_id: _", customer_id AS "customer_id: _", stage AS "stage: _",
             state AS "state: _", generation, acknowledged_generation, urgency, due_at, attempts, last_error, failing_since, remote_id,
             acknowledged_at, effective_by, last_number, request_id AS "request_id: _", adopts
           FROM applications WHERE tenant_id = $1 AND connection_id = $2 AND subscription_id = ANY($3) ORDER BY subscription_id"#,
        tx.tenant_id().uuid(),
        id.uuid(),
        &subscriptions,
    )
    .fetch_all(&mut **tx)
    .await
}

/// A page of those on a gateway that this run has not seen there; of `only`, where that is given.
pub(crate) async fn unseen(
    tx: &mut TenantTx,
    id: GatewayId,
    run_id: ProvisioningRunId,
    only: Option<&[SubscriptionId]>,
    after: Option<SubscriptionId>,
    most: i64,
) -> Result<Vec<SubscriptionId>, sqlx::Error> {
    let only: Option<Vec<Uuid>> = only.map(|ids| ids.iter().map(|id| id.uuid()).collect());
    sqlx::query_scalar!(
        r#"SELECT subscription_id AS "id: _" FROM applications
           WHERE tenant_id = $1 AND connection_id = $2 AND seen_in IS DISTINCT FROM $3 AND ($4::uuid[] IS NULL OR subscription_id = ANY($4))
             AND ($5::uuid IS NULL OR subscription_id > $5)
           ORDER BY subscription_id LIMIT $6"#,
        tx.tenant_id().uuid(),
        id.uuid(),
        run_id.uuid(),
        only.as_deref(),
        after.map(SubscriptionId::uuid),
        most,
    )
    .fetch_all(&mut **tx)
    .await
}

/// Notes that a run has seen these on a gateway.
pub(crate) async fn see(
    tx: &mut TenantTx,
    id: GatewayId,
    run_id: ProvisioningRunId,
    subscriptions: &[SubscriptionId],
) -> Result<(), sqlx::Error> {
    let subscriptions: Vec<Uuid> = subscriptions.iter().map(|id| id.uuid()).collect();
    sqlx::query!(
        "UPDATE applications AS a SET seen_in = $3 FROM (
           SELECT subscription_id FROM applications WHERE tenant_id = $1 AND connection_id = $2 AND subscription_id = ANY($4)
           ORDER BY subscription_id FOR UPDATE) AS s
         WHERE a.tenant_id = $1 AND a.connection_id = $2 AND a.subscription_id = s.subscription_id",
        tx.tenant_id().uuid(),
        id.uuid(),
        run_id.uuid(),
        &subscriptions,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Has one application brought to what is desired, whether there was anything of it or not; returns the generation that
/// says so.
pub(crate) async fn repair(tx: &mut TenantTx, key: ApplicationKey, stage: Stage) -> Result<i64, sqlx::Error> {
    let (now, request_id) = (tx.now(), tx.caller().request_id.uuid());
    sqlx::query_scalar!(
        r#"INSERT INTO applications AS a (tenant_id, connection_id, subscription_id, customer_id, stage, state, generation,
             acknowledged_generation, urgency, due_at, attempts, last_number, request_id, created_at, updated_at)
           VALUES ($1, $2, $3, $4, $8, 'PENDING', 1, 0, $5, $6, 0, 0, $7, $6, $6)
           ON CONFLICT (tenant_id, connection_id, subscription_id) DO UPDATE SET
             generation = a.generation + 1, due_at = $6, attempts = 0, request_id = $7, updated_at = $6,
             urgency = CASE WHEN a.due_at IS NULL THEN $5 ELSE LEAST(a.urgency, $5) END
           RETURNING generation"#,
        tx.tenant_id().uuid(),
        key.connection_id.uuid(),
        key.subscription_id.uuid(),
        key.customer_id.uuid(),
        Urgency::Bulk.as_i16(),
        now,
        request_id,
        stage.as_str(),
    )
    .fetch_one(&mut **tx)
    .await
}

/// Wakes the dispatchers when the transaction has committed.
pub(crate) async fn wake(tx: &mut TenantTx) -> Result<(), sqlx::Error> {
    sqlx::query!("SELECT pg_notify($1, '')::text AS told", CHANNEL)
        .fetch_one(&mut **tx)
        .await?;
    Ok(())
}

/// Shows one as drifted, if nothing of it has changed since it was looked at.
pub(crate) async fn drifted(tx: &mut TenantTx, row: &Row, words: &str) -> Result<bool, sqlx::Error> {
    let now = tx.now();
    let done = sqlx::query!(
        "UPDATE applications SET state = 'DRIFTED', last_error = $5, failing_since = coalesce(failing_since, $6), updated_at = $6
         WHERE tenant_id = $1 AND connection_id = $2 AND subscription_id = $3 AND generation = $4 AND lease_token IS NULL",
        tx.tenant_id().uuid(),
        row.connection_id.uuid(),
        row.subscription_id.uuid(),
        row.generation,
        words,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}
