//! What a connection to a stand-in is told, and how its proxy is asked: for those who drive all of them alike.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What is there at the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Seed {
    /// Nothing.
    #[default]
    Empty,
    /// The same shop at every vendor, in its words: services `orders`, `payments`, `reports`, `status` and `translation`, not all of
    /// them closed, and two consumers with keys. All of it is somebody else's. Each vendor's `seed` says more.
    Demo,
}

/// How a stand-in is connected and asked.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Told {
    /// Whose gateway it is, as a connection says it.
    pub vendor: &'static str,
    /// Its name for people.
    pub name: &'static str,
    /// A connection's settings.
    pub settings: Value,
    /// A connection's credentials: of the stand-in, and good for nothing else.
    pub credentials: Value,
    /// What opens each service of the demo's seed, as a mapping names it.
    pub scopes: BTreeMap<&'static str, &'static str>,
    /// The header field in which its proxy looks for a key.
    pub key_field: &'static str,
    /// What stands before a service's name in its proxy's paths.
    pub path_prefix: &'static str,
}
