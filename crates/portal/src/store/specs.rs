use chrono::{DateTime, Utc};
use gatewright_database::{PageRequest, SystemTx, TenantTx};
use gatewright_types::ids::{ApiSpecId, ProductId, TenantId};
use gatewright_types::slug::Slug;

use crate::model::{SpecFormat, Visibility};

/// A row of `api_specs`.
#[derive(Clone)]
pub(crate) struct Row {
    pub(crate) id: ApiSpecId,
    pub(crate) product_id: ProductId,
    pub(crate) slug: Slug,
    pub(crate) spec_format: SpecFormat,
    pub(crate) visibility: Visibility,
    pub(crate) source_url: Option<String>,
    pub(crate) sync_minutes: Option<i32>,
    pub(crate) revisions: i32,
    pub(crate) fetched_sha256: Option<Vec<u8>>,
    pub(crate) fetched_etag: Option<String>,
    pub(crate) fetched_last_modified: Option<String>,
    pub(crate) sync_requested_at: Option<DateTime<Utc>>,
    pub(crate) synced_at: Option<DateTime<Utc>>,
    pub(crate) sync_failed_at: Option<DateTime<Utc>>,
    pub(crate) sync_failures: i32,
    pub(crate) sync_error: Option<String>,
    pub(crate) next_sync_at: Option<DateTime<Utc>>,
    pub(crate) sync_secret: Option<Vec<u8>>,
    pub(crate) sync_secret_version: i32,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
}

pub(crate) async fn insert(tx: &mut TenantTx, row: &Row) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO api_specs (tenant_id, id, product_id, slug, spec_format, visibility, source_url, sync_minutes, revisions,
           next_sync_at, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)",
        tx.tenant_id().uuid(),
        row.id.uuid(),
        row.product_id.uuid(),
        row.slug.as_str(),
        row.spec_format.as_str(),
        row.visibility.as_str(),
        row.source_url,
        row.sync_minutes,
        row.revisions,
        row.next_sync_at,
        row.created_at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) async fn count(tx: &mut TenantTx) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM api_specs WHERE tenant_id = $1"#,
        tx.tenant_id().uuid()
    )
    .fetch_one(&mut **tx)
    .await
}

pub(crate) async fn find(tx: &mut TenantTx, id: ApiSpecId) -> Result<Option<Row>, sqlx::Error> {
    sqlx::query_as!(
        Row,
        r#"SELECT id AS "id: _", product_id AS "product_id: _", slug AS "slug: _", spec_format AS "spec_format: _",
             visibility AS "visibility: _", source_url, sync_minutes, revisions, fetched_sha256, fetched_etag, fetched_last_modified,
             sync_requested_at, synced_at, sync_failed_at, sync_failures, sync_error, next_sync_at, sync_secret,
             sync_secret_version, created_at, updated_at
           FROM api_specs WHERE tenant_id = $1 AND id = $2"#,
        tx.tenant_id().uuid(),
        id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await
}

/// The same, held until the end of the transaction.
pub(crate) async fn hold(tx: &mut TenantTx, id: ApiSpecId) -> Result<Option<Row>, sqlx::Error> {
    sqlx::query!(
        "SELECT id FROM api_specs WHERE tenant_id = $1 AND id = $2 FOR UPDATE",
        tx.tenant_id().uuid(),
        id.uuid()
    )
    .fetch_optional(&mut **tx)
    .await?;
    find(tx, id).await
}

pub(crate) async fn list(
    tx: &mut TenantTx,
    product_id: Option<ProductId>,
    page: PageRequest,
) -> Result<Vec<Row>, sqlx::Error> {
    sqlx::query_as!(
        Row,
        r#"SELECT id AS "id: _", product_id AS "product_id: _", slug AS "slug: _", spec_format AS "spec_format: _",
             visibility AS "visibility: _", source_url, sync_minutes, revisions, fetched_sha256, fetched_etag, fetched_last_modified,
             sync_requested_at, synced_at, sync_failed_at, sync_failures, sync_error, next_sync_at, sync_secret,
             sync_secret_version, created_at, updated_at
           FROM api_specs WHERE tenant_id = $1 AND ($2::uuid IS NULL OR product_id = $2) AND ($3::uuid IS NULL OR id < $3)
           ORDER BY id DESC LIMIT $4"#,
        tx.tenant_id().uuid(),
        product_id.map(ProductId::uuid),
        page.after,
        page.probe(),
    )
    .fetch_all(&mut **tx)
    .await
}

/// Writes what people and imports change.
pub(crate) async fn update(tx: &mut TenantTx, row: &Row) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE api_specs SET slug = $3, visibility = $4, source_url = $5, sync_minutes = $6, revisions = $7,
           fetched_sha256 = $8, fetched_etag = $9, fetched_last_modified = $10, sync_requested_at = $11, synced_at = $12,
           sync_failed_at = $13, sync_failures = $14, sync_error = $15, next_sync_at = $16, sync_secret = $17,
           sync_secret_version = $18, updated_at = $19
         WHERE tenant_id = $1 AND id = $2",
        tx.tenant_id().uuid(),
        row.id.uuid(),
        row.slug.as_str(),
        row.visibility.as_str(),
        row.source_url,
        row.sync_minutes,
        row.revisions,
        row.fetched_sha256,
        row.fetched_etag,
        row.fetched_last_modified,
        row.sync_requested_at,
        row.synced_at,
        row.sync_failed_at,
        row.sync_failures,
        row.sync_error,
        row.next_sync_at,
        row.sync_secret,
        row.sync_secret_version,
        row.updated_at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) async fn delete(tx: &mut TenantTx, id: ApiSpecId) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "DELETE FROM api_specs WHERE tenant_id = $1 AND id = $2",
        tx.tenant_id().uuid(),
        id.uuid()
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Sources that are due, of every tenant; each is put off until the job has looked at it, and so is made due once.
pub(crate) async fn take_due(
    tx: &mut SystemTx,
    now: DateTime<Utc>,
    put_off_until: DateTime<Utc>,
    most: i64,
) -> Result<Vec<(TenantId, ApiSpecId)>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"UPDATE api_specs AS s SET next_sync_at = $2, sync_requested_at = coalesce(s.sync_requested_at, $1)
           FROM (SELECT tenant_id, id FROM api_specs WHERE next_sync_at <= $1 ORDER BY next_sync_at LIMIT $3 FOR UPDATE SKIP LOCKED) AS due
           WHERE s.tenant_id = due.tenant_id AND s.id = due.id
           RETURNING s.tenant_id AS "tenant_id: TenantId", s.id AS "id: ApiSpecId""#,
        now,
        put_off_until,
        most,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|row| (row.tenant_id, row.id)).collect())
}

/// The oldest description of a product.
pub(crate) async fn first_of_product(
    tx: &mut TenantTx,
    product_id: ProductId,
) -> Result<Option<ApiSpecId>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT id AS "id: _" FROM api_specs WHERE tenant_id = $1 AND product_id = $2 ORDER BY id LIMIT 1"#,
        tx.tenant_id().uuid(),
        product_id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await
}
