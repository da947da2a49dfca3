//! Taking away what somebody signs in with.

use gatewright_database::TenantTx;
use gatewright_types::ids::PersonId;
use serde_json::json;

use crate::{IdentityError, store};

/// By what somebody can sign in.
pub(crate) struct Ways {
    pub(crate) password: bool,
    pub(crate) passkeys: i64,
    pub(crate) identities: i64,
}

/// Fails where a passkey is the last way to sign in. The caller holds the person.
pub(super) async fn not_the_last_way(tx: &mut TenantTx, person_id: PersonId) -> Result<(), IdentityError> {
    let ways = store::second_factors::ways(tx, person_id).await?;
    if ways.password || ways.identities > 0 || ways.passkeys > 1 {
        Ok(())
    } else {
        Err(IdentityError::LastWayIn)
    }
}

/// Recovery codes stand for a second factor; without one they would be one themselves.
pub(super) async fn after_a_second_factor(tx: &mut TenantTx, person_id: PersonId) -> Result<(), IdentityError> {
    let has = store::second_factors::count(tx, person_id).await?;
    if has.totp || has.passkeys > 0 || has.recovery_codes == 0 {
        return Ok(());
    }
    store::recovery_codes::delete(tx, person_id).await?;
    let detail = json!({ "personId": person_id });
    tx.happened("identity", "recovery_codes.deleted", person_id, detail);
    Ok(())
}
