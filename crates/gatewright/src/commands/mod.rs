//! What the command line offers, a file per command; `main.rs` reads the arguments and calls them.

pub mod audit;
pub mod bootstrap;
pub mod database;
pub mod migrate;
pub mod openapi;
pub mod roles;
pub mod serve;
pub mod token;

use std::io::Write;

/// Prints what a command is asked for.
fn print(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}
