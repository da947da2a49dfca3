//! The command line of Gatewright.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, Subcommand};
use gatewright::commands::audit::{ExportArguments, VerifyArguments};
use gatewright::settings::{LogFormat, Settings};
use gatewright::{commands, demo};
use gatewright_types::slug::Slug;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Threads of the control plane; the gateway has its own.
const CONTROL_THREADS: usize = 2;

/// One program for the gateway in front of an API, its control plane and what customers see.
#[derive(Parser)]
#[command(version, about, disable_help_subcommand = true)]
struct Arguments {
    /// A file with settings; `gatewright.toml` is read when it is there.
    #[arg(long, global = true)]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the control plane and the native gateway.
    Serve,
    /// The same, with an example tenant, product, plan, customer and key, and a service to call.
    Demo {
        /// Print one line of JSON instead of text.
        #[arg(long)]
        json: bool,
        /// Start over: empty the private PostgreSQL first.
        #[arg(long)]
        fresh: bool,
    },
    /// Make an installation's token, which creates tenants; earlier ones end. Works beside a running server.
    Bootstrap,
    /// Make a token for a tenant's owner; earlier ones end. Works beside a running server.
    Token {
        /// The tenant's slug.
        tenant: Slug,
    },
    /// Bring the database up to date and end.
    Migrate,
    /// About the database.
    Database {
        #[command(subcommand)]
        command: DatabaseCommand,
    },
    /// About the audit log. Works beside a running server.
    Audit {
        #[command(subcommand)]
        command: AuditCommand,
    },
    /// Print our own API description.
    Openapi,
    /// Print which role may do what, as docs/roles.md.
    Roles,
}

#[derive(Subcommand)]
enum AuditCommand {
    /// Prove that no row was changed, removed, put in or moved; fails at the first that was.
    Verify(VerifyArguments),
    /// Print a tenant's audit log, newest row first.
    Export(ExportArguments),
}

#[derive(Subcommand)]
enum DatabaseCommand {
    /// Print its address with the password, as psql takes it. The private one must be running.
    Url,
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The one place that writes to standard error by hand: the log may be off.
            let _ = writeln!(std::io::stderr(), "gatewright: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> anyhow::Result<()> {
    match arguments.command {
        Command::Openapi => return commands::openapi::run(),
        Command::Roles => return commands::roles::run(),
        _ => {}
    }
    let settings = Settings::load(arguments.config.as_deref(), std::env::vars())?;
    log_to_standard_error(&settings)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(CONTROL_THREADS)
        .enable_all()
        .build()?;
    runtime.block_on(async move {
        match arguments.command {
            Command::Serve => commands::serve::run(&settings).await,
            Command::Demo { json, fresh } => demo::run(&settings, json, fresh).await,
            Command::Bootstrap => commands::bootstrap::run(&settings).await,
            Command::Token { tenant } => commands::token::run(&settings, &tenant).await,
            Command::Migrate => commands::migrate::run(&settings).await,
            Command::Database {
                command: DatabaseCommand::Url,
            } => commands::database::url(&settings),
            Command::Audit {
                command: AuditCommand::Verify(arguments),
            } => commands::audit::run_verify(&settings, &arguments).await,
            Command::Audit {
                command: AuditCommand::Export(arguments),
            } => commands::audit::run_export(&settings, &arguments).await,
            Command::Openapi | Command::Roles => Ok(()),
        }
    })
}

fn log_to_standard_error(settings: &Settings) -> anyhow::Result<()> {
    let filter = tracing_subscriber::EnvFilter::builder()
        .parse(&settings.log)
        .context("log")?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    match settings.log_format {
        LogFormat::Text => builder
            .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
            .init(),
        LogFormat::Json => builder.json().init(),
    }
    Ok(())
}
