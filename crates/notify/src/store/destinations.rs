use gatewright_database::TenantTx;

use crate::destinations::OutgoingDestinations;

pub(crate) async fn find(tx: &mut TenantTx) -> Result<Option<OutgoingDestinations>, sqlx::Error> {
    sqlx::query_as!(
        OutgoingDestinations,
        r#"SELECT destinations, updated_at AS "updated_at?" FROM outgoing_destinations WHERE tenant_id = $1"#,
        tx.tenant_id().uuid(),
    )
    .fetch_optional(&mut **tx)
    .await
}

pub(crate) async fn put(tx: &mut TenantTx, destinations: Option<&[String]>) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO outgoing_destinations (tenant_id, destinations, updated_at) VALUES ($1, $2, $3)
         ON CONFLICT (tenant_id) DO UPDATE SET destinations = excluded.destinations, updated_at = excluded.updated_at",
        tx.tenant_id().uuid(),
        destinations,
        tx.now(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
