//! Secrets on their one way out.

use gatewright_credentials::issue::Revealed;
use gatewright_credentials::model::ApiKey;
use gatewright_notify::endpoints::WithSecret;
use gatewright_notify::model::WebhookEndpoint;
use gatewright_portal::model::ApiSpec;
use gatewright_portal::specs::sync;
use secrecy::{ExposeSecret, SecretString};
use serde::{Serialize, Serializer};
use serde_json::Value;
use utoipa::ToSchema;

/// Names of the fields that carry a secret; a kept answer goes without them.
const SECRET_FIELDS: [&str; 6] = [
    "secret",
    "operatorToken",
    "code",
    "recoveryCodes",
    "handOverUrl",
    "otpauthUrl",
];

/// A secret that is written into the answer which reveals it.
#[derive(ToSchema)]
#[schema(value_type = String)]
pub struct Revealing(SecretString);

impl Revealing {
    /// A secret to reveal.
    pub const fn new(secret: SecretString) -> Self {
        Self(secret)
    }
}

impl Serialize for Revealing {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.expose_secret())
    }
}

/// A key with its secret, which no later answer shows again.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RevealedKey {
    #[serde(flatten)]
    key: ApiKey,
    /// The secret. Shown now and never again; missing in the repeated answer to an `Idempotency-Key`.
    #[schema(value_type = Option<String>, example = "sk_live_…")]
    secret: Revealing,
}

impl From<Revealed> for RevealedKey {
    fn from(revealed: Revealed) -> Self {
        Self {
            key: revealed.key,
            secret: Revealing::new(revealed.secret),
        }
    }
}

/// A webhook endpoint with its signing secret, which no later answer shows again.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RevealedEndpoint {
    #[serde(flatten)]
    endpoint: WebhookEndpoint,
    /// The secret. Shown now and never again; missing in the repeated answer to an `Idempotency-Key`.
    #[schema(value_type = Option<String>, example = "whsec_…")]
    secret: Revealing,
}

impl From<WithSecret> for RevealedEndpoint {
    fn from(made: WithSecret) -> Self {
        Self {
            endpoint: made.endpoint,
            secret: Revealing::new(made.secret),
        }
    }
}

/// An API description with the secret that its source signs with, which no later answer shows again.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RevealedSpec {
    #[serde(flatten)]
    spec: ApiSpec,
    /// The secret. Shown now and never again; missing in the repeated answer to an `Idempotency-Key`.
    #[schema(value_type = Option<String>, example = "whsec_…")]
    secret: Revealing,
}

impl From<sync::WithSecret> for RevealedSpec {
    fn from(made: sync::WithSecret) -> Self {
        Self {
            spec: made.spec,
            secret: Revealing::new(made.secret),
        }
    }
}

/// Takes every secret out of an answer.
pub fn hide(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for name in SECRET_FIELDS {
                fields.remove(name);
            }
            fields.values_mut().for_each(hide);
        }
        Value::Array(items) => items.iter_mut().for_each(hide),
        _ => {}
    }
}
