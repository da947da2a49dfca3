//! A tenant as code: `gatewright apply` and `gatewright export`.
//!
//! A file names products, plans, gateways, services and routes by slug, name, or method and path.
//! `apply` reads the files ([`read`]) and the tenant ([`remote`]), compares ([`plan`]), shows what it would do
//! ([`tell`]), asks, and does it ([`carry_out`]). `export` writes a tenant as such a file ([`mod@export`]).
//!
//! # Invariants
//! * Only the REST API is used ([`client`]), so it works against any installation, with an operator's rights.
//! * Applying the same files again does nothing, and applying what `export` wrote does nothing.
//! * Nothing is changed that is not as the plan saw it: it is read again, and the change carries `If-Match`.
//! * Nothing is deleted without `--prune`, and nothing that live callers use without saying so.
//! * A run that fails has done the steps it says are done; running it again does the rest.
//!
//! Start with [`mod@format`], then [`plan`].

pub mod carry_out;
pub mod check;
pub mod client;
pub mod export;
pub mod format;
pub mod model;
pub mod plan;
pub mod read;
pub mod remote;
pub mod tell;
pub mod yaml;

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use gatewright_types::Rng;
use secrecy::SecretString;

use client::Client;
use model::Handle;
use plan::Plan;
use read::Desired;
use remote::{Callers, Remote};
use tell::Outcome;

/// Names the token of an operator.
pub const TOKEN_VARIABLE: &str = "GATEWRIGHT_TOKEN";
/// What `--plan` ends with when there is something to do.
pub const PENDING: u8 = 2;
/// Longest file with a token, in bytes.
const TOKEN_FILE_MAX_BYTES: u64 = 4_096;

/// Which installation, and who asks.
#[derive(Debug, clap::Args)]
pub struct Access {
    /// The installation's address.
    #[arg(long, env = "GATEWRIGHT_URL", default_value = "http://127.0.0.1:8080")]
    url: String,
    /// A file with an operator's token; else the token is in the variable GATEWRIGHT_TOKEN.
    #[arg(long)]
    token_file: Option<PathBuf>,
}

impl Access {
    fn client(&self) -> anyhow::Result<Client> {
        let token = match &self.token_file {
            Some(path) => read_token(path).with_context(|| path.display().to_string())?,
            None => std::env::var(TOKEN_VARIABLE)
                .ok()
                .filter(|token| !token.is_empty())
                .with_context(|| format!("no token: name a file with --token-file, or set {TOKEN_VARIABLE}"))?
                .into(),
        };
        let client = Client::new(&self.url, &token, Rng::System)?;
        if client.is_readable_on_the_way() {
            let url = client.url();
            // For people: nothing else would tell them, and scripts go on.
            let _ = writeln!(
                std::io::stderr(),
                "gatewright: {url} is not https, so the token can be read on its way"
            );
        }
        Ok(client)
    }
}

fn read_token(path: &Path) -> anyhow::Result<SecretString> {
    use std::io::Read;
    let mut text = String::new();
    std::fs::File::open(path)?
        .take(TOKEN_FILE_MAX_BYTES)
        .read_to_string(&mut text)?;
    Ok(text.into())
}

/// What `gatewright apply` is told.
#[derive(Debug, clap::Args)]
pub struct ApplyArguments {
    /// A tenant file, a folder of them, or - for the standard input. May be given several times.
    #[arg(short, long = "file", required_unless_present = "schema")]
    file: Vec<PathBuf>,
    #[command(flatten)]
    access: Access,
    /// Also delete gateways, services and routes that the files do not name.
    #[arg(long)]
    prune: bool,
    /// With --yes: delete also what live subscriptions or API consumers may call.
    #[arg(long, requires = "prune")]
    prune_live: bool,
    /// Do not ask.
    #[arg(long, conflicts_with = "plan")]
    yes: bool,
    /// Only say what would be done; ends with 2 when that is anything.
    #[arg(long)]
    plan: bool,
    /// Print one line of JSON instead of text. Never asks: needs --yes or --plan.
    #[arg(long)]
    json: bool,
    /// Print the JSON Schema of tenant files and end.
    #[arg(long)]
    schema: bool,
}

/// What `gatewright export` is told.
#[derive(Debug, clap::Args)]
pub struct ExportArguments {
    #[command(flatten)]
    access: Access,
    /// Write tenant.yaml and a file for each contract into this folder, instead of printing one file.
    #[arg(long)]
    directory: Option<PathBuf>,
}

/// `gatewright apply`.
pub async fn apply(arguments: &ApplyArguments) -> anyhow::Result<ExitCode> {
    if arguments.schema {
        print(&format::json_schema()?)?;
        return Ok(ExitCode::SUCCESS);
    }
    if arguments.json && !arguments.yes && !arguments.plan {
        bail!("--json does not ask: say --plan to look, or --yes to apply");
    }
    let desired = Desired::read(&arguments.file)?;
    let mut client = arguments.access.client()?;
    let wanted = |slug: &_| desired.objects.contains_key(&Handle::Contract(Clone::clone(slug)));
    let remote = Remote::read(&mut client, wanted).await?;
    let mut plan = Plan::make(&desired, &remote, arguments.prune)?;
    let pruned = plan.pruned_gateways();
    if !pruned.is_empty() {
        let callers = Callers::read(&mut client, &remote, &pruned).await?;
        plan.note_callers(&remote, &callers)?;
    }
    let (tenant, url) = (remote.tenant.to_string(), client.url());
    let untried = Outcome {
        tried: false,
        done: 0,
        failure: None,
    };
    if !arguments.json {
        print(&tell::text(&plan, &tenant, &url))?;
    }
    if plan.steps.is_empty() || arguments.plan {
        if arguments.json {
            print(&tell::json(&plan, &tenant, &url, &untried))?;
        }
        return Ok(ExitCode::from(if plan.steps.is_empty() { 0 } else { PENDING }));
    }
    if !may_begin(arguments, &plan)? {
        print("Nothing was done.\n")?;
        return Ok(ExitCode::FAILURE);
    }
    let mut done = 0;
    let result = carry_out::carry_out(&mut client, &plan.steps, &desired.objects, remote.held, |step| {
        done += 1;
        if !arguments.json {
            // Whoever does not read it is told at the end.
            let _ = print(&format!("done: {}\n", tell::line(step)));
        }
    });
    let failure = result.await.err();
    if arguments.json {
        let outcome = Outcome {
            tried: true,
            done,
            failure: failure.as_ref(),
        };
        print(&tell::json(&plan, &tenant, &url, &outcome))?;
    }
    match failure {
        None => Ok(ExitCode::SUCCESS),
        Some(error) => {
            let failed = plan.steps.get(done).map(tell::line).unwrap_or_default();
            let rest = plan.steps.len() - done;
            Err(error.context(format!(
                "{done} steps are done, {rest} are not, running it again goes on; {failed}"
            )))
        }
    }
}

/// Whether somebody said yes.
fn may_begin(arguments: &ApplyArguments, plan: &Plan) -> anyhow::Result<bool> {
    if arguments.yes {
        let live = plan.steps.iter().find(|step| step.callers > 0);
        if let Some(step) = live.filter(|_| !arguments.prune_live) {
            bail!(
                "{} ({}): say --prune-live to delete it all the same",
                tell::line(step),
                step.notes.join("; ")
            );
        }
        return Ok(true);
    }
    let input = std::io::stdin();
    if !input.is_terminal() {
        bail!("nobody can be asked here: say --yes to apply, or --plan to look");
    }
    print("Apply? [y/N] ")?;
    let mut answer = String::new();
    input.read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

/// `gatewright export`.
pub async fn export(arguments: &ExportArguments) -> anyhow::Result<ExitCode> {
    let mut client = arguments.access.client()?;
    let remote = Remote::read(&mut client, |_| true).await?;
    match &arguments.directory {
        None => print(&export::export(&remote, None))?,
        Some(folder) => {
            let mut beside = Vec::new();
            let text = export::export(&remote, Some(&mut beside));
            std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
            let files = beside.into_iter().map(|file| (file.name, file.text));
            for (name, text) in files.chain([("tenant.yaml".to_owned(), text)]) {
                let path = folder.join(name);
                std::fs::write(&path, text).with_context(|| path.display().to_string())?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn print(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}
