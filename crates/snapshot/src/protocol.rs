//! What a control plane and a node say to each other, as JSON over HTTP below [`BASE_PATH`].
//!
//! | request | body | answer |
//! |---|---|---|
//! | `POST /enrollments` | [`Enrollment`] | [`Enrolled`] |
//! | `GET /snapshot`, `If-None-Match` | | [`SnapshotConfig`](crate::config::SnapshotConfig) with an ETag, or 304 |
//! | `GET /news?after=…&starting=…` | | [`News`], one per line, until either side ends it |
//! | `POST /lookups` | [`Questions`] | [`Answers`] |
//! | `POST /reports` | [`Report`] | [`Told`] |
//! | `POST /uses` | [`Uses`] | nothing |
//! | `GET /shared-cache-key` | | [`SharedCacheKey`] |
//!
//! All but the first carry the node's token. Numbers of news have no holes, so a node that misses one
//! knows; it then forgets what it knows of credentials, and asks.

use gatewright_types::CredentialHash;
use gatewright_types::access::NodeState;
use gatewright_types::ids::{KeyId, NodeId};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use std::net::IpAddr;

use crate::AccessChange;

/// What every path begins with.
pub const BASE_PATH: &str = "/node/v1";
/// Most credentials that one request asks about.
pub const QUESTIONS_MAX: usize = 256;
/// Longest body of a request from a node, in bytes.
pub const REQUEST_MAX_BYTES: usize = 64 * 1024;
/// Most changes of access that one piece of news carries.
pub const CHANGES_PER_NEWS_MAX: usize = 256;
/// Longest line of news, in bytes.
pub const NEWS_LINE_MAX_BYTES: usize = 8 * 1024 * 1024;
/// How often a stream of news says that it is alive, in milliseconds.
pub const HEARTBEAT_INTERVAL_MS: u64 = 1_000;
/// How often a node reports, in milliseconds; at once when it has taken in news.
pub const REPORT_INTERVAL_MS: u64 = 1_000;
/// From when on a node that has not reported counts as away, in milliseconds.
pub const AWAY_AFTER_MS: i64 = 15_000;

/// Most keys whose use one request tells.
pub const USES_MAX: usize = 128;
/// Most addresses that are told of a key's use at once; further ones are not.
pub const USE_ADDRESSES_MAX: usize = 8;
/// How often a node tells which keys were used, in milliseconds.
pub const USES_INTERVAL_MS: u64 = 5_000;

/// A node that wants to be let in.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Enrollment {
    /// The one-time code.
    pub code: String,
    /// The program's version.
    pub version: String,
    /// Where the node listens.
    pub addr: String,
}

/// A node that was let in.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Enrolled {
    /// Its id.
    pub node_id: NodeId,
    /// Its token, which is told once.
    pub token: SecretString,
}

/// One line of news.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "SCREAMING_SNAKE_CASE", rename_all_fields = "camelCase")]
pub enum News {
    /// The first line: from here on the news follow without a hole.
    Start {
        /// The number of the last news that the node has, or need not have.
        position: u64,
        /// The news since the node's position are not known any more: what it knows is not to be believed.
        reset: bool,
        /// Where the node stands.
        state: NodeState,
    },
    /// Who is admitted from now on.
    Access {
        /// Its number.
        seq: u64,
        /// The new records.
        changes: Vec<AccessChange>,
    },
    /// There is a new configuration, whose version is this number.
    Configuration {
        /// Its number.
        seq: u64,
    },
    /// Where a node stands from now on.
    Node {
        /// Its number.
        seq: u64,
        /// Which node.
        node_id: NodeId,
        /// Where it stands.
        state: NodeState,
    },
    /// Nothing is new.
    Heartbeat {
        /// The number of the last news.
        position: u64,
    },
}

impl News {
    /// Its number; of a line that is no news, that of the last one.
    pub const fn seq(&self) -> u64 {
        match self {
            Self::Access { seq, .. } | Self::Configuration { seq } | Self::Node { seq, .. } => *seq,
            Self::Start { position, .. } | Self::Heartbeat { position, .. } => *position,
        }
    }

    /// The same under another number.
    pub fn numbered(mut self, number: u64) -> Self {
        match &mut self {
            Self::Access { seq, .. } | Self::Configuration { seq } | Self::Node { seq, .. } => *seq = number,
            Self::Start { position, .. } | Self::Heartbeat { position, .. } => *position = number,
        }
        self
    }
}

/// What a node asks for.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Questions {
    /// SHA-256 of what callers sent; at most [`QUESTIONS_MAX`].
    pub hashes: Vec<CredentialHash>,
}

/// What is true about what was asked.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Answers {
    /// How old this was when it was sent, in milliseconds.
    pub age_ms: u64,
    /// True after the news up to this number; absent from a control plane before it was told.
    #[serde(default)]
    pub position: Option<u64>,
    /// The records; what is missing is nobody's.
    pub records: Vec<AccessChange>,
}

/// What nodes seal with what they share through Redis.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SharedCacheKey {
    /// The key.
    pub key: SecretString,
}

/// How far a node is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Report {
    /// The number of the last news that every core has taken in.
    pub position: u64,
    /// The version of the configuration that it serves.
    pub snapshot_version: u64,
    /// The program's version.
    pub version: String,
    /// Where the node listens.
    pub addr: String,
}

/// What a report is answered with: the control plane's word.
///
/// A node that has taken in news up to `position` knew everything `age_ms` before the moment at which it
/// sent the report; lines that lay in a buffer could not say so.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Told {
    /// The number of the last news.
    pub position: u64,
    /// For how long the control plane has not been able to be sure of that, in milliseconds.
    pub age_ms: u64,
    /// What time it is there: milliseconds since 1970.
    pub now_ms: i64,
}

/// Which keys were used.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Uses {
    /// At most [`USES_MAX`] of them.
    pub uses: Vec<KeyUse>,
}

/// How a key was used since a node last told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KeyUse {
    /// The key.
    pub key_id: KeyId,
    /// Requests that were admitted with it.
    pub requests: u64,
    /// From where; at most [`USE_ADDRESSES_MAX`].
    pub addresses: Vec<IpAddr>,
    /// When the last one was: milliseconds since 1970.
    pub last_used_ms: i64,
}

impl KeyUse {
    /// Adds another node's or core's word about the same key.
    pub fn add(&mut self, other: &Self) {
        self.requests = self.requests.saturating_add(other.requests);
        self.last_used_ms = self.last_used_ms.max(other.last_used_ms);
        for address in &other.addresses {
            if self.addresses.len() < USE_ADDRESSES_MAX && !self.addresses.contains(address) {
                self.addresses.push(*address);
            }
        }
    }
}
