//! `pg_dump` and `pg_restore`: which ones, and what they say.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use super::address::Address;
use super::error::BackupError;
use crate::embedded::{self, Installation};

/// Longest time in which nothing moves.
pub(super) const STALL_LIMIT: Duration = Duration::from_secs(600);
/// Most of a program's complaints that is kept, in bytes.
const COMPLAINTS_MAX_BYTES: u64 = 64 * 1024;
/// Variables of ours that a program of PostgreSQL's gets; the rest may hold secrets.
const KEPT: [&str; 5] = ["PATH", "LD_LIBRARY_PATH", "HOME", "PGPASSFILE", "PGPASSWORD"];

/// The installation whose version is `wanted` or the next one after it, at least `needed`.
pub(super) async fn fitting(program: &'static str, needed: u32, wanted: u32) -> Result<Installation, BackupError> {
    let installed = embedded::clients().await;
    let fits = installed
        .iter()
        .filter(|found| found.major >= needed)
        .min_by_key(|found| (found.major < wanted, found.major.abs_diff(wanted)));
    fits.cloned().ok_or_else(|| {
        let majors: Vec<String> = installed.iter().map(|found| found.major.to_string()).collect();
        BackupError::NoProgram {
            program,
            needed,
            found: if majors.is_empty() {
                "none".to_owned()
            } else {
                majors.join(", ")
            },
        }
    })
}

/// A program that runs, and what it complains about.
pub(super) struct Running {
    name: &'static str,
    pub(super) child: Child,
    complaints: JoinHandle<String>,
}

impl Running {
    pub(super) fn start(
        installation: &Installation,
        name: &'static str,
        address: &Address,
        arguments: &[String],
    ) -> Result<Self, BackupError> {
        let path: PathBuf = installation.bin_dir.join(name);
        let mut command = Command::new(&path);
        command.args(arguments).env_clear().env("LC_ALL", "C");
        for kept in KEPT {
            if let Some(value) = std::env::var_os(kept) {
                command.env(kept, value);
            }
        }
        address.tell(&mut command);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command.spawn().map_err(|source| BackupError::File {
            action: "run",
            path,
            source,
        })?;
        let stderr = child.stderr.take().expect("it is piped");
        Ok(Self {
            name,
            child,
            complaints: tokio::spawn(collect(stderr)),
        })
    }

    /// Fails unless the program ended well.
    pub(super) async fn finish(mut self) -> Result<(), BackupError> {
        let status = tokio::time::timeout(STALL_LIMIT, self.child.wait())
            .await
            .map_err(|_| self.stalled())?
            .map_err(BackupError::Output)?;
        if status.success() {
            return Ok(());
        }
        let detail = self.complaints.await.unwrap_or_default();
        Err(BackupError::Program {
            program: self.name,
            detail: if detail.is_empty() { status.to_string() } else { detail },
        })
    }

    pub(super) fn stalled(&self) -> BackupError {
        BackupError::Stalled {
            program: self.name,
            seconds: STALL_LIMIT.as_secs(),
        }
    }
}

/// What a program said, on one line. The rest is read as well, so that the program does not wait for us.
async fn collect(mut stderr: impl AsyncRead + Unpin) -> String {
    let mut said = Vec::new();
    // What cannot be read is not there.
    let _ = (&mut stderr).take(COMPLAINTS_MAX_BYTES).read_to_end(&mut said).await;
    let _ = tokio::io::copy(&mut stderr, &mut tokio::io::sink()).await;
    let text = String::from_utf8_lossy(&said);
    let lines = text.lines().map(str::trim).filter(|line| !is_row(line));
    lines.collect::<Vec<_>>().join(" ")
}

/// Lines that quote rows or whole statements: `CONTEXT:  COPY …: "…"`, `DETAIL:  Key (…)=(…)`.
fn is_row(line: &str) -> bool {
    line.is_empty()
        || ["CONTEXT:", "DETAIL:", "Command was:"]
            .iter()
            .any(|start| line.starts_with(start))
}
