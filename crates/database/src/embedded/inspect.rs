//! Looks at a data directory without changing anything.

use std::fs;
use std::path::{Path, PathBuf};

use super::cluster::Cluster;
use super::error::EmbeddedError;
use super::lock::DataDirLock;
use super::server::Server;

/// What a data directory holds.
#[derive(Debug)]
pub struct Inspection {
    /// The process that holds it.
    pub held_by: Option<u32>,
    /// Its cluster, if it has one.
    pub cluster: Option<InspectedCluster>,
}

/// A private PostgreSQL's cluster.
#[derive(Debug)]
pub struct InspectedCluster {
    /// PostgreSQL's data directory.
    pub directory: PathBuf,
    /// The major version that it is of.
    pub major: u32,
    /// The server's process id, if it runs.
    pub pid: Option<u32>,
    /// Clusters that upgrades have kept: major version and directory.
    pub kept: Vec<(u32, PathBuf)>,
}

/// Looks at a data directory; `None` if it does not exist.
pub fn inspect(data_dir: &Path) -> Result<Option<Inspection>, EmbeddedError> {
    let Ok(real) = fs::canonicalize(data_dir) else {
        return Ok(None);
    };
    let held_by = DataDirLock::holder(&real);
    let Some(cluster) = Cluster::read(&real)? else {
        return Ok(Some(Inspection { held_by, cluster: None }));
    };
    let cluster = if cluster.is_complete()? {
        Some(InspectedCluster {
            directory: cluster.data(),
            major: cluster.major()?,
            pid: Server::find(&cluster)?.map(|server| server.pid()),
            kept: cluster.all_kept()?,
        })
    } else {
        None
    };
    Ok(Some(Inspection { held_by, cluster }))
}
