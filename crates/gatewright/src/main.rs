//! The command line of Gatewright.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, Subcommand};
use gatewright::settings::{LogFormat, Settings};
use gatewright::{demo, postgres, process};
use gatewright_database::{Actor, Caller, Database, SystemUse};
use gatewright_types::ids::RequestId;
use gatewright_types::slug::Slug;
use gatewright_types::{Clock, Rng};
use secrecy::ExposeSecret;

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
    /// Print our own API description.
    Openapi,
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
    if let Command::Openapi = arguments.command {
        return print(&gatewright_api::openapi::json());
    }
    let settings = Settings::load(arguments.config.as_deref(), std::env::vars())?;
    log_to_standard_error(&settings)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(CONTROL_THREADS)
        .enable_all()
        .build()?;
    runtime.block_on(async move {
        match arguments.command {
            Command::Serve => serve(&settings).await,
            Command::Demo { json, fresh } => demo::run(&settings, json, fresh).await,
            Command::Bootstrap => bootstrap(&settings).await,
            Command::Token { tenant } => token(&settings, &tenant).await,
            Command::Migrate => migrate(&settings).await,
            Command::Database {
                command: DatabaseCommand::Url,
            } => print(&format!("{}\n", postgres::url(&settings)?.expose_secret())),
            Command::Openapi => Ok(()),
        }
    })
}

async fn serve(settings: &Settings) -> anyhow::Result<()> {
    let signals = gatewright::signals::Signals::listen()?;
    let progress = |line: &str| tracing::info!("{line}");
    let prepared = process::prepare(settings, Clock::System, Rng::System, false, &progress).await?;
    let process = prepared.serve(settings).await?;
    tracing::info!(api = process.api_url(), gateway = process.gateway_url(), "ready");
    signals.run_until_told(process).await
}

async fn migrate(settings: &Settings) -> anyhow::Result<()> {
    let postgres = postgres::Postgres::start(settings, false, &|line| tracing::info!("{line}")).await?;
    let steps = gatewright_database::migrate(&postgres.options).await?;
    postgres.stop().await?;
    print(&format!("the database is up to date; that took {steps} steps\n"))
}

async fn bootstrap(settings: &Settings) -> anyhow::Result<()> {
    let options = postgres::beside(settings).context("start `gatewright serve` first")?;
    let database = Database::open(options, 2, Clock::System, Rng::System).await?;
    let mut tx = database.system(SystemUse::ManageTenants).await?;
    let token =
        gatewright_identity::tokens::replace_installation_token(&mut tx, database.clock(), database.rng()).await?;
    tx.commit().await?;
    print(&format!("{}\n", token.expose_secret()))
}

async fn token(settings: &Settings, tenant: &Slug) -> anyhow::Result<()> {
    let options = postgres::beside(settings).context("start `gatewright serve` first")?;
    let database = Database::open(options, 2, Clock::System, Rng::System).await?;
    let (clock, rng) = (database.clock(), database.rng());
    let mut tx = database.system(SystemUse::ManageTenants).await?;
    let found = gatewright_catalog::tenants::find_by_slug(&mut tx, tenant).await?;
    let tenant_id = found.with_context(|| format!("there is no tenant {tenant}"))?.id;
    let owner = gatewright_identity::tokens::replace_owner_tokens(&mut tx, clock, rng, tenant_id).await?;
    let owner = owner.with_context(|| format!("the tenant {tenant} has no owner"))?;
    let caller = Caller {
        tenant_id,
        actor: Actor::Installation,
        request_id: RequestId::mint(clock, rng),
    };
    let detail = serde_json::json!({});
    tx.happened(
        &database,
        &caller,
        "identity",
        "operator.token_replaced",
        owner.operator_id,
        detail,
    )
    .await?;
    tx.commit().await?;
    print(&format!("{}\n", owner.token.expose_secret()))
}

fn print(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
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
