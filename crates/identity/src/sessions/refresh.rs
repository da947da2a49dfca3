//! Renewing a session: each token does so once, and the next one comes with it.
//!
//! A browser sends several requests at once, all with the token that the first of them replaces. So a token that was
//! replaced a moment ago still lets its request through, and gives nothing that lasts. Later than that, two hold copies of
//! the same token, and nobody can tell who is the thief: the session ends (RFC 9700 §4.14.2).

use chrono::TimeDelta;
use gatewright_database::{TenantTx, Vault};
use gatewright_types::CredentialHash;
use gatewright_vault::{REFRESH_TOKEN_PREFIX, mint_person_token};

use super::{Ending, SESSION_IDLE_MAX, Tokens, access_token};
use crate::{IdentityError, store};

/// How long a token that was replaced still lets a request through.
pub(super) const REPLACED_WORKS: TimeDelta = TimeDelta::seconds(30);

/// What came of it.
pub enum Renewed {
    /// The session goes on.
    Going(Tokens),
    /// Nobody's token, or that of a session that has ended.
    Unknown,
    /// It was used before, so its session was ended; the caller commits that.
    Reused,
}

/// Renews a session.
pub async fn refresh(tx: &mut TenantTx, vault: &Vault, token: &str) -> Result<Renewed, IdentityError> {
    if !token.starts_with(REFRESH_TOKEN_PREFIX) {
        return Ok(Renewed::Unknown);
    }
    let now = tx.now();
    let hash = CredentialHash::of(token.as_bytes());
    let Some(found) = store::sessions::lock_by_refresh(tx, &hash).await? else {
        return Ok(Renewed::Unknown);
    };
    let is_over = found.revoked_at.is_some() || found.expires_at <= now || found.last_seen_at <= now - SESSION_IDLE_MAX;
    if is_over {
        return Ok(Renewed::Unknown);
    }
    let session_id = found.session_id;
    let tokens = |refresh| {
        Ok::<_, IdentityError>(Tokens {
            session_id,
            access: access_token::sign(vault, tx.tenant_id(), (found.person_id, session_id), now)?,
            refresh,
        })
    };
    match found.replaced_at {
        Some(at) if at + REPLACED_WORKS <= now => {
            super::revoke(tx, found.person_id, session_id, Ending::RefreshReused).await?;
            Ok(Renewed::Reused)
        }
        Some(_) => Ok(Renewed::Going(tokens(None)?)),
        None => {
            let next = mint_person_token(REFRESH_TOKEN_PREFIX, tx.rng());
            let tokens = tokens(Some(next.secret))?;
            store::sessions::replace_refresh(tx, session_id, &hash, &next.hash).await?;
            Ok(Renewed::Going(tokens))
        }
    }
}
