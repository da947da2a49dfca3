//! The server process: started by us, or left running by a run of ours that was killed.

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal};
use sqlx::{ConnectOptions, Connection};
use tokio::time::Instant;

use super::account::Account;
use super::cluster::Cluster;
use super::connection::{MAINTENANCE_DATABASE, PORT, SOCKET_FILE};
use super::error::{EmbeddedError, cannot};
use super::initialize::unprivileged;
use super::installation::Installation;
use super::{files, log};

/// How often a server that starts or stops is looked at.
const POLL_INTERVAL: Duration = Duration::from_millis(10);
/// How long one attempt to connect may take.
const ATTEMPT_LIMIT: Duration = Duration::from_secs(5);
/// How long a server may give no answer at all.
const READY_LIMIT: Duration = Duration::from_secs(60);
/// How long it may answer that it is still recovering what a crash left.
const RECOVERY_LIMIT: Duration = Duration::from_secs(600);
/// Recovery that is quicker than this is not worth a word.
const RECOVERY_NOTICE: Duration = Duration::from_secs(1);
/// How long a fast shutdown may take: it ends sessions and writes a checkpoint.
const FAST_STOP_LIMIT: Duration = Duration::from_secs(30);
/// How long an immediate shutdown may take; PostgreSQL kills its own processes after 5 s.
const IMMEDIATE_STOP_LIMIT: Duration = Duration::from_secs(10);

/// SQLSTATE cannot_connect_now: starting up, recovering or shutting down.
const CANNOT_CONNECT_NOW: &str = "57P03";
/// SQLSTATE invalid_password.
const INVALID_PASSWORD: &str = "28P01";

/// What every server of ours is told; the settings of the caller come after and win.
///
/// On the command line rather than in postgresql.conf, so that they change with Gatewright's version
/// and nothing has to be written into a directory of another user. Errors of statements are not
/// logged: whoever ran the statement has them, and their details hold rows' values.
const SETTINGS: [(&str, &str); 16] = [
    ("listen_addresses", ""),
    ("unix_socket_permissions", "0700"),
    ("fsync", "on"),
    ("full_page_writes", "on"),
    // After a crash one call writes what the system holds back, instead of one for each of 1,300 files: that takes
    // seconds where the disk is busy (decision 0033).
    ("recovery_init_sync_method", "syncfs"),
    ("shared_buffers", "64MB"),
    ("max_connections", "50"),
    ("max_wal_size", "512MB"),
    ("jit", "off"),
    ("timezone", "UTC"),
    ("log_timezone", "UTC"),
    ("log_destination", "stderr"),
    ("logging_collector", "off"),
    ("log_min_messages", "log"),
    ("log_checkpoints", "off"),
    ("cluster_name", "gatewright"),
];

/// A postmaster on a cluster of ours.
pub(super) struct Server {
    pid: Pid,
    /// The cluster, as `-D` names it.
    data: PathBuf,
    /// `None` if an earlier run started it, so that it is not our child.
    child: Option<Mutex<Child>>,
    log: PathBuf,
    /// Where the log ended before this server wrote to it.
    log_start: u64,
    stop_on_drop: bool,
}

impl Server {
    /// Starts a server; it is not ready yet.
    pub(super) fn spawn(
        cluster: &Cluster,
        installation: &Installation,
        account: Account,
        settings: &[(String, String)],
    ) -> Result<Self, EmbeddedError> {
        let socket_dir = cluster.ensure_socket_dir(account)?;
        remove_foreign_claims(&cluster.data(), &socket_dir)?;
        let log = cluster.log();
        log::cut_if_long(&log).map_err(cannot("cut", &log))?;
        let (log_file, log_start) = log::open(&log).map_err(cannot("open", &log))?;
        let also_log = log_file.try_clone().map_err(cannot("open", &log))?;

        let program = installation.bin_dir.join("postgres");
        let mut command = unprivileged(&program, account);
        command.arg("-D").arg(cluster.data()).arg("-p").arg(PORT.to_string());
        command.arg("-c").arg(quoted_socket_setting(&socket_dir));
        let settings = settings.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        for (name, value) in SETTINGS.into_iter().chain(settings) {
            command.arg("-c").arg(format!("{name}={value}"));
        }
        command.stdout(log_file).stderr(also_log);
        let child = command
            .spawn()
            .map_err(|source| EmbeddedError::Program { program, source })?;
        Ok(Self {
            pid: Pid::from_child(&child),
            data: cluster.data(),
            child: Some(Mutex::new(child)),
            log,
            log_start,
            stop_on_drop: true,
        })
    }

    /// The server that already runs on this cluster, if one does.
    pub(super) fn find(cluster: &Cluster) -> Result<Option<Self>, EmbeddedError> {
        let data = cluster.data();
        let Some(pid) = noted_pid(&data)?.filter(|pid| runs_on(*pid, &data)) else {
            return Ok(None);
        };
        let log = cluster.log();
        let log_start = log.metadata().map_or(0, |metadata| metadata.len());
        Ok(Some(Self {
            pid,
            data,
            child: None,
            log,
            log_start,
            stop_on_drop: false,
        }))
    }

    /// Asks for a fast shutdown when dropped, as if we had started it.
    pub(super) fn adopt(&mut self) {
        self.stop_on_drop = true;
    }

    /// The postmaster's process id.
    pub(super) fn pid(&self) -> u32 {
        self.pid.as_raw_nonzero().get().unsigned_abs()
    }

    /// Whether the process is still there.
    pub(super) fn is_running(&self) -> bool {
        match &self.child {
            Some(child) => {
                let ended = child.lock().unwrap_or_else(PoisonError::into_inner).try_wait();
                matches!(ended, Ok(None))
            }
            None => runs_on(self.pid, &self.data),
        }
    }

    /// Waits until the server accepts our password; false if it ended instead.
    pub(super) async fn is_ready(
        &self,
        cluster: &Cluster,
        progress: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<bool, EmbeddedError> {
        let started = Instant::now();
        let (mut limit, mut noticed) = (READY_LIMIT, false);
        loop {
            match Answer::of(cluster).await {
                Answer::Ready => return Ok(true),
                Answer::WrongPassword => {
                    return Err(EmbeddedError::PasswordRefused {
                        pid: self.pid(),
                        pointer: cluster.pointer(),
                    });
                }
                Answer::NotNow => limit = RECOVERY_LIMIT,
                Answer::None => {}
            }
            if !self.is_running() {
                return Ok(false);
            }
            if limit == RECOVERY_LIMIT && started.elapsed() > RECOVERY_NOTICE && !noticed {
                progress("PostgreSQL is recovering from a crash, or still stopping: waiting for it");
                noticed = true;
            }
            if started.elapsed() > limit {
                let (seconds, log) = (limit.as_secs(), self.log.clone());
                return Err(EmbeddedError::StartTimedOut {
                    seconds,
                    detail: self.last_words(),
                    log,
                });
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    /// What the server wrote to its log, on one line.
    pub(super) fn last_words(&self) -> String {
        log::explain(&self.log, self.log_start)
    }

    /// Stops the server: ends sessions and writes a checkpoint or, if that takes too long, at once, so
    /// that the next start recovers.
    pub(super) async fn stop(mut self) -> Result<(), EmbeddedError> {
        self.stop_on_drop = false;
        // https://www.postgresql.org/docs/current/server-shutdown.html
        for (signal, limit) in [(Signal::INT, FAST_STOP_LIMIT), (Signal::QUIT, IMMEDIATE_STOP_LIMIT)] {
            self.signal(signal);
            let started = Instant::now();
            while started.elapsed() < limit {
                if !self.is_running() {
                    return Ok(());
                }
                tokio::time::sleep(POLL_INTERVAL).await;
            }
            tracing::warn!(pid = self.pid(), signal = ?signal, "PostgreSQL does not stop");
        }
        let seconds = (FAST_STOP_LIMIT + IMMEDIATE_STOP_LIMIT).as_secs();
        Err(EmbeddedError::StopTimedOut {
            pid: self.pid(),
            seconds,
        })
    }

    fn signal(&self, signal: Signal) {
        // Never to a process that only has the same id by now.
        if self.is_running()
            && let Err(error) = rustix::process::kill_process(self.pid, signal)
        {
            tracing::warn!(pid = self.pid(), %error, "cannot signal PostgreSQL");
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.stop_on_drop {
            self.signal(Signal::INT);
        }
    }
}

/// What a server says to an attempt to connect.
enum Answer {
    Ready,
    NotNow,
    WrongPassword,
    None,
}

impl Answer {
    async fn of(cluster: &Cluster) -> Self {
        let options = cluster
            .connect_info()
            .connect_options(MAINTENANCE_DATABASE)
            .disable_statement_logging();
        match tokio::time::timeout(ATTEMPT_LIMIT, options.connect()).await {
            Ok(Ok(connection)) => {
                // It is only asked whether one can be had; how it ends does not matter.
                let _ = connection.close().await;
                Self::Ready
            }
            Ok(Err(sqlx::Error::Database(error))) => match error.code().as_deref() {
                Some(INVALID_PASSWORD) => Self::WrongPassword,
                Some(CANNOT_CONNECT_NOW) => Self::NotNow,
                _ => Self::None,
            },
            _ => Self::None,
        }
    }
}

/// The process id in the cluster's postmaster.pid.
fn noted_pid(data: &Path) -> Result<Option<Pid>, EmbeddedError> {
    let path = data.join("postmaster.pid");
    match fs::read_to_string(&path) {
        Ok(text) => {
            // Negative for a server in single-user mode, which is none to connect to.
            let pid = text.lines().next().and_then(|line| line.trim().parse::<i32>().ok());
            Ok(pid.filter(|pid| *pid > 0).and_then(Pid::from_raw))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(cannot("read", &path)(error)),
    }
}

/// Whether a process is alive and a PostgreSQL that we started on this cluster: its arguments say
/// `-D` and the directory. Where there is no /proc, only whether it is alive.
fn runs_on(pid: Pid, data: &Path) -> bool {
    let alive = is_alive(pid);
    if !alive || !Path::new("/proc/self/cmdline").exists() {
        return alive;
    }
    // Empty for a process that ended and was not waited for.
    let command_line = fs::read(format!("/proc/{}/cmdline", pid.as_raw_nonzero())).unwrap_or_default();
    let arguments: Vec<&[u8]> = command_line.split(|byte| *byte == 0).collect();
    arguments
        .windows(2)
        .any(|pair| pair == [b"-D", data.as_os_str().as_bytes()])
}

/// A process, not this one, with an argument that is exactly this path; none where there is no /proc.
pub(super) fn named_in_arguments(path: &Path) -> Option<Pid> {
    let entries = fs::read_dir("/proc").ok()?;
    let ours = rustix::process::getpid();
    entries.flatten().find_map(|entry| {
        let pid = Pid::from_raw(entry.file_name().to_str()?.parse().ok()?)?;
        let command_line = fs::read(entry.path().join("cmdline")).ok()?;
        let mut arguments = command_line.split(|byte| *byte == 0);
        (pid != ours && arguments.any(|argument| argument == path.as_os_str().as_bytes())).then_some(pid)
    })
}

fn is_alive(pid: Pid) -> bool {
    // A process of someone else's may not be signaled, and is there.
    matches!(
        rustix::process::test_kill_process(pid),
        Ok(()) | Err(rustix::io::Errno::PERM)
    )
}

/// Removes what a server that is gone left, where PostgreSQL would take it for a server that is there.
///
/// Process ids are used again, in a restarted container at once, and a killed process keeps its own
/// until someone waits for it. PostgreSQL refuses to start if the process that postmaster.pid or the
/// socket's lock names is alive, whatever it is. Both go only when no server of ours runs: what is
/// left of one that was killed is still noticed, as PostgreSQL finds its shared memory by the
/// directory's inode. A postmaster.pid whose process is gone PostgreSQL removes by itself.
fn remove_foreign_claims(data: &Path, socket_dir: &Path) -> Result<(), EmbeddedError> {
    let noted = noted_pid(data)?;
    if noted.is_some_and(|pid| runs_on(pid, data)) {
        return Ok(());
    }
    if noted.is_some_and(is_alive) {
        files::remove_file_if_present(&data.join("postmaster.pid"))?;
    }
    files::remove_file_if_present(&socket_dir.join(format!("{SOCKET_FILE}.lock")))?;
    files::remove_file_if_present(&socket_dir.join(SOCKET_FILE))
}

/// The setting is a list of names in SQL's syntax: quoted, any directory is one element.
fn quoted_socket_setting(directory: &Path) -> std::ffi::OsString {
    let mut setting = std::ffi::OsString::from("unix_socket_directories=\"");
    setting.push(directory.to_string_lossy().replace('"', "\"\""));
    setting.push("\"");
    setting
}
