//! What goes along with the last second factor.

use gatewright_database::TenantTx;
use gatewright_types::ids::PersonId;
use serde_json::json;

use crate::{IdentityError, store};

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
