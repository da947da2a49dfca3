//! The SQL of how people come in.

use gatewright_database::TenantTx;

use crate::settings::{PeopleSettings, SignUpMode};

pub(crate) async fn find(tx: &mut TenantTx) -> Result<Option<PeopleSettings>, sqlx::Error> {
    sqlx::query_as!(
        PeopleSettings,
        r#"SELECT sign_up AS "sign_up: SignUpMode", domains, updated_at AS "updated_at?" FROM people_settings WHERE tenant_id = $1"#,
        tx.tenant_id().uuid(),
    )
    .fetch_optional(&mut **tx)
    .await
}

pub(crate) async fn put(tx: &mut TenantTx, settings: &PeopleSettings) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO people_settings (tenant_id, sign_up, domains, updated_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (tenant_id) DO UPDATE SET sign_up = $2, domains = $3, updated_at = $4",
        tx.tenant_id().uuid(),
        settings.sign_up.as_str(),
        &settings.domains,
        tx.now(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
