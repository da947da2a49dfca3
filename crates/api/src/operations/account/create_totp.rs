//! `POST /account/totp`

use axum::response::Response;
use gatewright_catalog::tenants;
use gatewright_identity::second_factors::totp;
use gatewright_native::nodes::Effects;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::reveal::Revealing;
use crate::work::{Command, Nothing};

/// What an authenticator is set up with.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TotpSetup {
    /// The secret in base 32. Shown now and never again; missing in the repeated answer to an `Idempotency-Key`.
    #[schema(value_type = Option<String>, example = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")]
    secret: Revealing,
    /// The same for a camera: to be shown as a QR code.
    #[schema(value_type = Option<String>, example = "otpauth://totp/…")]
    otpauth_url: Revealing,
}

/// Set up an authenticator app; it counts for nothing until `POST /account/totp/confirm`.
///
/// The one before it, if it was never confirmed, is gone.
#[utoipa::path(post, path = "/account/totp", tag = "Account", responses((status = 201, description = "The secret, once", body = TotpSetup)))]
pub(crate) async fn create_totp(command: Command<Nothing>) -> Result<Response, ApiError> {
    let (mut work, _) = command.begin().await?;
    let (person_id, _) = work.acting().me()?;
    let issuer = tenants::own(work.tx()).await?.name;
    let setup = totp::create(work.tx(), person_id, &issuer).await?;
    let answered = TotpSetup {
        secret: Revealing::new(setup.secret),
        otpauth_url: Revealing::new(setup.otpauth_url),
    };
    work.created(&answered, Effects::default()).await
}
