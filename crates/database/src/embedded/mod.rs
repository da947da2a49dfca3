//! A private PostgreSQL, for everyone who has not set one up.
//!
//! [`EmbeddedPostgres::start`] runs the PostgreSQL that is installed on the machine on a cluster of
//! its own, which only this user can reach: a Unix socket in a private directory, a random password,
//! no TCP.
//!
//! # Invariants
//! * One process at a time holds a data directory ([`EmbeddedError::DataDirInUse`]).
//! * A cluster appears as a whole or not at all; one that disappeared is never replaced by an empty one.
//! * The server outlives us when we are killed, and the next start takes it over; nothing that was
//!   committed is lost, because `fsync` stays on.
//! * The password stands in `postgres.json` (0600) and nowhere else.
//!
//! Start with [`EmbeddedPostgres::start`], then `cluster` (where things lie) and `server` (the process).

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use gatewright_types::Rng;
use secrecy::SecretString;
use sqlx::postgres::PgConnectOptions;
use tokio::task::JoinHandle;
use tokio::time::Instant;

mod account;
mod cluster;
mod connection;
mod error;
mod files;
mod initialize;
mod inspect;
mod installation;
mod lock;
mod log;
mod server;
mod upgrade;

pub use connection::{ConnectInfo, MAINTENANCE_DATABASE, SUPERUSER};
pub use error::EmbeddedError;
pub use inspect::{InspectedCluster, Inspection, inspect};
pub use installation::{Installation, OLDEST_MAJOR, clients, installations};
pub use upgrade::{Method, Upgraded, prune, upgrade};

use account::Account;
use cluster::Cluster;
use error::cannot;
use lock::DataDirLock;
use server::Server;

/// What PostgreSQL says while sessions of a killed server have not noticed yet that it is gone:
/// `pre-existing shared memory block (key …, ID …) is still in use`.
const ORPHANS_REMAIN: &str = "is still in use";
/// How long such sessions may take to end.
const ORPHANS_LIMIT: Duration = Duration::from_secs(20);
/// How often a start is tried again meanwhile.
const ORPHANS_INTERVAL: Duration = Duration::from_millis(100);

/// What to run, and where.
#[derive(Clone, Debug)]
pub struct EmbeddedOptions {
    /// Holds the pointer and the lock and, unless we are root, the cluster. Created if missing.
    pub data_dir: PathBuf,
    /// The directory of PostgreSQL's programs; `None` looks for the newest on the machine.
    pub bin_dir: Option<PathBuf>,
    /// Settings of the server, as `(name, value)`; they win over ours.
    pub settings: Vec<(String, String)>,
    /// Where the cluster's id and password come from.
    pub rng: Rng,
}

impl EmbeddedOptions {
    /// The usual way: whatever is installed, with our settings.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            bin_dir: None,
            settings: Vec::new(),
            rng: Rng::System,
        }
    }
}

/// A running private PostgreSQL, and the lock on its data directory.
///
/// End it with [`EmbeddedPostgres::stop`]. Dropping it asks the server for a fast shutdown and does
/// not wait; the next start does.
pub struct EmbeddedPostgres {
    connect_info: ConnectInfo,
    installation: Installation,
    log_keeper: JoinHandle<()>,
    // The server goes before the lock.
    server: Option<Server>,
    _lock: DataDirLock,
}

impl EmbeddedPostgres {
    /// Starts the server of a data directory, or takes over the one that a killed run left. The first
    /// time it creates the cluster. Returns when connections are accepted.
    ///
    /// `progress` gets short lines for people ("starting PostgreSQL 15").
    pub async fn start(
        options: EmbeddedOptions,
        progress: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<Self, EmbeddedError> {
        let data_dir = ensure_data_dir(&options.data_dir)?;
        let lock = DataDirLock::take(&data_dir)?;
        let installed = match &options.bin_dir {
            Some(bin_dir) => installation::among(std::iter::once(bin_dir.clone())).await,
            None => installations().await,
        };
        let newest = installation::newest(&installed)?;
        let mut cluster = match Cluster::read(&data_dir)? {
            Some(cluster) => cluster,
            None => Cluster::plan(&data_dir, &options.rng)?,
        };
        if !cluster.is_complete()? {
            let account = Account::for_new_cluster()?;
            cluster.ensure_home(account)?;
            initialize::create(&cluster, newest, account, progress).await?;
        }
        if upgrade::was_interrupted(&cluster) {
            upgrade::end_what_a_killed_run_left(&cluster).await?;
        }
        let account = Account::of_cluster(&cluster.data())?;
        let major = cluster.major()?;
        cluster.complete(major)?;
        let installation = fitting(&installed, newest, &cluster, major)?.clone();

        let server = run(&cluster, &installation, account, &options.settings, progress).await?;
        Ok(Self {
            connect_info: cluster.connect_info(),
            installation,
            log_keeper: tokio::spawn(log::keep_small(cluster.log())),
            server: Some(server),
            _lock: lock,
        })
    }

    /// How to connect, to hand on.
    pub fn connect_info(&self) -> &ConnectInfo {
        &self.connect_info
    }

    /// Options for sqlx, as the superuser. They show the password when printed with `{:?}`.
    pub fn connect_options(&self, database: &str) -> PgConnectOptions {
        self.connect_info.connect_options(database)
    }

    /// A connection URI for `psql` and the like, as the superuser.
    pub fn url(&self, database: &str) -> SecretString {
        self.connect_info.url(database)
    }

    /// The programs that fit this server, `pg_dump` among them.
    pub fn installation(&self) -> &Installation {
        &self.installation
    }

    /// The process id of the server.
    pub fn pid(&self) -> u32 {
        self.server.as_ref().map_or(0, Server::pid)
    }

    /// Whether the server's process is still there.
    pub fn is_running(&self) -> bool {
        self.server.as_ref().is_some_and(Server::is_running)
    }

    /// Ends all sessions, writes a checkpoint and stops the server: bounded, and at once if it takes too
    /// long. Stop what uses connections first.
    pub async fn stop(mut self) -> Result<(), EmbeddedError> {
        let Some(server) = self.server.take() else {
            return Ok(());
        };
        server.stop().await?;
        // One below /tmp would stay behind; the next start makes it again.
        let _ = fs::remove_dir(self.connect_info.socket_dir());
        Ok(())
    }
}

impl Drop for EmbeddedPostgres {
    fn drop(&mut self) {
        self.log_keeper.abort();
    }
}

/// How to connect to the server that runs for a data directory, for a command beside it. Takes no lock.
pub fn attach(data_dir: &Path) -> Result<ConnectInfo, EmbeddedError> {
    let no_cluster = || EmbeddedError::NoCluster {
        data_dir: data_dir.to_path_buf(),
    };
    let real = fs::canonicalize(data_dir).map_err(|_| no_cluster())?;
    let cluster = Cluster::read(&real)?.ok_or_else(no_cluster)?;
    if !cluster.is_complete()? {
        return Err(no_cluster());
    }
    match Server::find(&cluster)? {
        Some(_) => Ok(cluster.connect_info()),
        None => Err(EmbeddedError::NotRunning {
            data_dir: data_dir.to_path_buf(),
        }),
    }
}

/// The programs for a cluster: those of its own major version, or why there are none.
fn fitting<'a>(
    installed: &'a [Installation],
    newest: &Installation,
    cluster: &Cluster,
    major: u32,
) -> Result<&'a Installation, EmbeddedError> {
    let same = installed.iter().find(|installation| installation.major == major);
    let directory = cluster.data();
    same.ok_or(if major < newest.major {
        EmbeddedError::OlderCluster {
            directory,
            cluster: major,
            newest: newest.major,
        }
    } else {
        EmbeddedError::NewerCluster {
            directory,
            cluster: major,
            newest: newest.major,
        }
    })
}

/// Takes over the server that is there, or starts one; ready when it returns.
async fn run(
    cluster: &Cluster,
    installation: &Installation,
    account: Account,
    settings: &[(String, String)],
    progress: &(dyn Fn(&str) + Send + Sync),
) -> Result<Server, EmbeddedError> {
    if let Some(mut server) = Server::find(cluster)? {
        let (major, pid) = (installation.major, server.pid());
        progress(&format!(
            "taking over the PostgreSQL {major} that is still running (process {pid})"
        ));
        // It ends instead if it was stopping already.
        if server.is_ready(cluster, progress).await? {
            server.adopt();
            return Ok(server);
        }
    }
    progress(&format!("starting PostgreSQL {}", installation.major));
    let started = Instant::now();
    loop {
        let server = Server::spawn(cluster, installation, account, settings)?;
        if server.is_ready(cluster, progress).await? {
            return Ok(server);
        }
        let detail = server.last_words();
        if !detail.contains(ORPHANS_REMAIN) || started.elapsed() > ORPHANS_LIMIT {
            return Err(EmbeddedError::StartFailed {
                detail,
                log: cluster.log(),
            });
        }
        tokio::time::sleep(ORPHANS_INTERVAL).await;
    }
}

fn ensure_data_dir(path: &Path) -> Result<PathBuf, EmbeddedError> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(files::PRIVATE_DIR_MODE)
        .create(path)
        .map_err(cannot("create", path))?;
    fs::canonicalize(path).map_err(cannot("open", path))
}
