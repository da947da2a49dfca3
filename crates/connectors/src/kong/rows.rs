//! Kong's objects, as far as we read them. None of them has a `Debug`: a key's row holds its secret.

use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Map, Value};

/// One page of a list.
#[derive(Deserialize)]
pub(crate) struct Rows<T> {
    pub(crate) data: Vec<T>,
    /// Where the next page begins; absent or null on the last.
    #[serde(default)]
    pub(crate) offset: Option<String>,
}

/// A reference to another object.
#[derive(Clone, Deserialize)]
pub(crate) struct Reference {
    pub(crate) id: String,
}

/// A row of which only the count matters.
#[derive(Deserialize)]
pub(crate) struct Counted {}

#[derive(Deserialize)]
pub(crate) struct Consumer {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) username: Option<String>,
    #[serde(default)]
    pub(crate) custom_id: Option<String>,
    #[serde(default)]
    pub(crate) tags: Option<Vec<String>>,
}

impl Consumer {
    pub(crate) fn has_tag(&self, tag: &str) -> bool {
        self.tags.iter().flatten().any(|one| one == tag)
    }
}

/// A row of the key-auth plugin.
#[derive(Deserialize)]
pub(crate) struct Key {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) key: Option<SecretString>,
    #[serde(default)]
    pub(crate) tags: Option<Vec<String>>,
    /// Seconds until it ends by itself.
    #[serde(default)]
    pub(crate) ttl: Option<i64>,
}

impl Key {
    pub(crate) fn expires_in_seconds(&self) -> Option<u32> {
        self.ttl
            .map(|seconds| u32::try_from(seconds.max(0)).unwrap_or(u32::MAX))
    }
}

/// A consumer's membership of a group, of the acl plugin.
#[derive(Deserialize)]
pub(crate) struct Membership {
    pub(crate) id: String,
    pub(crate) group: String,
}

#[derive(Deserialize)]
pub(crate) struct Service {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) name: Option<String>,
    #[serde(default)]
    pub(crate) host: Option<String>,
    #[serde(default = "on")]
    pub(crate) enabled: bool,
}

#[derive(Deserialize)]
pub(crate) struct Route {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) name: Option<String>,
    #[serde(default)]
    pub(crate) service: Option<Reference>,
    #[serde(default)]
    pub(crate) methods: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) hosts: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) paths: Option<Vec<String>>,
}

#[derive(Clone, Deserialize)]
pub(crate) struct Plugin {
    pub(crate) name: String,
    #[serde(default = "on")]
    pub(crate) enabled: bool,
    #[serde(default)]
    pub(crate) service: Option<Reference>,
    #[serde(default)]
    pub(crate) route: Option<Reference>,
    #[serde(default)]
    pub(crate) consumer: Option<Reference>,
    #[serde(default)]
    pub(crate) consumer_group: Option<Reference>,
    #[serde(default)]
    pub(crate) config: Option<Map<String, Value>>,
}

impl Plugin {
    /// The texts of a list in its configuration.
    pub(crate) fn texts(&self, field: &str) -> impl Iterator<Item = &str> {
        let list = self.config.as_ref().and_then(|config| config.get(field)?.as_array());
        list.into_iter().flatten().filter_map(Value::as_str)
    }

    /// Whether a switch of its configuration is on.
    pub(crate) fn has_on(&self, field: &str) -> bool {
        self.config
            .as_ref()
            .is_some_and(|config| config.get(field).is_some_and(|value| value == true))
    }

    /// A text of its configuration.
    pub(crate) fn text(&self, field: &str) -> Option<&str> {
        self.config.as_ref()?.get(field)?.as_str()
    }
}

const fn on() -> bool {
    true
}
