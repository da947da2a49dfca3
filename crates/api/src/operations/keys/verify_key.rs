//! `POST /keys/verify`

use std::net::IpAddr;

use axum::Json;
use gatewright_native::verify::{self, Shown, Verdict, Wanted};
use gatewright_types::Environment;
use gatewright_types::ids::{GatewayId, ProductId};
use gatewright_types::problem::FieldError;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::extract::{self, BODY_MAX_BYTES, Raw};
use crate::principal::Operator;

/// A key or a pair to be judged, and what it is to be used for. What is absent is not asked for.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct KeyToVerify {
    /// The key, as the caller sent it.
    #[schema(value_type = Option<String>, example = "sk_live_…")]
    key: Option<SecretString>,
    /// Instead of a key: the public half of a pair.
    #[schema(example = "ci_…")]
    client_id: Option<String>,
    /// Instead of a key: the secret half of a pair.
    #[schema(value_type = Option<String>, example = "cs_…")]
    client_secret: Option<SecretString>,
    /// Which keys work there.
    environment: Option<Environment>,
    /// The product that is called.
    product_id: Option<ProductId>,
    /// The native gateway that is called.
    gateway_id: Option<GatewayId>,
    /// Where the caller's connection comes from.
    #[schema(value_type = Option<String>, example = "192.0.2.1")]
    address: Option<IpAddr>,
}

/// Judge a key, or a client id and secret, for a plugin or middleware, as a native gateway would.
///
/// Send either `key`, or `clientId` and `clientSecret`. Always 200: `valid` says whether the credential is admitted,
/// `code` why not. Without `address`, a key's allowed addresses do not count. Neither the body nor the key is logged.
#[utoipa::path(post, path = "/keys/verify", tag = "Keys", request_body = KeyToVerify, responses((status = 200, description = "Whether the key is admitted", body = Verdict)))]
pub(crate) async fn verify_key(operator: Operator, Raw(body): Raw<BODY_MAX_BYTES>) -> Result<Json<Verdict>, ApiError> {
    let asked: KeyToVerify = extract::json(&body)?;
    let wanted = Wanted {
        environment: asked.environment,
        gateway_id: asked.gateway_id,
        product_id: asked.product_id,
        address: asked.address,
    };
    let shown = match (&asked.key, &asked.client_id, &asked.client_secret) {
        (Some(key), None, None) => Shown::Key(key.expose_secret()),
        (None, Some(id), Some(secret)) => Shown::Pair(id, secret.expose_secret()),
        _ => {
            let detail = "expected either key, or clientId and clientSecret";
            return Err(ApiError::invalid(vec![FieldError::new("/key", detail)]));
        }
    };
    let mut tx = operator.begin().await?;
    Ok(Json(verify::verify(&mut tx, shown, &wanted).await?))
}
