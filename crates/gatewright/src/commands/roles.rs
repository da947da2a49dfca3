//! `gatewright roles`

/// Prints which role may do what.
pub fn run() -> anyhow::Result<()> {
    super::print(&gatewright_api::roles::markdown())
}
