//! How often something may be tried, so that nobody guesses and nobody is locked out by others.
//!
//! Counted is by who tries and what for, in windows of time, in the database: all processes count together. What is counted
//! is a hash, so no table says who tried to be whom. Counting commits by itself, whatever becomes of the request.

use std::net::IpAddr;

use chrono::TimeDelta;
use gatewright_database::TenantTx;
use sha2::{Digest, Sha256};

use crate::{IdentityError, store};

/// What is counted, with how many are let through in which time.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    kind: &'static str,
    max: i32,
    window: TimeDelta,
}

const fn limit(kind: &'static str, max: i32, window: TimeDelta) -> Limit {
    Limit { kind, max, window }
}

/// Signing in from one address.
pub const SIGN_IN_BY_ADDRESS: Limit = limit("sign-in/address", 100, TimeDelta::minutes(15));
/// Signing in to one account, from anywhere but its known devices: whoever guesses from all over the world uses this up, and
/// whoever sits at their own computer does not notice.
pub const SIGN_IN_TO_ACCOUNT: Limit = limit("sign-in/account", 20, TimeDelta::minutes(15));
/// Signing in to one account from one of its known devices.
pub const SIGN_IN_BY_DEVICE: Limit = limit("sign-in/device", 20, TimeDelta::minutes(15));
/// Codes of a second factor, of one account.
pub const SECOND_FACTOR: Limit = limit("second-factor", 20, TimeDelta::minutes(15));
/// Codes of an authenticator, of one account: six digits are soon guessed by whoever may go on for ever (NIST SP 800-63B
/// §3.2.2 allows no more than this many in a row). Passkeys and recovery codes work on.
pub const TOTP_BY_DAY: Limit = limit("totp/day", 100, TimeDelta::days(1));
/// Showing once more who one is, in one session.
pub const REAUTHENTICATE: Limit = limit("reauthenticate", 20, TimeDelta::minutes(15));
/// Signing up from one address.
pub const SIGN_UP_BY_ADDRESS: Limit = limit("sign-up/address", 30, TimeDelta::hours(1));
/// Asking for a mail from one address.
pub const MAIL_BY_ADDRESS: Limit = limit("mail/address", 30, TimeDelta::hours(1));
/// Mails that strangers may have sent to one mail address.
pub const MAIL_TO_ADDRESS: Limit = limit("mail/recipient", 5, TimeDelta::hours(1));
/// What a mail or an invitation carries, tried from one address.
pub const CODE_BY_ADDRESS: Limit = limit("code/address", 60, TimeDelta::minutes(15));
/// Challenges and errands to an identity provider that were begun from one address.
pub const BEGUN_BY_ADDRESS: Limit = limit("begun/address", 200, TimeDelta::minutes(15));

/// Calls from the portal, of one developer: a person tries things out, and a script has keys of its own.
pub const PLAYGROUND_BY_DEVELOPER: Limit = limit("playground/developer", 60, TimeDelta::minutes(1));

/// Counts one try; fails with how long to wait when there were too many. The caller commits in any case.
pub async fn count(tx: &mut TenantTx, limit: Limit, who: &str) -> Result<(), IdentityError> {
    let now = tx.now();
    let ends_at = now + limit.window;
    let (count, window_ends_at) = store::attempts::count(tx, &subject(limit, who), ends_at).await?;
    if count <= limit.max {
        return Ok(());
    }
    let left = (window_ends_at - now).num_seconds().max(1);
    Err(IdentityError::TooManyAttempts {
        retry_after_seconds: u64::try_from(left).unwrap_or(1),
    })
}

/// Counts one try of each, until there were too many of one. The caller commits in any case.
pub async fn count_all(tx: &mut TenantTx, tries: &[(Limit, &str)]) -> Result<(), IdentityError> {
    for (limit, who) in tries {
        count(tx, *limit, who).await?;
    }
    Ok(())
}

/// Takes back one try that was right.
pub async fn forgive(tx: &mut TenantTx, limit: Limit, who: &str) -> Result<(), IdentityError> {
    Ok(store::attempts::forgive(tx, &subject(limit, who)).await?)
}

/// By what somebody at this address is counted: of IPv6 the network, because one person has all of it.
pub fn address(address: Option<IpAddr>) -> String {
    match address.map(|address| address.to_canonical()) {
        Some(IpAddr::V4(address)) => address.to_string(),
        Some(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        None => "unknown".to_owned(),
    }
}

fn subject(limit: Limit, who: &str) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(limit.kind);
    hash.update([0]);
    hash.update(who.to_lowercase());
    hash.finalize().into()
}
