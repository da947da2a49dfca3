//! From a token to whoever holds it.

use gatewright_database::{Database, SystemUse};
use gatewright_types::CredentialHash;
use gatewright_types::credential::CREDENTIAL_MAX_LENGTH;
use gatewright_vault::{INSTALLATION_TOKEN_PREFIX, OPERATOR_TOKEN_PREFIX};

use crate::model::Principal;
use crate::{IdentityError, store};

/// Who holds this token; three round trips, none when it is plainly no token of ours.
pub async fn authenticate(database: &Database, token: &str) -> Result<Option<Principal>, IdentityError> {
    let ours = token.starts_with(OPERATOR_TOKEN_PREFIX) || token.starts_with(INSTALLATION_TOKEN_PREFIX);
    if !ours || token.len() > CREDENTIAL_MAX_LENGTH {
        return Ok(None);
    }
    let hash = CredentialHash::of(token.as_bytes());
    let mut tx = database.system(SystemUse::AuthenticateOperator).await?;
    let principal = if token.starts_with(OPERATOR_TOKEN_PREFIX) {
        store::find_operator(&mut tx, &hash).await?
    } else {
        store::installation_token_exists(&mut tx, &hash)
            .await?
            .then_some(Principal::Installation)
    };
    tx.close().await?;
    Ok(principal)
}
