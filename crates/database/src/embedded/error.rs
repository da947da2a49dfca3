//! What can go wrong with the private PostgreSQL, each with what to do about it, on one line.

use std::io;
use std::path::{Path, PathBuf};

use super::installation::OLDEST_MAJOR;

/// Why the private PostgreSQL could not be started, found or stopped. No message holds the password.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// No PostgreSQL was found on this machine.
    #[error(
        "PostgreSQL {OLDEST_MAJOR} or newer is not installed: install it (`apt-get install postgresql`, `dnf install \
         postgresql-server`, `brew install postgresql`), or set GATEWRIGHT_DATABASE_URL to a server of yours"
    )]
    NotInstalled,
    /// Only an old PostgreSQL was found.
    #[error(
        "the newest PostgreSQL on this machine is {newest} (in {}), and Gatewright needs {OLDEST_MAJOR} or newer: \
         install one, or set GATEWRIGHT_DATABASE_URL to a server of yours", bin_dir.display()
    )]
    TooOld {
        /// The newest major version found.
        newest: u32,
        /// Where its programs are.
        bin_dir: PathBuf,
    },
    /// The cluster was written by an older major version whose programs are gone.
    #[error(
        "the database cluster in {} was created by PostgreSQL {cluster}, but the newest installed is {newest}: install \
         PostgreSQL {cluster} beside it and start again; `gatewright database upgrade` then moves the data to {newest}",
        directory.display()
    )]
    OlderCluster {
        /// The cluster's directory.
        directory: PathBuf,
        /// The major version that created it.
        cluster: u32,
        /// The newest major version installed.
        newest: u32,
    },
    /// The cluster was written by a newer major version than any that is installed.
    #[error(
        "the database cluster in {} was created by PostgreSQL {cluster}, but the newest installed is {newest}: install \
         PostgreSQL {cluster}", directory.display()
    )]
    NewerCluster {
        /// The cluster's directory.
        directory: PathBuf,
        /// The major version that created it.
        cluster: u32,
        /// The newest major version installed.
        newest: u32,
    },
    /// Another process holds the data directory.
    #[error(
        "the data directory {} is in use by {}: stop it, or choose another data directory",
        data_dir.display(), holder(*pid)
    )]
    DataDirInUse {
        /// The directory asked for.
        data_dir: PathBuf,
        /// The holder's process id, if it wrote it down already.
        pid: Option<u32>,
    },
    /// The data directory names a cluster that is not there.
    #[error(
        "the database of this data directory should be in {}, which does not exist: put it back or restore a backup; to \
         begin with an empty database, remove {}", directory.display(), pointer.display()
    )]
    ClusterMissing {
        /// Where the cluster should be.
        directory: PathBuf,
        /// The file that says so.
        pointer: PathBuf,
    },
    /// An upgrade was ended between its last two steps.
    #[error("an upgrade of the database in {} was interrupted: run `gatewright database upgrade` again", directory.display())]
    UpgradeInterrupted {
        /// Where the cluster should be.
        directory: PathBuf,
    },
    /// An upgrade failed; the old cluster is as it was.
    #[error("the database was not upgraded and is as it was: {step}: {detail}")]
    UpgradeFailed {
        /// What was being done.
        step: &'static str,
        /// What went wrong.
        detail: String,
    },
    /// There is no room for a second cluster.
    #[error(
        "an upgrade copies the database, which takes {needed_mib} MiB, and {} has {free_mib} MiB free: make room there",
        directory.display()
    )]
    NoRoom {
        /// The cluster's home.
        directory: PathBuf,
        /// What is needed, in MiB.
        needed_mib: u64,
        /// What there is, in MiB.
        free_mib: u64,
    },
    /// The version asked for is not there, or is not newer.
    #[error("cannot upgrade from PostgreSQL {from} to {to}: installed are {installed}")]
    NoSuchUpgrade {
        /// The cluster's major version.
        from: u32,
        /// The one asked for.
        to: u32,
        /// The major versions on this machine.
        installed: String,
    },
    /// The file that points at the cluster cannot be understood.
    #[error("{} is damaged ({reason}): restore it from a backup", path.display())]
    PointerDamaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, never its content.
        reason: String,
    },
    /// Nothing was ever started for this data directory.
    #[error("{} has no database yet: start it with `gatewright serve`", data_dir.display())]
    NoCluster {
        /// The directory asked for.
        data_dir: PathBuf,
    },
    /// The cluster exists and no server runs on it.
    #[error("the database of {} is not running: start it with `gatewright serve`", data_dir.display())]
    NotRunning {
        /// The directory asked for.
        data_dir: PathBuf,
    },
    /// The directory for the socket belongs to someone else, or is no directory.
    #[error("{} is not a private directory of user {uid}, so the database socket cannot be put there: remove it", path.display())]
    SocketDirTaken {
        /// The directory.
        path: PathBuf,
        /// The user that should own it.
        uid: u32,
    },
    /// A directory belongs to a user that we are not.
    #[error("{} belongs to user {owner} and should belong to user {uid}: run Gatewright as its owner, or change it", path.display())]
    WrongOwner {
        /// The directory.
        path: PathBuf,
        /// Who owns it.
        owner: u32,
        /// Who should.
        uid: u32,
    },
    /// We are root and there is no one to run PostgreSQL as.
    #[error(
        "PostgreSQL refuses to run as root, and /etc/passwd has neither `postgres` nor `nobody`: create one, or run \
         Gatewright as another user"
    )]
    NoAccount,
    /// `initdb` failed.
    #[error("the database cluster could not be created in {}: {detail}", directory.display())]
    CreationFailed {
        /// Where it was to be.
        directory: PathBuf,
        /// What initdb said.
        detail: String,
    },
    /// The server ended before it was ready.
    #[error("PostgreSQL ended while starting: {detail} (log: {})", log.display())]
    StartFailed {
        /// The end of its log.
        detail: String,
        /// Its log.
        log: PathBuf,
    },
    /// The server did not become ready in time.
    #[error("PostgreSQL was not ready after {seconds} s: {detail} (log: {})", log.display())]
    StartTimedOut {
        /// How long we waited, in seconds.
        seconds: u64,
        /// The end of its log.
        detail: String,
        /// Its log.
        log: PathBuf,
    },
    /// A server answered and does not know our password.
    #[error(
        "PostgreSQL (process {pid}) does not accept the password in {}: restore that file from a backup",
        pointer.display()
    )]
    PasswordRefused {
        /// The server's process id.
        pid: u32,
        /// The file with the password.
        pointer: PathBuf,
    },
    /// The server did not end in time.
    #[error(
        "PostgreSQL (process {pid}) did not stop within {seconds} s: it keeps running and is taken over by the next start"
    )]
    StopTimedOut {
        /// The server's process id.
        pid: u32,
        /// How long we waited, in seconds.
        seconds: u64,
    },
    /// A program could not be run, or did not come to an end.
    #[error("cannot run {}: {source}", program.display())]
    Program {
        /// The program.
        program: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file operation failed.
    #[error("cannot {action} {}: {source}", path.display())]
    File {
        /// What was tried, as a verb.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

/// Puts an I/O error into words, for `map_err`.
pub(super) fn cannot(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> EmbeddedError {
    move |source| EmbeddedError::File {
        action,
        path: path.to_path_buf(),
        source,
    }
}

fn holder(pid: Option<u32>) -> String {
    pid.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"))
}
