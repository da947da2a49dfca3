//! What the command line offers, a file per command; `main.rs` reads the arguments and calls them.

pub mod apply;
pub mod audit;
pub mod backup;
pub mod bootstrap;
pub mod conform;
pub mod database;
pub mod doctor;
pub mod health;
pub mod migrate;
pub mod openapi;
pub mod restore;
pub mod roles;
pub mod serve;
pub mod token;
pub mod vault;

use std::io::Write;

/// How much of a token is no secret.
const LAST_FOUR: usize = 4;

/// Prints what a command is asked for.
fn print(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

/// Says what a command has done, apart from what it was asked to print.
fn tell(text: &str) -> anyhow::Result<()> {
    Ok(std::io::stderr().lock().write_all(text.as_bytes())?)
}
