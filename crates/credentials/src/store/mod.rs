//! The SQL of keys and bindings. Nothing here decides.
//!
//! Keys are locked in the order of their ids, and before their bindings.

use chrono::{DateTime, TimeDelta, Utc};
use gatewright_database::{PageRequest, TenantTx};
use gatewright_types::CredentialHash;
use gatewright_types::access::{Environment, KeyStatus};
use gatewright_types::address::Cidr;
use gatewright_types::ids::{BindingId, ConsumerId, CustomerId, GatewayId, KeyId, ProductId, SubscriptionId, TenantId};
use gatewright_vault::Sealed;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::look_up::{GivenSecret, Limits};
use crate::model::{AccessorType, ApiKey, NewBinding};
use crate::settings::SecretRetention;

pub(crate) mod leaks;
pub(crate) mod sealed;
pub(crate) mod settings;

pub(crate) async fn insert(
    tx: &mut TenantTx,
    key: &ApiKey,
    hash: &CredentialHash,
    copy: Option<&(Sealed, SecretRetention)>,
    binding_id: BindingId,
    binding: &NewBinding,
) -> Result<(), sqlx::Error> {
    let product_ids = uuids(key.product_ids.as_deref());
    let allowed_addresses = texts(key.allowed_addresses.as_deref());
    sqlx::query!(
        "WITH key AS (
           INSERT INTO api_keys (tenant_id, id, accessor_type, environment, name, status, secret_version, prefix, hash, last_four,
             product_ids, expires_at, access_version, created_at, updated_at, client_id, allowed_addresses, secret_withdrawn_at)
           VALUES ($1, $2, $3, $4, $5, 'ACTIVE', 1, $6, $7, $8, $9, $10, nextval('access_version_seq'), $11, $11, $16, $17, $20)
         ), copy AS (
           INSERT INTO sealed_secrets (tenant_id, key_id, secret_version, sealed, retention, erase_at, created_at)
           SELECT $1, $2, 1, $18, $19, $10, $11 WHERE $18::bytea IS NOT NULL
         )
         INSERT INTO key_subscription_bindings (tenant_id, id, key_id, subscription_id, gateway_id, consumer_id, created_at)
         VALUES ($1, $12, $2, $13, $14, $15, $11)",
        tx.tenant_id().uuid(),
        key.id.uuid(),
        key.accessor_type.as_str(),
        key.environment.as_str(),
        key.name,
        key.prefix,
        hash.as_bytes().as_slice(),
        key.last_four,
        product_ids.as_deref(),
        key.expires_at,
        key.created_at,
        binding_id.uuid(),
        binding.subscription_id.uuid(),
        binding.consumer.map(|(gateway_id, _)| gateway_id.uuid()),
        binding.consumer.map(|(_, consumer_id)| consumer_id.uuid()),
        key.client_id,
        allowed_addresses.as_deref(),
        copy.map(|(sealed, _)| sealed.as_bytes()),
        copy.map(|(_, retention)| retention.as_str()),
        key.secret_withdrawn_at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

fn uuids(ids: Option<&[ProductId]>) -> Option<Vec<Uuid>> {
    ids.map(|ids| ids.iter().map(|id| id.uuid()).collect())
}

fn texts(ranges: Option<&[Cidr]>) -> Option<Vec<String>> {
    ranges.map(|ranges| ranges.iter().map(Cidr::to_string).collect())
}

pub(crate) async fn count_live(tx: &mut TenantTx, subscription_id: SubscriptionId) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM key_subscription_bindings AS b
           JOIN api_keys AS k ON k.tenant_id = b.tenant_id AND k.id = b.key_id AND k.status <> 'REVOKED'
           WHERE b.tenant_id = $1 AND b.subscription_id = $2 AND b.ended_at IS NULL"#,
        tx.tenant_id().uuid(),
        subscription_id.uuid(),
    )
    .fetch_one(&mut **tx)
    .await
}

/// The keys of a customer that are not revoked.
pub(crate) async fn count_live_of_customer(tx: &mut TenantTx, id: CustomerId) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT count(DISTINCT k.id) AS "count!" FROM subscriptions AS s
           JOIN key_subscription_bindings AS b ON b.tenant_id = s.tenant_id AND b.subscription_id = s.id AND b.ended_at IS NULL
           JOIN api_keys AS k ON k.tenant_id = b.tenant_id AND k.id = b.key_id AND k.status <> 'REVOKED'
           WHERE s.tenant_id = $1 AND s.customer_id = $2"#,
        tx.tenant_id().uuid(),
        id.uuid(),
    )
    .fetch_one(&mut **tx)
    .await
}

pub(crate) async fn find(tx: &mut TenantTx, id: KeyId) -> Result<Option<ApiKey>, sqlx::Error> {
    let of = Of {
        id: Some(id),
        ..Of::default()
    };
    let mut rows = select(tx, of, None, 1).await?;
    Ok(rows.pop())
}

pub(crate) async fn list(
    tx: &mut TenantTx,
    subscription_id: Option<SubscriptionId>,
    page: PageRequest,
) -> Result<Vec<ApiKey>, sqlx::Error> {
    let of = Of {
        subscription_id,
        ..Of::default()
    };
    select(tx, of, page.after, page.probe()).await
}

pub(crate) async fn list_of_customer(
    tx: &mut TenantTx,
    customer_id: CustomerId,
    page: PageRequest,
) -> Result<Vec<ApiKey>, sqlx::Error> {
    let of = Of {
        customer_id: Some(customer_id),
        ..Of::default()
    };
    select(tx, of, page.after, page.probe()).await
}

pub(crate) async fn find_of_customer(
    tx: &mut TenantTx,
    customer_id: CustomerId,
    id: KeyId,
) -> Result<Option<ApiKey>, sqlx::Error> {
    let of = Of {
        id: Some(id),
        customer_id: Some(customer_id),
        ..Of::default()
    };
    Ok(select(tx, of, None, 1).await?.pop())
}

/// Which keys; what is absent is not asked for.
#[derive(Default)]
struct Of {
    id: Option<KeyId>,
    subscription_id: Option<SubscriptionId>,
    customer_id: Option<CustomerId>,
}

async fn select(tx: &mut TenantTx, of: Of, after: Option<Uuid>, limit: i64) -> Result<Vec<ApiKey>, sqlx::Error> {
    let now = tx.now();
    sqlx::query_as!(
        ApiKey,
        r#"SELECT k.id AS "id: _", k.accessor_type AS "accessor_type: _", k.environment AS "environment: _", k.name,
             k.status AS "status: _", k.secret_version, k.prefix, k.last_four, k.client_id, k.product_ids AS "product_ids: _",
             k.allowed_addresses AS "allowed_addresses: _", k.expires_at, k.secret_withdrawn_at,
             (SELECT max(valid_until) FROM superseded_secrets AS s
              WHERE s.tenant_id = k.tenant_id AND s.key_id = k.id AND s.valid_until > $6) AS old_secret_valid_until,
             ARRAY(SELECT subscription_id FROM key_subscription_bindings AS b
                   WHERE b.tenant_id = k.tenant_id AND b.key_id = k.id AND b.ended_at IS NULL
                   ORDER BY subscription_id) AS "subscription_ids!: _",
             k.created_at, k.updated_at, k.revoked_at
           FROM api_keys AS k
           WHERE k.tenant_id = $1 AND ($2::uuid IS NULL OR k.id = $2) AND ($4::uuid IS NULL OR k.id < $4)
             AND ($3::uuid IS NULL OR EXISTS (SELECT FROM key_subscription_bindings AS b
                   WHERE b.tenant_id = k.tenant_id AND b.key_id = k.id AND b.subscription_id = $3))
             AND ($7::uuid IS NULL OR EXISTS (SELECT FROM key_subscription_bindings AS b
                   JOIN subscriptions AS s ON s.tenant_id = b.tenant_id AND s.id = b.subscription_id
                   WHERE b.tenant_id = k.tenant_id AND b.key_id = k.id AND s.customer_id = $7))
           ORDER BY k.id DESC LIMIT $5"#,
        tx.tenant_id().uuid(),
        of.id.map(KeyId::uuid),
        of.subscription_id.map(SubscriptionId::uuid),
        after,
        limit,
        now,
        of.customer_id.map(CustomerId::uuid),
    )
    .fetch_all(&mut **tx)
    .await
}

/// A key that is held until the end of the transaction.
pub(crate) struct Held {
    pub(crate) accessor_type: AccessorType,
    pub(crate) status: KeyStatus,
    pub(crate) environment: Environment,
    pub(crate) secret_version: i32,
    pub(crate) last_four: String,
    pub(crate) expires_at: Option<DateTime<Utc>>,
    pub(crate) old_secret_valid_until: Option<DateTime<Utc>>,
}

pub(crate) async fn lock(tx: &mut TenantTx, id: KeyId) -> Result<Option<Held>, sqlx::Error> {
    sqlx::query_as!(
        Held,
        r#"SELECT accessor_type AS "accessor_type: _", status AS "status: _", environment AS "environment: _", secret_version, last_four, expires_at,
             (SELECT max(valid_until) FROM superseded_secrets AS s
              WHERE s.tenant_id = k.tenant_id AND s.key_id = k.id) AS old_secret_valid_until
           FROM api_keys AS k WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE"#,
        tx.tenant_id().uuid(),
        id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await
}

/// Sets the status of keys that the caller holds. Of a revoked key's secrets, no copy stays.
pub(crate) async fn set_status(tx: &mut TenantTx, ids: &[KeyId], to: KeyStatus) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    sqlx::query!(
        "WITH copies AS (DELETE FROM sealed_secrets WHERE tenant_id = $1 AND key_id = ANY($2) AND $3 = 'REVOKED')
         UPDATE api_keys SET status = $3, suspended_by_customer = false, revoked_at = CASE WHEN $3 = 'REVOKED' THEN coalesce(revoked_at, $4) END,
           access_version = nextval('access_version_seq'), updated_at = $4
         WHERE tenant_id = $1 AND id = ANY($2)",
        tx.tenant_id().uuid(),
        &ids,
        to.as_str(),
        tx.now(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Remembers that its customer suspended a key that the caller holds.
pub(crate) async fn mark_suspended_by_customer(tx: &mut TenantTx, id: KeyId) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE api_keys SET suspended_by_customer = true WHERE tenant_id = $1 AND id = $2 AND status = 'SUSPENDED'",
        tx.tenant_id().uuid(),
        id.uuid(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// From now on only an operator reactivates a key that its customer suspended; says whether it was one.
pub(crate) async fn take_over_suspension(tx: &mut TenantTx, id: KeyId) -> Result<bool, sqlx::Error> {
    let taken = sqlx::query!(
        "UPDATE api_keys SET suspended_by_customer = false
         WHERE tenant_id = $1 AND id = $2 AND status = 'SUSPENDED' AND suspended_by_customer",
        tx.tenant_id().uuid(),
        id.uuid(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(taken.rows_affected() > 0)
}

pub(crate) async fn is_suspended_by_customer(tx: &mut TenantTx, id: KeyId) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM api_keys WHERE tenant_id = $1 AND id = $2 AND suspended_by_customer) AS "exists!""#,
        tx.tenant_id().uuid(),
        id.uuid(),
    )
    .fetch_one(&mut **tx)
    .await
}

/// Holds the live keys of a subscription, in the order of their ids, and raises their versions.
pub(crate) async fn raise_version_of_subscription(
    tx: &mut TenantTx,
    subscription_id: SubscriptionId,
) -> Result<Vec<KeyId>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"WITH held AS (
             SELECT k.tenant_id, k.id FROM api_keys AS k
             WHERE k.tenant_id = $1 AND k.id IN (SELECT key_id FROM key_subscription_bindings AS b
                     WHERE b.tenant_id = $1 AND b.subscription_id = $2 AND b.ended_at IS NULL)
             ORDER BY k.id FOR NO KEY UPDATE
           )
           UPDATE api_keys AS k SET access_version = nextval('access_version_seq')
           FROM held WHERE k.tenant_id = held.tenant_id AND k.id = held.id
           RETURNING k.id AS "id: KeyId""#,
        tx.tenant_id().uuid(),
        subscription_id.uuid(),
    )
    .fetch_all(&mut **tx)
    .await
}

pub(crate) async fn end_bindings(tx: &mut TenantTx, subscription_id: SubscriptionId) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE key_subscription_bindings SET ended_at = $3 WHERE tenant_id = $1 AND subscription_id = $2 AND ended_at IS NULL",
        tx.tenant_id().uuid(),
        subscription_id.uuid(),
        tx.now(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Of these keys, those that no live binding holds and that are not revoked, with their status.
pub(crate) async fn without_binding(tx: &mut TenantTx, ids: &[KeyId]) -> Result<Vec<(KeyId, KeyStatus)>, sqlx::Error> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let rows = sqlx::query!(
        r#"SELECT k.id AS "id: KeyId", k.status AS "status: KeyStatus" FROM api_keys AS k
           WHERE k.tenant_id = $1 AND k.id = ANY($2) AND k.status <> 'REVOKED'
             AND NOT EXISTS (SELECT FROM key_subscription_bindings AS b
                   WHERE b.tenant_id = k.tenant_id AND b.key_id = k.id AND b.ended_at IS NULL)"#,
        tx.tenant_id().uuid(),
        &ids,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.status)).collect())
}

/// What replaces a key's secret.
pub(crate) struct Replacement<'s> {
    pub(crate) hash: &'s CredentialHash,
    pub(crate) last_four: &'s str,
    pub(crate) copy: Option<&'s (Sealed, SecretRetention)>,
    /// Until when the old one is valid.
    pub(crate) valid_until: DateTime<Utc>,
    /// Whether nobody knows it, because the old one was taken away.
    pub(crate) withdrawn: bool,
}

/// Puts a new secret in the place of the current one; copies of old ones go when those do.
pub(crate) async fn supersede(tx: &mut TenantTx, id: KeyId, new: Replacement<'_>) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "WITH old AS (
           INSERT INTO superseded_secrets (tenant_id, key_id, secret_version, hash, last_four, valid_until)
           SELECT tenant_id, id, secret_version, hash, last_four, $5 FROM api_keys WHERE tenant_id = $1 AND id = $2
         ), over AS (
           DELETE FROM sealed_secrets WHERE tenant_id = $1 AND key_id = $2 AND $5 <= $6
         ), outdated AS (
           UPDATE sealed_secrets SET erase_at = LEAST(erase_at, $5) WHERE tenant_id = $1 AND key_id = $2 AND $5 > $6
         ), copy AS (
           INSERT INTO sealed_secrets (tenant_id, key_id, secret_version, sealed, retention, erase_at, created_at)
           SELECT tenant_id, id, secret_version + 1, $7, $9, expires_at, $6
           FROM api_keys WHERE tenant_id = $1 AND id = $2 AND $7::bytea IS NOT NULL
         )
         UPDATE api_keys SET hash = $3, last_four = $4, secret_version = secret_version + 1,
           secret_withdrawn_at = CASE WHEN $8 THEN $6 END, access_version = nextval('access_version_seq'), updated_at = $6
         WHERE tenant_id = $1 AND id = $2",
        tx.tenant_id().uuid(),
        id.uuid(),
        new.hash.as_bytes().as_slice(),
        new.last_four,
        new.valid_until,
        tx.now(),
        new.copy.map(|(sealed, _)| sealed.as_bytes()),
        new.withdrawn,
        new.copy.map(|(_, retention)| retention.as_str()),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Refuses old secrets of a key from now on.
pub(crate) async fn end_overlap(tx: &mut TenantTx, id: KeyId) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "WITH copies AS (
           DELETE FROM sealed_secrets AS s USING api_keys AS k
           WHERE s.tenant_id = $1 AND s.key_id = $2 AND k.tenant_id = $1 AND k.id = $2 AND s.secret_version <> k.secret_version
         )
         UPDATE superseded_secrets SET valid_until = $3 WHERE tenant_id = $1 AND key_id = $2 AND valid_until > $3",
        tx.tenant_id().uuid(),
        id.uuid(),
        tx.now(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// For a change that stands in another table: a node keeps the record with the higher version.
pub(crate) async fn raise_version(tx: &mut TenantTx, id: KeyId) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE api_keys SET access_version = nextval('access_version_seq'), updated_at = $3 WHERE tenant_id = $1 AND id = $2",
        tx.tenant_id().uuid(),
        id.uuid(),
        tx.now(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) async fn update(tx: &mut TenantTx, key: &ApiKey) -> Result<(), sqlx::Error> {
    let product_ids = uuids(key.product_ids.as_deref());
    let allowed_addresses = texts(key.allowed_addresses.as_deref());
    sqlx::query!(
        "WITH copies AS (
           UPDATE sealed_secrets AS s SET erase_at = LEAST($5, (
             SELECT valid_until FROM superseded_secrets AS o
             WHERE o.tenant_id = $1 AND o.key_id = $2 AND o.secret_version = s.secret_version))
           WHERE s.tenant_id = $1 AND s.key_id = $2
         )
         UPDATE api_keys SET name = $3, product_ids = $4, expires_at = $5, allowed_addresses = $7,
           access_version = nextval('access_version_seq'), updated_at = $6
         WHERE tenant_id = $1 AND id = $2",
        tx.tenant_id().uuid(),
        key.id.uuid(),
        key.name,
        product_ids.as_deref(),
        key.expires_at,
        key.updated_at,
        allowed_addresses.as_deref(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The hashes of every secret that the pair with this client id has or had.
pub(crate) async fn hashes_of_pair(tx: &mut TenantTx, client_id: &str) -> Result<Vec<Vec<u8>>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT hash AS "hash!" FROM api_keys WHERE tenant_id = $1 AND client_id = $2
           UNION ALL
           SELECT s.hash FROM superseded_secrets AS s JOIN api_keys AS k ON k.tenant_id = s.tenant_id AND k.id = s.key_id
           WHERE k.tenant_id = $1 AND k.client_id = $2"#,
        tx.tenant_id().uuid(),
        client_id,
    )
    .fetch_all(&mut **tx)
    .await
}

/// One secret, current or superseded, with its key and the key's live bindings (three arrays side by side).
pub(crate) struct SecretRow {
    pub(crate) hash: Vec<u8>,
    pub(crate) valid_until: Option<DateTime<Utc>>,
    pub(crate) tenant_id: TenantId,
    pub(crate) key_id: KeyId,
    pub(crate) environment: Environment,
    pub(crate) status: KeyStatus,
    pub(crate) product_ids: Option<Vec<ProductId>>,
    pub(crate) allowed_addresses: Option<Vec<Cidr>>,
    pub(crate) expires_at: Option<DateTime<Utc>>,
    pub(crate) access_version: i64,
    pub(crate) binding_subscriptions: Vec<SubscriptionId>,
    pub(crate) binding_gateways: Vec<Option<GatewayId>>,
    pub(crate) binding_consumers: Vec<Option<ConsumerId>>,
}

pub(crate) async fn secrets_by_hash(
    connection: &mut PgConnection,
    hashes: &[CredentialHash],
) -> Result<Vec<SecretRow>, sqlx::Error> {
    let hashes: Vec<Vec<u8>> = hashes.iter().map(|hash| hash.as_bytes().to_vec()).collect();
    sqlx::query_as!(
        SecretRow,
        r#"WITH secrets AS (
             SELECT hash, NULL::timestamptz AS valid_until, tenant_id, id AS key_id FROM api_keys WHERE hash = ANY($1)
             UNION ALL
             SELECT hash, valid_until, tenant_id, key_id FROM superseded_secrets WHERE hash = ANY($1)
           )
           SELECT s.hash AS "hash!", s.valid_until, k.tenant_id AS "tenant_id: _", k.id AS "key_id: _", k.environment AS "environment: _",
             k.status AS "status: _", k.product_ids AS "product_ids: _", k.allowed_addresses AS "allowed_addresses: _", k.expires_at, k.access_version,
             b.subscriptions AS "binding_subscriptions!: _", b.gateways AS "binding_gateways!: _", b.consumers AS "binding_consumers!: _"
           FROM secrets AS s
           JOIN api_keys AS k ON k.tenant_id = s.tenant_id AND k.id = s.key_id
           CROSS JOIN LATERAL (
             SELECT coalesce(array_agg(subscription_id ORDER BY id), '{}') AS subscriptions,
               coalesce(array_agg(gateway_id ORDER BY id), '{}') AS gateways,
               coalesce(array_agg(consumer_id ORDER BY id), '{}') AS consumers
             FROM key_subscription_bindings AS b
             WHERE b.tenant_id = k.tenant_id AND b.key_id = k.id AND b.ended_at IS NULL
           ) AS b"#,
        &hashes,
    )
    .fetch_all(connection)
    .await
}

pub(crate) async fn secrets_of_keys(tx: &mut TenantTx, ids: &[KeyId]) -> Result<Vec<SecretRow>, sqlx::Error> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let hashes = sqlx::query_scalar!(
        r#"SELECT hash AS "hash!" FROM api_keys WHERE tenant_id = $1 AND id = ANY($2)
           UNION ALL
           SELECT hash FROM superseded_secrets WHERE tenant_id = $1 AND key_id = ANY($2) AND valid_until > $3"#,
        tx.tenant_id().uuid(),
        &ids,
        // One that ended this minute may still stand in a cache as valid.
        tx.now() - TimeDelta::minutes(1),
    )
    .fetch_all(&mut **tx)
    .await?;
    let hashes: Vec<CredentialHash> = hashes
        .iter()
        .filter_map(|hash| CredentialHash::from_slice(hash))
        .collect();
    secrets_by_hash(tx, &hashes).await
}

/// The current secrets of the keys that a subscription gives their right to exist.
pub(crate) async fn secrets_of_subscription(
    tx: &mut TenantTx,
    subscription_id: SubscriptionId,
) -> Result<Vec<GivenSecret>, sqlx::Error> {
    sqlx::query_as!(
        GivenSecret,
        r#"SELECT id AS "key_id: _", secret_version, hash, environment AS "environment: _", status AS "status: _",
             product_ids AS "product_ids: _", allowed_addresses AS "allowed_addresses: _", expires_at,
             secret_withdrawn_at IS NOT NULL AS "withdrawn!", name
           FROM api_keys AS k WHERE tenant_id = $1 AND status <> 'REVOKED' AND EXISTS (
             SELECT FROM key_subscription_bindings AS b
             WHERE b.tenant_id = $1 AND b.key_id = k.id AND b.subscription_id = $2 AND b.ended_at IS NULL AND b.gateway_id IS NULL)
           ORDER BY id"#,
        tx.tenant_id().uuid(),
        subscription_id.uuid(),
    )
    .fetch_all(&mut **tx)
    .await
}

/// What the keys of these subscriptions are held to, each combination once.
pub(crate) async fn limits_of_subscriptions(
    tx: &mut TenantTx,
    ids: &[SubscriptionId],
    environment: Environment,
) -> Result<Vec<Limits>, sqlx::Error> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    sqlx::query_as!(
        Limits,
        r#"SELECT DISTINCT b.subscription_id AS "subscription_id!: _", k.product_ids AS "product_ids: _",
             k.allowed_addresses IS NOT NULL AS "addresses!"
           FROM key_subscription_bindings AS b JOIN api_keys AS k ON k.tenant_id = b.tenant_id AND k.id = b.key_id
           WHERE b.tenant_id = $1 AND b.subscription_id = ANY($2) AND b.ended_at IS NULL AND b.gateway_id IS NULL
             AND k.status <> 'REVOKED' AND k.environment = $3"#,
        tx.tenant_id().uuid(),
        &ids,
        environment.as_str(),
    )
    .fetch_all(&mut **tx)
    .await
}

/// Moves the end of the secrets that are still in an overlap; returns how many there are.
pub(crate) async fn move_overlap(tx: &mut TenantTx, id: KeyId, valid_until: DateTime<Utc>) -> Result<u64, sqlx::Error> {
    let moved = sqlx::query!(
        "WITH copies AS (
           UPDATE sealed_secrets AS s SET erase_at = LEAST($3, k.expires_at) FROM api_keys AS k
           WHERE s.tenant_id = $1 AND s.key_id = $2 AND k.tenant_id = $1 AND k.id = $2 AND s.secret_version <> k.secret_version
         ), key AS (
           UPDATE api_keys SET access_version = nextval('access_version_seq') WHERE tenant_id = $1 AND id = $2
         )
         UPDATE superseded_secrets SET valid_until = $3 WHERE tenant_id = $1 AND key_id = $2 AND valid_until > $4",
        tx.tenant_id().uuid(),
        id.uuid(),
        valid_until,
        tx.now(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(moved.rows_affected())
}
