//! Why a backup could not be made or brought back, each with what to do about it, on one line.

use std::io;
use std::path::PathBuf;

/// What went wrong. No message holds a password or a row.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The database's URL cannot be read.
    #[error("database_url: expected postgres://user:password@host:port/database")]
    BadUrl,
    /// The database did not answer, or not as expected.
    #[error("the database: {0}")]
    Database(#[from] sqlx::Error),
    /// The file or stream could not be read or written.
    #[error("cannot {action} {}: {source}", path.display())]
    File {
        /// What was tried, as a verb.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The stream that the backup goes to ended.
    #[error("the backup could not be written: {0}")]
    Output(io::Error),
    /// The database has no schema of ours.
    #[error("the database {database} holds nothing of Gatewright's: check database_url or data_dir")]
    NothingThere {
        /// Its name.
        database: String,
    },
    /// A migration began and did not end.
    #[error("migration {level} of the database {database} began and did not end: run `gatewright migrate` first")]
    Broken {
        /// The database's name.
        database: String,
        /// The migration's number.
        level: i64,
    },
    /// Some rows would not be in the backup.
    #[error(
        "the user {user} does not see every row of {table}, so the backup would miss some: run `GRANT gatewright_system \
         TO {user} WITH INHERIT TRUE` (before PostgreSQL 16: `ALTER ROLE {user} INHERIT`), or name the owner in database_url"
    )]
    RowsHidden {
        /// Who connects.
        user: String,
        /// The first such table.
        table: String,
    },
    /// No programs that fit the server are installed.
    #[error(
        "{program} of PostgreSQL {needed} or newer is not installed (found: {found}): install it, as in \
         `apt-get install postgresql-client-{needed}`"
    )]
    NoProgram {
        /// Which one.
        program: &'static str,
        /// The major version of the server, or of what wrote the backup.
        needed: u32,
        /// What there is.
        found: String,
    },
    /// A program of PostgreSQL's failed.
    #[error("{program} failed: {detail}")]
    Program {
        /// Which one.
        program: &'static str,
        /// What it said.
        detail: String,
    },
    /// Nothing moved for too long.
    #[error("{program} did nothing for {seconds} s and was ended: look for locks and for the disk")]
    Stalled {
        /// Which one.
        program: &'static str,
        /// How long was waited, in seconds.
        seconds: u64,
    },
    /// The file is no backup of ours.
    #[error("{} is not a backup of Gatewright's", path.display())]
    NotABackup {
        /// The file.
        path: PathBuf,
    },
    /// The file is cut off, or was changed.
    #[error("{} is damaged ({reason}): use another backup", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// How that shows.
        reason: &'static str,
    },
    /// The backup is of a newer Gatewright.
    #[error(
        "the backup was made by Gatewright {version} (schema {level}), and this program knows the schema up to {known}: \
         install Gatewright {version} or newer"
    )]
    TooNew {
        /// The version that made it.
        version: String,
        /// Its migration level.
        level: i64,
        /// Ours.
        known: i64,
    },
    /// The backup is of a newer PostgreSQL than the server.
    #[error(
        "the backup was made from PostgreSQL {backup}, and this server is {server}: restore into {backup} or newer"
    )]
    OlderServer {
        /// Where the backup came from.
        backup: u32,
        /// The server to restore into.
        server: u32,
    },
    /// There is something already.
    #[error(
        "the database {database} is not empty: restore into an empty one, or with --replace, which keeps the present one \
         aside under another name"
    )]
    NotEmpty {
        /// Its name.
        database: String,
    },
    /// Somebody is connected to the database that would be replaced.
    #[error(
        "{connections} connections use the database {database}: stop every Gatewright that uses it, then try again"
    )]
    InUse {
        /// Its name.
        database: String,
        /// How many.
        connections: i64,
    },
    /// The user may not create databases.
    #[error(
        "the user {user} may not create databases, which --replace needs: run `ALTER ROLE {user} CREATEDB`, or restore \
         into an empty database and name that one in database_url"
    )]
    MayNotCreate {
        /// Who connects.
        user: String,
    },
    /// What was restored is not what the manifest says.
    #[error("after restoring, the schema is at {found} instead of {expected}: nothing was replaced")]
    NotAsPromised {
        /// The level found.
        found: i64,
        /// The manifest's.
        expected: i64,
    },
}
