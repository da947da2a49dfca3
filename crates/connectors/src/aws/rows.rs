//! AWS's objects, as far as we read them. None of them has a `Debug`: a key's row holds its secret.

use std::collections::BTreeMap;

use secrecy::SecretString;
use serde::Deserialize;

/// One page of a list.
#[derive(Deserialize)]
pub(crate) struct Rows<T> {
    /// AWS's word for it; an empty list may be left out.
    #[serde(default = "Vec::new")]
    pub(crate) item: Vec<T>,
    /// Where the next page begins; absent on the last.
    #[serde(default)]
    pub(crate) position: Option<String>,
}

/// A row of which only the id matters.
#[derive(Deserialize)]
pub(crate) struct Identified {
    #[serde(default)]
    pub(crate) id: String,
}

/// An API key.
#[derive(Deserialize)]
pub(crate) struct Key {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) name: Option<String>,
    /// Only where it was asked for.
    #[serde(default)]
    pub(crate) value: Option<SecretString>,
    #[serde(default)]
    pub(crate) enabled: bool,
    #[serde(default)]
    pub(crate) tags: Option<BTreeMap<String, String>>,
    /// Seconds since 1970.
    #[serde(default, rename = "createdDate")]
    pub(crate) created: f64,
}

impl Key {
    pub(crate) fn name(&self) -> &str {
        self.name.as_deref().unwrap_or_default()
    }

    pub(crate) fn tag(&self, name: &str) -> Option<&String> {
        self.tags.as_ref()?.get(name)
    }
}

/// A usage plan.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Plan {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) name: Option<String>,
    #[serde(default)]
    pub(crate) api_stages: Option<Vec<ApiStage>>,
    #[serde(default)]
    pub(crate) throttle: Option<Throttle>,
    #[serde(default)]
    pub(crate) quota: Option<Quota>,
}

impl Plan {
    pub(crate) fn name(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.id)
    }

    pub(crate) fn stages(&self) -> impl Iterator<Item = &ApiStage> {
        self.api_stages.iter().flatten()
    }
}

/// A stage that a plan covers.
#[derive(Clone, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApiStage {
    pub(crate) api_id: String,
    pub(crate) stage: String,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Throttle {
    #[serde(default)]
    pub(crate) rate_limit: f64,
    #[serde(default)]
    pub(crate) burst_limit: i64,
}

#[derive(Clone, Deserialize)]
pub(crate) struct Quota {
    #[serde(default)]
    pub(crate) limit: i64,
    #[serde(default)]
    pub(crate) period: String,
}

/// A REST API.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Api {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) name: Option<String>,
    /// `HEADER` or `AUTHORIZER`.
    #[serde(default)]
    pub(crate) api_key_source: Option<String>,
}

impl Api {
    pub(crate) fn name(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.id)
    }
}

/// The stages of an API: the one list that has no pages.
#[derive(Deserialize)]
pub(crate) struct Stages {
    #[serde(default)]
    pub(crate) item: Vec<Stage>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Stage {
    pub(crate) stage_name: String,
    #[serde(default)]
    pub(crate) deployment_id: Option<String>,
}

/// What was deployed: paths, with their methods.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Deployment {
    #[serde(default)]
    pub(crate) api_summary: Option<BTreeMap<String, BTreeMap<String, Method>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Method {
    #[serde(default)]
    pub(crate) authorization_type: Option<String>,
    #[serde(default)]
    pub(crate) api_key_required: bool,
}

/// What an account can do.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Account {
    #[serde(default)]
    pub(crate) features: Vec<String>,
    #[serde(default)]
    pub(crate) api_key_version: Option<String>,
}
