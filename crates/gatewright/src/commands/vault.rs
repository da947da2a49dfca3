//! `gatewright vault …`: about the master key, beside a running server.

use anyhow::Context;
use gatewright_database::Database;
use gatewright_types::{Clock, Rng};

use super::print;
use crate::settings::Settings;
use crate::{postgres, vault};

/// Prints which master keys there are and what needs them.
pub async fn status(settings: &Settings) -> anyhow::Result<()> {
    let database = open(settings).await?;
    print(&vault::status(settings, &database).await?)
}

/// Replaces the master key, or removes those that were replaced; prints what was done and what is to do.
pub async fn rotate(settings: &Settings, prune: bool) -> anyhow::Result<()> {
    let database = open(settings).await?;
    let told = if prune {
        vault::prune(settings, &database).await?
    } else {
        vault::rotate(settings, &database).await?
    };
    print(&told)
}

async fn open(settings: &Settings) -> anyhow::Result<Database> {
    let options = postgres::beside(settings).context("start `gatewright serve` first")?;
    Ok(Database::open(options, 2, Clock::System, Rng::System).await?)
}
