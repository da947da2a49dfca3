//! Where an operation is called, and how a credential is shown there. Samples and the playground speak of the same places.

use gatewright_types::access::Environment;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A place where a product's operations can be called.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    /// The gateway's id; null for a server that only the description names.
    pub gateway_id: Option<String>,
    /// What people call it.
    pub name: String,
    /// Whose kind of gateway it is, as in `NATIVE` or `KONG`; null where it is none.
    pub kind: Option<String>,
    /// Which keys it takes; null where that is not known.
    pub environment: Option<Environment>,
    /// What stands before an operation's path, without a slash at its end.
    pub base_url: String,
    /// Header fields that show who asks, in order; empty where nothing is asked.
    pub credential: Vec<CredentialField>,
}

/// A header field that holds a part of a credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CredentialField {
    /// The field's name, as in `X-Api-Key`.
    pub name: String,
    /// What stands before the value, as in `Bearer ` with its space.
    pub prefix: String,
    /// The environment variable that samples take it from, as in `API_KEY`.
    pub variable: String,
}
