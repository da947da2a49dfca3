//! The SQL of second factors.

use gatewright_database::TenantTx;
use gatewright_types::ids::PersonId;

use crate::account::SecondFactors;
use crate::sign_in::Factor;

/// What a person can show after the first factor; nothing where they have no second one.
pub(crate) async fn of(tx: &mut TenantTx, person_id: PersonId) -> Result<Vec<Factor>, sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT EXISTS (SELECT FROM totp_authenticators WHERE tenant_id = $1 AND person_id = $2 AND confirmed_at IS NOT NULL) AS "totp!",
             EXISTS (SELECT FROM passkeys WHERE tenant_id = $1 AND person_id = $2) AS "passkey!",
             EXISTS (SELECT FROM recovery_codes WHERE tenant_id = $1 AND person_id = $2 AND used_at IS NULL) AS "recovery!""#,
        tx.tenant_id().uuid(),
        person_id.uuid(),
    )
    .fetch_one(&mut **tx)
    .await?;
    if !row.totp && !row.passkey {
        return Ok(Vec::new());
    }
    let all = [
        (row.totp, Factor::Totp),
        (row.passkey, Factor::Passkey),
        (row.recovery, Factor::RecoveryCode),
    ];
    Ok(all
        .into_iter()
        .filter(|(has, _)| *has)
        .map(|(_, factor)| factor)
        .collect())
}

/// The same by number.
pub(crate) async fn count(tx: &mut TenantTx, person_id: PersonId) -> Result<SecondFactors, sqlx::Error> {
    sqlx::query_as!(
        SecondFactors,
        r#"SELECT EXISTS (SELECT FROM totp_authenticators WHERE tenant_id = $1 AND person_id = $2 AND confirmed_at IS NOT NULL) AS "totp!",
             (SELECT count(*) FROM passkeys WHERE tenant_id = $1 AND person_id = $2) AS "passkeys!",
             (SELECT count(*) FROM recovery_codes WHERE tenant_id = $1 AND person_id = $2 AND used_at IS NULL) AS "recovery_codes!""#,
        tx.tenant_id().uuid(),
        person_id.uuid(),
    )
    .fetch_one(&mut **tx)
    .await
}
