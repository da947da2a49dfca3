//! `gatewright demo`: everything in one process, with a tenant to look at and a key that works.
//!
//! Starting again keeps the data and gives the demo's key and token new secrets, because the old
//! ones are stored nowhere.

mod seed;
mod tell;

use std::io::Write;

use gatewright_types::{Clock, Rng};
use secrecy::ExposeSecret;

use crate::process::{self, Process, Progress};
use crate::reload::Reload;
use crate::settings::Settings;
use crate::signals::Signals;
use crate::upstream;

/// Runs the demo until it is told to end.
pub async fn run(settings: &Settings, reload: Reload, json: bool, fresh: bool) -> anyhow::Result<()> {
    let signals = Signals::listen()?;
    let progress = |line: &str| {
        // Progress is for people at a terminal and never part of what a program reads.
        let _ = writeln!(std::io::stderr(), "gatewright: {line}");
    };
    let (process, seeded) = start(settings, Clock::System, Rng::System, fresh, &progress).await?;
    let text = if json {
        tell::json(&process, &seeded)?
    } else {
        tell::text(&process, &seeded)
    };
    let mut out = std::io::stdout();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    drop(text);
    signals.run_until_told(process, reload).await
}

/// Starts the demo.
pub async fn start(
    settings: &Settings,
    clock: Clock,
    rng: Rng,
    fresh: bool,
    progress: &Progress,
) -> anyhow::Result<(Process, Seeded)> {
    let prepared = process::prepare(settings, clock, rng, fresh, progress).await?;
    let service = upstream::start().await?;
    progress("preparing the tenant Acme");
    let seeded = seed::seed(&prepared.database, &format!("http://{service}")).await?;
    let process = prepared.serve(settings).await?;
    Ok((process, seeded))
}

pub use seed::Seeded;

impl Seeded {
    /// The key that works now.
    pub fn key(&self) -> &str {
        self.key.expose_secret()
    }

    /// The token of the tenant's owner.
    pub fn operator_token(&self) -> &str {
        self.operator_token.expose_secret()
    }
}
