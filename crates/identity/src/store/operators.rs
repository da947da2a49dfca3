//! The SQL of operators.

use chrono::{DateTime, Utc};
use gatewright_database::{PageRequest, SystemTx, TenantTx};
use gatewright_types::ids::{OperatorId, PersonId, TenantId};

use crate::model::{Operator, OperatorState};
use crate::roles::Role;

pub(crate) async fn insert_owner(
    tx: &mut SystemTx,
    tenant_id: TenantId,
    id: OperatorId,
    name: &str,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO operators (tenant_id, id, name, role, created_at, updated_at) VALUES ($1, $2, $3, 'OWNER', $4, $4)",
        tenant_id.uuid(),
        id.uuid(),
        name,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The oldest owner that is active.
pub(crate) async fn owner(tx: &mut SystemTx, tenant_id: TenantId) -> Result<Option<OperatorId>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT id AS "id: OperatorId" FROM operators
           WHERE tenant_id = $1 AND role = 'OWNER' AND state = 'ACTIVE' ORDER BY id LIMIT 1"#,
        tenant_id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await
}

pub(crate) async fn insert(tx: &mut TenantTx, operator: &Operator) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO operators (tenant_id, id, name, email, role, state, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        tx.tenant_id().uuid(),
        operator.id.uuid(),
        operator.name,
        operator.email,
        operator.role.as_str(),
        operator.state.as_str(),
        operator.created_at,
        operator.updated_at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) async fn find(tx: &mut TenantTx, id: OperatorId) -> Result<Option<Operator>, sqlx::Error> {
    sqlx::query_as!(
        Operator,
        r#"SELECT id AS "id: OperatorId", name, email, role AS "role: Role", state AS "state: OperatorState", created_at, updated_at
           FROM operators WHERE tenant_id = $1 AND id = $2"#,
        tx.tenant_id().uuid(),
        id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await
}

/// Holds an operator, and every owner that is active, in the order of their ids: whoever ends one sees
/// what became of the others.
pub(crate) async fn lock(tx: &mut TenantTx, id: OperatorId) -> Result<Vec<OperatorId>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT id AS "id: OperatorId" FROM operators
           WHERE tenant_id = $1 AND (id = $2 OR role = 'OWNER' AND state = 'ACTIVE') ORDER BY id FOR UPDATE"#,
        tx.tenant_id().uuid(),
        id.uuid(),
    )
    .fetch_all(&mut **tx)
    .await
}

/// Whether there is an active owner beside this operator.
pub(crate) async fn other_owner_exists(tx: &mut TenantTx, id: OperatorId) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM operators WHERE tenant_id = $1 AND id <> $2 AND role = 'OWNER' AND state = 'ACTIVE') AS "exists!""#,
        tx.tenant_id().uuid(),
        id.uuid(),
    )
    .fetch_one(&mut **tx)
    .await
}

/// How many there are; nobody adds one until the end of the transaction.
pub(crate) async fn count(tx: &mut TenantTx) -> Result<i64, sqlx::Error> {
    let tenant_id = tx.tenant_id().uuid();
    sqlx::query!("SELECT FROM tenants WHERE id = $1 FOR NO KEY UPDATE", tenant_id)
        .fetch_one(&mut **tx)
        .await?;
    sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM operators WHERE tenant_id = $1"#,
        tenant_id
    )
    .fetch_one(&mut **tx)
    .await
}

pub(crate) async fn list(tx: &mut TenantTx, request: PageRequest) -> Result<Vec<Operator>, sqlx::Error> {
    sqlx::query_as!(
        Operator,
        r#"SELECT id AS "id: OperatorId", name, email, role AS "role: Role", state AS "state: OperatorState", created_at, updated_at
           FROM operators WHERE tenant_id = $1 AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT $3"#,
        tx.tenant_id().uuid(),
        request.after,
        request.probe(),
    )
    .fetch_all(&mut **tx)
    .await
}

pub(crate) async fn update(tx: &mut TenantTx, operator: &Operator) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE operators SET name = $3, email = $4, role = $5, state = $6, updated_at = $7 WHERE tenant_id = $1 AND id = $2",
        tx.tenant_id().uuid(),
        operator.id.uuid(),
        operator.name,
        operator.email,
        operator.role.as_str(),
        operator.state.as_str(),
        operator.updated_at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Removes an operator with its tokens.
pub(crate) async fn delete(tx: &mut TenantTx, id: OperatorId) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "DELETE FROM operators WHERE tenant_id = $1 AND id = $2",
        tx.tenant_id().uuid(),
        id.uuid(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Whether somebody signs in as this operator.
pub(crate) async fn has_person(tx: &mut TenantTx, id: OperatorId) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT person_id IS NOT NULL AS "has!" FROM operators WHERE tenant_id = $1 AND id = $2"#,
        tx.tenant_id().uuid(),
        id.uuid(),
    )
    .fetch_one(&mut **tx)
    .await
}

/// Makes a person the one who signs in as this operator.
pub(crate) async fn set_person(tx: &mut TenantTx, id: OperatorId, person_id: PersonId) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE operators SET person_id = $3, updated_at = $4 WHERE tenant_id = $1 AND id = $2",
        tx.tenant_id().uuid(),
        id.uuid(),
        person_id.uuid(),
        tx.now(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) async fn of_person(tx: &mut TenantTx, person_id: PersonId) -> Result<Option<OperatorId>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT id AS "id: OperatorId" FROM operators WHERE tenant_id = $1 AND person_id = $2"#,
        tx.tenant_id().uuid(),
        person_id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await
}
