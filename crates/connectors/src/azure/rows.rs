//! What a service's objects look like, as far as we look at them.

use secrecy::SecretString;
use serde::Deserialize;

/// One page of a list.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Rows<T> {
    pub(crate) value: Vec<T>,
    #[serde(default)]
    pub(crate) count: Option<u64>,
    #[serde(default)]
    pub(crate) next_link: Option<String>,
}

/// Any object: its name, and what it has.
#[derive(Deserialize)]
pub(crate) struct Named<T> {
    pub(crate) name: String,
    pub(crate) properties: T,
}

/// An object that only counts.
#[derive(Deserialize)]
pub(crate) struct Counted {}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Subscription {
    #[serde(default)]
    pub(crate) display_name: Option<String>,
    pub(crate) state: String,
    pub(crate) scope: String,
    #[serde(default)]
    pub(crate) owner_id: Option<String>,
}

/// What `listSecrets` answers.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Keys {
    #[serde(default)]
    pub(crate) primary_key: Option<SecretString>,
    #[serde(default)]
    pub(crate) secondary_key: Option<SecretString>,
}

#[derive(Deserialize)]
pub(crate) struct User {
    #[serde(default)]
    pub(crate) email: Option<String>,
    #[serde(default)]
    pub(crate) state: Option<String>,
}

impl User {
    /// Whether the keys of its subscriptions open anything.
    pub(crate) fn is_active(&self) -> bool {
        self.state.as_deref() == Some("active")
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Product {
    #[serde(default)]
    pub(crate) display_name: Option<String>,
    #[serde(default)]
    pub(crate) state: Option<String>,
    #[serde(default)]
    pub(crate) subscription_required: Option<bool>,
    #[serde(default)]
    pub(crate) approval_required: Option<bool>,
    #[serde(default)]
    pub(crate) subscriptions_limit: Option<u64>,
}

impl Product {
    pub(crate) fn is_published(&self) -> bool {
        self.state.as_deref() == Some("published")
    }

    /// Whether everybody is let in without a key.
    pub(crate) fn is_open(&self) -> bool {
        self.is_published() && self.subscription_required == Some(false)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Api {
    #[serde(default)]
    pub(crate) display_name: Option<String>,
    #[serde(default)]
    pub(crate) path: Option<String>,
    #[serde(default)]
    pub(crate) subscription_required: Option<bool>,
    #[serde(default)]
    pub(crate) is_current: Option<bool>,
}
