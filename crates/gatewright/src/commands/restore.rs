//! `gatewright restore <file>`: the way back from a backup.

use std::path::Path;

use gatewright_database::backup::{self, format};
use gatewright_types::Clock;

use super::tell;
use crate::postgres::Lent;
use crate::settings::Settings;
use crate::signals::Signals;

/// Restores a backup into an empty database; with `replace` into any, keeping what was there aside.
pub async fn run(settings: &Settings, file: &Path, replace: bool) -> anyhow::Result<()> {
    // All of it before anything is touched.
    let verified = format::verify(file).await?;
    backup::restore::refuse_newer(&verified.manifest)?;
    let mut signals = Signals::listen()?;
    let lent = Lent::for_restore(settings).await?;
    let restored = tokio::select! {
        restored = backup::restore(&lent.address, file, &verified, replace, Clock::System.now()) => {
            restored.map_err(anyhow::Error::from)
        }
        () = signals.told() => Err(anyhow::anyhow!("interrupted; what was there is as it was")),
    };
    let database = lent.address.database().to_owned();
    lent.give_back().await?;
    let restored = restored?;

    let manifest = &restored.manifest;
    let mut text = format!(
        "restored {} of {} (Gatewright {}, schema {}) into the database {database}\n",
        file.display(),
        manifest.created_at.format("%Y-%m-%dT%H:%M:%SZ"),
        manifest.version,
        manifest.migration_level,
    );
    if let Some(aside) = restored.aside {
        text += &format!(
            "what was there is kept as the database {aside}; when it is not needed any more: DROP DATABASE \"{aside}\"\n"
        );
    }
    let key = settings.data_dir.join("master.key");
    text += &if key.exists() {
        format!(
            "{} is used for what is sealed in it: it must be the key of the time of the backup\n",
            key.display()
        )
    } else {
        format!(
            "to be provided separately: {}, or GATEWRIGHT_MASTER_KEY, as it was at the time of the backup\n",
            key.display()
        )
    };
    tell(&text)
}
