use gatewright_database::TenantTx;

use crate::branding::{Kept, LogoContent};

pub(crate) async fn find(tx: &mut TenantTx) -> Result<Option<Kept>, sqlx::Error> {
    sqlx::query_as!(
        Kept,
        r#"SELECT name, color, contact, keeps_secrets_in_tab, logo_media_type AS "logo_media_type: _", logo_sha256, updated_at
           FROM branding WHERE tenant_id = $1"#,
        tx.tenant_id().uuid(),
    )
    .fetch_optional(&mut **tx)
    .await
}

/// Makes the row, so that there is one to hold; says whether it did.
pub(crate) async fn ensure(tx: &mut TenantTx) -> Result<bool, sqlx::Error> {
    let made = sqlx::query!(
        "INSERT INTO branding (tenant_id, updated_at) VALUES ($1, $2) ON CONFLICT (tenant_id) DO NOTHING",
        tx.tenant_id().uuid(),
        tx.now(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(made.rows_affected() > 0)
}

pub(crate) async fn lock(tx: &mut TenantTx) -> Result<Option<Kept>, sqlx::Error> {
    sqlx::query_as!(
        Kept,
        r#"SELECT name, color, contact, keeps_secrets_in_tab, logo_media_type AS "logo_media_type: _", logo_sha256, updated_at
           FROM branding WHERE tenant_id = $1 FOR UPDATE"#,
        tx.tenant_id().uuid(),
    )
    .fetch_optional(&mut **tx)
    .await
}

pub(crate) async fn put(
    tx: &mut TenantTx,
    (name, color, contact): (Option<&str>, Option<&str>, Option<&str>),
    keeps_secrets_in_tab: bool,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE branding SET name = $2, color = $3, contact = $4, keeps_secrets_in_tab = $5, updated_at = $6 WHERE tenant_id = $1",
        tx.tenant_id().uuid(),
        name,
        color,
        contact,
        keeps_secrets_in_tab,
        tx.now(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) async fn put_logo(tx: &mut TenantTx, logo: Option<(&LogoContent, &[u8])>) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE branding SET logo = $2, logo_media_type = $3, logo_sha256 = $4, updated_at = $5 WHERE tenant_id = $1",
        tx.tenant_id().uuid(),
        logo.map(|(content, _)| content.bytes.as_slice()),
        logo.map(|(content, _)| content.media_type.as_str()),
        logo.map(|(_, digest)| digest),
        tx.now(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) async fn logo(tx: &mut TenantTx) -> Result<Option<LogoContent>, sqlx::Error> {
    sqlx::query_as!(
        LogoContent,
        r#"SELECT logo_media_type AS "media_type!: _", logo AS "bytes!" FROM branding WHERE tenant_id = $1 AND logo IS NOT NULL"#,
        tx.tenant_id().uuid(),
    )
    .fetch_optional(&mut **tx)
    .await
}
