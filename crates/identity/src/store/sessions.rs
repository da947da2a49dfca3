//! The SQL of sessions.

use chrono::{DateTime, Utc};
use gatewright_database::{SystemTx, TenantTx};
use gatewright_types::CredentialHash;
use gatewright_types::ids::{CustomerId, DeveloperId, OperatorId, PersonId, SessionId};

use crate::model::{DeveloperRole, DeveloperState, Method, OperatorState, Seat, SignedIn};
use crate::roles::Role;
use crate::sessions::{Device, Ending, USER_AGENT_MAX_CHARS};

pub(crate) async fn insert(
    tx: &mut TenantTx,
    id: SessionId,
    person_id: PersonId,
    methods: &[Method],
    device: &Device,
    expires_at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let methods = texts(methods);
    let user_agent: Option<String> = device.user_agent.as_ref().map(|text| {
        text.chars()
            .filter(|c| !c.is_control())
            .take(USER_AGENT_MAX_CHARS)
            .collect()
    });
    sqlx::query!(
        "INSERT INTO sessions (tenant_id, id, person_id, methods, user_agent, peer_address, created_at, authenticated_at, last_seen_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $7, $8)",
        tx.tenant_id().uuid(),
        id.uuid(),
        person_id.uuid(),
        &methods,
        user_agent,
        device.address.map(|address| address.to_string()),
        tx.now(),
        expires_at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

fn texts(methods: &[Method]) -> Vec<String> {
    methods.iter().map(ToString::to_string).collect()
}

fn methods(texts: &[String]) -> Vec<Method> {
    texts.iter().flat_map(|text| text.parse()).collect()
}

/// Ends the oldest sessions of a person, so that at most `most` stand.
pub(crate) async fn make_room(tx: &mut TenantTx, person_id: PersonId, most: i64) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE sessions SET revoked_at = $3, revoked_because = 'REVOKED' WHERE tenant_id = $1 AND id IN
           (SELECT id FROM sessions WHERE tenant_id = $1 AND person_id = $2 AND revoked_at IS NULL AND expires_at > $3
            ORDER BY last_seen_at DESC OFFSET $4)",
        tx.tenant_id().uuid(),
        person_id.uuid(),
        tx.now(),
        most,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) async fn insert_refresh(
    tx: &mut TenantTx,
    session_id: SessionId,
    hash: &CredentialHash,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO refresh_tokens (tenant_id, hash, session_id, created_at) VALUES ($1, $2, $3, $4)",
        tx.tenant_id().uuid(),
        hash.as_bytes().as_slice(),
        session_id.uuid(),
        tx.now(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The session that a token renews, or renewed.
pub(crate) struct ByRefresh {
    pub(crate) session_id: SessionId,
    pub(crate) person_id: PersonId,
    pub(crate) replaced_at: Option<DateTime<Utc>>,
    pub(crate) revoked_at: Option<DateTime<Utc>>,
    pub(crate) expires_at: DateTime<Utc>,
    pub(crate) last_seen_at: DateTime<Utc>,
}

/// Holds both until the end of the transaction, so that of two who renew at once one comes second.
pub(crate) async fn lock_by_refresh(
    tx: &mut TenantTx,
    hash: &CredentialHash,
) -> Result<Option<ByRefresh>, sqlx::Error> {
    sqlx::query_as!(
        ByRefresh,
        r#"SELECT s.id AS "session_id: SessionId", s.person_id AS "person_id: PersonId", r.replaced_at, s.revoked_at, s.expires_at,
             s.last_seen_at
           FROM refresh_tokens AS r JOIN sessions AS s ON s.tenant_id = r.tenant_id AND s.id = r.session_id
           WHERE r.tenant_id = $1 AND r.hash = $2 FOR UPDATE"#,
        tx.tenant_id().uuid(),
        hash.as_bytes().as_slice(),
    )
    .fetch_optional(&mut **tx)
    .await
}

pub(crate) async fn replace_refresh(
    tx: &mut TenantTx,
    session_id: SessionId,
    old: &CredentialHash,
    new: &CredentialHash,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "WITH replaced AS (UPDATE refresh_tokens SET replaced_at = $5 WHERE tenant_id = $1 AND hash = $3),
              seen AS (UPDATE sessions SET last_seen_at = $5 WHERE tenant_id = $1 AND id = $2)
         INSERT INTO refresh_tokens (tenant_id, hash, session_id, created_at) VALUES ($1, $4, $2, $5)",
        tx.tenant_id().uuid(),
        session_id.uuid(),
        old.as_bytes().as_slice(),
        new.as_bytes().as_slice(),
        tx.now(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Whose session this is and what they are here, if it stands and they may sign in.
pub(crate) async fn signed_in(
    tx: &mut TenantTx,
    person_id: PersonId,
    id: SessionId,
    idle_since: DateTime<Utc>,
) -> Result<Option<SignedIn>, sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT s.authenticated_at,
             s.methods && ARRAY['PASSWORD', 'PASSKEY', 'MAIL'] AS "themselves!", o.id AS "operator_id?: OperatorId", o.role AS "operator_role?: Role",
             o.state AS "operator_state?: OperatorState", d.id AS "developer_id?: DeveloperId",
             d.customer_id AS "customer_id?: CustomerId", d.role AS "developer_role?: DeveloperRole",
             d.state AS "developer_state?: DeveloperState"
           FROM sessions AS s JOIN people AS p ON p.tenant_id = s.tenant_id AND p.id = s.person_id
             LEFT JOIN operators AS o ON o.tenant_id = p.tenant_id AND o.person_id = p.id
             LEFT JOIN developers AS d ON d.tenant_id = p.tenant_id AND d.person_id = p.id
           WHERE s.tenant_id = $1 AND s.id = $2 AND s.person_id = $3 AND s.revoked_at IS NULL AND s.expires_at > $4
             AND s.last_seen_at > $5 AND p.state = 'ACTIVE'"#,
        tx.tenant_id().uuid(),
        id.uuid(),
        person_id.uuid(),
        tx.now(),
        idle_since,
    )
    .fetch_optional(&mut **tx)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let operator = match (row.operator_id, row.operator_role, row.operator_state) {
        (Some(id), Some(role), Some(state)) => Some((id, role, state)),
        _ => None,
    };
    let developer = match (
        row.developer_id,
        row.customer_id,
        row.developer_role,
        row.developer_state,
    ) {
        (Some(developer_id), Some(customer_id), Some(role), Some(state)) => Some(Seat {
            developer_id,
            customer_id,
            role,
            state,
        }),
        _ => None,
    };
    Ok(Some(SignedIn {
        tenant_id: tx.tenant_id(),
        person_id,
        session_id: id,
        authenticated_at: row.authenticated_at,
        themselves: row.themselves,
        operator,
        developer,
    }))
}

/// A session as it is kept.
pub(crate) struct Kept {
    pub(crate) id: SessionId,
    pub(crate) methods: Vec<Method>,
    pub(crate) user_agent: Option<String>,
    pub(crate) address: Option<String>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) authenticated_at: DateTime<Utc>,
    pub(crate) last_seen_at: DateTime<Utc>,
    pub(crate) expires_at: DateTime<Utc>,
}

/// Those that stand, at most as many as there can be.
pub(crate) async fn list(
    tx: &mut TenantTx,
    person_id: PersonId,
    idle_since: DateTime<Utc>,
) -> Result<Vec<Kept>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT id AS "id: SessionId", methods, user_agent, peer_address, created_at, authenticated_at, last_seen_at, expires_at
           FROM sessions WHERE tenant_id = $1 AND person_id = $2 AND revoked_at IS NULL AND expires_at > $3 AND last_seen_at > $4
           ORDER BY last_seen_at DESC, id DESC"#,
        tx.tenant_id().uuid(),
        person_id.uuid(),
        tx.now(),
        idle_since,
    )
    .fetch_all(&mut **tx)
    .await?;
    let kept = rows.into_iter().map(|row| Kept {
        id: row.id,
        methods: methods(&row.methods),
        user_agent: row.user_agent,
        address: row.peer_address,
        created_at: row.created_at,
        authenticated_at: row.authenticated_at,
        last_seen_at: row.last_seen_at,
        expires_at: row.expires_at,
    });
    Ok(kept.collect())
}

/// Ends a session that stands; whether there was one.
pub(crate) async fn revoke(
    tx: &mut TenantTx,
    person_id: PersonId,
    id: SessionId,
    because: Ending,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "UPDATE sessions SET revoked_at = $4, revoked_because = $5
         WHERE tenant_id = $1 AND id = $2 AND person_id = $3 AND revoked_at IS NULL AND expires_at > $4",
        tx.tenant_id().uuid(),
        id.uuid(),
        person_id.uuid(),
        tx.now(),
        because.as_str(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() > 0)
}

pub(crate) async fn revoke_all(
    tx: &mut TenantTx,
    person_id: PersonId,
    except: Option<SessionId>,
    because: Ending,
) -> Result<Vec<SessionId>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"UPDATE sessions SET revoked_at = $3, revoked_because = $4
           WHERE tenant_id = $1 AND person_id = $2 AND revoked_at IS NULL AND expires_at > $3 AND ($5::uuid IS NULL OR id <> $5)
           RETURNING id AS "id: SessionId""#,
        tx.tenant_id().uuid(),
        person_id.uuid(),
        tx.now(),
        because.as_str(),
        except.map(SessionId::uuid),
    )
    .fetch_all(&mut **tx)
    .await
}

pub(crate) async fn authenticated_again(tx: &mut TenantTx, id: SessionId, method: Method) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE sessions SET authenticated_at = $3,
           methods = CASE WHEN $4 = ANY (methods) THEN methods ELSE array_append(methods, $4) END
         WHERE tenant_id = $1 AND id = $2",
        tx.tenant_id().uuid(),
        id.uuid(),
        tx.now(),
        method.as_str(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Removes sessions that would have ended before `before`, with everything that renewed them.
pub(crate) async fn forget_ended(tx: &mut SystemTx, before: DateTime<Utc>) -> Result<(), sqlx::Error> {
    sqlx::query!("DELETE FROM sessions WHERE expires_at < $1", before)
        .execute(&mut **tx)
        .await?;
    Ok(())
}
