//! The SQL of this crate; it decides nothing.

pub(crate) mod deliveries;
pub(crate) mod destinations;
pub(crate) mod endpoints;
pub(crate) mod events;
pub(crate) mod mails;

use gatewright_database::TenantTx;

/// Holds the tenant's row, for what there is one of, or a limited number.
pub(crate) async fn hold_tenant(tx: &mut TenantTx) -> Result<(), sqlx::Error> {
    let tenant_id = tx.tenant_id().uuid();
    sqlx::query_scalar!("SELECT id FROM tenants WHERE id = $1 FOR UPDATE", tenant_id)
        .fetch_one(&mut **tx)
        .await?;
    Ok(())
}
