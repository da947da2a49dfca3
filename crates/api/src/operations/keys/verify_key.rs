//! `POST /keys/verify`

use axum::Json;
use gatewright_native::verify::{self, Verdict, Wanted};
use gatewright_types::Environment;
use gatewright_types::ids::{GatewayId, ProductId};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::extract::{self, BODY_MAX_BYTES, Raw};
use crate::principal::Operator;

/// A key to be judged, and what it is to be used for. What is absent is not asked for.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct KeyToVerify {
    /// The key, as the caller sent it.
    #[schema(value_type = String, example = "sk_live_…")]
    key: SecretString,
    /// Which keys work there.
    environment: Option<Environment>,
    /// The product that is called.
    product_id: Option<ProductId>,
    /// The native gateway that is called.
    gateway_id: Option<GatewayId>,
}

/// Judge a key for a plugin or middleware, as a native gateway would.
///
/// Always 200: `valid` says whether the key is admitted, `code` why not. Neither the body nor the key is logged.
#[utoipa::path(post, path = "/keys/verify", tag = "Keys", request_body = KeyToVerify, responses((status = 200, description = "Whether the key is admitted", body = Verdict)))]
pub(crate) async fn verify_key(operator: Operator, Raw(body): Raw<BODY_MAX_BYTES>) -> Result<Json<Verdict>, ApiError> {
    let asked: KeyToVerify = extract::json(&body)?;
    let wanted = Wanted {
        environment: asked.environment,
        gateway_id: asked.gateway_id,
        product_id: asked.product_id,
    };
    let mut tx = operator.begin().await?;
    Ok(Json(verify::verify(&mut tx, asked.key.expose_secret(), &wanted).await?))
}
