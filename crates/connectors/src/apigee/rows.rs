//! Apigee's objects, as far as we read them. None of them has a `Debug`: a key is a secret, and an app shows its keys.

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize};

use crate::model::fingerprint;

/// Letters of a fingerprint that name a key.
const HANDLE_LETTERS: usize = 16;

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Attribute {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Developer {
    pub(crate) email: String,
    #[serde(default)]
    pub(crate) first_name: String,
    #[serde(default)]
    pub(crate) last_name: String,
    #[serde(default)]
    pub(crate) user_name: String,
    #[serde(default)]
    pub(crate) attributes: Vec<Attribute>,
    #[serde(default)]
    pub(crate) status: String,
    #[serde(default)]
    pub(crate) apps: Vec<String>,
}

impl Developer {
    /// While it is not active none of its keys is admitted.
    pub(crate) fn is_active(&self) -> bool {
        self.status != "inactive"
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct App {
    #[serde(default)]
    pub(crate) app_id: String,
    #[serde(default)]
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) developer_email: Option<String>,
    #[serde(default)]
    pub(crate) attributes: Vec<Attribute>,
    #[serde(default)]
    pub(crate) status: String,
    #[serde(default, deserialize_with = "number")]
    pub(crate) created_at: i64,
    #[serde(default)]
    pub(crate) credentials: Vec<Key>,
}

impl App {
    pub(crate) fn is_approved(&self) -> bool {
        self.status == "approved"
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Key {
    pub(crate) consumer_key: SecretString,
    #[serde(default)]
    pub(crate) consumer_secret: SecretString,
    #[serde(default)]
    pub(crate) status: String,
    #[serde(default)]
    pub(crate) api_products: Vec<Attached>,
    #[serde(default)]
    pub(crate) attributes: Vec<Attribute>,
    #[serde(default, deserialize_with = "number")]
    pub(crate) issued_at: i64,
    /// In milliseconds since 1970; -1 or 0: never.
    #[serde(default, deserialize_with = "number")]
    pub(crate) expires_at: i64,
}

/// A product on a key.
#[derive(Deserialize)]
pub(crate) struct Attached {
    #[serde(rename = "apiproduct")]
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) status: String,
}

impl Key {
    pub(crate) fn is_approved(&self) -> bool {
        self.status == "approved"
    }

    pub(crate) fn fingerprint(&self) -> [u8; 32] {
        fingerprint(self.consumer_key.expose_secret().as_bytes())
    }

    /// What it is called where nobody may learn it: Apigee has no other name for a key than the key.
    pub(crate) fn handle(&self) -> String {
        let hex: String = self.fingerprint().iter().map(|byte| format!("{byte:02x}")).collect();
        format!("sha256-{}", &hex[..HANDLE_LETTERS])
    }

    /// The products that it opens; one that waits for approval does not.
    pub(crate) fn opens(&self) -> impl Iterator<Item = &str> {
        let approved = self.api_products.iter().filter(|one| one.status == "approved");
        approved.map(|one| one.name.as_str())
    }

    pub(crate) fn expires_in_seconds(&self, now_ms: i64) -> Option<u32> {
        let left = (self.expires_at - now_ms).max(0) / 1000;
        (self.expires_at > 0).then(|| u32::try_from(left).unwrap_or(u32::MAX))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Apps {
    #[serde(default)]
    pub(crate) app: Vec<App>,
    #[serde(default)]
    pub(crate) next_page_token: Option<String>,
    #[serde(default)]
    pub(crate) total_size: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Products {
    #[serde(default)]
    pub(crate) api_product: Vec<Product>,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Product {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) display_name: Option<String>,
    #[serde(default)]
    pub(crate) approval_type: Option<String>,
    #[serde(default)]
    pub(crate) environments: Vec<String>,
    #[serde(default)]
    pub(crate) proxies: Vec<String>,
    #[serde(default)]
    pub(crate) operation_group: Option<Operations>,
    #[serde(default)]
    pub(crate) graphql_operation_group: Option<Operations>,
    #[serde(default)]
    pub(crate) grpc_operation_group: Option<Operations>,
    #[serde(default)]
    pub(crate) llm_operation_group: Option<Operations>,
    #[serde(default)]
    pub(crate) payload_operation_group: Option<Operations>,
}

/// Operations of proxies, or of services that Apigee does not run.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Operations {
    #[serde(default)]
    pub(crate) operation_config_type: Option<String>,
    #[serde(default)]
    pub(crate) operation_configs: Vec<OperationConfig>,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OperationConfig {
    #[serde(default)]
    pub(crate) api_source: String,
}

#[derive(Deserialize)]
pub(crate) struct Deployments {
    #[serde(default)]
    pub(crate) deployments: Vec<Deployment>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Deployment {
    pub(crate) api_proxy: String,
    #[serde(default)]
    pub(crate) environment: String,
    #[serde(default)]
    pub(crate) revision: String,
}

/// A revision of a proxy.
#[derive(Deserialize)]
pub(crate) struct Revision {
    #[serde(default)]
    pub(crate) basepaths: Vec<String>,
    #[serde(default)]
    pub(crate) policies: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Organization {
    #[serde(default)]
    pub(crate) state: String,
    #[serde(default)]
    pub(crate) runtime_type: Option<String>,
    #[serde(default)]
    pub(crate) subscription_type: Option<String>,
    #[serde(default)]
    pub(crate) addons_config: Option<Addons>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Addons {
    #[serde(default)]
    pub(crate) monetization_config: Option<Addon>,
}

#[derive(Deserialize)]
pub(crate) struct Addon {
    #[serde(default)]
    pub(crate) enabled: bool,
}

/// Google writes numbers of 64 bits as text.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Number(i64),
        Text(String),
    }
    match Either::deserialize(deserializer)? {
        Either::Number(number) => Ok(number),
        Either::Text(text) => text.parse().map_err(serde::de::Error::custom),
    }
}
