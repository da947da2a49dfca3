use chrono::{DateTime, Utc};
use gatewright_database::{PageRequest, TenantTx};
use gatewright_spec::model::Finding;
use gatewright_types::ids::{ApiRevisionId, ApiSpecId, JobId};
use serde_json::Value;
use sqlx::types::Json;
use uuid::Uuid;

use crate::model::{Cause, Progress, Revision, RevisionState, RevisionSummary};

/// A row of `api_spec_revisions` as a list has it, and whose it is.
pub(crate) struct Row {
    pub(crate) spec_id: ApiSpecId,
    pub(crate) summary: RevisionSummary,
}

struct Flat {
    spec_id: ApiSpecId,
    id: ApiRevisionId,
    number: i32,
    state: RevisionState,
    cause: Cause,
    from_number: Option<i32>,
    job_id: Option<JobId>,
    title: String,
    version: String,
    operations: Option<i32>,
    schemas: Option<i32>,
    bytes: Option<i64>,
    findings_total: i32,
    contract_note: Option<String>,
    created_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
}

impl From<Flat> for Row {
    fn from(row: Flat) -> Self {
        Self {
            spec_id: row.spec_id,
            summary: RevisionSummary {
                id: row.id,
                number: row.number,
                state: row.state,
                cause: row.cause,
                from_number: row.from_number,
                job_id: row.job_id,
                title: row.title,
                version: row.version,
                operations: row.operations,
                schemas: row.schemas,
                bytes: row.bytes,
                findings_total: row.findings_total,
                contract_note: row.contract_note,
                created_at: row.created_at,
                ended_at: row.ended_at,
            },
        }
    }
}

pub(crate) async fn insert(
    tx: &mut TenantTx,
    spec_id: ApiSpecId,
    revision: &RevisionSummary,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO api_spec_revisions (tenant_id, id, spec_id, number, state, cause, from_number, job_id, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        tx.tenant_id().uuid(),
        revision.id.uuid(),
        spec_id.uuid(),
        revision.number,
        revision.state.as_str(),
        revision.cause.as_str(),
        revision.from_number,
        revision.job_id.map(JobId::uuid),
        revision.created_at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The published and the newest revision of each description.
pub(crate) async fn of_specs(tx: &mut TenantTx, ids: &[ApiSpecId]) -> Result<Vec<Row>, sqlx::Error> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let rows = sqlx::query_as!(
        Flat,
        r#"SELECT r.spec_id AS "spec_id: _", r.id AS "id: _", r.number, r.state AS "state: _", r.cause AS "cause: _",
             r.from_number, r.job_id AS "job_id: _", r.title, r.version, r.operations, r.schemas, r.bytes, r.findings_total,
             r.contract_note, r.created_at, r.ended_at
           FROM api_spec_revisions AS r JOIN api_specs AS s ON s.tenant_id = r.tenant_id AND s.id = r.spec_id
           WHERE r.tenant_id = $1 AND r.spec_id = ANY($2) AND (r.state = 'PUBLISHED' OR r.number = s.revisions)"#,
        tx.tenant_id().uuid(),
        &ids,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(Row::from).collect())
}

pub(crate) async fn list(
    tx: &mut TenantTx,
    spec_id: ApiSpecId,
    page: PageRequest,
) -> Result<Vec<RevisionSummary>, sqlx::Error> {
    let rows = sqlx::query_as!(
        Flat,
        r#"SELECT spec_id AS "spec_id: _", id AS "id: _", number, state AS "state: _", cause AS "cause: _",
             from_number, job_id AS "job_id: _", title, version, operations, schemas, bytes, findings_total,
             contract_note, created_at, ended_at
           FROM api_spec_revisions WHERE tenant_id = $1 AND spec_id = $2 AND ($3::uuid IS NULL OR id < $3)
           ORDER BY id DESC LIMIT $4"#,
        tx.tenant_id().uuid(),
        spec_id.uuid(),
        page.after,
        page.probe(),
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|row| Row::from(row).summary).collect())
}

/// Those that wait for their import, the newest first.
pub(crate) async fn importing(tx: &mut TenantTx, spec_id: ApiSpecId) -> Result<Vec<RevisionSummary>, sqlx::Error> {
    let rows = sqlx::query_as!(
        Flat,
        r#"SELECT spec_id AS "spec_id: _", id AS "id: _", number, state AS "state: _", cause AS "cause: _",
             from_number, job_id AS "job_id: _", title, version, operations, schemas, bytes, findings_total,
             contract_note, created_at, ended_at
           FROM api_spec_revisions WHERE tenant_id = $1 AND spec_id = $2 AND state = 'IMPORTING' ORDER BY number DESC"#,
        tx.tenant_id().uuid(),
        spec_id.uuid(),
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|row| Row::from(row).summary).collect())
}

struct Details {
    steps: Json<Vec<Progress>>,
    findings: Json<Vec<Finding>>,
    diff: Option<Value>,
    has_document: bool,
}

pub(crate) async fn find(
    tx: &mut TenantTx,
    spec_id: ApiSpecId,
    id: ApiRevisionId,
) -> Result<Option<Revision>, sqlx::Error> {
    let flat = sqlx::query_as!(
        Flat,
        r#"SELECT spec_id AS "spec_id: _", id AS "id: _", number, state AS "state: _", cause AS "cause: _",
             from_number, job_id AS "job_id: _", title, version, operations, schemas, bytes, findings_total,
             contract_note, created_at, ended_at
           FROM api_spec_revisions WHERE tenant_id = $1 AND spec_id = $2 AND id = $3"#,
        tx.tenant_id().uuid(),
        spec_id.uuid(),
        id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    let Some(flat) = flat else { return Ok(None) };
    let details = sqlx::query_as!(
        Details,
        r#"SELECT steps AS "steps: _", findings AS "findings: _", diff,
             EXISTS (SELECT FROM api_spec_documents AS d WHERE d.tenant_id = r.tenant_id AND d.revision_id = r.id) AS "has_document!"
           FROM api_spec_revisions AS r WHERE tenant_id = $1 AND id = $2"#,
        tx.tenant_id().uuid(),
        id.uuid(),
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(Some(Revision {
        summary: Row::from(flat).summary,
        steps: details.steps.0,
        findings: details.findings.0,
        diff: details.diff,
        has_document: details.has_document,
    }))
}

pub(crate) async fn set_steps(tx: &mut TenantTx, id: ApiRevisionId, steps: &[Progress]) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE api_spec_revisions SET steps = $3 WHERE tenant_id = $1 AND id = $2",
        tx.tenant_id().uuid(),
        id.uuid(),
        Json(steps) as _,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// How a revision ends.
pub(crate) struct End<'a> {
    pub(crate) state: RevisionState,
    pub(crate) steps: &'a [Progress],
    pub(crate) findings: &'a [Finding],
    pub(crate) findings_total: i32,
    pub(crate) diff: Option<Value>,
    pub(crate) title: &'a str,
    pub(crate) version: &'a str,
    pub(crate) operations: Option<i32>,
    pub(crate) schemas: Option<i32>,
    pub(crate) bytes: Option<i64>,
    pub(crate) sha256: Option<&'a [u8]>,
    pub(crate) contract_note: Option<&'a str>,
}

pub(crate) async fn end(tx: &mut TenantTx, id: ApiRevisionId, end: &End<'_>) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE api_spec_revisions SET state = $3, steps = $4, findings = $5, findings_total = $6, diff = $7, title = $8,
           version = $9, operations = $10, schemas = $11, bytes = coalesce($12, bytes), sha256 = coalesce($13, sha256),
           contract_note = $14, ended_at = $15
         WHERE tenant_id = $1 AND id = $2",
        tx.tenant_id().uuid(),
        id.uuid(),
        end.state.as_str(),
        Json(end.steps) as _,
        Json(end.findings) as _,
        end.findings_total,
        end.diff,
        end.title,
        end.version,
        end.operations,
        end.schemas,
        end.bytes,
        end.sha256,
        end.contract_note,
        tx.now(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Gives revisions a state that ends them; those that have ended keep the time.
pub(crate) async fn set_state(
    tx: &mut TenantTx,
    ids: &[ApiRevisionId],
    state: RevisionState,
) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    sqlx::query!(
        "UPDATE api_spec_revisions SET state = $3, ended_at = coalesce(ended_at, $4) WHERE tenant_id = $1 AND id = ANY($2)",
        tx.tenant_id().uuid(),
        &ids,
        state.as_str(),
        tx.now(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Takes the place away from the published revision, if there is one.
pub(crate) async fn supersede_published(tx: &mut TenantTx, spec_id: ApiSpecId) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE api_spec_revisions SET state = 'SUPERSEDED' WHERE tenant_id = $1 AND spec_id = $2 AND state = 'PUBLISHED'",
        tx.tenant_id().uuid(),
        spec_id.uuid(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// What the published revision's document hashes to.
pub(crate) async fn published_sha256(tx: &mut TenantTx, spec_id: ApiSpecId) -> Result<Option<Vec<u8>>, sqlx::Error> {
    let found = sqlx::query_scalar!(
        "SELECT sha256 FROM api_spec_revisions WHERE tenant_id = $1 AND spec_id = $2 AND state = 'PUBLISHED'",
        tx.tenant_id().uuid(),
        spec_id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(found.flatten())
}

/// A document as it was written, and what it refers to elsewhere.
pub(crate) struct Document {
    pub(crate) source: Vec<u8>,
    pub(crate) media_type: Option<String>,
    pub(crate) remotes: Json<Vec<(String, String)>>,
}

pub(crate) async fn put_document(
    tx: &mut TenantTx,
    id: ApiRevisionId,
    source: &[u8],
    media_type: Option<&str>,
    remotes: &[(String, String)],
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO api_spec_documents (tenant_id, revision_id, source, media_type, remotes) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (tenant_id, revision_id) DO UPDATE SET remotes = excluded.remotes",
        tx.tenant_id().uuid(),
        id.uuid(),
        source,
        media_type,
        Json(remotes) as _,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Gives one revision the document of another; false where it is not there any more.
pub(crate) async fn copy_document(
    tx: &mut TenantTx,
    from: ApiRevisionId,
    to: ApiRevisionId,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "INSERT INTO api_spec_documents (tenant_id, revision_id, source, media_type, remotes)
         SELECT tenant_id, $3, source, media_type, remotes FROM api_spec_documents WHERE tenant_id = $1 AND revision_id = $2",
        tx.tenant_id().uuid(),
        from.uuid(),
        to.uuid(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(crate) async fn document(tx: &mut TenantTx, id: ApiRevisionId) -> Result<Option<Document>, sqlx::Error> {
    sqlx::query_as!(
        Document,
        r#"SELECT source, media_type, remotes AS "remotes: _" FROM api_spec_documents WHERE tenant_id = $1 AND revision_id = $2"#,
        tx.tenant_id().uuid(),
        id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await
}

/// Forgets the documents of all but the newest revisions, and all but more of those.
pub(crate) async fn prune(
    tx: &mut TenantTx,
    spec_id: ApiSpecId,
    documents: i64,
    revisions: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "DELETE FROM api_spec_documents AS d USING (
           SELECT id FROM api_spec_revisions WHERE tenant_id = $1 AND spec_id = $2 AND state NOT IN ('PUBLISHED', 'IMPORTING')
           ORDER BY number DESC OFFSET $3) AS old
         WHERE d.tenant_id = $1 AND d.revision_id = old.id",
        tx.tenant_id().uuid(),
        spec_id.uuid(),
        documents,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "DELETE FROM api_spec_revisions AS r USING (
           SELECT id FROM api_spec_revisions WHERE tenant_id = $1 AND spec_id = $2 AND state NOT IN ('PUBLISHED', 'IMPORTING')
           ORDER BY number DESC OFFSET $3) AS old
         WHERE r.tenant_id = $1 AND r.id = old.id",
        tx.tenant_id().uuid(),
        spec_id.uuid(),
        revisions,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
