//! Which parts of Gatewright a process runs.

use serde::Deserialize;

/// Which parts a process runs. Several processes with different roles share one PostgreSQL; a
/// gateway node needs none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Everything.
    #[default]
    All,
    /// The control plane alone: the API.
    Control,
    /// A worker alone: jobs and what is scheduled.
    Worker,
    /// A gateway node alone: no database, at a control plane elsewhere.
    Gateway,
}

impl Role {
    /// Whether it serves the API.
    pub const fn serves_api(self) -> bool {
        matches!(self, Self::All | Self::Control)
    }

    /// Whether it serves native gateways.
    pub const fn serves_gateways(self) -> bool {
        matches!(self, Self::All | Self::Gateway)
    }

    /// Whether it needs the database.
    pub const fn has_database(self) -> bool {
        !matches!(self, Self::Gateway)
    }

    /// Whether it does jobs.
    pub const fn does_jobs(self) -> bool {
        matches!(self, Self::All | Self::Worker)
    }
}
