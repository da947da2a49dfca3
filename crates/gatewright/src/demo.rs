//! `gatewright demo`: everything in one process, with a tenant to look at and a key that works.
//!
//! Starting again keeps the data and gives the demo's key and token new secrets, because the old
//! ones are stored nowhere.

mod people;
mod seed;
mod tell;
mod vendors;

use std::io::Write;

use gatewright_types::{Clock, Rng};
use secrecy::ExposeSecret;

use crate::notices;
use crate::process::{self, Process, Progress};
use crate::reload::Reload;
use crate::settings::Settings;
use crate::signals::Signals;
use crate::upstream;

/// Runs the demo until it is told to end.
pub async fn run(
    settings: &Settings,
    reload: Reload,
    json: bool,
    fresh: bool,
    with_vendors: bool,
) -> anyhow::Result<()> {
    let signals = Signals::listen()?;
    let progress = |line: &str| {
        // Progress is for people at a terminal and never part of what a program reads.
        let _ = writeln!(std::io::stderr(), "gatewright: {line}");
    };
    let vendors = if with_vendors {
        Some(vendors::start().await?)
    } else {
        None
    };
    let started = start(settings, Clock::System, Rng::System, fresh, vendors.as_ref(), &progress);
    let (process, seeded) = Box::pin(started).await?;
    let text = if json {
        tell::json(&process, &seeded, vendors.as_ref())?
    } else {
        tell::text(&process, &seeded, vendors.as_ref())
    };
    let mut out = std::io::stdout();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    drop(text);
    if vendors.is_some() {
        let (tenant_id, id) = (seeded.tenant_id, seeded.subscription_id);
        tokio::spawn(vendors::watch(process.database().clone(), tenant_id, id, progress));
    }
    signals.run_until_told(process, reload).await
}

/// Starts the demo.
pub async fn start(
    settings: &Settings,
    clock: Clock,
    rng: Rng,
    fresh: bool,
    vendors: Option<&Vendors>,
    progress: &Progress,
) -> anyhow::Result<(Process, Seeded)> {
    let settings = &on_this_machine(settings);
    let prepared = process::prepare(settings, clock, rng, fresh, progress).await?;
    let service = upstream::start().await?;
    progress("preparing the tenant Acme");
    let engine = notices::orchestrator(settings, &prepared.database, prepared.addr()?)?;
    let seeded = seed::seed(&prepared.database, &engine, &format!("http://{service}"), vendors).await?;
    let process = prepared.serve(settings).await?;
    Ok((process, seeded))
}

/// Without a mail server mails are looked at in the browser, and a webhook may go to a program beside the demo.
fn on_this_machine(settings: &Settings) -> Settings {
    let mut settings = settings.clone();
    if settings.http_addr.ip().is_loopback() {
        settings.mailbox |= settings.smtp_url.is_none();
        if settings.egress_allow.is_empty() {
            settings.egress_allow = ["localhost", "127.0.0.0/8", "::1"].map(str::to_owned).into();
        }
    }
    settings
}

pub use people::SignIn;
pub use seed::Seeded;
pub use vendors::Vendors;

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
