//! Brings a backup back.

use std::io::SeekFrom;
use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};
use tokio::time::Instant;

use super::address::Address;
use super::dump::server_major;
use super::error::BackupError;
use super::format::{CHUNK_BYTES, Manifest, Verified};
use super::programs::{self, Running, STALL_LIMIT};
use crate::embedded::MAINTENANCE_DATABASE;
use crate::{Level, newest_level};

/// How many bytes a database's name may have (PostgreSQL's NAMEDATALEN).
const NAME_MAX_BYTES: usize = 63;
/// How long a connection that was closed may take to end, and how often it is looked at meanwhile.
const CLOSING_LIMIT: Duration = Duration::from_secs(1);
const CLOSING_PAUSE: Duration = Duration::from_millis(20);

/// The roles that rows and policies of ours speak of; migration 0001 makes them the same way.
const ROLES: &str = "DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['gatewright_app', 'gatewright_system'] LOOP
    BEGIN
      EXECUTE format('CREATE ROLE %I NOLOGIN NOINHERIT NOBYPASSRLS', name);
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
    END;
    IF NOT pg_has_role(current_user, name, 'MEMBER') THEN
      BEGIN
        EXECUTE format('GRANT %I TO %I', name, current_user);
      EXCEPTION WHEN unique_violation THEN NULL;
      END;
    END IF;
  END LOOP;
END $$";

/// What was done.
pub struct Restored {
    /// What the backup says about itself.
    pub manifest: Manifest,
    /// The name that the database before has now, if there was one.
    pub aside: Option<String>,
}

/// Restores a verified backup into the database at `address`, which exists.
///
/// An empty database is filled in one transaction. One that is not is left alone unless `replace` is
/// set: then the backup goes into a new database, and the two change names in one transaction.
pub async fn restore(
    address: &Address,
    file: &Path,
    verified: &Verified,
    replace: bool,
    now: DateTime<Utc>,
) -> Result<Restored, BackupError> {
    let manifest = &verified.manifest;
    refuse_newer(manifest)?;
    let mut connection = address.connect().await?;
    let server = server_major(&mut connection).await?;
    if server < manifest.server_major {
        return Err(BackupError::OlderServer {
            backup: manifest.server_major,
            server,
        });
    }
    // Not newer than the server if that can be had: it speaks of settings that an older one does not know.
    let installation = programs::fitting("pg_restore", manifest.dump_major, server).await?;
    let empty = is_empty(&mut connection).await?;
    if !empty && !replace {
        return Err(BackupError::NotEmpty {
            database: address.database().to_owned(),
        });
    }
    connection.execute(ROLES).await?;
    connection.close().await?;

    let into = Into { file, verified };
    if empty {
        into.fill(&installation, address).await?;
        return Ok(Restored {
            manifest: manifest.clone(),
            aside: None,
        });
    }
    let aside = swap(address, now, async |new| into.fill(&installation, new).await).await?;
    Ok(Restored {
        manifest: manifest.clone(),
        aside: Some(aside),
    })
}

/// Refuses a backup whose schema this program does not know.
pub fn refuse_newer(manifest: &Manifest) -> Result<(), BackupError> {
    if manifest.migration_level <= newest_level() {
        return Ok(());
    }
    Err(BackupError::TooNew {
        version: manifest.version.clone(),
        level: manifest.migration_level,
        known: newest_level(),
    })
}

struct Into<'a> {
    file: &'a Path,
    verified: &'a Verified,
}

impl Into<'_> {
    /// Everything or nothing: pg_restore runs in one transaction.
    async fn fill(&self, installation: &crate::embedded::Installation, address: &Address) -> Result<(), BackupError> {
        let arguments = [
            format!("--dbname={}", address.database()),
            "--no-password".to_owned(),
            "--no-owner".to_owned(),
            "--single-transaction".to_owned(),
            "--exit-on-error".to_owned(),
        ];
        let mut running = Running::start(installation, "pg_restore", address, &arguments)?;
        let fed = self.feed(&mut running).await;
        // What it says explains why it did not read on.
        running.finish().await?;
        fed?;
        let mut connection = address.connect().await?;
        let level = Level::of(&mut connection).await?;
        connection.close().await?;
        let expected = self.verified.manifest.migration_level;
        match level {
            Level::At(found) if found == expected => Ok(()),
            Level::At(found) | Level::Broken(found) => Err(BackupError::NotAsPromised { found, expected }),
            Level::None => Err(BackupError::NotAsPromised { found: 0, expected }),
        }
    }

    async fn feed(&self, running: &mut Running) -> Result<(), BackupError> {
        let cannot = |source| BackupError::File {
            action: "read",
            path: self.file.to_path_buf(),
            source,
        };
        let mut stdin = running.child.stdin.take().expect("it is piped");
        let mut file = File::open(self.file).await.map_err(cannot)?;
        file.seek(SeekFrom::Start(self.verified.start)).await.map_err(cannot)?;
        let mut dump = file.take(self.verified.length);
        let mut chunk = vec![0; CHUNK_BYTES];
        loop {
            let read = dump.read(&mut chunk).await.map_err(cannot)?;
            if read == 0 {
                return Ok(());
            }
            tokio::time::timeout(STALL_LIMIT, stdin.write_all(&chunk[..read]))
                .await
                .map_err(|_| running.stalled())?
                .map_err(BackupError::Output)?;
        }
    }
}

/// Fills a new database and puts it in the place of the one at `address`; returns the old one's new name.
async fn swap(
    address: &Address,
    now: DateTime<Utc>,
    fill: impl AsyncFnOnce(&Address) -> Result<(), BackupError>,
) -> Result<String, BackupError> {
    let database = address.database();
    let mut connection = address.with_database(MAINTENANCE_DATABASE).connect().await?;
    refuse_in_use(&mut connection, database).await?;
    let (user, may): (String, bool) =
        sqlx::query_as("SELECT rolname::text, rolsuper OR rolcreatedb FROM pg_roles WHERE rolname = current_user")
            .fetch_one(&mut connection)
            .await?;
    if !may {
        return Err(BackupError::MayNotCreate { user });
    }
    let stamp = now.format("%Y%m%d%H%M%S");
    let new = renamed(database, &format!("_restoring_{stamp}"));
    let aside = renamed(database, &format!("_before_{stamp}"));
    // template0: nothing of this server's own ends up among the tables.
    let create = format!("CREATE DATABASE {} TEMPLATE template0", quoted(&new));
    connection.execute(AssertSqlSafe(create)).await?;
    let done = async {
        fill(&address.with_database(&new)).await?;
        refuse_in_use(&mut connection, database).await?;
        let mut names = connection.begin().await?;
        for (from, to) in [(database, aside.as_str()), (new.as_str(), database)] {
            let rename = format!("ALTER DATABASE {} RENAME TO {}", quoted(from), quoted(to));
            names.execute(AssertSqlSafe(rename)).await?;
        }
        Ok(names.commit().await?)
    };
    let done: Result<(), BackupError> = done.await;
    if let Err(error) = done {
        // Made above, by us, and never used.
        let remove = format!("DROP DATABASE IF EXISTS {}", quoted(&new));
        if let Err(error) = connection.execute(AssertSqlSafe(remove)).await {
            tracing::warn!(%error, database.name = new, "a half-restored database is left: drop it");
        }
        return Err(error);
    }
    connection.close().await?;
    Ok(aside)
}

/// Refuses unless the database rests. A connection that was closed just now, as our own, takes a moment to end.
async fn refuse_in_use(connection: &mut PgConnection, database: &str) -> Result<(), BackupError> {
    let begun = Instant::now();
    loop {
        // PostgreSQL's own vacuum makes way by itself.
        let connections: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM pg_stat_activity
             WHERE datname = $1 AND pid <> pg_backend_pid() AND backend_type IS DISTINCT FROM 'autovacuum worker'",
        )
        .bind(database)
        .fetch_one(&mut *connection)
        .await?;
        if connections == 0 {
            return Ok(());
        }
        if begun.elapsed() >= CLOSING_LIMIT {
            return Err(BackupError::InUse {
                database: database.to_owned(),
                connections,
            });
        }
        tokio::time::sleep(CLOSING_PAUSE).await;
    }
}

/// Whether there is no table, view, sequence or function of anybody's.
async fn is_empty(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT NOT EXISTS (
           SELECT FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
           WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_%')
         AND NOT EXISTS (
           SELECT FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace WHERE n.nspname = 'public')",
    )
    .fetch_one(connection)
    .await
}

fn renamed(database: &str, suffix: &str) -> String {
    let mut kept = database;
    while kept.len() + suffix.len() > NAME_MAX_BYTES {
        let last = kept.char_indices().last().map_or(0, |(at, _)| at);
        kept = &kept[..last];
    }
    format!("{kept}{suffix}")
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_put_aside_stays_within_postgresqls_limit() {
        assert_eq!(renamed("gatewright", "_before_1"), "gatewright_before_1");
        assert_eq!(renamed(&"é".repeat(31), "_before_20260101000000").len(), 62);
        assert_eq!(quoted("a\"b"), "\"a\"\"b\"");
    }
}
