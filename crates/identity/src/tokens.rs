//! Makes operators and tokens.

use chrono::{DateTime, Utc};
use gatewright_database::SystemTx;
use gatewright_types::ids::{OperatorId, TenantId};
use gatewright_types::{Clock, Rng};
use secrecy::SecretString;

use crate::roles::Role;
use crate::{IdentityError, store};

/// An operator with a token that is to be revealed, once.
pub struct NewOperator {
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
) -> Result<NewOperator, IdentityError> {
    let operator_id = OperatorId::mint(clock, rng);
    store::insert_operator(tx, tenant_id, operator_id, "Owner", Role::Owner, clock.now()).await?;
    let token = add_token(tx, rng, clock.now(), tenant_id, operator_id).await?;
    Ok(NewOperator { operator_id, token })
}

/// Gives a tenant's owner a new token in the place of all that there were.
pub async fn replace_owner_tokens(
    tx: &mut SystemTx,
    clock: &Clock,
    rng: &Rng,
    tenant_id: TenantId,
) -> Result<Option<NewOperator>, IdentityError> {
    let Some(operator_id) = store::owner(tx, tenant_id).await? else {
        return Ok(None);
    };
    store::delete_tokens(tx, tenant_id, operator_id).await?;
    let token = add_token(tx, rng, clock.now(), tenant_id, operator_id).await?;
    Ok(Some(NewOperator { operator_id, token }))
}

/// Makes an installation's token in the place of all that there were.
pub async fn replace_installation_token(
    tx: &mut SystemTx,
    clock: &Clock,
    rng: &Rng,
) -> Result<SecretString, IdentityError> {
    let minted = gatewright_vault::mint_installation_token(rng);
    store::delete_installation_tokens(tx).await?;
    store::insert_installation_token(tx, &minted.hash, &minted.last_four, clock.now()).await?;
    Ok(minted.secret)
}

async fn add_token(
    tx: &mut SystemTx,
    rng: &Rng,
    now: DateTime<Utc>,
    tenant_id: TenantId,
    operator_id: OperatorId,
) -> Result<SecretString, IdentityError> {
    let minted = gatewright_vault::mint_operator_token(rng);
    store::insert_token(tx, tenant_id, operator_id, &minted.hash, &minted.last_four, now).await?;
    Ok(minted.secret)
}
