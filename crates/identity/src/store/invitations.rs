//! The SQL of invitations.

use gatewright_database::{PageRequest, TenantTx};
use gatewright_types::CredentialHash;
use gatewright_types::ids::{CustomerId, InvitationId, OperatorId};

use crate::model::{Invitation, InvitationKind};

pub(crate) async fn insert(tx: &mut TenantTx, new: &Invitation) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO invitations (tenant_id, id, email, kind, role, customer_id, operator_id, invited_by, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        tx.tenant_id().uuid(),
        new.id.uuid(),
        new.email,
        new.kind.as_str(),
        new.role,
        new.customer_id.map(CustomerId::uuid),
        new.operator_id.map(OperatorId::uuid),
        new.invited_by,
        new.created_at,
        new.expires_at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Withdraws what waits for the same: an operator's by its address, a customer's own; what ran out as well.
pub(crate) async fn revoke_same(
    tx: &mut TenantTx,
    (kind, email, customer_id): (InvitationKind, &str, Option<CustomerId>),
) -> Result<Vec<InvitationId>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"UPDATE invitations SET revoked_at = $5 WHERE tenant_id = $1 AND kind = $2 AND lower(email) = lower($3)
             AND (customer_id IS NOT DISTINCT FROM $4 OR expires_at <= $5) AND accepted_at IS NULL AND revoked_at IS NULL
           RETURNING id AS "id: InvitationId""#,
        tx.tenant_id().uuid(),
        kind.as_str(),
        email,
        customer_id.map(CustomerId::uuid),
        tx.now(),
    )
    .fetch_all(&mut **tx)
    .await
}

pub(crate) async fn count_open(tx: &mut TenantTx, customer_id: CustomerId) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM invitations
           WHERE tenant_id = $1 AND customer_id = $2 AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at > $3"#,
        tx.tenant_id().uuid(),
        customer_id.uuid(),
        tx.now(),
    )
    .fetch_one(&mut **tx)
    .await
}

pub(crate) async fn list(
    tx: &mut TenantTx,
    customer_id: Option<CustomerId>,
    request: PageRequest,
) -> Result<Vec<Invitation>, sqlx::Error> {
    sqlx::query_as!(
        Invitation,
        r#"SELECT id AS "id: InvitationId", email, kind AS "kind: InvitationKind", role, customer_id AS "customer_id: CustomerId",
             operator_id AS "operator_id: OperatorId", invited_by, created_at, expires_at, accepted_at, revoked_at
           FROM invitations WHERE tenant_id = $1 AND customer_id IS NOT DISTINCT FROM $2 AND ($3::uuid IS NULL OR id < $3)
           ORDER BY id DESC LIMIT $4"#,
        tx.tenant_id().uuid(),
        customer_id.map(CustomerId::uuid),
        request.after,
        request.probe(),
    )
    .fetch_all(&mut **tx)
    .await
}

pub(crate) async fn revoke(
    tx: &mut TenantTx,
    customer_id: Option<CustomerId>,
    id: InvitationId,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "UPDATE invitations SET revoked_at = $4 WHERE tenant_id = $1 AND id = $2 AND customer_id IS NOT DISTINCT FROM $3
           AND accepted_at IS NULL AND revoked_at IS NULL",
        tx.tenant_id().uuid(),
        id.uuid(),
        customer_id.map(CustomerId::uuid),
        tx.now(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() > 0)
}

pub(crate) async fn open(tx: &mut TenantTx, id: InvitationId) -> Result<Option<Invitation>, sqlx::Error> {
    sqlx::query_as!(
        Invitation,
        r#"SELECT id AS "id: InvitationId", email, kind AS "kind: InvitationKind", role, customer_id AS "customer_id: CustomerId",
             operator_id AS "operator_id: OperatorId", invited_by, created_at, expires_at, accepted_at, revoked_at
           FROM invitations WHERE tenant_id = $1 AND id = $2 AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at > $3"#,
        tx.tenant_id().uuid(),
        id.uuid(),
        tx.now(),
    )
    .fetch_optional(&mut **tx)
    .await
}

pub(crate) async fn set_token(tx: &mut TenantTx, id: InvitationId, hash: &CredentialHash) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE invitations SET token_hash = $3 WHERE tenant_id = $1 AND id = $2",
        tx.tenant_id().uuid(),
        id.uuid(),
        hash.as_bytes().as_slice(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) async fn find(tx: &mut TenantTx, hash: &CredentialHash) -> Result<Option<Invitation>, sqlx::Error> {
    sqlx::query_as!(
        Invitation,
        r#"SELECT id AS "id: InvitationId", email, kind AS "kind: InvitationKind", role, customer_id AS "customer_id: CustomerId",
             operator_id AS "operator_id: OperatorId", invited_by, created_at, expires_at, accepted_at, revoked_at
           FROM invitations WHERE tenant_id = $1 AND token_hash = $2 AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at > $3"#,
        tx.tenant_id().uuid(),
        hash.as_bytes().as_slice(),
        tx.now(),
    )
    .fetch_optional(&mut **tx)
    .await
}

/// Marks one as accepted; from now on its mail leads nowhere.
pub(crate) async fn take(tx: &mut TenantTx, hash: &CredentialHash) -> Result<Option<Invitation>, sqlx::Error> {
    sqlx::query_as!(
        Invitation,
        r#"UPDATE invitations SET accepted_at = $3
           WHERE tenant_id = $1 AND token_hash = $2 AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at > $3
           RETURNING id AS "id: InvitationId", email, kind AS "kind: InvitationKind", role, customer_id AS "customer_id: CustomerId",
             operator_id AS "operator_id: OperatorId", invited_by, created_at, expires_at, accepted_at, revoked_at"#,
        tx.tenant_id().uuid(),
        hash.as_bytes().as_slice(),
        tx.now(),
    )
    .fetch_optional(&mut **tx)
    .await
}

pub(crate) async fn revoke_all(tx: &mut TenantTx, customer_id: CustomerId) -> Result<Vec<InvitationId>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"UPDATE invitations SET revoked_at = $3
           WHERE tenant_id = $1 AND customer_id = $2 AND accepted_at IS NULL AND revoked_at IS NULL
           RETURNING id AS "id: InvitationId""#,
        tx.tenant_id().uuid(),
        customer_id.uuid(),
        tx.now(),
    )
    .fetch_all(&mut **tx)
    .await
}
