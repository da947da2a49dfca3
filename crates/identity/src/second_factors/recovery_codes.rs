//! Recovery codes: for whoever has lost the phone.
//!
//! A code has 80 bits, so that its SHA-256 alone tells nobody anything, and works once.

use gatewright_database::TenantTx;
use gatewright_types::CredentialHash;
use gatewright_types::Rng;
use gatewright_types::ids::PersonId;
use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;
use serde_json::json;

use super::base32;
use crate::{IdentityError, store};

/// Codes that somebody gets at once.
pub const CODES: usize = 10;
/// Random bytes of one.
const CODE_BYTES: usize = 10;
/// Characters of a group, to be read aloud.
const GROUP: usize = 4;

/// Makes new ones in the place of all that there were; each is shown once.
pub async fn replace(tx: &mut TenantTx, person_id: PersonId) -> Result<Vec<SecretString>, IdentityError> {
    store::people::lock(tx, person_id).await?;
    if store::second_factors::of(tx, person_id).await?.is_empty() {
        return Err(IdentityError::NoSecondFactor);
    }
    make(tx, person_id).await
}

/// Makes them for somebody who has none left. The caller holds the person.
pub(super) async fn make_if_none(
    tx: &mut TenantTx,
    person_id: PersonId,
) -> Result<Option<Vec<SecretString>>, IdentityError> {
    if store::recovery_codes::left(tx, person_id).await? > 0 {
        return Ok(None);
    }
    Ok(Some(make(tx, person_id).await?))
}

async fn make(tx: &mut TenantTx, person_id: PersonId) -> Result<Vec<SecretString>, IdentityError> {
    let codes: Vec<SecretString> = (0..CODES).map(|_| mint(tx.rng())).collect();
    let hashes: Vec<Vec<u8>> = codes.iter().map(|code| hash(code).as_bytes().to_vec()).collect();
    store::recovery_codes::replace(tx, person_id, &hashes).await?;
    let detail = json!({ "personId": person_id, "count": CODES });
    tx.happened("identity", "recovery_codes.replaced", person_id, detail);
    Ok(codes)
}

/// Takes one, which is worth nothing afterwards; how many are left.
pub async fn take(tx: &mut TenantTx, person_id: PersonId, code: &str) -> Result<i64, IdentityError> {
    let hash = CredentialHash::of(base32::crockford_typed(code).as_bytes());
    if !store::recovery_codes::take(tx, person_id, &hash).await? {
        return Err(IdentityError::CodeInvalid);
    }
    let left = store::recovery_codes::left(tx, person_id).await?;
    let detail = json!({ "personId": person_id, "left": left });
    tx.happened("identity", "recovery_code.used", person_id, detail);
    Ok(left)
}

fn mint(rng: &Rng) -> SecretString {
    let bytes = Zeroizing::new(rng.bytes::<CODE_BYTES>());
    let text = Zeroizing::new(base32::crockford(bytes.as_slice()));
    let mut code = String::with_capacity(text.len() + text.len() / GROUP);
    for (place, character) in text.chars().enumerate() {
        if place > 0 && place % GROUP == 0 {
            code.push('-');
        }
        code.push(character);
    }
    code.into()
}

fn hash(code: &SecretString) -> CredentialHash {
    use secrecy::ExposeSecret as _;
    CredentialHash::of(base32::crockford_typed(code.expose_secret()).as_bytes())
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn a_code_is_known_however_it_is_typed() {
        let code = mint(&Rng::seeded(1));
        let text = code.expose_secret();
        assert_eq!(text.len(), 19, "{text}");
        assert_eq!(text.split('-').count(), 4);
        for typed in [
            text.to_uppercase(),
            text.replace('-', ""),
            text.replace('-', " "),
            format!(" {text}\n"),
        ] {
            assert_eq!(hash(&typed.into()).as_bytes(), hash(&code).as_bytes());
        }
        let others: std::collections::HashSet<String> = (2..102)
            .map(|seed| mint(&Rng::seeded(seed)).expose_secret().to_owned())
            .collect();
        assert_eq!(others.len(), 100);
    }
}
