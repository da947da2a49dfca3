//! Makes a backup beside everything else that runs.

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use sqlx::{Connection, PgConnection};
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::address::Address;
use super::error::BackupError;
use super::format::{self, CHUNK_BYTES, Manifest};
use super::programs::{self, Running, STALL_LIMIT};
use crate::Level;

/// Longest wait of `pg_dump` for a lock that somebody else holds on a table, in milliseconds.
const LOCK_WAIT_MS: u32 = 60_000;

/// Writes a backup of a database to `out`. `version` is the program's.
pub async fn dump(
    address: &Address,
    version: &str,
    now: DateTime<Utc>,
    out: &mut (impl AsyncWrite + Unpin),
) -> Result<Manifest, BackupError> {
    let mut connection = address.connect().await?;
    // The transaction stays open until pg_dump has ended: it holds the moment that is copied.
    let mut moment = connection
        .begin_with(
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL idle_in_transaction_session_timeout = 0",
        )
        .await?;
    let level = match Level::of(&mut moment).await? {
        Level::At(level) => level,
        Level::None => {
            return Err(BackupError::NothingThere {
                database: address.database().to_owned(),
            });
        }
        Level::Broken(level) => {
            return Err(BackupError::Broken {
                database: address.database().to_owned(),
                level,
            });
        }
    };
    let walled = through_the_wall(&mut moment).await?;
    let server = server_major(&mut moment).await?;
    let snapshot: String = sqlx::query_scalar("SELECT pg_export_snapshot()")
        .fetch_one(&mut *moment)
        .await?;

    let installation = programs::fitting("pg_dump", server, server).await?;
    let manifest = Manifest::new(version, level, now, server, installation.major);
    let mut arguments = vec![
        "--format=custom".to_owned(),
        "--no-password".to_owned(),
        format!("--snapshot={snapshot}"),
        format!("--lock-wait-timeout={LOCK_WAIT_MS}"),
    ];
    arguments.extend(walled.then(|| "--enable-row-security".to_owned()));
    let running = Running::start(&installation, "pg_dump", address, &arguments)?;
    copy(&manifest, running, out).await?;
    moment.rollback().await?;
    connection.close().await?;
    Ok(manifest)
}

async fn copy(
    manifest: &Manifest,
    mut running: Running,
    out: &mut (impl AsyncWrite + Unpin),
) -> Result<(), BackupError> {
    let mut stdout = running.child.stdout.take().expect("it is piped");
    drop(running.child.stdin.take());
    let mut hash = Sha256::new();
    let line = manifest.line();
    hash.update(&line);
    out.write_all(line.as_bytes()).await.map_err(BackupError::Output)?;
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let read = tokio::time::timeout(STALL_LIMIT, stdout.read(&mut chunk))
            .await
            .map_err(|_| running.stalled())?
            .map_err(BackupError::Output)?;
        if read == 0 {
            break;
        }
        hash.update(&chunk[..read]);
        tokio::time::timeout(STALL_LIMIT, out.write_all(&chunk[..read]))
            .await
            .map_err(|_| running.stalled())?
            .map_err(BackupError::Output)?;
    }
    // Only a dump that ended well gets its last line.
    running.finish().await?;
    out.write_all(format::end(hash).as_bytes())
        .await
        .map_err(BackupError::Output)?;
    out.flush().await.map_err(BackupError::Output)
}

/// The server's major version.
pub(super) async fn server_major(connection: &mut PgConnection) -> Result<u32, sqlx::Error> {
    let number: i32 = sqlx::query_scalar("SELECT current_setting('server_version_num')::int")
        .fetch_one(connection)
        .await?;
    Ok(u32::try_from(number / 10_000).unwrap_or(0))
}

/// Whether the rows must be read through row-level security: false for a superuser and the like.
///
/// Every table has a policy that shows all rows to `gatewright_system`, and an owner who is a member
/// of that role sees them, too. This is checked for each table: `pg_dump` would leave out silently
/// what a policy hides.
async fn through_the_wall(connection: &mut PgConnection) -> Result<bool, BackupError> {
    let (user, passes): (String, bool) =
        sqlx::query_as("SELECT rolname::text, rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
            .fetch_one(&mut *connection)
            .await?;
    if passes {
        return Ok(false);
    }
    let hidden: Option<String> = sqlx::query_scalar(
        "SELECT c.oid::regclass::text FROM pg_class AS c
         WHERE c.relkind IN ('r', 'p') AND c.relrowsecurity
           AND (c.relforcerowsecurity OR NOT pg_has_role(c.relowner, 'USAGE'))
           AND NOT EXISTS (
             SELECT FROM pg_policy AS p
             WHERE p.polrelid = c.oid AND p.polcmd IN ('*', 'r') AND pg_get_expr(p.polqual, p.polrelid) = 'true'
               AND EXISTS (SELECT FROM unnest(p.polroles) AS r (id) WHERE r.id = 0 OR pg_has_role(r.id, 'USAGE')))
         ORDER BY 1 LIMIT 1",
    )
    .fetch_optional(connection)
    .await?;
    match hidden {
        Some(table) => Err(BackupError::RowsHidden { user, table }),
        None => Ok(true),
    }
}
