//! Makes and withdraws tokens.
//!
//! An operator's token names scopes and ends by itself. Those that come with a tenant or from the command
//! line do neither: they are the way in, and back in.

use chrono::{DateTime, TimeDelta, Utc};
use gatewright_catalog::CatalogError;
use gatewright_catalog::check::Checks;
use gatewright_database::{Page, PageRequest, SystemTx, TenantTx};
use gatewright_types::ids::{OperatorId, TenantId, TokenId};
use gatewright_types::{Clock, Rng};
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::model::{Granter, Token};
use crate::operators::{self, require_all_of};
use crate::roles::{Permission, Permissions, Role};
use crate::{IdentityError, store};

/// Most tokens of an operator that work.
pub const TOKENS_PER_OPERATOR_MAX: usize = 50;
/// How long a token works when nothing is said.
pub const TOKEN_EXPIRY_DEFAULT: TimeDelta = TimeDelta::days(90);
/// How long a token works at most.
pub const TOKEN_EXPIRY_MAX: TimeDelta = TimeDelta::days(366);
/// How long a token that ended is still known, and refused as such.
pub const ENDED_TOKENS_KEPT: TimeDelta = TimeDelta::days(90);

/// What a token is made from.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewToken {
    /// A name for people.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// What it is narrowed to; absent: whatever the operator's role allows.
    #[schema(min_items = 1)]
    pub scopes: Option<Vec<Permission>>,
    /// From when on it is refused: in 90 days when absent, in 366 days at the latest.
    pub expires_at: Option<DateTime<Utc>>,
}

/// An owner with a token that is to be revealed, once.
pub struct NewOwner {
    /// Who.
    pub operator_id: OperatorId,
    /// The token.
    pub token: SecretString,
}

/// Makes the first operator of a tenant, its OWNER.
pub async fn create_owner(
    tx: &mut SystemTx,
    clock: &Clock,
    rng: &Rng,
    tenant_id: TenantId,
) -> Result<NewOwner, IdentityError> {
    let operator_id = OperatorId::mint(clock, rng);
    store::operators::insert_owner(tx, tenant_id, operator_id, "Owner", clock.now()).await?;
    let token = add_unlimited(tx, clock, rng, tenant_id, operator_id).await?;
    Ok(NewOwner { operator_id, token })
}

/// Gives a tenant's oldest active owner a new token in the place of all that it had.
pub async fn replace_owner_tokens(
    tx: &mut SystemTx,
    clock: &Clock,
    rng: &Rng,
    tenant_id: TenantId,
) -> Result<Option<NewOwner>, IdentityError> {
    let Some(operator_id) = store::operators::owner(tx, tenant_id).await? else {
        return Ok(None);
    };
    store::tokens::revoke_all(tx, tenant_id, operator_id, clock.now()).await?;
    let token = add_unlimited(tx, clock, rng, tenant_id, operator_id).await?;
    Ok(Some(NewOwner { operator_id, token }))
}

/// Makes an installation's token in the place of all that there were.
pub async fn replace_installation_token(
    tx: &mut SystemTx,
    clock: &Clock,
    rng: &Rng,
) -> Result<SecretString, IdentityError> {
    let minted = gatewright_vault::mint_installation_token(rng);
    store::tokens::delete_installation_tokens(tx).await?;
    store::tokens::insert_installation_token(tx, &minted.hash, &minted.last_four, clock.now()).await?;
    Ok(minted.secret)
}

async fn add_unlimited(
    tx: &mut SystemTx,
    clock: &Clock,
    rng: &Rng,
    tenant_id: TenantId,
    operator_id: OperatorId,
) -> Result<SecretString, IdentityError> {
    let minted = gatewright_vault::mint_operator_token(rng);
    let token = (
        TokenId::mint(clock, rng),
        "Owner's token",
        &minted.hash,
        minted.last_four.as_str(),
    );
    store::tokens::insert_unlimited(tx, tenant_id, operator_id, token, clock.now()).await?;
    Ok(minted.secret)
}

/// Makes a token for an operator; it allows no more than `by` may.
pub async fn create(
    tx: &mut TenantTx,
    by: Granter,
    operator_id: OperatorId,
    new: NewToken,
) -> Result<(Token, SecretString), IdentityError> {
    let operator = operators::get(tx, operator_id).await?;
    let now = tx.now();
    let expires_at = new.expires_at.unwrap_or(now + TOKEN_EXPIRY_DEFAULT);
    check(&new, now, expires_at)?;
    require_within(by, operator.role, new.scopes.as_deref())?;
    let count = store::tokens::count(tx, operator_id).await?;
    if usize::try_from(count).unwrap_or(usize::MAX) >= TOKENS_PER_OPERATOR_MAX {
        return Err(IdentityError::LimitReached {
            max: TOKENS_PER_OPERATOR_MAX,
            what: "tokens of the operator",
        });
    }
    let minted = gatewright_vault::mint_operator_token(tx.rng());
    let token = Token {
        id: TokenId::mint(tx.clock(), tx.rng()),
        operator_id,
        name: new.name,
        scopes: new.scopes,
        last_four: minted.last_four,
        created_at: now,
        expires_at: Some(expires_at),
        revoked_at: None,
        last_used_at: None,
        last_used_address: None,
    };
    store::tokens::insert(tx, &token, &minted.hash).await?;
    tx.created("identity", "token.created", token.id, &token);
    Ok((token, minted.secret))
}

/// Fails when a token would allow, now or after a change of role, what `by` may not.
fn require_within(by: Granter, role: Role, scopes: Option<&[Permission]>) -> Result<(), IdentityError> {
    let Some(scopes) = scopes else {
        // What follows a role is made only by what does so as well.
        if !by.unscoped {
            let detail = "name them: your own token is narrowed to some, so it cannot make one that is not";
            return Err(CatalogError::invalid("/scopes", detail).into());
        }
        return require_all_of(role, by);
    };
    let wanted: Permissions = scopes.iter().copied().collect();
    match wanted.first_beyond(by.permissions) {
        None => Ok(()),
        Some(permission) => Err(IdentityError::Beyond(permission)),
    }
}

/// A page of an operator's tokens, those that ended included.
pub async fn list(
    tx: &mut TenantTx,
    operator_id: OperatorId,
    request: PageRequest,
) -> Result<Page<Token>, IdentityError> {
    operators::get(tx, operator_id).await?;
    Ok(Page::from_rows(
        store::tokens::list(tx, operator_id, request).await?,
        request,
    ))
}

/// Withdraws a token; the next request that shows it is refused.
pub async fn revoke(tx: &mut TenantTx, operator_id: OperatorId, id: TokenId) -> Result<(), IdentityError> {
    let held = store::tokens::lock(tx, operator_id, id).await?;
    let before = held.ok_or_else(|| IdentityError::not_found("token", id))?;
    if before.revoked_at.is_none() {
        store::tokens::revoke(tx, id).await?;
        let after = Token {
            revoked_at: Some(tx.now()),
            ..before.clone()
        };
        tx.changed("identity", "token.revoked", id, &before, &after);
    }
    Ok(())
}

/// Removes tokens that ended long ago, of every tenant.
pub async fn forget_ended(tx: &mut SystemTx, now: DateTime<Utc>) -> Result<u64, IdentityError> {
    Ok(store::tokens::forget_ended(tx, now - ENDED_TOKENS_KEPT).await?)
}

fn check(new: &NewToken, now: DateTime<Utc>, expires_at: DateTime<Utc>) -> Result<(), IdentityError> {
    let mut checks = Checks::default();
    checks.name("/name", &new.name);
    let scoped = new.scopes.as_ref().is_none_or(|scopes| {
        let distinct: Permissions = scopes.iter().copied().collect();
        !scopes.is_empty() && distinct.iter().count() == scopes.len()
    });
    checks.require(
        scoped,
        "/scopes",
        "expected at least one, each once; leave it out for all",
    );
    checks.require(
        expires_at > now && expires_at <= now + TOKEN_EXPIRY_MAX,
        "/expiresAt",
        format!("expected a time within {} days", TOKEN_EXPIRY_MAX.num_days()),
    );
    Ok(checks.done()?)
}
