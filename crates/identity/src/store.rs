//! The SQL of operators and tokens; in system transactions, since a token comes before its tenant.

use chrono::{DateTime, Utc};
use gatewright_database::SystemTx;
use gatewright_types::CredentialHash;
use gatewright_types::ids::{OperatorId, TenantId};

use crate::model::Principal;
use crate::roles::{Permissions, Role};

pub(crate) async fn find_operator(tx: &mut SystemTx, hash: &CredentialHash) -> Result<Option<Principal>, sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT o.tenant_id AS "tenant_id: TenantId", o.id AS "id: OperatorId", o.role AS "role: Role"
           FROM operator_tokens AS t JOIN operators AS o ON o.tenant_id = t.tenant_id AND o.id = t.operator_id
           WHERE t.hash = $1"#,
        hash.as_bytes().as_slice(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(|row| Principal::Operator {
        tenant_id: row.tenant_id,
        operator_id: row.id,
        role: row.role,
        permissions: Permissions::of_role(row.role),
    }))
}

pub(crate) async fn installation_token_exists(tx: &mut SystemTx, hash: &CredentialHash) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM installation_tokens WHERE hash = $1) AS "exists!""#,
        hash.as_bytes().as_slice(),
    )
    .fetch_one(&mut **tx)
    .await
}

pub(crate) async fn insert_operator(
    tx: &mut SystemTx,
    tenant_id: TenantId,
    id: OperatorId,
    name: &str,
    role: Role,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO operators (tenant_id, id, name, role, created_at) VALUES ($1, $2, $3, $4, $5)",
        tenant_id.uuid(),
        id.uuid(),
        name,
        role.as_str(),
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) async fn owner(tx: &mut SystemTx, tenant_id: TenantId) -> Result<Option<OperatorId>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT id AS "id: OperatorId" FROM operators WHERE tenant_id = $1 AND role = 'OWNER' ORDER BY id LIMIT 1"#,
        tenant_id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await
}

pub(crate) async fn insert_token(
    tx: &mut SystemTx,
    tenant_id: TenantId,
    operator_id: OperatorId,
    hash: &CredentialHash,
    last_four: &str,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO operator_tokens (tenant_id, hash, operator_id, last_four, created_at) VALUES ($1, $2, $3, $4, $5)",
        tenant_id.uuid(),
        hash.as_bytes().as_slice(),
        operator_id.uuid(),
        last_four,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) async fn delete_tokens(
    tx: &mut SystemTx,
    tenant_id: TenantId,
    operator_id: OperatorId,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "DELETE FROM operator_tokens WHERE tenant_id = $1 AND operator_id = $2",
        tenant_id.uuid(),
        operator_id.uuid(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) async fn insert_installation_token(
    tx: &mut SystemTx,
    hash: &CredentialHash,
    last_four: &str,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO installation_tokens (hash, last_four, created_at) VALUES ($1, $2, $3)",
        hash.as_bytes().as_slice(),
        last_four,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) async fn delete_installation_tokens(tx: &mut SystemTx) -> Result<(), sqlx::Error> {
    sqlx::query!("DELETE FROM installation_tokens")
        .execute(&mut **tx)
        .await?;
    Ok(())
}
