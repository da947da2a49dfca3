//! The short token of a session: a JWT (RFC 7519) that says whose it is and nothing else.
//!
//! Each tenant has a key of its own, made from the installation's master key; a session of one tenant is no token at all at
//! another. It lives for minutes, and even so its session is looked up each time: what is revoked ends at once.

use chrono::{DateTime, TimeDelta, Utc};
use gatewright_database::Vault;
use gatewright_types::ids::{PersonId, SessionId, TenantId};
use gatewright_vault::MasterKey;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::IdentityError;

/// How long one works.
pub const ACCESS_TOKEN_LIFE: TimeDelta = TimeDelta::minutes(5);
/// Longest text that is looked at.
const TEXT_MAX_BYTES: usize = 1024;
const ISSUER: &str = "gatewright";

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: TenantId,
    sub: PersonId,
    sid: SessionId,
    iat: i64,
    exp: i64,
}

/// Writes one.
pub(crate) fn sign(
    vault: &Vault,
    tenant_id: TenantId,
    (person_id, session_id): (PersonId, SessionId),
    now: DateTime<Utc>,
) -> Result<SecretString, IdentityError> {
    let claims = Claims {
        iss: ISSUER.to_owned(),
        aud: tenant_id,
        sub: person_id,
        sid: session_id,
        iat: now.timestamp(),
        exp: (now + ACCESS_TOKEN_LIFE).timestamp(),
    };
    let key = key(&vault.keyring().active(), tenant_id);
    let key = EncodingKey::from_secret(key.expose_secret().as_bytes());
    let text = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key);
    Ok(text.map_err(|_| IdentityError::Signing)?.into())
}

/// Whose it is, if it was written for this tenant and its time is not over.
pub(crate) fn verify(
    vault: &Vault,
    tenant_id: TenantId,
    text: &str,
    now: DateTime<Utc>,
) -> Option<(PersonId, SessionId)> {
    if text.len() > TEXT_MAX_BYTES {
        return None;
    }
    let mut wanted = Validation::new(Algorithm::HS256);
    wanted.set_issuer(&[ISSUER]);
    wanted.set_audience(&[tenant_id]);
    wanted.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
    // Judged below, by the clock that is a parameter everywhere.
    wanted.validate_exp = false;
    let ring = vault.keyring().ring();
    let claims = ring.entries().iter().rev().find_map(|entry| {
        let key = key(&entry.key, tenant_id);
        let key = DecodingKey::from_secret(key.expose_secret().as_bytes());
        jsonwebtoken::decode::<Claims>(text, &key, &wanted).ok()
    })?;
    let claims = claims.claims;
    (now.timestamp() < claims.exp).then_some((claims.sub, claims.sid))
}

fn key(master: &MasterKey, tenant_id: TenantId) -> SecretString {
    master.derive(&format!("session access token 1/{tenant_id}"))
}
