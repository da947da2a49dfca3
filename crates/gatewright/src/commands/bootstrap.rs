//! `gatewright bootstrap`: a token that makes tenants.

use anyhow::Context;
use gatewright_database::{Database, SystemUse};
use gatewright_types::{Clock, Rng};
use secrecy::ExposeSecret;

use super::print;
use crate::postgres;
use crate::settings::Settings;

/// Makes an installation's token beside a running server and prints it; earlier ones end.
pub async fn run(settings: &Settings) -> anyhow::Result<()> {
    let options = postgres::beside(settings).context("start `gatewright serve` first")?;
    let database = Database::open(options, 2, Clock::System, Rng::System).await?;
    let mut tx = database.system(SystemUse::ManageTenants).await?;
    let token =
        gatewright_identity::tokens::replace_installation_token(&mut tx, database.clock(), database.rng()).await?;
    tx.commit().await?;
    print(&format!("{}\n", token.expose_secret()))
}
