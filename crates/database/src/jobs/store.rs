//! The SQL of jobs and schedules. It decides nothing, but for which due job comes first.

use chrono::{DateTime, Utc};
use gatewright_types::ids::{JobId, TenantId};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use super::enqueue::Row;
use super::model::{JobState, JobView, Lane, Progress};
use crate::{PageRequest, TenantTx};

/// What workers listen to. Its messages name nobody: a worker sees them whoever's they are.
pub(super) const CHANNEL: &str = "gatewright_jobs";
/// The message that somebody cancelled a running job; any other one says that something is due.
pub(super) const CANCEL_MESSAGE: &str = "cancel";

/// A job that was claimed.
pub(super) struct Claimed {
    pub(super) id: JobId,
    pub(super) tenant_id: Option<TenantId>,
    pub(super) kind: String,
    pub(super) payload: Value,
    pub(super) attempts: i32,
    pub(super) attempts_max: i32,
}

/// Inserts, or finds the one with the same unique key, and wakes a worker.
pub(super) async fn insert(connection: &mut PgConnection, row: &Row) -> Result<JobId, sqlx::Error> {
    // The update that changes nothing holds the other job until we commit: while it is queued, nobody claims it
    // before what we write can be seen. One that runs may have looked before, so it is to run again; see the trigger
    // `job_again` of migration 0011.
    let inserted = sqlx::query!(
        r#"INSERT INTO jobs AS job (id, tenant_id, kind, lane, payload, unique_key, state, attempts, attempts_max, due_at, created_at)
           VALUES ($1, $2, $3, $4, $5, $6, 'QUEUED', 0, $7, $8, $9)
           ON CONFLICT (coalesce(tenant_id, '00000000-0000-0000-0000-000000000000'), kind, unique_key)
             WHERE ended_at IS NULL AND unique_key IS NOT NULL
             DO UPDATE SET unique_key = job.unique_key,
               again_at = CASE WHEN job.state = 'RUNNING' THEN least(job.again_at, excluded.due_at) END
           RETURNING id AS "id: JobId", CASE WHEN $8 <= $9 THEN pg_notify($10, '')::text END AS told"#,
        row.id.uuid(),
        row.tenant_id.map(TenantId::uuid),
        row.kind,
        row.lane,
        row.payload,
        row.unique_key,
        row.attempts_max,
        row.due_at,
        row.now,
        CHANNEL,
    )
    .fetch_one(connection)
    .await?;
    Ok(inserted.id)
}

/// Claims up to `limit` jobs of one lane and of these kinds.
pub(super) async fn claim(
    connection: &mut PgConnection,
    lane: Lane,
    kinds: &[String],
    limit: i64,
    token: Uuid,
    now: DateTime<Utc>,
    lease_until: DateTime<Utc>,
) -> Result<Vec<Claimed>, sqlx::Error> {
    // A CTE, because a subselect in WHERE may be run more than once and then claim more than the limit.
    sqlx::query_as!(
        Claimed,
        r#"WITH due AS MATERIALIZED (
             SELECT id FROM jobs
             WHERE lane = $1 AND ended_at IS NULL AND due_at <= $5 AND kind = ANY($2)
               AND (state = 'QUEUED' OR attempts < attempts_max AND NOT cancel_requested)
             ORDER BY due_at, id LIMIT $3 FOR UPDATE SKIP LOCKED
           )
           UPDATE jobs SET state = 'RUNNING', attempts = attempts + 1, lease_token = $4, due_at = $6, started_at = $5, again_at = NULL
           FROM due WHERE jobs.id = due.id
           RETURNING jobs.id AS "id: _", tenant_id AS "tenant_id: _", kind, payload, attempts, attempts_max"#,
        lane.as_str(),
        kinds,
        limit,
        token,
        now,
        lease_until,
    )
    .fetch_all(connection)
    .await
}

/// Ends jobs whose worker was lost and which may not be claimed again.
pub(super) async fn end_lost(
    connection: &mut PgConnection,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<JobId>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"WITH lost AS MATERIALIZED (
             SELECT id FROM jobs
             WHERE ended_at IS NULL AND state = 'RUNNING' AND due_at <= $1 AND (attempts >= attempts_max OR cancel_requested)
             LIMIT $2 FOR UPDATE SKIP LOCKED
           )
           UPDATE jobs SET state = CASE WHEN cancel_requested THEN 'CANCELLED' ELSE 'DEAD' END, lease_token = NULL, ended_at = $1,
             last_error = 'the worker that ran it was lost'
           FROM lost WHERE jobs.id = lost.id RETURNING jobs.id AS "id: _""#,
        now,
        limit,
    )
    .fetch_all(connection)
    .await
}

/// Renews leases; returns those that still hold, and whether their job was cancelled.
pub(super) async fn renew(
    connection: &mut PgConnection,
    ids: &[Uuid],
    tokens: &[Uuid],
    lease_until: DateTime<Utc>,
) -> Result<Vec<(JobId, bool)>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"UPDATE jobs SET due_at = $3 FROM UNNEST($1::uuid[], $2::uuid[]) AS held (id, token)
           WHERE jobs.id = held.id AND lease_token = held.token
           RETURNING jobs.id AS "id: JobId", cancel_requested"#,
        ids,
        tokens,
        lease_until,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.cancel_requested)).collect())
}

/// Writes progress; returns whether the job was cancelled, or none when the lease is gone.
pub(super) async fn progress(
    connection: &mut PgConnection,
    id: JobId,
    token: Uuid,
    done: i64,
    total: Option<i64>,
    message: &str,
) -> Result<Option<bool>, sqlx::Error> {
    sqlx::query_scalar!(
        "UPDATE jobs SET progress_done = $3, progress_total = $4, progress_message = nullif($5, '')
         WHERE id = $1 AND lease_token = $2 RETURNING cancel_requested",
        id.uuid(),
        token,
        done,
        total,
        message,
    )
    .fetch_optional(connection)
    .await
}

/// Holds a job until the end of the transaction, if the lease is still ours.
pub(super) async fn hold(connection: &mut PgConnection, id: JobId, token: Uuid) -> Result<bool, sqlx::Error> {
    let held = sqlx::query!(
        "SELECT id FROM jobs WHERE id = $1 AND lease_token = $2 FOR UPDATE",
        id.uuid(),
        token
    )
    .fetch_optional(connection)
    .await?;
    Ok(held.is_some())
}

/// Ends a job that [`hold`] holds.
pub(super) async fn succeed(
    connection: &mut PgConnection,
    id: JobId,
    token: Uuid,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE jobs SET state = 'SUCCEEDED', lease_token = NULL, ended_at = $3, last_error = NULL WHERE id = $1 AND lease_token = $2",
        id.uuid(),
        token,
        now,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Ends a job without success; returns whether the lease was still ours.
pub(super) async fn give_up(
    connection: &mut PgConnection,
    id: JobId,
    token: Uuid,
    state: JobState,
    now: DateTime<Utc>,
    error: Option<&str>,
) -> Result<bool, sqlx::Error> {
    let result = sqlx::query!(
        "UPDATE jobs SET state = $3, lease_token = NULL, ended_at = $4, last_error = coalesce($5, last_error)
         WHERE id = $1 AND lease_token = $2",
        id.uuid(),
        token,
        state.as_str(),
        now,
        error,
    )
    .execute(connection)
    .await?;
    Ok(result.rows_affected() == 1)
}

/// Queues a job for its next attempt; one that was cancelled meanwhile ends instead.
pub(super) async fn put_back(
    connection: &mut PgConnection,
    id: JobId,
    token: Uuid,
    now: DateTime<Utc>,
    due_at: DateTime<Utc>,
    error: &str,
) -> Result<bool, sqlx::Error> {
    let result = sqlx::query!(
        "UPDATE jobs SET state = CASE WHEN cancel_requested THEN 'CANCELLED' ELSE 'QUEUED' END,
           ended_at = CASE WHEN cancel_requested THEN $3::timestamptz END, lease_token = NULL, due_at = $4, last_error = $5
         WHERE id = $1 AND lease_token = $2",
        id.uuid(),
        token,
        now,
        due_at,
        error,
    )
    .execute(connection)
    .await?;
    Ok(result.rows_affected() == 1)
}

/// Gives leases back as if the jobs had not been claimed.
pub(super) async fn give_back(
    connection: &mut PgConnection,
    ids: &[Uuid],
    tokens: &[Uuid],
    now: DateTime<Utc>,
) -> Result<u64, sqlx::Error> {
    let result = sqlx::query!(
        "WITH given AS (
           UPDATE jobs SET state = CASE WHEN cancel_requested THEN 'CANCELLED' ELSE 'QUEUED' END,
             ended_at = CASE WHEN cancel_requested THEN $3::timestamptz END, lease_token = NULL, due_at = $3, attempts = attempts - 1
           FROM UNNEST($1::uuid[], $2::uuid[]) AS held (id, token)
           WHERE jobs.id = held.id AND lease_token = held.token RETURNING jobs.id
         )
         SELECT id, pg_notify($4, '')::text AS told FROM given",
        ids,
        tokens,
        now,
        CHANNEL,
    )
    .fetch_all(connection)
    .await?;
    Ok(result.len() as u64)
}

/// Cancels a job that is queued, or asks the worker of one that runs; returns where it stands then, or none when
/// it has ended or is not there.
pub(super) async fn cancel(tx: &mut TenantTx, id: JobId) -> Result<bool, sqlx::Error> {
    let now = tx.now();
    let cancelled = sqlx::query!(
        "UPDATE jobs SET cancel_requested = true, again_at = NULL, state = CASE WHEN state = 'QUEUED' THEN 'CANCELLED' ELSE state END,
           ended_at = CASE WHEN state = 'QUEUED' THEN $3::timestamptz END
         WHERE tenant_id = $1 AND id = $2 AND ended_at IS NULL
         RETURNING CASE WHEN state = 'RUNNING' THEN pg_notify($4, $5)::text END AS told",
        tx.tenant_id().uuid(),
        id.uuid(),
        now,
        CHANNEL,
        CANCEL_MESSAGE,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(cancelled.is_some())
}

/// Queues a job again that was given up; its attempts begin anew.
pub(super) async fn replay(tx: &mut TenantTx, id: JobId) -> Result<bool, sqlx::Error> {
    let now = tx.now();
    let replayed = sqlx::query!(
        "UPDATE jobs SET state = 'QUEUED', ended_at = NULL, attempts = 0, due_at = $3, cancel_requested = false
         WHERE tenant_id = $1 AND id = $2 AND state IN ('FAILED', 'DEAD') RETURNING pg_notify($4, '')::text AS told",
        tx.tenant_id().uuid(),
        id.uuid(),
        now,
        CHANNEL,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(replayed.is_some())
}

struct ViewRow {
    id: JobId,
    kind: String,
    lane: Lane,
    state: JobState,
    attempts: i32,
    attempts_max: i32,
    due_at: DateTime<Utc>,
    cancel_requested: bool,
    progress_done: Option<i64>,
    progress_total: Option<i64>,
    progress_message: Option<String>,
    last_error: Option<String>,
    created_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
}

impl From<ViewRow> for JobView {
    fn from(row: ViewRow) -> Self {
        Self {
            id: row.id,
            kind: row.kind,
            lane: row.lane,
            state: row.state,
            attempts: row.attempts,
            attempts_max: row.attempts_max,
            run_at: (row.state == JobState::Queued).then_some(row.due_at),
            cancel_requested: row.cancel_requested,
            progress: row.progress_done.map(|done| Progress {
                done,
                total: row.progress_total,
                message: row.progress_message,
            }),
            last_error: row.last_error,
            created_at: row.created_at,
            started_at: row.started_at,
            ended_at: row.ended_at,
        }
    }
}

pub(super) async fn list(
    tx: &mut TenantTx,
    state: Option<JobState>,
    kind: Option<&str>,
    page: PageRequest,
) -> Result<Vec<JobView>, sqlx::Error> {
    let rows = sqlx::query_as!(
        ViewRow,
        r#"SELECT id AS "id: _", kind, lane AS "lane: _", state AS "state: _", attempts, attempts_max, due_at, cancel_requested,
             progress_done, progress_total, progress_message, last_error, created_at, started_at, ended_at
           FROM jobs WHERE tenant_id = $1 AND ($2::text IS NULL OR state = $2) AND ($3::text IS NULL OR kind = $3)
             AND ($4::uuid IS NULL OR id < $4) ORDER BY id DESC LIMIT $5"#,
        tx.tenant_id().uuid(),
        state.map(JobState::as_str),
        kind,
        page.after,
        page.probe(),
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(JobView::from).collect())
}

pub(super) async fn find(tx: &mut TenantTx, id: JobId) -> Result<Option<JobView>, sqlx::Error> {
    let row = sqlx::query_as!(
        ViewRow,
        r#"SELECT id AS "id: _", kind, lane AS "lane: _", state AS "state: _", attempts, attempts_max, due_at, cancel_requested,
             progress_done, progress_total, progress_message, last_error, created_at, started_at, ended_at
           FROM jobs WHERE tenant_id = $1 AND id = $2"#,
        tx.tenant_id().uuid(),
        id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(JobView::from))
}

/// Removes up to `limit` jobs that ended before `before`.
pub(super) async fn remove_ended(
    connection: &mut PgConnection,
    before: DateTime<Utc>,
    limit: i64,
) -> Result<u64, sqlx::Error> {
    let result = sqlx::query!(
        "DELETE FROM jobs WHERE id IN (SELECT id FROM jobs WHERE ended_at < $1 ORDER BY ended_at LIMIT $2)",
        before,
        limit,
    )
    .execute(connection)
    .await?;
    Ok(result.rows_affected())
}

pub(super) async fn register_schedules(
    connection: &mut PgConnection,
    names: &[String],
    rhythms: &[String],
    first: &[DateTime<Utc>],
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO schedules AS known (name, rhythm, next_run_at)
         SELECT * FROM UNNEST($1::text[], $2::text[], $3::timestamptz[]) AS new (name, rhythm, next_run_at) ORDER BY name
         ON CONFLICT (name) DO UPDATE SET rhythm = excluded.rhythm, next_run_at = excluded.next_run_at
           WHERE known.rhythm <> excluded.rhythm",
        names,
        rhythms,
        first,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// A schedule whose time has come, held until the end of the transaction.
pub(super) async fn due_schedule(
    connection: &mut PgConnection,
    names: &[String],
    now: DateTime<Utc>,
) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar!(
        "SELECT name FROM schedules WHERE name = ANY($1) AND next_run_at <= $2 ORDER BY next_run_at LIMIT 1 FOR UPDATE SKIP LOCKED",
        names,
        now,
    )
    .fetch_optional(connection)
    .await
}

pub(super) async fn move_schedule(
    connection: &mut PgConnection,
    name: &str,
    now: DateTime<Utc>,
    next: DateTime<Utc>,
    job_id: JobId,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE schedules SET last_run_at = $2, next_run_at = $3, last_job_id = $4 WHERE name = $1",
        name,
        now,
        next,
        job_id.uuid(),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The jobs of one kind, counted.
pub(super) struct FiguresRow {
    pub(super) kind: String,
    pub(super) queued: i64,
    pub(super) running: i64,
    pub(super) dead: i64,
    pub(super) oldest: Option<DateTime<Utc>>,
}

/// Counts jobs by kind.
pub(super) async fn figures(
    connection: &mut PgConnection,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<FiguresRow>, sqlx::Error> {
    // In two parts, because each is one small partial index.
    sqlx::query_as!(
        FiguresRow,
        r#"SELECT kind AS "kind!", count(*) FILTER (WHERE state = 'QUEUED') AS "queued!", count(*) FILTER (WHERE state = 'RUNNING') AS "running!",
             count(*) FILTER (WHERE state = 'DEAD') AS "dead!", min(due_at) FILTER (WHERE state = 'QUEUED' AND due_at <= $1) AS oldest
           FROM (
             SELECT kind, state, due_at FROM jobs WHERE ended_at IS NULL
             UNION ALL
             SELECT kind, state, due_at FROM jobs WHERE state = 'DEAD'
           ) AS counted
           GROUP BY kind ORDER BY kind LIMIT $2"#,
        now,
        limit,
    )
    .fetch_all(connection)
    .await
}
