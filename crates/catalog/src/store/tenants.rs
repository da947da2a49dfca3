use gatewright_database::PageRequest;
use gatewright_types::ids::TenantId;
use gatewright_types::slug::Slug;
use sqlx::PgConnection;

use crate::model::Tenant;

pub(crate) async fn insert(connection: &mut PgConnection, tenant: &Tenant) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO tenants (id, name, slug, created_at) VALUES ($1, $2, $3, $4)",
        tenant.id.uuid(),
        tenant.name,
        tenant.slug.as_str(),
        tenant.created_at,
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub(crate) async fn find(connection: &mut PgConnection, id: TenantId) -> Result<Option<Tenant>, sqlx::Error> {
    sqlx::query_as!(
        Tenant,
        r#"SELECT id AS "id: _", name, slug AS "slug: _", created_at FROM tenants WHERE id = $1"#,
        id.uuid(),
    )
    .fetch_optional(connection)
    .await
}

pub(crate) async fn find_by_slug(connection: &mut PgConnection, slug: &Slug) -> Result<Option<Tenant>, sqlx::Error> {
    sqlx::query_as!(
        Tenant,
        r#"SELECT id AS "id: _", name, slug AS "slug: _", created_at FROM tenants WHERE slug = $1"#,
        slug.as_str(),
    )
    .fetch_optional(connection)
    .await
}

pub(crate) async fn oldest(connection: &mut PgConnection) -> Result<Option<Tenant>, sqlx::Error> {
    sqlx::query_as!(
        Tenant,
        r#"SELECT id AS "id: _", name, slug AS "slug: _", created_at FROM tenants ORDER BY id LIMIT 1"#,
    )
    .fetch_optional(connection)
    .await
}

pub(crate) async fn list(connection: &mut PgConnection, page: PageRequest) -> Result<Vec<Tenant>, sqlx::Error> {
    sqlx::query_as!(
        Tenant,
        r#"SELECT id AS "id: _", name, slug AS "slug: _", created_at FROM tenants
           WHERE $1::uuid IS NULL OR id < $1 ORDER BY id DESC LIMIT $2"#,
        page.after,
        page.probe(),
    )
    .fetch_all(connection)
    .await
}
