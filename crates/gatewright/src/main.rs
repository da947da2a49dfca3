//! The command line of Gatewright.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use gatewright::apply::{ApplyArguments, ExportArguments};
use gatewright::commands::audit;
use gatewright::commands::conform::ConformArguments;
use gatewright::logging::Logging;
use gatewright::reload::Reload;
use gatewright::role::Role;
use gatewright::settings::Settings;
use gatewright::{commands, demo};
use gatewright_database::embedded::Method;
use gatewright_types::slug::Slug;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

// What panics ends its own request or job, as axum's, tokio's and the worker's tasks contain it (decision 0016).
const _: () = assert!(cfg!(panic = "unwind"), "a panic must not end everybody's process");

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
    /// Run the control plane, the native gateway and a worker, or some of them.
    Serve {
        /// Which parts this process runs.
        #[arg(long, value_enum)]
        role: Option<Role>,
    },
    /// The same, with an example tenant, product, plan, customer and key, and a service to call.
    Demo {
        /// Print one line of JSON instead of text.
        #[arg(long)]
        json: bool,
        /// Start over: empty the private PostgreSQL first.
        #[arg(long)]
        fresh: bool,
        /// Start stand-ins for other vendors' gateways beside it, and connect them.
        #[arg(long)]
        with_vendors: bool,
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
    /// About the master key, which protects sealed secrets. Works beside a running server.
    Vault {
        #[command(subcommand)]
        command: VaultCommand,
    },
    /// Copy the database into a file while everything goes on. The master key is not in it.
    Backup {
        /// A file that does not exist yet, or `-` for standard output.
        file: PathBuf,
    },
    /// Bring a backup back, into an empty database. Not beside a running server.
    Restore {
        /// A file that `gatewright backup` made.
        file: PathBuf,
        /// Restore into a database that is not empty; it is kept aside under another name.
        #[arg(long)]
        replace: bool,
    },
    /// Look at everything that Gatewright needs; exit code 1 when something is wrong. Changes nothing.
    Doctor {
        /// Print JSON instead of text.
        #[arg(long)]
        json: bool,
    },
    /// Ask the server that these settings describe whether it is ready; exit code 1 when it is not.
    Health,
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
    /// Try a subscription's whole life on one of your gateways, with objects that are thrown away.
    Conform(ConformArguments),
    /// Print our own API description.
    Openapi,
    /// Print which role may do what, as docs/roles.md.
    Roles,
    /// Make a tenant look like files: products, plans, gateways, services and routes as code.
    Apply(ApplyArguments),
    /// Write a tenant as a file that `apply` reads.
    Export(ExportArguments),
}

#[derive(Subcommand)]
enum VaultCommand {
    /// Say which master keys there are and what needs them.
    Status,
    /// Put a new master key in the place of the present one, while everything goes on.
    Rotate {
        /// Instead, remove the master keys that were replaced earlier.
        #[arg(long)]
        prune: bool,
    },
}

#[derive(Subcommand)]
enum AuditCommand {
    /// Prove that no row was changed, removed, put in or moved; fails at the first that was.
    Verify(audit::VerifyArguments),
    /// Print a tenant's audit log, newest row first.
    Export(audit::ExportArguments),
}

#[derive(Subcommand)]
enum DatabaseCommand {
    /// Print its address with the password, as psql takes it. The private one must be running.
    Url,
    /// Move the private one to another major version of PostgreSQL. Not beside a running server.
    Upgrade {
        /// The major version; the newest that is installed when absent.
        #[arg(long, conflicts_with = "prune")]
        to: Option<u32>,
        /// How; by pg_upgrade where it is installed when absent.
        #[arg(long, conflicts_with = "prune")]
        method: Option<UpgradeMethod>,
        /// Remove what earlier upgrades have kept, and do nothing else.
        #[arg(long)]
        prune: bool,
    },
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum UpgradeMethod {
    /// Copy files, by pg_upgrade.
    PgUpgrade,
    /// Copy rows, by pg_dump and pg_restore; slower.
    Dump,
}

impl From<UpgradeMethod> for Method {
    fn from(method: UpgradeMethod) -> Self {
        match method {
            UpgradeMethod::PgUpgrade => Self::PgUpgrade,
            UpgradeMethod::Dump => Self::Dump,
        }
    }
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(code) => code,
        Err(error) => {
            // The one place that writes to standard error by hand: the log may be off.
            let _ = writeln!(std::io::stderr(), "gatewright: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    // These need no settings, or find out themselves what is wrong with them.
    match &arguments.command {
        Command::Openapi => return commands::openapi::run().map(|()| ExitCode::SUCCESS),
        Command::Roles => return commands::roles::run().map(|()| ExitCode::SUCCESS),
        Command::Apply(arguments) => return commands::apply::apply(arguments),
        Command::Export(arguments) => return commands::apply::export(arguments),
        Command::Doctor { json } => {
            let doctor = commands::doctor::run(arguments.config.as_deref(), *json);
            return runtime()?.block_on(doctor).map(|()| ExitCode::SUCCESS);
        }
        Command::Conform(arguments) => return runtime()?.block_on(commands::conform::run(arguments.clone())),
        _ => {}
    }
    let mut settings = Settings::load(arguments.config.as_deref(), std::env::vars())?;
    match arguments.command {
        Command::Serve { role: Some(role) } => settings = settings.in_role(role)?,
        // Whoever tries it out wants all of it.
        Command::Demo { .. } => settings = settings.in_role(Role::All)?,
        _ => {}
    }
    let reload = Reload::new(arguments.config, Logging::start(&settings)?)?;
    runtime()?.block_on(async move {
        match arguments.command {
            Command::Serve { .. } => commands::serve::run(&settings, reload).await,
            Command::Demo {
                json,
                fresh,
                with_vendors,
            } => demo::run(&settings, reload, json, fresh, with_vendors).await,
            Command::Bootstrap => commands::bootstrap::run(&settings).await,
            Command::Token { tenant } => commands::token::run(&settings, &tenant).await,
            Command::Migrate => commands::migrate::run(&settings).await,
            Command::Health => commands::health::run(&settings).await,
            Command::Backup { file } => commands::backup::run(&settings, &file).await,
            Command::Restore { file, replace } => commands::restore::run(&settings, &file, replace).await,
            Command::Audit { command } => match command {
                AuditCommand::Verify(arguments) => commands::audit::run_verify(&settings, &arguments).await,
                AuditCommand::Export(arguments) => commands::audit::run_export(&settings, &arguments).await,
            },
            Command::Vault { command } => match command {
                VaultCommand::Status => commands::vault::status(&settings).await,
                VaultCommand::Rotate { prune } => commands::vault::rotate(&settings, prune).await,
            },
            Command::Database { command } => match command {
                DatabaseCommand::Url => commands::database::url(&settings),
                DatabaseCommand::Upgrade { prune: true, .. } => commands::database::prune(&settings),
                DatabaseCommand::Upgrade { to, method, .. } => {
                    commands::database::upgrade(&settings, to, method.map(Method::from)).await
                }
            },
            Command::Openapi
            | Command::Roles
            | Command::Apply(_)
            | Command::Export(_)
            | Command::Conform(_)
            | Command::Doctor { .. } => Ok(()),
        }
    })?;
    Ok(ExitCode::SUCCESS)
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(CONTROL_THREADS)
        .enable_all()
        .build()
}
