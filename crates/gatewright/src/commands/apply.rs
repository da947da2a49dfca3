//! `gatewright apply` and `gatewright export`: a tenant as code.

use std::process::ExitCode;

use crate::apply::{self, ApplyArguments, ExportArguments};

/// One connection is used, so one thread is enough.
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

/// Makes an installation look like files; needs no settings and no database.
pub fn apply(arguments: &ApplyArguments) -> anyhow::Result<ExitCode> {
    runtime()?.block_on(apply::apply(arguments))
}

/// Writes a tenant as a file; needs no settings and no database.
pub fn export(arguments: &ExportArguments) -> anyhow::Result<ExitCode> {
    runtime()?.block_on(apply::export(arguments))
}
