//! `gatewright openapi`: our own API description.

use super::print;

/// Prints it; needs no settings and no database.
pub fn run() -> anyhow::Result<()> {
    print(&gatewright_api::openapi::json())
}
