//! Moves a cluster to another major version of PostgreSQL.
//!
//! The new cluster is made beside the old one, which is only read. When the new one is complete and
//! was looked at, the two change places in two renames:
//!
//! ```text
//! data (old)    data.upgrade (unfinished)     interrupted here: the next run starts over
//! data.15       data.upgrade (complete)       interrupted here: the next run takes the last step
//! data.15       data (new)
//! ```
//!
//! So a `data` that exists is always the truth, also when Gatewright has run in between.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::Signal;
use secrecy::ExposeSecret;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tokio::time::Instant;

use super::account::Account;
use super::cluster::Cluster;
use super::connection::SUPERUSER;
use super::error::{EmbeddedError, cannot};
use super::files;
use super::initialize::{self, unprivileged};
use super::installation::Installation;
use super::lock::DataDirLock;
use super::log;
use super::server::{self, Server};
use super::{
    EmbeddedOptions, MAINTENANCE_DATABASE, ORPHANS_INTERVAL, ORPHANS_LIMIT, ensure_data_dir, fitting, installation,
    installations, run,
};

/// Longest that pg_upgrade, or the copy of one database, may take.
const COPY_LIMIT: Duration = Duration::from_secs(12 * 3600);
/// What is left free beside the copy, in bytes.
const HEADROOM_BYTES: u64 = 256 * 1024 * 1024;
/// The roles that policies and rights of ours name, for a copy by rows; PostgreSQL's own upgrade keeps every role.
const ROLES: [&str; 2] = ["gatewright_app", "gatewright_system"];

/// How the rows get into the new cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// By pg_upgrade: copies files, keeps everything, takes as long as the disk.
    PgUpgrade,
    /// By pg_dump and pg_restore: copies rows, takes longer, works where pg_upgrade refuses.
    Dump,
}

/// What was done.
#[derive(Debug, PartialEq, Eq)]
pub struct Upgraded {
    /// The major version before.
    pub from: u32,
    /// The major version now; the same when there was nothing to do.
    pub to: u32,
    /// Where the old cluster is kept.
    pub kept: Option<PathBuf>,
}

/// Moves the cluster of a data directory to the major version `to`, or to the newest that is installed.
///
/// Refuses while a process holds the data directory. Whatever goes wrong, the old cluster stays.
pub async fn upgrade(
    options: &EmbeddedOptions,
    to: Option<u32>,
    method: Option<Method>,
    progress: &(dyn Fn(&str) + Send + Sync),
) -> Result<Upgraded, EmbeddedError> {
    let data_dir = existing(&options.data_dir)?;
    let _lock = DataDirLock::take(&data_dir)?;
    let mut cluster = read(&data_dir)?;
    if cluster.is_between()? {
        progress("an upgrade was interrupted just before its end: ending it");
        return finish(&mut cluster, None);
    }
    if !cluster.is_complete()? {
        return Err(EmbeddedError::NoCluster { data_dir });
    }
    let installed = match &options.bin_dir {
        Some(bin_dir) => installation::among(std::iter::once(bin_dir.clone())).await,
        None => installations().await,
    };
    let newest = installation::newest(&installed)?;
    let from = cluster.major()?;
    let old = fitting(&installed, newest, &cluster, from)?;
    let new = target(&installed, newest, from, to)?;
    if new.major == from {
        return Ok(Upgraded {
            from,
            to: from,
            kept: None,
        });
    }
    let account = Account::of_cluster(&cluster.data())?;
    // One that a killed run left would write while its files are copied.
    end_what_a_killed_run_left(&cluster).await?;
    refuse_without_room(&cluster)?;

    let fresh = cluster.upgraded();
    files::remove_dir_if_present(&fresh.data())?;
    initialize::create(&fresh, new, account, progress).await?;
    let work = Work {
        cluster: &cluster,
        fresh: &fresh,
        old,
        new,
        account,
        options,
        progress,
    };
    let method = method.unwrap_or(if new.bin_dir.join("pg_upgrade").exists() {
        Method::PgUpgrade
    } else {
        Method::Dump
    });
    let moved = match method {
        Method::PgUpgrade => work.pg_upgrade().await,
        Method::Dump => work.dump().await,
    };
    if let Err(error) = moved {
        // What is left of it would only take room; the next run makes it again.
        let _ = fs::remove_dir_all(fresh.data());
        return Err(error);
    }
    finish(&mut cluster, Some(from))
}

/// Removes the clusters that upgrades have left; returns their major versions.
pub fn prune(options: &EmbeddedOptions) -> Result<Vec<u32>, EmbeddedError> {
    let data_dir = existing(&options.data_dir)?;
    let cluster = read(&data_dir)?;
    // Only beside a cluster in its place: never the last copy.
    if !cluster.is_complete()? {
        return Err(EmbeddedError::NoCluster { data_dir });
    }
    let served = cluster.major()?;
    let mut pruned = Vec::new();
    for (major, path) in cluster.all_kept()? {
        if major != served {
            files::remove_dir_if_present(&path)?;
            pruned.push(major);
        }
    }
    Ok(pruned)
}

/// Whether an upgrade was interrupted, and parts of it may still run.
pub(super) fn was_interrupted(cluster: &Cluster) -> bool {
    cluster.upgraded().data().exists()
}

/// Ends a pg_upgrade that outlived us, which would go on writing, and the servers that it started.
pub(super) async fn end_what_a_killed_run_left(cluster: &Cluster) -> Result<(), EmbeddedError> {
    let fresh = cluster.upgraded();
    for signal in [Signal::QUIT, Signal::KILL] {
        let begun = Instant::now();
        while let Some(pid) = server::named_in_arguments(&fresh.data()) {
            if begun.elapsed() > ORPHANS_LIMIT {
                break;
            }
            // It may have ended meanwhile.
            let _ = rustix::process::kill_process(pid, signal);
            tokio::time::sleep(ORPHANS_INTERVAL).await;
        }
    }
    match Server::find(cluster)? {
        Some(server) => server.stop().await,
        None => Ok(()),
    }
}

fn existing(data_dir: &Path) -> Result<PathBuf, EmbeddedError> {
    if data_dir.is_dir() {
        return ensure_data_dir(data_dir);
    }
    Err(EmbeddedError::NoCluster {
        data_dir: data_dir.to_path_buf(),
    })
}

fn read(data_dir: &Path) -> Result<Cluster, EmbeddedError> {
    Cluster::read(data_dir)?.ok_or_else(|| EmbeddedError::NoCluster {
        data_dir: data_dir.to_path_buf(),
    })
}

fn target<'a>(
    installed: &'a [Installation],
    newest: &'a Installation,
    from: u32,
    to: Option<u32>,
) -> Result<&'a Installation, EmbeddedError> {
    let Some(to) = to else { return Ok(newest) };
    let found = installed.iter().find(|found| found.major == to && to >= from);
    found.ok_or_else(|| {
        let majors: Vec<String> = installed.iter().map(|found| found.major.to_string()).collect();
        EmbeddedError::NoSuchUpgrade {
            from,
            to,
            installed: majors.join(", "),
        }
    })
}

/// The last two steps; `from` is `None` when the first was taken by an earlier run.
fn finish(cluster: &mut Cluster, from: Option<u32>) -> Result<Upgraded, EmbeddedError> {
    let (data, fresh) = (cluster.data(), cluster.upgraded().data());
    let (from, kept) = match from {
        Some(from) => {
            let kept = cluster.kept(from);
            // Of an upgrade before, after which the data was moved back by hand.
            files::remove_dir_if_present(&kept)?;
            fs::rename(&data, &kept)
                .and_then(|()| files::sync_parent(&data))
                .map_err(cannot("rename", &data))?;
            (from, kept)
        }
        None => cluster.all_kept()?.pop().expect("it is between only with one kept"),
    };
    fs::rename(&fresh, &data)
        .and_then(|()| files::sync_parent(&data))
        .map_err(cannot("rename", &fresh))?;
    let to = cluster.major()?;
    cluster.complete(to)?;
    Ok(Upgraded {
        from,
        to,
        kept: Some(kept),
    })
}

fn refuse_without_room(cluster: &Cluster) -> Result<(), EmbeddedError> {
    let data = cluster.data();
    let home = data.parent().unwrap_or(&data);
    let room = rustix::fs::statvfs(home).map_err(|errno| cannot("look at", home)(errno.into()))?;
    let free = room.f_bavail * room.f_frsize;
    let needed = files::size(&data).map_err(cannot("measure", &data))? + HEADROOM_BYTES;
    if free >= needed {
        return Ok(());
    }
    Err(EmbeddedError::NoRoom {
        directory: home.to_path_buf(),
        needed_mib: needed >> 20,
        free_mib: free >> 20,
    })
}

struct Work<'a> {
    cluster: &'a Cluster,
    fresh: &'a Cluster,
    old: &'a Installation,
    new: &'a Installation,
    account: Account,
    options: &'a EmbeddedOptions,
    progress: &'a (dyn Fn(&str) + Send + Sync),
}

impl Work<'_> {
    /// <https://www.postgresql.org/docs/current/pgupgrade.html>
    async fn pg_upgrade(&self) -> Result<(), EmbeddedError> {
        let (from, to) = (self.old.major, self.new.major);
        (self.progress)(&format!("moving the data from PostgreSQL {from} to {to}"));
        // It starts both servers with sockets, and writes its logs, where we say: a directory that is the
        // server's user's own, with a short path.
        let folder = self.fresh.ensure_socket_dir(self.account)?;
        let mut command = unprivileged(&self.new.bin_dir.join("pg_upgrade"), self.account);
        command.current_dir(&folder).env("HOME", &folder);
        command.env("PGPASSWORD", self.cluster.password().expose_secret());
        command.arg("--old-bindir").arg(&self.old.bin_dir);
        command.arg("--new-bindir").arg(&self.new.bin_dir);
        command.arg("--old-datadir").arg(self.cluster.data());
        command.arg("--new-datadir").arg(self.fresh.data());
        command.arg("--socketdir").arg(&folder);
        command.args(["--username", SUPERUSER]);
        let done = finished(command, "pg_upgrade", COPY_LIMIT).await;
        // Its logs and scripts speak of a move that we finish ourselves.
        let _ = fs::remove_dir_all(&folder);
        done?;

        let server = self.start(self.fresh, self.new).await?;
        let looked = self.look_at_the_copy().await;
        server.stop().await?;
        looked
    }

    async fn dump(&self) -> Result<(), EmbeddedError> {
        let (from, to) = (self.old.major, self.new.major);
        (self.progress)(&format!("copying the rows from PostgreSQL {from} to {to}"));
        let before = self.start(self.cluster, self.old).await?;
        let copied = async {
            let after = self.start(self.fresh, self.new).await?;
            let copied = match self.copy_rows().await {
                Ok(()) => self.look_at_the_copy().await,
                failed => failed,
            };
            after.stop().await?;
            copied
        };
        let copied: Result<(), EmbeddedError> = copied.await;
        before.stop().await?;
        copied
    }

    async fn start(&self, cluster: &Cluster, installation: &Installation) -> Result<Server, EmbeddedError> {
        run(
            cluster,
            installation,
            self.account,
            &self.options.settings,
            self.progress,
        )
        .await
    }

    async fn copy_rows(&self) -> Result<(), EmbeddedError> {
        let mut target = connect(self.fresh, MAINTENANCE_DATABASE).await?;
        for role in ROLES {
            let make = format!("CREATE ROLE {role} NOLOGIN NOINHERIT NOBYPASSRLS; GRANT {role} TO {SUPERUSER}");
            target
                .execute(AssertSqlSafe(make))
                .await
                .map_err(failed("making the roles"))?;
        }
        for database in databases(self.cluster).await? {
            if database != MAINTENANCE_DATABASE {
                let make = format!(
                    "CREATE DATABASE \"{}\" TEMPLATE template0",
                    database.replace('"', "\"\"")
                );
                target
                    .execute(AssertSqlSafe(make))
                    .await
                    .map_err(failed("making the databases"))?;
            }
            self.copy_database(&database).await?;
        }
        target.close().await.map_err(failed("making the databases"))
    }

    /// pg_dump and pg_restore of the new version, joined by a pipe.
    async fn copy_database(&self, database: &str) -> Result<(), EmbeddedError> {
        let program = |name: &str, cluster: &Cluster| {
            let mut command = unprivileged(&self.new.bin_dir.join(name), self.account);
            command
                .env("PGHOST", cluster.connect_info().socket_dir())
                .env("PGUSER", SUPERUSER)
                .env("PGPASSWORD", cluster.password().expose_secret())
                .env("PGDATABASE", database);
            command
        };
        let (read, write) = std::io::pipe().map_err(cannot("make", Path::new("a pipe")))?;
        let mut dump = program("pg_dump", self.cluster);
        dump.arg("--format=custom").stdout(write);
        let mut restore = program("pg_restore", self.fresh);
        restore.stdin(read).args(["--exit-on-error", "--single-transaction"]);
        restore.arg("--dbname").arg(database);
        let (dumped, restored) = tokio::join!(
            finished(dump, "pg_dump", COPY_LIMIT),
            finished(restore, "pg_restore", COPY_LIMIT)
        );
        dumped.and(restored)
    }

    /// The same databases, and the same schema in each; statistics for the planner on the way.
    async fn look_at_the_copy(&self) -> Result<(), EmbeddedError> {
        (self.progress)("looking at the copy");
        for database in databases(self.fresh).await? {
            let mut connection = connect(self.fresh, &database).await?;
            connection
                .execute("ANALYZE")
                .await
                .map_err(failed("counting the rows for the planner"))?;
            let broken: Option<String> = sqlx::query_scalar(
                "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid OR NOT indisready LIMIT 1",
            )
            .fetch_optional(&mut connection)
            .await
            .map_err(failed("looking at the copy"))?;
            connection.close().await.map_err(failed("looking at the copy"))?;
            if let Some(index) = broken {
                return Err(EmbeddedError::UpgradeFailed {
                    step: "looking at the copy",
                    detail: format!("the index {index} is not usable"),
                });
            }
        }
        Ok(())
    }
}

/// Every database but the templates.
async fn databases(cluster: &Cluster) -> Result<Vec<String>, EmbeddedError> {
    let mut connection = connect(cluster, MAINTENANCE_DATABASE).await?;
    let names = sqlx::query_scalar("SELECT datname::text FROM pg_database WHERE NOT datistemplate ORDER BY 1")
        .fetch_all(&mut connection)
        .await
        .map_err(failed("listing the databases"))?;
    connection.close().await.map_err(failed("listing the databases"))?;
    Ok(names)
}

async fn connect(cluster: &Cluster, database: &str) -> Result<PgConnection, EmbeddedError> {
    PgConnection::connect_with(&cluster.connect_info().connect_options(database))
        .await
        .map_err(failed("connecting"))
}

fn failed(step: &'static str) -> impl FnOnce(sqlx::Error) -> EmbeddedError {
    move |error| EmbeddedError::UpgradeFailed {
        step,
        detail: error.to_string(),
    }
}

/// Runs a program to its end; what it said goes into the error.
async fn finished(
    mut command: std::process::Command,
    step: &'static str,
    limit: Duration,
) -> Result<(), EmbeddedError> {
    let program = PathBuf::from(command.get_program());
    // pg_upgrade says on its standard output what is wrong; pg_dump writes the rows there.
    if step == "pg_upgrade" {
        command.stdout(Stdio::piped());
    }
    command.stderr(Stdio::piped());
    let run = tokio::process::Command::from(command).kill_on_drop(true).spawn();
    let child = run.map_err(|source| EmbeddedError::Program {
        program: program.clone(),
        source,
    })?;
    let output = tokio::time::timeout(limit, child.wait_with_output())
        .await
        .map_err(std::io::Error::from)
        .and_then(|output| output)
        .map_err(|source| EmbeddedError::Program { program, source })?;
    if output.status.success() {
        return Ok(());
    }
    let said = [&output.stdout[..], &output.stderr[..]].concat();
    Err(EmbeddedError::UpgradeFailed {
        step,
        detail: log::summary(&String::from_utf8_lossy(&said)),
    })
}
