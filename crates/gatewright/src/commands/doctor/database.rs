//! PostgreSQL: the programs on this machine, the cluster, and the database itself.

use std::time::Duration;

use gatewright_database::backup::Address;
use gatewright_database::embedded::{self, EmbeddedError, InspectedCluster, OLDEST_MAJOR};
use gatewright_database::newest_level;
use gatewright_types::Clock;
use sqlx::{Connection, PgConnection};

use super::Finding;
use crate::postgres;
use crate::settings::Settings;

const INSTALLED: &str = "postgresql";
const DATABASE: &str = "database";
const SCHEMA: &str = "schema";
const ROLES: &str = "roles";
const CLOCK: &str = "clock";
const CONNECTIONS: &str = "connections";
/// Longest wait for the database.
const PATIENCE: Duration = Duration::from_secs(10);
/// How far two clocks may be apart, in seconds: records of keys are believed for 30.
const APART_WARNING_S: f64 = 1.0;
const APART_PROBLEM_S: f64 = 10.0;

pub(super) async fn examine(settings: &Settings, findings: &mut Vec<Finding>) {
    if settings.database_url.is_some() {
        clients(findings).await;
    } else if !private(settings, findings).await {
        return;
    }
    let address = match postgres::owner(settings) {
        Ok(address) => address,
        Err(error) => {
            findings.push(Finding::problem(
                DATABASE,
                format!("{error:#}"),
                "Gatewright does not start",
                "correct database_url",
            ));
            return;
        }
    };
    match tokio::time::timeout(PATIENCE, look(settings, &address, findings)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => findings.push(unreachable(&error.to_string())),
        Err(_) => findings.push(unreachable(&format!("no answer within {} s", PATIENCE.as_secs()))),
    }
}

fn unreachable(why: &str) -> Finding {
    Finding::problem(
        DATABASE,
        format!("cannot be asked: {why}"),
        "without it nothing can be changed, and keys that a gateway does not know yet are refused",
        "start it, or correct database_url; a firewall and pg_hba.conf may stand in between",
    )
}

/// With a PostgreSQL of one's own only `backup` and `restore` need programs here.
async fn clients(findings: &mut Vec<Finding>) {
    let majors: Vec<String> = embedded::clients()
        .await
        .iter()
        .map(|found| found.major.to_string())
        .collect();
    findings.push(if majors.is_empty() {
        Finding::warning(
            INSTALLED,
            "pg_dump and pg_restore are not on this machine",
            "`gatewright backup` and `restore` run them",
            "apt-get install postgresql-client",
        )
    } else {
        Finding::ok(INSTALLED, format!("pg_dump and pg_restore of {}", majors.join(", ")))
    });
}

/// Whether the private one runs, so that it can be asked.
async fn private(settings: &Settings, findings: &mut Vec<Finding>) -> bool {
    let installed = embedded::installations().await;
    let majors: Vec<String> = installed.iter().map(|found| found.major.to_string()).collect();
    if installed.first().is_none_or(|newest| newest.major < OLDEST_MAJOR) {
        let error = match installed.first() {
            None => EmbeddedError::NotInstalled,
            Some(newest) => EmbeddedError::TooOld {
                newest: newest.major,
                bin_dir: newest.bin_dir.clone(),
            },
        };
        let why = "without database_url Gatewright runs a private PostgreSQL";
        findings.push(Finding::problem(
            INSTALLED,
            error.to_string(),
            why,
            "apt-get install postgresql",
        ));
        return false;
    }
    let cluster = match embedded::inspect(&settings.data_dir) {
        Ok(found) => found.and_then(|found| found.cluster),
        Err(error) => {
            findings.push(Finding::problem(
                DATABASE,
                error.to_string(),
                "Gatewright does not start",
                "do what the line says; docs/operating.md has the whole way",
            ));
            return false;
        }
    };
    let Some(cluster) = cluster else {
        findings.push(Finding::ok(INSTALLED, format!("{} on this machine", majors.join(", "))));
        findings.push(Finding::ok(DATABASE, "a private one is made at the first start"));
        return false;
    };
    findings.push(fits(&cluster, &majors));
    for (major, path) in &cluster.kept {
        findings.push(Finding::warning(
            INSTALLED,
            format!(
                "the database before an upgrade, of PostgreSQL {major}, is still in {}",
                path.display()
            ),
            "it takes as much room as the database",
            "gatewright database upgrade --prune",
        ));
    }
    if cluster.pid.is_none() {
        findings.push(Finding::ok(
            DATABASE,
            format!(
                "{} is not running; doctor sees more beside a running server",
                cluster.directory.display()
            ),
        ));
    }
    cluster.pid.is_some()
}

fn fits(cluster: &InspectedCluster, majors: &[String]) -> Finding {
    let (of, installed) = (cluster.major, majors.join(", "));
    if majors.contains(&of.to_string()) {
        let newest = majors.first().filter(|newest| **newest != of.to_string());
        let hint = newest.map_or_else(String::new, |newest| {
            format!("; `gatewright database upgrade` moves it to {newest}")
        });
        return Finding::ok(
            INSTALLED,
            format!("the database is of {of}; on this machine: {installed}{hint}"),
        );
    }
    Finding::problem(
        INSTALLED,
        format!("the database is of PostgreSQL {of}, and only {installed} is installed"),
        "no other major version can read it, so Gatewright does not start",
        format!("apt-get install postgresql-{of}; then `gatewright database upgrade` to leave {of}"),
    )
}

async fn look(settings: &Settings, address: &Address, findings: &mut Vec<Finding>) -> Result<(), sqlx::Error> {
    let mut connection = PgConnection::connect_with(address.options()).await?;
    let (version, major, bytes): (String, i32, i64) = sqlx::query_as(
        "SELECT current_setting('server_version'), current_setting('server_version_num')::int / 10000,
           pg_database_size(current_database())",
    )
    .fetch_one(&mut connection)
    .await?;
    findings.push(if i64::from(major) < i64::from(OLDEST_MAJOR) {
        Finding::problem(
            DATABASE,
            format!("PostgreSQL {version}"),
            format!("Gatewright needs {OLDEST_MAJOR} or newer"),
            "upgrade the server, or name another in database_url",
        )
    } else {
        Finding::ok(DATABASE, format!("PostgreSQL {version}, {} MiB", bytes >> 20))
    });
    schema(&mut connection, findings).await?;
    roles(&mut connection, findings).await?;
    connections(settings, &mut connection, findings).await?;
    clock(&mut connection, findings).await?;
    aside(&mut connection, findings).await?;
    connection.close().await
}

async fn schema(connection: &mut PgConnection, findings: &mut Vec<Finding>) -> Result<(), sqlx::Error> {
    use gatewright_database::Level;
    let newest = newest_level();
    findings.push(match Level::of(connection).await? {
        Level::At(level) if level == newest => Finding::ok(SCHEMA, format!("{level}, the newest")),
        Level::At(level) if level < newest => Finding::warning(
            SCHEMA,
            format!("{level}, and this program brings {newest}"),
            "the next start brings it up to date, which may take a while",
            "gatewright migrate",
        ),
        Level::At(level) => Finding::problem(
            SCHEMA,
            format!("{level}, and this program knows up to {newest}"),
            "a newer Gatewright has been here; this one does not start",
            "install that version again, or restore a backup of before",
        ),
        Level::Broken(level) => Finding::problem(
            SCHEMA,
            format!("migration {level} began and did not end"),
            "Gatewright does not start",
            "restore the last backup with --replace, then start again",
        ),
        Level::None => Finding::ok(SCHEMA, "none yet; the first start makes it"),
    });
    Ok(())
}

async fn roles(connection: &mut PgConnection, findings: &mut Vec<Finding>) -> Result<(), sqlx::Error> {
    let unsafe_role: Option<String> = sqlx::query_scalar(
        "SELECT rolname::text FROM pg_roles AS r WHERE rolname IN ('gatewright_app', 'gatewright_system')
         AND (rolsuper OR rolbypassrls OR rolcanlogin OR EXISTS (SELECT FROM pg_class WHERE relowner = r.oid)) LIMIT 1",
    )
    .fetch_optional(&mut *connection)
    .await?;
    let (user, member): (String, bool) = sqlx::query_as(
        "SELECT current_user::text, NOT EXISTS (SELECT FROM pg_roles WHERE rolname LIKE 'gatewright\\_%'
           AND rolname IN ('gatewright_app', 'gatewright_system') AND NOT pg_has_role(oid, 'MEMBER'))",
    )
    .fetch_one(connection)
    .await?;
    findings.push(match unsafe_role {
        Some(role) => Finding::problem(
            ROLES,
            format!("{role} can sign in, owns tables or passes row-level security"),
            "the wall between tenants would not hold; Gatewright does not start",
            format!("ALTER ROLE {role} NOSUPERUSER NOBYPASSRLS NOLOGIN, and give its tables to {user}"),
        ),
        None if !member => Finding::problem(
            ROLES,
            format!("{user} is not a member of gatewright_app and gatewright_system"),
            "every connection works as one of them",
            format!("GRANT gatewright_app, gatewright_system TO {user}"),
        ),
        None => Finding::ok(ROLES, "no connection can pass the wall between tenants"),
    });
    Ok(())
}

async fn connections(
    settings: &Settings,
    connection: &mut PgConnection,
    findings: &mut Vec<Finding>,
) -> Result<(), sqlx::Error> {
    let (all, reserved, used): (i64, i64, i64) = sqlx::query_as(
        "SELECT current_setting('max_connections')::bigint, current_setting('superuser_reserved_connections')::bigint,
           (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')",
    )
    .fetch_one(connection)
    .await?;
    let may = i64::from(settings.database_connections);
    let what = format!("{used} of {all} in use; this process may take {may}");
    let repair = "raise max_connections of the server, or lower database_connections of every process";
    findings.push(if may > all - reserved {
        Finding::problem(CONNECTIONS, what, "the server refuses what is beyond", repair)
    } else if used + reserved >= all * 9 / 10 {
        Finding::warning(CONNECTIONS, what, "the server refuses what is beyond", repair)
    } else {
        Finding::ok(CONNECTIONS, what)
    });
    Ok(())
}

async fn clock(connection: &mut PgConnection, findings: &mut Vec<Finding>) -> Result<(), sqlx::Error> {
    let before = Clock::System.now_ms();
    let theirs: f64 = sqlx::query_scalar("SELECT extract(epoch FROM clock_timestamp())::float8")
        .fetch_one(connection)
        .await?;
    let ours = (before as f64 + Clock::System.now_ms() as f64) / 2000.0;
    let apart = (ours - theirs).abs();
    let what = format!("{apart:.1} s apart from the database's");
    let why = "what one process believes about a key is dated by the clock of another";
    let repair = "keep both machines' clocks right: `timedatectl set-ntp true`";
    findings.push(if apart > APART_PROBLEM_S {
        Finding::problem(CLOCK, what, why, repair)
    } else if apart > APART_WARNING_S {
        Finding::warning(CLOCK, what, why, repair)
    } else {
        Finding::ok(CLOCK, what)
    });
    Ok(())
}

/// Databases that restores have put aside, or left unfinished.
async fn aside(connection: &mut PgConnection, findings: &mut Vec<Finding>) -> Result<(), sqlx::Error> {
    let names: Vec<String> = sqlx::query_scalar(
        "SELECT datname::text FROM pg_database WHERE starts_with(datname::text, current_database() || '_before_')
           OR starts_with(datname::text, current_database() || '_restoring_') ORDER BY 1",
    )
    .fetch_all(connection)
    .await?;
    for name in names {
        findings.push(Finding::warning(
            DATABASE,
            format!("{name} is left of a restore"),
            "it takes as much room as the database",
            format!("when it is not needed: psql \"$(gatewright database url)\" -c 'DROP DATABASE \"{name}\"'"),
        ));
    }
    Ok(())
}
