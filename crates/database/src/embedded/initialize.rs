//! Creates the cluster, once and as a whole.

use std::ffi::OsStr;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::fchown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use secrecy::ExposeSecret;

use super::account::{self, Account};
use super::cluster::Cluster;
use super::connection::SUPERUSER;
use super::error::{EmbeddedError, cannot};
use super::files::{self, PRIVATE_DIR_MODE};
use super::installation::Installation;
use super::log;

/// How long initdb may take; it takes about a second on a disk that syncs quickly.
const INITDB_LIMIT: Duration = Duration::from_secs(180);
/// Sorts by code point and knows upper and lower case of every letter.
const LOCALE: &str = "C.UTF-8";
/// Sorts the same way and knows the case of ASCII letters only.
const FALLBACK_LOCALE: &str = "C";
/// What initdb says (in the C locale) when the machine does not have a locale.
const MISSING_LOCALE: &str = "invalid locale";

/// Creates the cluster beside its place and renames it there when it is complete and synced.
pub(super) async fn create(
    cluster: &Cluster,
    installation: &Installation,
    account: Account,
    progress: &(dyn Fn(&str) + Send + Sync),
) -> Result<(), EmbeddedError> {
    progress(&format!(
        "creating the database cluster (PostgreSQL {})",
        installation.major
    ));
    let unfinished = cluster.unfinished();
    let mut output = initdb(cluster, installation, account, LOCALE).await?;
    if !output.status.success() && String::from_utf8_lossy(&output.stderr).contains(MISSING_LOCALE) {
        progress("this machine has no locale C.UTF-8: using C, which knows the case of ASCII letters only");
        output = initdb(cluster, installation, account, FALLBACK_LOCALE).await?;
    }
    if !output.status.success() {
        let detail = log::summary(&String::from_utf8_lossy(&output.stderr));
        files::remove_dir_if_present(&unfinished)?;
        return Err(EmbeddedError::CreationFailed {
            directory: unfinished,
            detail,
        });
    }
    let data = cluster.data();
    fs::rename(&unfinished, &data)
        .and_then(|()| files::sync_parent(&data))
        .map_err(cannot("create", &data))
}

async fn initdb(
    cluster: &Cluster,
    installation: &Installation,
    account: Account,
    locale: &str,
) -> Result<Output, EmbeddedError> {
    let unfinished = cluster.unfinished();
    files::remove_dir_if_present(&unfinished)?;
    files::ensure_dir(&unfinished, PRIVATE_DIR_MODE, Some(account)).map_err(cannot("create", &unfinished))?;
    let password_file = PasswordFile::create(cluster, account)?;

    let program = installation.bin_dir.join("initdb");
    let mut command = unprivileged(&program, account);
    command
        .arg("-D")
        .arg(&unfinished)
        .arg("--pwfile")
        .arg(&password_file.path);
    command.args([
        "--username",
        SUPERUSER,
        "--auth",
        "scram-sha-256",
        "--encoding",
        "UTF8",
        "--locale",
        locale,
    ]);
    command.args(["--data-checksums", "--no-instructions"]);
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    let run = tokio::process::Command::from(command).kill_on_drop(true).output();
    match tokio::time::timeout(INITDB_LIMIT, run).await {
        Ok(Ok(output)) => Ok(output),
        Ok(Err(source)) => Err(EmbeddedError::Program { program, source }),
        Err(elapsed) => Err(EmbeddedError::Program {
            program,
            source: elapsed.into(),
        }),
    }
}

/// A command that runs as `account`, apart from our terminal and without our environment.
///
/// As root, `uid` also drops the supplementary groups (std::os::unix::process::CommandExt::uid). A
/// group of its own keeps the terminal's Ctrl-C away: we stop PostgreSQL ourselves, last. The
/// environment may hold secrets of ours and settings (`PG…`, `LC_…`) that would change the server.
pub(super) fn unprivileged(program: &Path, account: Account) -> Command {
    let mut command = Command::new(program);
    command.current_dir("/").stdin(Stdio::null()).process_group(0);
    command.env_clear().env("LC_ALL", "C");
    for kept in ["PATH", "LD_LIBRARY_PATH"].map(OsStr::new) {
        if let Some(value) = std::env::var_os(kept) {
            command.env(kept, value);
        }
    }
    if account::is_root() {
        command.uid(account.uid).gid(account.gid);
    }
    command
}

/// The password where initdb reads it, until dropped.
struct PasswordFile {
    path: PathBuf,
}

impl PasswordFile {
    fn create(cluster: &Cluster, account: Account) -> Result<Self, EmbeddedError> {
        let path = cluster.password_file();
        files::remove_file_if_present(&path)?;
        let guard = Self { path };
        let write = || {
            let mut file = files::open_private(&guard.path, OpenOptions::new().write(true))?;
            if account::is_root() {
                fchown(&file, Some(account.uid), Some(account.gid))?;
            }
            file.write_all(cluster.password().expose_secret().as_bytes())
        };
        write().map_err(cannot("write", &guard.path))?;
        Ok(guard)
    }
}

impl Drop for PasswordFile {
    fn drop(&mut self) {
        // If this fails, the next start removes it; it lies in a directory that is as private as the cluster.
        let _ = fs::remove_file(&self.path);
    }
}
