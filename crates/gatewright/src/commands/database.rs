//! `gatewright database …`: about the database.

use anyhow::ensure;
use gatewright_database::embedded::{self, EmbeddedOptions, Method};
use secrecy::ExposeSecret;

use super::{print, tell};
use crate::postgres;
use crate::settings::Settings;
use crate::signals::Signals;

/// Prints the database's address with its password.
pub fn url(settings: &Settings) -> anyhow::Result<()> {
    print(&format!("{}\n", postgres::url(settings)?.expose_secret()))
}

/// Moves the private PostgreSQL to another major version; what it was before is kept.
pub async fn upgrade(settings: &Settings, to: Option<u32>, method: Option<Method>) -> anyhow::Result<()> {
    let options = private(settings)?;
    let progress = |line: &str| {
        // Progress is for people at a terminal.
        let _ = tell(&format!("gatewright: {line}\n"));
    };
    let mut signals = Signals::listen()?;
    let done = tokio::select! {
        done = embedded::upgrade(&options, to, method, &progress) => done?,
        () = signals.told() => anyhow::bail!("interrupted; the database is as it was, and the command can be run again"),
    };
    let Some(kept) = done.kept else {
        return print(&format!(
            "the database is of PostgreSQL {} already; nothing was done\n",
            done.to
        ));
    };
    print(&format!(
        "upgraded the database from PostgreSQL {} to {}\nthe old one is kept in {}; when everything works, `gatewright \
         database upgrade --prune` removes it\n",
        done.from,
        done.to,
        kept.display()
    ))
}

/// Removes what upgrades have kept.
pub fn prune(settings: &Settings) -> anyhow::Result<()> {
    let pruned = embedded::prune(&private(settings)?)?;
    let majors: Vec<String> = pruned.iter().map(u32::to_string).collect();
    print(&match majors.len() {
        0 => "there is nothing to remove\n".to_owned(),
        _ => format!("removed the old database of PostgreSQL {}\n", majors.join(", ")),
    })
}

fn private(settings: &Settings) -> anyhow::Result<EmbeddedOptions> {
    ensure!(
        settings.database_url.is_none(),
        "database_url names a PostgreSQL of yours: upgrade it with its own tools; this command is for the private one"
    );
    Ok(EmbeddedOptions::new(&settings.data_dir))
}
