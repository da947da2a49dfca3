//! The SQL of errands to identity providers.

use chrono::{DateTime, Utc};
use gatewright_database::TenantTx;
use gatewright_types::CredentialHash;
use gatewright_types::ids::{IdentityProviderId, PersonId};

pub(crate) struct New<'a> {
    pub(crate) provider_id: IdentityProviderId,
    pub(crate) browser_hash: &'a CredentialHash,
    pub(crate) sealed: &'a [u8],
    pub(crate) return_to: &'a str,
    pub(crate) person_id: Option<PersonId>,
    pub(crate) expires_at: DateTime<Utc>,
}

pub(crate) async fn insert(tx: &mut TenantTx, state: &CredentialHash, new: &New<'_>) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO provider_sign_ins (tenant_id, state_hash, provider_id, browser_hash, sealed, return_to, person_id, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        tx.tenant_id().uuid(),
        state.as_bytes().as_slice(),
        new.provider_id.uuid(),
        new.browser_hash.as_bytes().as_slice(),
        new.sealed,
        new.return_to,
        new.person_id.map(PersonId::uuid),
        tx.now(),
        new.expires_at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) struct Taken {
    pub(crate) sealed: Vec<u8>,
    pub(crate) return_to: String,
    pub(crate) person_id: Option<PersonId>,
}

/// Only for the browser that was sent, and for the provider that it was sent to.
pub(crate) async fn take(
    tx: &mut TenantTx,
    state: &CredentialHash,
    provider_id: IdentityProviderId,
    browser: &CredentialHash,
) -> Result<Option<Taken>, sqlx::Error> {
    sqlx::query_as!(
        Taken,
        r#"DELETE FROM provider_sign_ins
           WHERE tenant_id = $1 AND state_hash = $2 AND provider_id = $3 AND browser_hash = $4 AND expires_at > $5
           RETURNING sealed, return_to, person_id AS "person_id: PersonId""#,
        tx.tenant_id().uuid(),
        state.as_bytes().as_slice(),
        provider_id.uuid(),
        browser.as_bytes().as_slice(),
        tx.now(),
    )
    .fetch_optional(&mut **tx)
    .await
}
