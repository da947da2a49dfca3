//! The SQL of challenges to passkeys.

use chrono::{DateTime, Utc};
use gatewright_database::TenantTx;
use gatewright_types::ids::{PasskeyCeremonyId, PersonId};
use serde_json::Value;

use crate::second_factors::ceremonies::{Ceremony, Kind};

pub(crate) async fn insert(
    tx: &mut TenantTx,
    id: PasskeyCeremonyId,
    (kind, person_id): (Kind, Option<PersonId>),
    state: &Value,
    expires_at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO passkey_ceremonies (tenant_id, id, kind, person_id, state, expires_at) VALUES ($1, $2, $3, $4, $5, $6)",
        tx.tenant_id().uuid(),
        id.uuid(),
        kind.as_str(),
        person_id.map(PersonId::uuid),
        state,
        expires_at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) async fn take(tx: &mut TenantTx, id: PasskeyCeremonyId) -> Result<Option<Ceremony>, sqlx::Error> {
    sqlx::query_as!(
        Ceremony,
        r#"DELETE FROM passkey_ceremonies WHERE tenant_id = $1 AND id = $2 AND expires_at > $3
           RETURNING kind AS "kind: Kind", person_id AS "person_id: PersonId", state"#,
        tx.tenant_id().uuid(),
        id.uuid(),
        tx.now(),
    )
    .fetch_optional(&mut **tx)
    .await
}
