//! Codes of an authenticator app: RFC 6238 with what every app understands, SHA-1, six digits and 30 seconds.
//!
//! By hand, on the HMAC that is here anyway: it is a dozen lines, and the vectors of the RFC are its tests. SHA-1 is no
//! weakness here, since HMAC does not rest on collisions being hard (RFC 6238 §1.2, RFC 4226 appendix B).

use chrono::{DateTime, Utc};
use gatewright_database::TenantTx;
use gatewright_types::ids::PersonId;
use gatewright_vault::Sealed;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use sha1::Sha1;
use subtle::ConstantTimeEq as _;

use super::{base32, recovery_codes, removal};
use crate::{IdentityError, people, store};

/// Bytes of a secret: as long as the hash (RFC 4226 §4, R6).
pub const SECRET_BYTES: usize = 20;
/// For how long a code is shown.
pub const STEP_SECONDS: i64 = 30;
/// How many steps a clock may be off, either way (RFC 6238 §5.2 suggests one).
pub const DRIFT_STEPS: i64 = 1;
/// Digits of a code.
const DIGITS: u32 = 6;
const SEALED_AS: &str = "totp";

/// What an authenticator is set up with; shown once.
pub struct Setup {
    /// The secret in base 32, to be typed.
    pub secret: SecretString,
    /// The same for a camera, with issuer and account.
    pub otpauth_url: SecretString,
}

/// Makes a secret, which counts for nothing until a code of it was right. The one before it is gone, if none was right yet.
pub async fn create(tx: &mut TenantTx, person_id: PersonId, issuer: &str) -> Result<Setup, IdentityError> {
    let person = people::get(tx, person_id).await?;
    store::people::lock(tx, person_id).await?;
    let known = store::totp::find(tx, person_id).await?;
    if known.as_ref().is_some_and(|known| known.confirmed) {
        return Err(IdentityError::TotpExists);
    }
    let version = known.map_or(1, |known| known.version + 1);
    let bytes = Zeroizing::new(tx.rng().bytes::<SECRET_BYTES>());
    let secret = SecretString::from(base32::rfc4648(bytes.as_slice()));
    let sealed = tx.seal(SEALED_AS, person_id.uuid(), unsigned(version), &secret).await?;
    store::totp::put(tx, person_id, version, &sealed).await?;
    tx.happened("identity", "totp.created", person_id, json!({ "personId": person_id }));
    Ok(Setup {
        otpauth_url: otpauth_url(issuer, &person.email, &secret),
        secret,
    })
}

/// Takes the first code; from now on one is asked for. Recovery codes, if there were none.
pub async fn confirm(
    tx: &mut TenantTx,
    person_id: PersonId,
    code: &str,
) -> Result<Option<Vec<SecretString>>, IdentityError> {
    store::people::lock(tx, person_id).await?;
    let found = store::totp::find(tx, person_id).await?;
    let found = found.ok_or_else(|| IdentityError::not_found("authenticator of", person_id))?;
    if found.confirmed {
        return Err(IdentityError::TotpExists);
    }
    let step = matching_step(tx, person_id, &found, code).await?;
    store::totp::confirm(tx, person_id, step.ok_or(IdentityError::CodeInvalid)?).await?;
    tx.happened(
        "identity",
        "totp.confirmed",
        person_id,
        json!({ "personId": person_id }),
    );
    recovery_codes::make_if_none(tx, person_id).await
}

/// Takes a code, which is worth nothing afterwards; nor is any earlier one.
pub async fn take(tx: &mut TenantTx, person_id: PersonId, code: &str) -> Result<(), IdentityError> {
    let found = store::totp::find(tx, person_id).await?.filter(|found| found.confirmed);
    let found = found.ok_or(IdentityError::CodeInvalid)?;
    let step = matching_step(tx, person_id, &found, code).await?;
    let step = step.ok_or(IdentityError::CodeInvalid)?;
    // Two requests with the same code meet here: the second one finds the step taken.
    if !store::totp::take_step(tx, person_id, found.version, step).await? {
        return Err(IdentityError::CodeInvalid);
    }
    Ok(())
}

/// Takes the authenticator away; whether it was confirmed, and so a second factor.
pub async fn delete(tx: &mut TenantTx, person_id: PersonId) -> Result<bool, IdentityError> {
    store::people::lock(tx, person_id).await?;
    let confirmed = store::totp::delete(tx, person_id).await?;
    let confirmed = confirmed.ok_or_else(|| IdentityError::not_found("authenticator of", person_id))?;
    tx.happened("identity", "totp.deleted", person_id, json!({ "personId": person_id }));
    removal::after_a_second_factor(tx, person_id).await?;
    Ok(confirmed)
}

/// The step whose code this is, if it was not taken before.
async fn matching_step(
    tx: &mut TenantTx,
    person_id: PersonId,
    found: &store::totp::Authenticator,
    code: &str,
) -> Result<Option<i64>, IdentityError> {
    let sealed = Sealed::from_bytes(found.sealed.clone()).map_err(gatewright_database::DatabaseError::from)?;
    let secret = tx
        .open(SEALED_AS, person_id.uuid(), unsigned(found.version), &sealed)
        .await?;
    let key = base32::rfc4648_bytes(secret.expose_secret()).ok_or(IdentityError::CodeInvalid)?;
    Ok(matching(&key, code, tx.now(), found.last_step))
}

fn matching(key: &[u8], code: &str, now: DateTime<Utc>, last_step: i64) -> Option<i64> {
    let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    if code.len() != DIGITS as usize || !code.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let here = now.timestamp() / STEP_SECONDS;
    // All of them, whichever is right, so that the time tells nothing.
    let mut found = None;
    for step in here - DRIFT_STEPS..=here + DRIFT_STEPS {
        let right = bool::from(self::code(key, step).as_bytes().ct_eq(code.as_bytes()));
        if right && step > last_step && found.is_none() {
            found = Some(step);
        }
    }
    found
}

/// The code of a step: HOTP (RFC 4226 §5.3) of the step's number.
fn code(key: &[u8], step: i64) -> String {
    let digits = DIGITS as usize;
    format!("{:0digits$}", hotp(key, step) % 10_u32.pow(DIGITS))
}

/// The 31 bits that are cut out of the HMAC.
fn hotp(key: &[u8], step: i64) -> u32 {
    let mut mac = Hmac::<Sha1>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(&step.to_be_bytes());
    let digest = mac.finalize().into_bytes();
    let offset = usize::from(digest[digest.len() - 1] & 0xf);
    let cut = [
        digest[offset] & 0x7f,
        digest[offset + 1],
        digest[offset + 2],
        digest[offset + 3],
    ];
    u32::from_be_bytes(cut)
}

/// As authenticator apps read it (the key URI format of Google Authenticator).
fn otpauth_url(issuer: &str, account: &str, secret: &SecretString) -> SecretString {
    let (issuer, account) = (percent(issuer), percent(account));
    let secret = secret.expose_secret();
    let what = format!("secret={secret}&issuer={issuer}&algorithm=SHA1&digits={DIGITS}&period={STEP_SECONDS}");
    format!("otpauth://totp/{issuer}:{account}?{what}").into()
}

/// Everything but the unreserved characters of RFC 3986 §2.3, escaped.
fn percent(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut escaped, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            let _ = write!(escaped, "%{byte:02X}");
        }
        escaped
    })
}

/// The version as it is sealed with; it starts at 1 and counts up.
fn unsigned(version: i32) -> u32 {
    version.unsigned_abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &[u8; 20] = b"12345678901234567890";

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    #[test]
    fn codes_are_those_of_rfc_6238() {
        // Appendix B, of SHA-1; there they have eight digits, of which an app shows the last six.
        for (seconds, eight) in [
            (59, 94_287_082),
            (1_111_111_109, 7_081_804),
            (1_111_111_111, 14_050_471),
            (1_234_567_890, 89_005_924),
            (2_000_000_000, 69_279_037),
            (20_000_000_000, 65_353_130),
        ] {
            let step = seconds / STEP_SECONDS;
            assert_eq!(hotp(KEY, step) % 100_000_000, eight, "at {seconds}");
            assert_eq!(code(KEY, step), format!("{:06}", eight % 1_000_000));
            assert_eq!(matching(KEY, &code(KEY, step), at(seconds), 0), Some(step));
        }
    }

    #[test]
    fn codes_are_those_of_rfc_4226() {
        // Appendix D.
        let expected = [
            "755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489",
        ];
        for (count, expected) in (0..).zip(expected) {
            assert_eq!(code(KEY, count), expected);
        }
    }

    #[test]
    fn a_clock_may_be_one_step_off_and_no_step_is_taken_twice() {
        let now = at(1_111_111_109);
        let here = now.timestamp() / STEP_SECONDS;
        for (step, right) in [
            (here - 2, false),
            (here - 1, true),
            (here, true),
            (here + 1, true),
            (here + 2, false),
        ] {
            assert_eq!(
                matching(KEY, &code(KEY, step), now, 0).is_some(),
                right,
                "{}",
                step - here
            );
        }
        assert_eq!(matching(KEY, &code(KEY, here), now, here), None);
        assert_eq!(matching(KEY, &code(KEY, here - 1), now, here), None);
        assert_eq!(matching(KEY, &code(KEY, here + 1), now, here), Some(here + 1));
    }

    #[test]
    fn only_six_digits_are_a_code() {
        let now = at(1_111_111_109);
        assert!(matching(KEY, "081 804", now, 0).is_some());
        for wrong in ["", "81804", "0081804", "08180a", "٠٨١٨٠٤", "-81804"] {
            assert_eq!(matching(KEY, wrong, now, 0), None, "{wrong}");
        }
    }

    #[test]
    fn an_app_reads_issuer_and_account() {
        let url = otpauth_url("Ačmé & Co", "ada@example.com", &"GEZDGNBV".to_owned().into());
        assert_eq!(
            url.expose_secret(),
            "otpauth://totp/A%C4%8Dm%C3%A9%20%26%20Co:ada%40example.com?secret=GEZDGNBV&issuer=A%C4%8Dm%C3%A9%20%26%20Co\
             &algorithm=SHA1&digits=6&period=30"
        );
    }
}
