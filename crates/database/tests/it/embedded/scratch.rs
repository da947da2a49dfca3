//! A data directory for one test, and what a test does with the server on it.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::time::Duration;

use gatewright_database::embedded::{
    ConnectInfo, EmbeddedError, EmbeddedOptions, EmbeddedPostgres, MAINTENANCE_DATABASE,
};
use rustix::process::{Pid, Signal};
use sqlx::{Connection, PgConnection};
use tempfile::TempDir;

/// Longest that any of these tests waits for something to happen.
const PATIENCE: Duration = Duration::from_secs(30);

/// A data directory, and the end of everything that was started on it.
pub(super) struct Scratch {
    pub(super) root: TempDir,
    pub(super) data_dir: PathBuf,
}

impl Scratch {
    pub(super) fn new() -> Self {
        Self::below("data")
    }

    pub(super) fn below(path: &str) -> Self {
        let root = tempfile::tempdir().unwrap();
        let data_dir = root.path().join(path);
        Self { root, data_dir }
    }

    pub(super) fn options(&self) -> EmbeddedOptions {
        EmbeddedOptions::new(&self.data_dir)
    }

    pub(super) async fn start(&self) -> EmbeddedPostgres {
        EmbeddedPostgres::start(self.options(), &|_| {}).await.unwrap()
    }

    pub(super) async fn refusal(&self) -> EmbeddedError {
        let error = EmbeddedPostgres::start(self.options(), &|_| {})
            .await
            .err()
            .expect("it is refused");
        assert!(!error.to_string().contains('\n'), "{error}");
        error
    }

    pub(super) fn pointer(&self) -> PathBuf {
        self.data_dir.join("postgres.json")
    }

    pub(super) fn home(&self) -> Option<PathBuf> {
        let pointer: serde_json::Value = serde_json::from_slice(&fs::read(self.pointer()).ok()?).ok()?;
        Some(self.data_dir.join(pointer["home"].as_str()?))
    }

    pub(super) fn cluster(&self) -> PathBuf {
        self.home().unwrap().join("data")
    }

    pub(super) fn noted_pid(&self) -> Option<Pid> {
        let text = fs::read_to_string(self.home()?.join("data/postmaster.pid")).ok()?;
        Pid::from_raw(text.lines().next()?.trim().parse().ok()?)
    }

    /// Gives a file made by the test to the user that runs PostgreSQL.
    pub(super) fn give(&self, path: &Path) {
        let cluster = fs::metadata(self.cluster()).unwrap();
        chown(path, Some(cluster.uid()), Some(cluster.gid())).unwrap();
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let Some(home) = self.home() else { return };
        if let Some(pid) = self.noted_pid().filter(|pid| is_alive(*pid)) {
            let command_line = fs::read(format!("/proc/{}/cmdline", pid.as_raw_nonzero())).unwrap_or_default();
            if String::from_utf8_lossy(&command_line).contains(home.to_str().unwrap()) {
                let _ = rustix::process::kill_process(pid, Signal::QUIT);
            }
        }
        let _ = fs::remove_dir_all(home);
    }
}

pub(super) fn is_alive(pid: Pid) -> bool {
    // A process that ended and was not waited for has no command line any more.
    fs::read(format!("/proc/{}/cmdline", pid.as_raw_nonzero())).is_ok_and(|line| !line.is_empty())
}

pub(super) fn pid_of(postgres: &EmbeddedPostgres) -> Pid {
    Pid::from_raw(postgres.pid().try_into().unwrap()).unwrap()
}

pub(super) async fn until(what: &str, condition: impl Fn() -> bool) {
    let wait = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait)
        .await
        .unwrap_or_else(|_| panic!("waited too long: {what}"));
}

pub(super) async fn connect(info: &ConnectInfo) -> PgConnection {
    PgConnection::connect_with(&info.connect_options(MAINTENANCE_DATABASE))
        .await
        .unwrap()
}

pub(super) async fn write_a_row(info: &ConnectInfo, number: i32) {
    let mut connection = connect(info).await;
    sqlx::query("CREATE TABLE IF NOT EXISTS kept (number INT)")
        .execute(&mut connection)
        .await
        .unwrap();
    sqlx::query("INSERT INTO kept VALUES ($1)")
        .bind(number)
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
}

pub(super) async fn rows(info: &ConnectInfo) -> Vec<i32> {
    let mut connection = connect(info).await;
    let rows = sqlx::query_scalar("SELECT number FROM kept ORDER BY 1")
        .fetch_all(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    rows
}

pub(super) async fn setting(info: &ConnectInfo, name: &str) -> String {
    let mut connection = connect(info).await;
    sqlx::query_scalar("SELECT current_setting($1)")
        .bind(name)
        .fetch_one(&mut connection)
        .await
        .unwrap()
}
