use chrono::{DateTime, Utc};
use gatewright_database::TenantTx;
use gatewright_types::ids::{ApiRevisionId, ApiSpecId, ProductId};
use gatewright_types::slug::Slug;

use crate::model::Visibility;

/// What every answer says of the description that it is of.
pub struct Head {
    /// Which it is.
    pub spec_id: ApiSpecId,
    /// Its part of an address.
    pub slug: Slug,
    /// Who may read it.
    pub visibility: Visibility,
    /// Its title.
    pub title: String,
    /// Its own version.
    pub version: String,
    /// In one line.
    pub summary: String,
    /// How many operations and webhooks it has.
    pub operations: i32,
    /// What it describes.
    pub product_id: ProductId,
    /// What that is called.
    pub product_name: String,
    /// The revision that is read.
    pub revision_id: ApiRevisionId,
    /// When it was published.
    pub published_at: DateTime<Utc>,
}

/// A published description, for everybody or also for whoever has signed in.
pub(crate) async fn head(tx: &mut TenantTx, slug: &str, signed_in: bool) -> Result<Option<Head>, sqlx::Error> {
    sqlx::query_as!(
        Head,
        r#"SELECT s.id AS "spec_id: _", s.slug AS "slug: _", s.visibility AS "visibility: _", r.title, r.version, r.summary,
             r.operations, s.product_id AS "product_id: _", p.name AS product_name, r.revision_id AS "revision_id: _", r.published_at
           FROM api_specs AS s JOIN api_references AS r ON r.tenant_id = s.tenant_id AND r.spec_id = s.id
             JOIN products AS p ON p.tenant_id = s.tenant_id AND p.id = s.product_id
           WHERE s.tenant_id = $1 AND s.slug = $2 AND (s.visibility = 'PUBLIC' OR $3)"#,
        tx.tenant_id().uuid(),
        slug,
        signed_in,
    )
    .fetch_optional(&mut **tx)
    .await
}

/// All of them, by title.
pub(crate) async fn heads(tx: &mut TenantTx, signed_in: bool) -> Result<Vec<Head>, sqlx::Error> {
    sqlx::query_as!(
        Head,
        r#"SELECT s.id AS "spec_id: _", s.slug AS "slug: _", s.visibility AS "visibility: _", r.title, r.version, r.summary,
             r.operations, s.product_id AS "product_id: _", p.name AS product_name, r.revision_id AS "revision_id: _", r.published_at
           FROM api_specs AS s JOIN api_references AS r ON r.tenant_id = s.tenant_id AND r.spec_id = s.id
             JOIN products AS p ON p.tenant_id = s.tenant_id AND p.id = s.product_id
           WHERE s.tenant_id = $1 AND (s.visibility = 'PUBLIC' OR $2) ORDER BY lower(r.title), s.slug"#,
        tx.tenant_id().uuid(),
        signed_in,
    )
    .fetch_all(&mut **tx)
    .await
}

/// The overview and the list of schemas, as JSON.
pub(crate) struct Overview {
    pub(crate) overview: String,
    pub(crate) schemas: String,
}

pub(crate) async fn overview(tx: &mut TenantTx, spec_id: ApiSpecId) -> Result<Option<Overview>, sqlx::Error> {
    sqlx::query_as!(
        Overview,
        "SELECT overview, schemas FROM api_references WHERE tenant_id = $1 AND spec_id = $2",
        tx.tenant_id().uuid(),
        spec_id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await
}

pub(crate) async fn document(tx: &mut TenantTx, spec_id: ApiSpecId) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar!(
        "SELECT document FROM api_references WHERE tenant_id = $1 AND spec_id = $2",
        tx.tenant_id().uuid(),
        spec_id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await
}

/// An operation and what stands around it, as JSON.
pub(crate) struct Operation {
    pub(crate) navigation: String,
    pub(crate) operation: String,
}

pub(crate) async fn operation(
    tx: &mut TenantTx,
    spec_id: ApiSpecId,
    slug: &str,
) -> Result<Option<Operation>, sqlx::Error> {
    sqlx::query_as!(
        Operation,
        "SELECT navigation, operation FROM api_operations WHERE tenant_id = $1 AND spec_id = $2 AND slug = $3",
        tx.tenant_id().uuid(),
        spec_id.uuid(),
        slug,
    )
    .fetch_optional(&mut **tx)
    .await
}

pub(crate) async fn schema(tx: &mut TenantTx, spec_id: ApiSpecId, slug: &str) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar!(
        "SELECT schema FROM api_schemas WHERE tenant_id = $1 AND spec_id = $2 AND slug = $3",
        tx.tenant_id().uuid(),
        spec_id.uuid(),
        slug,
    )
    .fetch_optional(&mut **tx)
    .await
}

/// Every operation and schema of a description, in order, as JSON; for comparing.
pub(crate) async fn all(tx: &mut TenantTx, spec_id: ApiSpecId) -> Result<(Vec<String>, Vec<String>), sqlx::Error> {
    let operations = sqlx::query_scalar!(
        "SELECT operation FROM api_operations WHERE tenant_id = $1 AND spec_id = $2 ORDER BY position",
        tx.tenant_id().uuid(),
        spec_id.uuid(),
    )
    .fetch_all(&mut **tx)
    .await?;
    let schemas = sqlx::query_scalar!(
        "SELECT schema FROM api_schemas WHERE tenant_id = $1 AND spec_id = $2 ORDER BY position",
        tx.tenant_id().uuid(),
        spec_id.uuid(),
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok((operations, schemas))
}

/// What takes the place of a reference.
pub(crate) struct NewReference<'a> {
    pub(crate) revision_id: ApiRevisionId,
    pub(crate) title: &'a str,
    pub(crate) version: &'a str,
    pub(crate) summary: &'a str,
    pub(crate) operations: i32,
    pub(crate) overview: &'a str,
    pub(crate) schemas: &'a str,
    pub(crate) document: &'a str,
}

/// Puts a reference in the place of the one that is there; its operations, schemas and search rows come by [`add_operations`]
/// and its like.
pub(crate) async fn replace(tx: &mut TenantTx, spec_id: ApiSpecId, new: &NewReference<'_>) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "DELETE FROM api_references WHERE tenant_id = $1 AND spec_id = $2",
        tx.tenant_id().uuid(),
        spec_id.uuid(),
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "INSERT INTO api_references (tenant_id, spec_id, revision_id, title, version, summary, operations, overview, schemas, document, published_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        tx.tenant_id().uuid(),
        spec_id.uuid(),
        new.revision_id.uuid(),
        new.title,
        new.version,
        new.summary,
        new.operations,
        new.overview,
        new.schemas,
        new.document,
        tx.now(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Rows of one table, column by column.
#[derive(Default)]
pub(crate) struct Rows {
    pub(crate) positions: Vec<i32>,
    pub(crate) slugs: Vec<String>,
    /// Of operations.
    pub(crate) navigations: Vec<String>,
    pub(crate) texts: Vec<String>,
}

pub(crate) async fn add_operations(tx: &mut TenantTx, spec_id: ApiSpecId, rows: &Rows) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO api_operations (tenant_id, spec_id, position, slug, navigation, operation)
         SELECT $1, $2, * FROM UNNEST($3::integer[], $4::text[], $5::text[], $6::text[])",
        tx.tenant_id().uuid(),
        spec_id.uuid(),
        &rows.positions,
        &rows.slugs,
        &rows.navigations,
        &rows.texts,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) async fn add_schemas(tx: &mut TenantTx, spec_id: ApiSpecId, rows: &Rows) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO api_schemas (tenant_id, spec_id, position, slug, schema)
         SELECT $1, $2, * FROM UNNEST($3::integer[], $4::text[], $5::text[])",
        tx.tenant_id().uuid(),
        spec_id.uuid(),
        &rows.positions,
        &rows.slugs,
        &rows.texts,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
