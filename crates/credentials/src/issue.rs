//! Makes a key.

use chrono::{DateTime, Utc};
use gatewright_catalog::check::Checks;
use gatewright_database::error::broken_unique;
use gatewright_database::{DatabaseError, TenantTx};
use gatewright_types::Rng;
use gatewright_types::access::{Environment, KeyStatus};
use gatewright_types::address::{ADDRESSES_MAX, Cidr};
use gatewright_types::credential::{CREDENTIAL_MAX_LENGTH, CredentialHash};
use gatewright_types::ids::{BindingId, CustomerId, KeyId, ProductId};
use gatewright_vault::Minted;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use crate::model::{AccessorType, ApiKey, NewBinding};
use crate::settings::{self, Copies};
use crate::{CredentialError, sealed, store};

/// Most keys of one subscription that are not revoked.
pub const KEYS_PER_SUBSCRIPTION_MAX: usize = 50;
/// Shortest secret of somebody else's that is taken over: a hash of less could be guessed.
pub const ADOPTED_MIN_CHARS: usize = 16;
/// Most keys of one customer that are not revoked, where developers make them by themselves.
pub const KEYS_PER_CUSTOMER_MAX: usize = 200;
/// Most products that a key is narrowed to.
pub const KEY_PRODUCTS_MAX: usize = 100;

/// What a key is made from.
#[derive(Debug)]
pub struct NewKey {
    /// A name for people.
    pub name: String,
    /// What it is made of.
    pub accessor_type: AccessorType,
    /// Where it may be used.
    pub environment: Environment,
    /// Narrows it to these products.
    pub product_ids: Option<Vec<ProductId>>,
    /// From where it may be used.
    pub allowed_addresses: Option<Vec<Cidr>>,
    /// From when on it is refused.
    pub expires_at: Option<DateTime<Utc>>,
}

impl NewKey {
    /// A key of one secret, without limits.
    pub fn plain(name: impl Into<String>, environment: Environment) -> Self {
        Self {
            name: name.into(),
            accessor_type: AccessorType::BearerToken,
            environment,
            product_ids: None,
            allowed_addresses: None,
            expires_at: None,
        }
    }
}

/// A key whose secret is to be revealed, once.
pub struct Revealed {
    /// The key.
    pub key: ApiKey,
    /// Its secret.
    pub secret: SecretString,
    /// Whether other gateways are to be given it.
    pub provisions: bool,
}

/// A new secret for a key of this kind.
pub(crate) fn mint(accessor_type: AccessorType, environment: Environment, rng: &Rng) -> Minted {
    match accessor_type {
        AccessorType::BearerToken => gatewright_vault::mint_api_key(environment, rng),
        AccessorType::ClientCredentials => gatewright_vault::mint_client_secret(rng),
    }
}

/// Makes a key that lives by `binding`; `covered` are the products of that subscription. Two round trips, and one
/// more where a sealed copy is kept and the tenant's data key is not in memory.
pub async fn issue(
    tx: &mut TenantTx,
    binding: NewBinding,
    covered: &[ProductId],
    new: NewKey,
) -> Result<Revealed, CredentialError> {
    let copies = settings::copies(tx).await?;
    issue_keeping(tx, binding, covered, new, copies).await
}

/// The same for a caller who knows already what becomes of new secrets.
pub async fn issue_keeping(
    tx: &mut TenantTx,
    binding: NewBinding,
    covered: &[ProductId],
    new: NewKey,
    copies: Copies,
) -> Result<Revealed, CredentialError> {
    check(tx, covered, &new)?;
    let minted = mint(new.accessor_type, new.environment, tx.rng());
    keep(tx, binding, new, minted, copies, false).await
}

/// Makes a key whose secret somebody else made and gave to its customer. None: nobody here knows it, and the key is of no use
/// until its first rotation.
///
/// Our own gateways admit only secrets of our own form; the others admit it as before.
pub async fn adopt(
    tx: &mut TenantTx,
    binding: NewBinding,
    new: NewKey,
    secret: Option<SecretString>,
    copies: Copies,
) -> Result<ApiKey, CredentialError> {
    check(tx, &[], &new)?;
    let withdrawn = secret.is_none();
    let minted = match secret {
        None => mint(new.accessor_type, new.environment, tx.rng()),
        Some(secret) => {
            let text = secret.expose_secret();
            if !(ADOPTED_MIN_CHARS..=CREDENTIAL_MAX_LENGTH).contains(&text.chars().count()) {
                return Err(CredentialError::CannotAdopt(
                    "it is too short to be kept as a hash, or too long",
                ));
            }
            let last_four = text
                .chars()
                .rev()
                .take(4)
                .collect::<Vec<_>>()
                .into_iter()
                .rev()
                .collect();
            Minted {
                hash: CredentialHash::of(text.as_bytes()),
                prefix: "",
                last_four,
                secret,
            }
        }
    };
    let kept = keep(tx, binding, new, minted, copies, withdrawn).await;
    kept.map(|revealed| revealed.key).map_err(|error| match error {
        CredentialError::Database(DatabaseError::Query(error)) if broken_unique(&error).is_some() => {
            CredentialError::CannotAdopt("another key has the same value")
        }
        error => error,
    })
}

async fn keep(
    tx: &mut TenantTx,
    binding: NewBinding,
    new: NewKey,
    minted: Minted,
    copies: Copies,
    withdrawn: bool,
) -> Result<Revealed, CredentialError> {
    let key = ApiKey {
        id: KeyId::mint(tx.clock(), tx.rng()),
        accessor_type: new.accessor_type,
        environment: new.environment,
        name: new.name,
        status: KeyStatus::Active,
        secret_version: 1,
        prefix: minted.prefix.to_owned(),
        last_four: minted.last_four,
        client_id: (new.accessor_type == AccessorType::ClientCredentials)
            .then(|| gatewright_vault::mint_client_id(tx.rng())),
        product_ids: new.product_ids,
        allowed_addresses: new.allowed_addresses,
        expires_at: new.expires_at,
        secret_withdrawn_at: withdrawn.then(|| tx.now()),
        old_secret_valid_until: None,
        subscription_ids: vec![binding.subscription_id],
        created_at: tx.now(),
        updated_at: tx.now(),
        revoked_at: None,
    };
    // What nobody knows is not kept for anybody.
    let copies = if withdrawn { Copies::default() } else { copies };
    let kept = sealed::copy(tx, copies, key.id, key.secret_version, &minted.secret).await?;
    let binding_id = BindingId::mint(tx.clock(), tx.rng());
    store::insert(tx, &key, &minted.hash, kept.copy.as_ref(), binding_id, &binding).await?;
    let detail = json!({
        "subscriptionId": binding.subscription_id, "accessorType": key.accessor_type, "environment": key.environment,
        "prefix": key.prefix, "lastFour": key.last_four,
    });
    tx.changed_telling("credentials", "key.created", key.id, detail, &Value::Null, &key);
    Ok(Revealed {
        key,
        secret: minted.secret,
        provisions: kept.provisions,
    })
}

/// Fails when a subscription, held by the caller, has as many keys as it may.
pub async fn require_room(tx: &mut TenantTx, binding: &NewBinding) -> Result<(), CredentialError> {
    let count = store::count_live(tx, binding.subscription_id).await?;
    if usize::try_from(count).unwrap_or(usize::MAX) >= KEYS_PER_SUBSCRIPTION_MAX {
        return Err(CredentialError::TooManyKeys(KEYS_PER_SUBSCRIPTION_MAX));
    }
    Ok(())
}

/// Fails when a customer, held by the caller, has as many keys as its developers may make.
pub async fn require_room_of_customer(tx: &mut TenantTx, id: CustomerId) -> Result<(), CredentialError> {
    let count = store::count_live_of_customer(tx, id).await?;
    if usize::try_from(count).unwrap_or(usize::MAX) >= KEYS_PER_CUSTOMER_MAX {
        return Err(CredentialError::TooManyKeysOfCustomer(KEYS_PER_CUSTOMER_MAX));
    }
    Ok(())
}

fn check(tx: &TenantTx, covered: &[ProductId], new: &NewKey) -> Result<(), CredentialError> {
    let mut checks = Checks::default();
    checks.name("/name", &new.name);
    check_expiry(&mut checks, tx.now(), new.expires_at);
    check_products(&mut checks, covered, new.product_ids.as_deref());
    check_addresses(&mut checks, new.allowed_addresses.as_deref());
    Ok(checks.done()?)
}

pub(crate) fn check_expiry(checks: &mut Checks, now: DateTime<Utc>, expires_at: Option<DateTime<Utc>>) {
    checks.require(
        expires_at.is_none_or(|at| at > now),
        "/expiresAt",
        "expected a time to come",
    );
}

pub(crate) fn check_addresses(checks: &mut Checks, wanted: Option<&[Cidr]>) {
    checks.require(
        wanted.is_none_or(|ranges| (1..=ADDRESSES_MAX).contains(&ranges.len())),
        "/allowedAddresses",
        format!("expected 1 to {ADDRESSES_MAX} addresses or ranges, or null for any"),
    );
}

pub(crate) fn check_products(checks: &mut Checks, covered: &[ProductId], wanted: Option<&[ProductId]>) {
    let Some(wanted) = wanted else { return };
    checks.require(
        (1..=KEY_PRODUCTS_MAX).contains(&wanted.len()),
        "/productIds",
        format!("expected 1 to {KEY_PRODUCTS_MAX} products, or null for all"),
    );
    for id in wanted {
        checks.require(
            covered.contains(id),
            "/productIds",
            format!("{id} is no product of the subscription's plan"),
        );
    }
}
