//! Connections, and who they run as.

use std::sync::Arc;
use std::time::Duration;

use gatewright_types::{Clock, Rng};
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use sqlx::{AssertSqlSafe, Connection, PgPool, Postgres, Transaction};

use crate::{DatabaseError, Vault};

/// Who the pool runs as; made by the first migration.
const APP_ROLE: &str = "gatewright_app";
/// Longest wait for a free connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest a statement may run.
const STATEMENT_TIMEOUT: &str = "15s";
/// Longest a statement waits for a row that another transaction holds.
const LOCK_TIMEOUT: &str = "5s";
/// Longest a transaction may sit between two statements.
const IDLE_IN_TRANSACTION_TIMEOUT: &str = "30s";

static MIGRATIONS: Migrator = sqlx::migrate!("../../migrations");

/// The database, with the time and randomness that its rows are made of. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Database {
    pool: PgPool,
    clock: Clock,
    rng: Rng,
    vault: Option<Arc<Vault>>,
}

/// Brings the schema up to date, as the user in `options`; returns how many steps that took.
///
/// Holds an advisory lock meanwhile, so that several processes may start at once.
pub async fn migrate(options: &PgConnectOptions) -> Result<usize, DatabaseError> {
    let mut connection = sqlx::PgConnection::connect_with(options).await?;
    let before = applied(&mut connection).await?;
    MIGRATIONS.run(&mut connection).await?;
    let after = applied(&mut connection).await?;
    connection.close().await?;
    Ok(after - before)
}

/// The number of the newest migration that this program knows.
pub fn newest_level() -> i64 {
    MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0)
}

/// How far a database's schema is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Nothing of ours is in it.
    None,
    /// The number of the newest migration that was applied.
    At(i64),
    /// This migration began and did not end.
    Broken(i64),
}

impl Level {
    /// Looks at a database.
    pub async fn of(connection: &mut sqlx::PgConnection) -> Result<Self, sqlx::Error> {
        if !is_migrated(connection).await? {
            return Ok(Self::None);
        }
        let newest: Option<(i64, bool)> =
            sqlx::query_as("SELECT version, success FROM _sqlx_migrations ORDER BY success, version DESC LIMIT 1")
                .fetch_optional(connection)
                .await?;
        Ok(match newest {
            None => Self::None,
            Some((version, true)) => Self::At(version),
            Some((version, false)) => Self::Broken(version),
        })
    }
}

async fn is_migrated(connection: &mut sqlx::PgConnection) -> Result<bool, sqlx::Error> {
    // Not a checked query: sqlx makes this table itself, so it is missing where queries are checked.
    sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations') IS NOT NULL")
        .fetch_one(connection)
        .await
}

async fn applied(connection: &mut sqlx::PgConnection) -> Result<usize, DatabaseError> {
    if !is_migrated(connection).await? {
        return Ok(0);
    }
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM _sqlx_migrations")
        .fetch_one(connection)
        .await?;
    Ok(usize::try_from(count).unwrap_or(0))
}

/// How many connections a pool has.
#[derive(Clone, Copy, Debug)]
pub struct Connections {
    /// Open ones.
    pub open: u32,
    /// Those of them that nobody uses.
    pub idle: u32,
}

impl Database {
    /// Opens a pool of at most `connections` on a migrated database.
    ///
    /// Fails when the role it runs as could bypass row-level security.
    pub async fn open(
        options: PgConnectOptions,
        connections: u32,
        clock: Clock,
        rng: Rng,
    ) -> Result<Self, DatabaseError> {
        // A role that is set while connecting is also what RESET ROLE returns to.
        let options = options.application_name("gatewright").options([
            ("role", APP_ROLE),
            ("statement_timeout", STATEMENT_TIMEOUT),
            ("lock_timeout", LOCK_TIMEOUT),
            ("idle_in_transaction_session_timeout", IDLE_IN_TRANSACTION_TIMEOUT),
        ]);
        let pool = PgPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            // A ping per use would double the round trips; `begin` tries again instead.
            .test_before_acquire(false)
            .connect_with(options)
            .await?;
        let database = Self {
            pool,
            clock,
            rng,
            vault: None,
        };
        database.refuse_unsafe_role().await?;
        Ok(database)
    }

    /// The same database, able to seal and open secrets.
    #[must_use]
    pub fn with_vault(self, vault: Arc<Vault>) -> Self {
        Self {
            vault: Some(vault),
            ..self
        }
    }

    /// What seals and opens secrets, in a process that can.
    pub const fn vault(&self) -> Option<&Arc<Vault>> {
        self.vault.as_ref()
    }

    /// Whether it answers.
    pub async fn ping(&self) -> Result<(), DatabaseError> {
        self.begin("BEGIN").await?.rollback().await?;
        Ok(())
    }

    /// Waits for what is under way, then closes every connection.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// Listens for NOTIFY on a channel; takes one connection of the pool for itself.
    pub(crate) async fn listen(&self, channel: &str) -> Result<PgListener, DatabaseError> {
        let mut listener = PgListener::connect_with(&self.pool).await?;
        listener.listen(channel).await?;
        Ok(listener)
    }

    pub(crate) fn connect_options(&self) -> PgConnectOptions {
        PgConnectOptions::clone(&self.pool.connect_options())
    }

    /// The clock that its rows are dated with.
    pub const fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Where ids and secrets come from.
    pub const fn rng(&self) -> &Rng {
        &self.rng
    }

    /// How many connections there are.
    pub fn connections(&self) -> Connections {
        Connections {
            open: self.pool.size(),
            idle: u32::try_from(self.pool.num_idle()).unwrap_or(u32::MAX),
        }
    }

    /// Begins with `statement`; when the pooled connection turns out to be dead, once more on another.
    pub(crate) async fn begin(&self, statement: &str) -> Result<Transaction<'static, Postgres>, DatabaseError> {
        let attempts = self.pool.size() + 1;
        let mut last = None;
        for _ in 0..attempts {
            match self.pool.begin_with(AssertSqlSafe(statement.to_owned())).await {
                Ok(transaction) => return Ok(transaction),
                Err(error) if is_dead_connection(&error) => last = Some(error),
                Err(error) => return Err(error.into()),
            }
        }
        Err(last.unwrap_or(sqlx::Error::PoolTimedOut).into())
    }

    async fn refuse_unsafe_role(&self) -> Result<(), DatabaseError> {
        let mut transaction = self.begin("BEGIN").await?;
        let role = sqlx::query!(
            r#"SELECT rolname::text AS "name!", rolsuper OR rolbypassrls AS "bypasses!",
                 EXISTS (SELECT FROM pg_class WHERE relowner = pg_roles.oid) AS "owns!"
               FROM pg_roles WHERE rolname = current_user"#
        )
        .fetch_one(&mut *transaction)
        .await?;
        transaction.rollback().await?;
        let why = match (role.bypasses, role.owns) {
            (true, _) => "can bypass row-level security",
            (_, true) => "owns tables",
            _ => return Ok(()),
        };
        Err(DatabaseError::UnsafeRole { role: role.name, why })
    }
}

/// Errors that only say that the server ended this connection earlier.
fn is_dead_connection(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) => true,
        // 57P01 admin_shutdown, 57P02 crash_shutdown: left in the socket by a server that went away.
        sqlx::Error::Database(error) => matches!(error.code().as_deref(), Some("57P01" | "57P02")),
        _ => false,
    }
}
