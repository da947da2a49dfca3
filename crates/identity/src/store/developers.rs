//! The SQL of developers.

use gatewright_database::{PageRequest, TenantTx};
use gatewright_types::ids::{CustomerId, DeveloperId, PersonId};
use uuid::Uuid;

use crate::model::{Developer, DeveloperRole, DeveloperState};

pub(crate) async fn insert(
    tx: &mut TenantTx,
    id: DeveloperId,
    person_id: PersonId,
    customer_id: CustomerId,
    role: DeveloperRole,
    state: DeveloperState,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO developers (tenant_id, id, person_id, customer_id, role, state, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $7)",
        tx.tenant_id().uuid(),
        id.uuid(),
        person_id.uuid(),
        customer_id.uuid(),
        role.as_str(),
        state.as_str(),
        tx.now(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) async fn find(tx: &mut TenantTx, id: DeveloperId) -> Result<Option<Developer>, sqlx::Error> {
    let of = Of {
        id: Some(id),
        ..Of::default()
    };
    Ok(select(tx, of, None, 1).await?.pop())
}

pub(crate) async fn list(
    tx: &mut TenantTx,
    customer_id: Option<CustomerId>,
    state: Option<DeveloperState>,
    request: PageRequest,
) -> Result<Vec<Developer>, sqlx::Error> {
    let of = Of {
        customer_id,
        state,
        ..Of::default()
    };
    select(tx, of, request.after, request.probe()).await
}

/// Which developers; what is absent is not asked for.
#[derive(Default)]
struct Of {
    id: Option<DeveloperId>,
    customer_id: Option<CustomerId>,
    state: Option<DeveloperState>,
}

async fn select(tx: &mut TenantTx, of: Of, after: Option<Uuid>, limit: i64) -> Result<Vec<Developer>, sqlx::Error> {
    sqlx::query_as!(
        Developer,
        r#"SELECT d.id AS "id: DeveloperId", d.person_id AS "person_id: PersonId", p.name, p.email,
             d.customer_id AS "customer_id: CustomerId", c.name AS customer_name, d.role AS "role: DeveloperRole", d.state AS "state: DeveloperState",
             d.created_at, d.updated_at
           FROM developers AS d JOIN people AS p ON p.tenant_id = d.tenant_id AND p.id = d.person_id
             JOIN customers AS c ON c.tenant_id = d.tenant_id AND c.id = d.customer_id
           WHERE d.tenant_id = $1 AND ($2::uuid IS NULL OR d.id = $2) AND ($3::uuid IS NULL OR d.customer_id = $3)
             AND ($4::text IS NULL OR d.state = $4) AND ($5::uuid IS NULL OR d.id < $5) ORDER BY d.id DESC LIMIT $6"#,
        tx.tenant_id().uuid(),
        of.id.map(DeveloperId::uuid),
        of.customer_id.map(CustomerId::uuid),
        of.state.map(DeveloperState::as_str),
        after,
        limit,
    )
    .fetch_all(&mut **tx)
    .await
}

pub(crate) async fn count(tx: &mut TenantTx, customer_id: CustomerId) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM developers WHERE tenant_id = $1 AND customer_id = $2"#,
        tx.tenant_id().uuid(),
        customer_id.uuid(),
    )
    .fetch_one(&mut **tx)
    .await
}

pub(crate) async fn other_owner_exists(
    tx: &mut TenantTx,
    customer_id: CustomerId,
    id: DeveloperId,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM developers
             WHERE tenant_id = $1 AND customer_id = $2 AND id <> $3 AND role = 'OWNER' AND state = 'ACTIVE') AS "exists!""#,
        tx.tenant_id().uuid(),
        customer_id.uuid(),
        id.uuid(),
    )
    .fetch_one(&mut **tx)
    .await
}

pub(crate) async fn update(
    tx: &mut TenantTx,
    id: DeveloperId,
    role: DeveloperRole,
    state: DeveloperState,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE developers SET role = $3, state = $4, updated_at = $5 WHERE tenant_id = $1 AND id = $2",
        tx.tenant_id().uuid(),
        id.uuid(),
        role.as_str(),
        state.as_str(),
        tx.now(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) async fn delete(tx: &mut TenantTx, id: DeveloperId) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "DELETE FROM developers WHERE tenant_id = $1 AND id = $2",
        tx.tenant_id().uuid(),
        id.uuid(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) async fn of_person(tx: &mut TenantTx, person_id: PersonId) -> Result<Option<DeveloperId>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT id AS "id: DeveloperId" FROM developers WHERE tenant_id = $1 AND person_id = $2"#,
        tx.tenant_id().uuid(),
        person_id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await
}

pub(crate) async fn delete_all(tx: &mut TenantTx, customer_id: CustomerId) -> Result<Vec<DeveloperId>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"DELETE FROM developers WHERE tenant_id = $1 AND customer_id = $2 RETURNING id AS "id: DeveloperId""#,
        tx.tenant_id().uuid(),
        customer_id.uuid(),
    )
    .fetch_all(&mut **tx)
    .await
}
