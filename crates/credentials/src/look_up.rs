//! Finds credentials by hash, with everything that decides whether they are admitted.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use gatewright_catalog::subscriptions::{self, Standing};
use gatewright_database::{Page, PageRequest, TenantTx};
use gatewright_snapshot::{AccessChange, Credential, Grant, Scope};
use gatewright_types::CredentialHash;
use gatewright_types::access::{Environment, KeyStatus};
use gatewright_types::address::{AddressList, Cidr};
use gatewright_types::ids::{CustomerId, KeyId, ProductId, SubscriptionId};
use sqlx::PgConnection;
use subtle::{Choice, ConstantTimeEq};

use crate::CredentialError;
use crate::model::ApiKey;
use crate::store::{self, SecretRow};

/// One key.
pub async fn get(tx: &mut TenantTx, id: KeyId) -> Result<ApiKey, CredentialError> {
    store::find(tx, id).await?.ok_or(CredentialError::NotFound(id))
}

/// A page of keys, of one subscription or of all.
pub async fn list(
    tx: &mut TenantTx,
    subscription_id: Option<SubscriptionId>,
    request: PageRequest,
) -> Result<Page<ApiKey>, CredentialError> {
    Ok(Page::from_rows(
        store::list(tx, subscription_id, request).await?,
        request,
    ))
}

/// A page of the keys that a customer's subscriptions give, or gave, a right to exist.
pub async fn list_of_customer(
    tx: &mut TenantTx,
    customer_id: CustomerId,
    request: PageRequest,
) -> Result<Page<ApiKey>, CredentialError> {
    let rows = store::list_of_customer(tx, customer_id, request).await?;
    Ok(Page::from_rows(rows, request))
}

/// One key of a customer's; that of another is none.
pub async fn get_of_customer(tx: &mut TenantTx, customer_id: CustomerId, id: KeyId) -> Result<ApiKey, CredentialError> {
    store::find_of_customer(tx, customer_id, id)
        .await?
        .ok_or(CredentialError::NotFound(id))
}

/// The credentials with these hashes, whoever's they are; two round trips. What is missing is nobody's.
///
/// In a tenant's transaction it finds that tenant's only.
pub async fn by_hash(
    connection: &mut PgConnection,
    hashes: &[CredentialHash],
) -> Result<Vec<AccessChange>, CredentialError> {
    let rows = store::secrets_by_hash(connection, hashes).await?;
    records(connection, rows).await
}

/// Whether the pair with this client id has or had this secret; takes as long either way.
pub async fn is_pair(tx: &mut TenantTx, client_id: &str, secret: &CredentialHash) -> Result<bool, CredentialError> {
    let hashes = store::hashes_of_pair(tx, client_id).await?;
    // Every one is compared, and each in constant time: how long it takes says nothing about a hash.
    let found = hashes.iter().fold(Choice::from(0), |found, hash| {
        found | hash.as_slice().ct_eq(secret.as_bytes().as_slice())
    });
    Ok(found.into())
}

/// What nodes know of these keys' current secrets; a superseded one is left out.
pub async fn current(tx: &mut TenantTx, ids: &[KeyId]) -> Result<Vec<AccessChange>, CredentialError> {
    let mut rows = store::secrets_of_keys(tx, ids).await?;
    rows.retain(|row| row.valid_until.is_none());
    records(tx, rows).await
}

/// What the gateways must know of these keys from now on: one record per secret that may still be in use.
pub(crate) async fn of_keys(tx: &mut TenantTx, ids: &[KeyId]) -> Result<Vec<AccessChange>, CredentialError> {
    let rows = store::secrets_of_keys(tx, ids).await?;
    records(tx, rows).await
}

async fn records(connection: &mut PgConnection, rows: Vec<SecretRow>) -> Result<Vec<AccessChange>, CredentialError> {
    let subscriptions: BTreeSet<SubscriptionId> = rows
        .iter()
        .flat_map(|row| row.binding_subscriptions.iter().copied())
        .collect();
    let subscriptions: Vec<SubscriptionId> = subscriptions.into_iter().collect();
    let standings: HashMap<SubscriptionId, Standing> = if subscriptions.is_empty() {
        HashMap::new()
    } else {
        subscriptions::standings(connection, &subscriptions)
            .await?
            .into_iter()
            .map(|standing| (standing.subscription_id, standing))
            .collect()
    };
    Ok(rows.iter().filter_map(|row| record(row, &standings)).collect())
}

fn record(row: &SecretRow, standings: &HashMap<SubscriptionId, Standing>) -> Option<AccessChange> {
    let hash = CredentialHash::from_slice(&row.hash)?;
    let expires_at_ms = [row.expires_at, row.valid_until]
        .into_iter()
        .flatten()
        .map(|at| at.timestamp_millis())
        .min();
    let grants = row
        .binding_subscriptions
        .iter()
        .zip(row.binding_gateways.iter().zip(&row.binding_consumers))
        .filter_map(|(subscription_id, consumer)| {
            let standing = standings.get(subscription_id)?;
            let scope = match consumer {
                (Some(gateway_id), Some(consumer_id)) => Scope::Gateway {
                    gateway_id: *gateway_id,
                    consumer_id: *consumer_id,
                },
                _ => Scope::Products(narrowed(&standing.product_ids, row.product_ids.as_deref()).collect()),
            };
            Some(Grant {
                subscription_id: *subscription_id,
                customer_id: standing.customer_id,
                admitted: standing.state.admits(),
                scope,
            })
        })
        .collect();
    let credential = Credential {
        version: u64::try_from(row.access_version).unwrap_or(0),
        key_id: row.key_id,
        tenant_id: row.tenant_id,
        environment: row.environment,
        status: row.status,
        expires_at_ms,
        allowed_addresses: row
            .allowed_addresses
            .clone()
            .map(|ranges| Box::new(AddressList::new(ranges))),
        grants,
    };
    Some(AccessChange { hash, credential })
}

/// A key's current secret, as other gateways are to have it.
#[derive(Clone, Debug)]
pub struct GivenSecret {
    /// Whose.
    pub key_id: KeyId,
    /// Which of the key's.
    pub secret_version: i32,
    /// Its SHA-256.
    pub hash: Vec<u8>,
    /// Where the key may be used.
    pub environment: Environment,
    /// Where the key stands.
    pub status: KeyStatus,
    /// What the key is narrowed to.
    pub product_ids: Option<Vec<ProductId>>,
    /// From where the key may be used.
    pub allowed_addresses: Option<Vec<Cidr>>,
    /// From when on the key is refused.
    pub expires_at: Option<DateTime<Utc>>,
    /// It was taken away after a leak, and nobody knows the one in its place.
    pub withdrawn: bool,
    /// The key's name.
    pub name: String,
}

/// What a key of a subscription is held to.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Whose.
    pub subscription_id: SubscriptionId,
    /// What the key is narrowed to.
    pub product_ids: Option<Vec<ProductId>>,
    /// It may be used from certain addresses only.
    pub addresses: bool,
}

/// What the keys of these subscriptions in an environment are held to: each combination once, and none of what is revoked.
pub async fn limits(
    tx: &mut TenantTx,
    ids: &[SubscriptionId],
    environment: Environment,
) -> Result<Vec<Limits>, CredentialError> {
    Ok(store::limits_of_subscriptions(tx, ids, environment).await?)
}

/// The current secret of each of a subscription's keys that is not revoked.
pub async fn given(tx: &mut TenantTx, subscription_id: SubscriptionId) -> Result<Vec<GivenSecret>, CredentialError> {
    Ok(store::secrets_of_subscription(tx, subscription_id).await?)
}

/// The plan's products, less those that the key leaves out.
fn narrowed(covered: &[ProductId], key: Option<&[ProductId]>) -> impl Iterator<Item = ProductId> {
    covered
        .iter()
        .copied()
        .filter(move |id| key.is_none_or(|kept| kept.contains(id)))
}
