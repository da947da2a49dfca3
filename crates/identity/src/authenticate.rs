//! From a token to whoever holds it.

use gatewright_database::{Database, SystemUse};
use gatewright_types::CredentialHash;
use gatewright_types::credential::CREDENTIAL_MAX_LENGTH;
use gatewright_vault::{INSTALLATION_TOKEN_PREFIX, OPERATOR_TOKEN_PREFIX};

use crate::error::Refusal;
use crate::model::{Credential, OperatorState, Principal};
use crate::roles::Permissions;
use crate::store::tokens::Found;
use crate::{IdentityError, store};

/// Who holds this token; three round trips, none when it is plainly no token of ours.
///
/// A token that nobody holds is none; one that no longer works is [`IdentityError::Refused`].
pub async fn authenticate(database: &Database, token: &str) -> Result<Option<Principal>, IdentityError> {
    let ours = token.starts_with(OPERATOR_TOKEN_PREFIX) || token.starts_with(INSTALLATION_TOKEN_PREFIX);
    if !ours || token.len() > CREDENTIAL_MAX_LENGTH {
        return Ok(None);
    }
    let hash = CredentialHash::of(token.as_bytes());
    let mut tx = database.system(SystemUse::AuthenticateOperator).await?;
    if token.starts_with(INSTALLATION_TOKEN_PREFIX) {
        let exists = store::tokens::installation_token_exists(&mut tx, &hash).await?;
        tx.close().await?;
        return Ok(exists.then_some(Principal::Installation));
    }
    let found = store::tokens::find(&mut tx, &hash).await?;
    tx.close().await?;
    let Some(found) = found else {
        return Ok(None);
    };
    let principal = principal(&found);
    let expired = found.expires_at.is_some_and(|at| at <= database.clock().now());
    let why = match found {
        Found {
            revoked_at: Some(_), ..
        } => Refusal::Revoked,
        _ if expired => Refusal::Expired,
        Found {
            state: OperatorState::Suspended,
            ..
        } => Refusal::Suspended,
        _ => return Ok(Some(principal)),
    };
    Err(IdentityError::Refused { principal, why })
}

/// What the role allows now, within the scopes; a scope that no longer exists allows nothing.
fn principal(found: &Found) -> Principal {
    let of_role = Permissions::of_role(found.role);
    let permissions = match &found.scopes {
        None => of_role,
        Some(scopes) => of_role.and(scopes.iter().flat_map(|scope| scope.parse()).collect()),
    };
    Principal::Operator {
        tenant_id: found.tenant_id,
        operator_id: found.operator_id,
        role: found.role,
        credential: Credential::Token(found.token_id),
        permissions,
        unscoped: found.scopes.is_none(),
    }
}
