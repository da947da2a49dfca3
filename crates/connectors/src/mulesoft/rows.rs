//! Anypoint's objects, as far as we read them. Two of its APIs show the same contract in two shapes.

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer};

use crate::model::fingerprint;

/// A client application of Exchange; a list shows it without its pair.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Application {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    client_id: Option<SecretString>,
    client_secret: Option<SecretString>,
}

impl Application {
    /// Whether its client id is this; none: it is not shown.
    pub(crate) fn has_client_id(&self, wanted: &str) -> Option<bool> {
        let id = self.client_id.as_ref()?;
        Some(id.expose_secret() == wanted)
    }

    /// What its customer was told: the client id alone where the secret is the same, else both with a colon between.
    pub(crate) fn told(&self) -> Option<SecretString> {
        let (id, secret) = (self.client_id.as_ref()?, self.client_secret.as_ref()?);
        let (id, secret) = (id.expose_secret(), secret.expose_secret());
        Some(match id == secret {
            true => id.into(),
            false => format!("{id}:{secret}").into(),
        })
    }

    pub(crate) fn fingerprint(&self) -> Option<[u8; 32]> {
        self.told().map(|told| fingerprint(told.expose_secret().as_bytes()))
    }
}

/// Where a contract stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Status {
    /// Somebody has to approve it.
    Pending,
    /// The application may call.
    Approved,
    Rejected,
    Revoked,
    /// Not known to us; nothing is taken for granted.
    #[serde(other)]
    Unknown,
}

impl Status {
    /// Whether the application may call, or may from the moment at which somebody approves.
    pub(crate) const fn opens(self) -> bool {
        !matches!(self, Self::Rejected | Self::Revoked)
    }
}

/// A contract, below its application in Exchange or below its API instance in API Manager.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Contract {
    pub(crate) id: u64,
    pub(crate) status: Status,
    api_version_id: Option<u64>,
    api_version: Option<Numbered>,
    api_id: Option<u64>,
    tier_id: Option<u64>,
    tier: Option<Numbered>,
}

#[derive(Deserialize)]
struct Numbered {
    id: Option<u64>,
}

impl Contract {
    /// The API instance; none: it is with a group of them, which we make none with.
    pub(crate) fn api(&self) -> Option<u64> {
        let below = self.api_version.as_ref().and_then(|api| api.id);
        self.api_version_id.or(below).or(self.api_id)
    }

    pub(crate) fn tier(&self) -> Option<u64> {
        self.tier_id.or_else(|| self.tier.as_ref().and_then(|tier| tier.id))
    }

    /// As a mapping names it.
    pub(crate) fn remote_id(&self) -> Option<String> {
        let api = self.api()?;
        Some(match self.tier() {
            Some(tier) => format!("{api}:{tier}"),
            None => api.to_string(),
        })
    }
}

/// A page of an API instance's contracts.
#[derive(Deserialize)]
pub(crate) struct Contracts {
    #[serde(default)]
    pub(crate) contracts: Vec<Contract>,
}

/// A page of assets, each with its API instances.
#[derive(Deserialize)]
pub(crate) struct Assets {
    #[serde(default)]
    pub(crate) assets: Vec<Asset>,
}

#[derive(Deserialize)]
pub(crate) struct Asset {
    #[serde(default)]
    pub(crate) apis: Vec<Api>,
}

/// An API instance.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Api {
    pub(crate) id: u64,
    pub(crate) asset_id: Option<String>,
    pub(crate) asset_version: Option<String>,
    pub(crate) product_version: Option<String>,
    pub(crate) instance_label: Option<String>,
    pub(crate) autodiscovery_instance_name: Option<String>,
    pub(crate) endpoint_uri: Option<String>,
    #[serde(default)]
    pub(crate) deprecated: bool,
    pub(crate) active_contracts_count: Option<u64>,
}

/// A page of an API instance's tiers.
#[derive(Deserialize)]
pub(crate) struct Tiers {
    #[serde(default)]
    pub(crate) tiers: Vec<Tier>,
}

/// An SLA tier.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Tier {
    pub(crate) id: u64,
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) auto_approve: bool,
}

/// A policy of an API instance, in either of the two shapes in which they are answered.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Policy {
    asset_id: Option<String>,
    template: Option<Template>,
    policy_template_id: Option<String>,
    #[serde(default)]
    pub(crate) disabled: bool,
    configuration_data: Option<serde_json::Value>,
    configuration: Option<serde_json::Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Template {
    asset_id: Option<String>,
}

impl Policy {
    /// Which policy it is.
    pub(crate) fn kind(&self) -> &str {
        let template = self.template.as_ref().and_then(|template| template.asset_id.as_deref());
        let known = self.asset_id.as_deref().or(template);
        known.or(self.policy_template_id.as_deref()).unwrap_or_default()
    }

    /// Whether it wants the secret beside the client id.
    pub(crate) fn asks_for_secret(&self) -> bool {
        let Some(set) = self.configuration_data.as_ref().or(self.configuration.as_ref()) else {
            return false;
        };
        set["credentialsOriginHasHttpBasicAuthenticationHeader"] == "httpBasicAuthenticationHeader"
            || set["clientSecretExpression"]
                .as_str()
                .is_some_and(|text| !text.is_empty())
    }
}

/// Policies come in a list, or in an object with one.
pub(crate) struct Policies(pub(crate) Vec<Policy>);

impl<'de> Deserialize<'de> for Policies {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either {
            Bare(Vec<Policy>),
            Wrapped { policies: Vec<Policy> },
        }
        Ok(Self(match Either::deserialize(deserializer)? {
            Either::Bare(policies) | Either::Wrapped { policies } => policies,
        }))
    }
}
