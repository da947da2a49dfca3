//! The SQL of tokens. What finds one runs across tenants, since a token comes before its tenant.

use chrono::{DateTime, Utc};
use gatewright_database::{PageRequest, SystemTx, TenantTx};
use gatewright_types::CredentialHash;
use gatewright_types::ids::{OperatorId, TenantId, TokenId};

use crate::last_use::Use;
use crate::model::{OperatorState, Token};
use crate::roles::Role;

/// Whoever a token belongs to, and whether it still works.
pub(crate) struct Found {
    pub(crate) tenant_id: TenantId,
    pub(crate) operator_id: OperatorId,
    pub(crate) role: Role,
    pub(crate) state: OperatorState,
    pub(crate) token_id: TokenId,
    pub(crate) scopes: Option<Vec<String>>,
    pub(crate) expires_at: Option<DateTime<Utc>>,
    pub(crate) revoked_at: Option<DateTime<Utc>>,
}

pub(crate) async fn find(tx: &mut SystemTx, hash: &CredentialHash) -> Result<Option<Found>, sqlx::Error> {
    sqlx::query_as!(
        Found,
        r#"SELECT o.tenant_id AS "tenant_id: TenantId", o.id AS "operator_id: OperatorId", o.role AS "role: Role",
             o.state AS "state: OperatorState", t.id AS "token_id: TokenId", t.scopes, t.expires_at, t.revoked_at
           FROM operator_tokens AS t JOIN operators AS o ON o.tenant_id = t.tenant_id AND o.id = t.operator_id
           WHERE t.hash = $1"#,
        hash.as_bytes().as_slice(),
    )
    .fetch_optional(&mut **tx)
    .await
}

pub(crate) async fn installation_token_exists(tx: &mut SystemTx, hash: &CredentialHash) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM installation_tokens WHERE hash = $1) AS "exists!""#,
        hash.as_bytes().as_slice(),
    )
    .fetch_one(&mut **tx)
    .await
}

/// A token that never expires and follows its operator's role.
pub(crate) async fn insert_unlimited(
    tx: &mut SystemTx,
    tenant_id: TenantId,
    operator_id: OperatorId,
    token: (TokenId, &str, &CredentialHash, &str),
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let (id, name, hash, last_four) = token;
    sqlx::query!(
        "INSERT INTO operator_tokens (tenant_id, id, hash, operator_id, name, last_four, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        tenant_id.uuid(),
        id.uuid(),
        hash.as_bytes().as_slice(),
        operator_id.uuid(),
        name,
        last_four,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) async fn revoke_all(
    tx: &mut SystemTx,
    tenant_id: TenantId,
    operator_id: OperatorId,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE operator_tokens SET revoked_at = $3 WHERE tenant_id = $1 AND operator_id = $2 AND revoked_at IS NULL",
        tenant_id.uuid(),
        operator_id.uuid(),
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) async fn insert(tx: &mut TenantTx, token: &Token, hash: &CredentialHash) -> Result<(), sqlx::Error> {
    let scopes: Option<Vec<String>> = token
        .scopes
        .as_ref()
        .map(|scopes| scopes.iter().map(ToString::to_string).collect());
    sqlx::query!(
        "INSERT INTO operator_tokens (tenant_id, id, hash, operator_id, name, scopes, last_four, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        tx.tenant_id().uuid(),
        token.id.uuid(),
        hash.as_bytes().as_slice(),
        token.operator_id.uuid(),
        token.name,
        scopes.as_deref(),
        token.last_four,
        token.created_at,
        token.expires_at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Tokens of an operator that still work.
pub(crate) async fn count(tx: &mut TenantTx, operator_id: OperatorId) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM operator_tokens
           WHERE tenant_id = $1 AND operator_id = $2 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $3)"#,
        tx.tenant_id().uuid(),
        operator_id.uuid(),
        tx.now(),
    )
    .fetch_one(&mut **tx)
    .await
}

/// A row of `operator_tokens` with its last use.
struct TokenRow {
    id: TokenId,
    operator_id: OperatorId,
    name: String,
    scopes: Option<Vec<String>>,
    last_four: String,
    created_at: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
    revoked_at: Option<DateTime<Utc>>,
    last_used_at: Option<DateTime<Utc>>,
    last_used_address: Option<String>,
}

impl From<TokenRow> for Token {
    fn from(row: TokenRow) -> Self {
        let scopes = row
            .scopes
            .map(|scopes| scopes.iter().flat_map(|scope| scope.parse()).collect());
        Self {
            id: row.id,
            operator_id: row.operator_id,
            name: row.name,
            scopes,
            last_four: row.last_four,
            created_at: row.created_at,
            expires_at: row.expires_at,
            revoked_at: row.revoked_at,
            last_used_at: row.last_used_at,
            last_used_address: row.last_used_address,
        }
    }
}

pub(crate) async fn list(
    tx: &mut TenantTx,
    operator_id: OperatorId,
    request: PageRequest,
) -> Result<Vec<Token>, sqlx::Error> {
    let rows = sqlx::query_as!(
        TokenRow,
        r#"SELECT t.id AS "id: TokenId", t.operator_id AS "operator_id: OperatorId", t.name, t.scopes, t.last_four, t.created_at,
             t.expires_at, t.revoked_at, u.last_used_at AS "last_used_at?", u.last_used_address
           FROM operator_tokens AS t LEFT JOIN operator_token_uses AS u ON u.tenant_id = t.tenant_id AND u.token_id = t.id
           WHERE t.tenant_id = $1 AND t.operator_id = $2 AND ($3::uuid IS NULL OR t.id < $3) ORDER BY t.id DESC LIMIT $4"#,
        tx.tenant_id().uuid(),
        operator_id.uuid(),
        request.after,
        request.probe(),
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(Token::from).collect())
}

/// One token of an operator, held until the end of the transaction.
pub(crate) async fn lock(
    tx: &mut TenantTx,
    operator_id: OperatorId,
    id: TokenId,
) -> Result<Option<Token>, sqlx::Error> {
    let row = sqlx::query_as!(
        TokenRow,
        r#"SELECT t.id AS "id: TokenId", t.operator_id AS "operator_id: OperatorId", t.name, t.scopes, t.last_four, t.created_at,
             t.expires_at, t.revoked_at, NULL::timestamptz AS last_used_at, NULL::text AS last_used_address
           FROM operator_tokens AS t WHERE t.tenant_id = $1 AND t.operator_id = $2 AND t.id = $3 FOR UPDATE"#,
        tx.tenant_id().uuid(),
        operator_id.uuid(),
        id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(Token::from))
}

pub(crate) async fn revoke(tx: &mut TenantTx, id: TokenId) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE operator_tokens SET revoked_at = $3 WHERE tenant_id = $1 AND id = $2",
        tx.tenant_id().uuid(),
        id.uuid(),
        tx.now(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Writes down last uses, none of them twice within a minute, whichever process saw it.
pub(crate) async fn note_uses(tx: &mut SystemTx, uses: &[(TokenId, Use)]) -> Result<(), sqlx::Error> {
    let tokens: Vec<uuid::Uuid> = uses.iter().map(|(id, _)| id.uuid()).collect();
    let tenants: Vec<uuid::Uuid> = uses.iter().map(|(_, one)| one.tenant_id.uuid()).collect();
    let times: Vec<DateTime<Utc>> = uses.iter().map(|(_, one)| one.at).collect();
    let addresses: Vec<Option<String>> = uses
        .iter()
        .map(|(_, one)| one.peer.map(|peer| peer.to_string()))
        .collect();
    sqlx::query!(
        "INSERT INTO operator_token_uses AS known (tenant_id, token_id, last_used_at, last_used_address)
         SELECT seen.tenant_id, seen.token_id, seen.at, seen.address
         FROM UNNEST($1::uuid[], $2::uuid[], $3::timestamptz[], $4::text[]) AS seen (tenant_id, token_id, at, address)
         JOIN operator_tokens AS t ON t.tenant_id = seen.tenant_id AND t.id = seen.token_id
         ORDER BY seen.tenant_id, seen.token_id
         ON CONFLICT (tenant_id, token_id) DO UPDATE
           SET last_used_at = excluded.last_used_at, last_used_address = excluded.last_used_address
           WHERE known.last_used_at <= excluded.last_used_at - interval '1 minute'",
        &tenants,
        &tokens,
        &times,
        &addresses as &[Option<String>],
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Removes tokens that ended before `before`.
pub(crate) async fn forget_ended(tx: &mut SystemTx, before: DateTime<Utc>) -> Result<u64, sqlx::Error> {
    let done = sqlx::query!(
        "DELETE FROM operator_tokens WHERE least(expires_at, revoked_at) < $1",
        before
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected())
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
