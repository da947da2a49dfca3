//! `gatewright backup <file|->`: a copy of the database while everything goes on.

use std::fs::{self, OpenOptions};
use std::io::IsTerminal;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use gatewright_database::backup::{self, Manifest};
use gatewright_types::Clock;

use super::tell;
use crate::postgres::Lent;
use crate::settings::Settings;
use crate::signals::Signals;

/// Where a backup goes that is to be passed on.
const STDOUT: &str = "-";
/// A backup is for its owner alone.
const MODE: u32 = 0o600;

/// Writes a backup to a file that does not exist yet, or to standard output.
pub async fn run(settings: &Settings, to: &Path) -> anyhow::Result<()> {
    let mut signals = Signals::listen()?;
    tokio::select! {
        done = write(settings, to) => done,
        // What is half-written goes with the future that wrote it.
        () = signals.told() => anyhow::bail!("interrupted; no backup was made"),
    }
}

async fn write(settings: &Settings, to: &Path) -> anyhow::Result<()> {
    if to == Path::new(STDOUT) {
        ensure!(
            !std::io::stdout().is_terminal(),
            "a backup is not for a terminal: name a file, or pass it on"
        );
        let manifest = copy(settings, &mut tokio::io::stdout()).await?;
        return tell(&summary("standard output", &manifest, settings));
    }
    ensure!(!to.exists(), "{} exists: name a file that does not", to.display());
    let partial = Partial::create(to)?;
    let mut file = tokio::fs::File::from_std(partial.open().with_context(|| partial.path.display().to_string())?);
    let manifest = copy(settings, &mut file).await?;
    file.sync_all().await.context("the backup could not be written")?;
    fs::rename(&partial.path, to).with_context(|| to.display().to_string())?;
    let parent = to
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    fs::File::open(parent).and_then(|folder| folder.sync_all())?;
    tell(&summary(&to.display().to_string(), &manifest, settings))
}

async fn copy(settings: &Settings, out: &mut (impl tokio::io::AsyncWrite + Unpin)) -> anyhow::Result<Manifest> {
    let lent = Lent::for_backup(settings).await?;
    let now = Clock::System.now();
    let manifest = backup::dump(&lent.address, env!("CARGO_PKG_VERSION"), now, out).await;
    lent.give_back().await?;
    Ok(manifest?)
}

fn summary(to: &str, manifest: &Manifest, settings: &Settings) -> String {
    format!(
        "backed up to {to}: the database of {} (Gatewright {}, schema {}, PostgreSQL {})\nnot in it: {}. Keep a copy of \
         {} elsewhere: without it what is sealed in the database cannot be opened\n",
        manifest.created_at.format("%Y-%m-%dT%H:%M:%SZ"),
        manifest.version,
        manifest.migration_level,
        manifest.server_major,
        manifest.without.join(", "),
        settings.data_dir.join("master.key").display(),
    )
}

/// A file under another name until it is whole; gone when it does not become so.
struct Partial {
    path: PathBuf,
}

impl Partial {
    fn create(to: &Path) -> anyhow::Result<Self> {
        let mut name = to
            .file_name()
            .with_context(|| format!("{} names no file", to.display()))?
            .to_owned();
        name.push(format!(".{}.partial", std::process::id()));
        Ok(Self {
            path: to.with_file_name(name),
        })
    }

    fn open(&self) -> std::io::Result<fs::File> {
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(MODE)
            .open(&self.path)
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // Not there any more when it has become the backup.
        let _ = fs::remove_file(&self.path);
    }
}
