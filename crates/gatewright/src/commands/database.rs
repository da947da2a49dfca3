//! `gatewright database …`: about the database.

use secrecy::ExposeSecret;

use super::print;
use crate::postgres;
use crate::settings::Settings;

/// Prints the database's address with its password.
pub fn url(settings: &Settings) -> anyhow::Result<()> {
    print(&format!("{}\n", postgres::url(settings)?.expose_secret()))
}
