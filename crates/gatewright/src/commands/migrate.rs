//! `gatewright migrate`: the schema, brought up to date without serving.

use super::print;
use crate::postgres::Postgres;
use crate::settings::Settings;

/// Brings the database up to date and ends.
pub async fn run(settings: &Settings) -> anyhow::Result<()> {
    let postgres = Postgres::start(settings, false, &|line| tracing::info!("{line}")).await?;
    let steps = gatewright_database::migrate(&postgres.options).await?;
    postgres.stop().await?;
    print(&format!("the database is up to date; that took {steps} steps\n"))
}
