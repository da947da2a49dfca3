//! `gatewright conform`: a subscription's whole life on a real gateway, with objects that are thrown away.
//!
//! What a connector assumes of its vendor was read, recorded or tried on one version of it; whether it holds on the
//! gateway at hand, only that one can say. Each [`Assumption`] becomes a line: `HELD`, `DID_NOT_HOLD`, or `NOT_CHECKED`
//! and why.
//!
//! # Invariants
//! * Only objects of a connection made up for this run are made, changed and deleted; whatever was there stays.
//! * They are taken away at the end, whatever happened, also when told to end; what could not be is named.
//! * No database and no settings are needed, and only what is named on the command line is reached (`way`).
//! * Neither the credentials nor a key is printed.
//!
//! Start with `lifecycle`; `sheet` has the lines, `trial` does a step and looks, `probe` asks the proxy.

mod lifecycle;
mod probe;
mod sheet;
mod trial;
mod way;

use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail, ensure};
use gatewright_connectors::model::Vendor;
use gatewright_types::{Clock, Rng};
use secrecy::SecretString;
use serde_json::Value;

use super::{print, tell};
use crate::signals::Signals;
use sheet::{Sheet, Verdict};
use trial::{Stop, Trial};

pub use sheet::Assumption;

/// Holds the credentials, as JSON, when no file does.
pub const CREDENTIALS_VARIABLE: &str = "GATEWRIGHT_CONFORM_CREDENTIALS";
/// What it ends with when nothing failed and not everything was checked.
pub const UNCHECKED: u8 = 3;
/// Longest settings, and longest credentials, in bytes.
const INPUT_MAX_BYTES: u64 = 256 * 1024;

const WITHOUT_LIVE: &str = "\
gatewright conform tries a subscription's whole life on one of your gateways: it makes an application with keys,
changes, suspends and reactivates it, looks after each step, and takes everything away again.

Nothing was done. To do it, name the gateway and say --live:

  gatewright conform --live --vendor KONG --settings kong.json --scope prod-orders \\
      --credentials-file credentials.json --probe-url https://api.example.com/orders

kong.json holds what a connection's `settings` hold, credentials.json what its `credentials` hold. Each assumption is
then a line: HELD, DID_NOT_HOLD or NOT_CHECKED. Exit code: 0 all held; 1 one did not, or something was left behind;
3 none failed and some were not checked.
";

/// What `gatewright conform` is told.
#[derive(Clone, Debug, clap::Args)]
pub struct ConformArguments {
    /// Do it: make objects on the gateway, and take them away again. Without it nothing is done.
    #[arg(long, requires = "vendor", requires = "settings")]
    live: bool,
    /// Whose gateway it is, as in KONG.
    #[arg(long, value_parser = vendor)]
    vendor: Option<Vendor>,
    /// A file with the connection's settings as JSON, or - for the standard input.
    #[arg(long)]
    settings: Option<PathBuf>,
    /// A file with the connection's credentials as JSON; else they are in GATEWRIGHT_CONFORM_CREDENTIALS, or there are none.
    #[arg(long)]
    credentials_file: Option<PathBuf>,
    /// What the keys are to open there: a group, a plan or a product, as a mapping names it. May be given several times.
    #[arg(long)]
    scope: Vec<String>,
    /// Something at the gateway's proxy that the scope opens, to be asked with each key.
    #[arg(long, alias = "proxy-url")]
    probe_url: Option<String>,
    /// The header field that the proxy reads a key from.
    #[arg(long, default_value = "apikey")]
    probe_field: http::HeaderName,
    /// At most so many calls of the management API in a second; what the vendor allows when absent.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1000))]
    calls_per_second: Option<u32>,
    /// Print JSON instead of text.
    #[arg(long)]
    json: bool,
}

fn vendor(text: &str) -> Result<Vendor, String> {
    text.to_ascii_uppercase().parse()
}

/// Tries it, prints what held, and says by its exit code whether all of it did.
pub async fn run(arguments: ConformArguments) -> anyhow::Result<ExitCode> {
    let (true, Some(vendor), Some(settings)) = (arguments.live, arguments.vendor, &arguments.settings) else {
        print(WITHOUT_LIVE)?;
        return Ok(ExitCode::SUCCESS);
    };
    let settings: Value = serde_json::from_str(&read(settings).with_context(|| settings.display().to_string())?)
        .context("the settings are no JSON")?;
    let credentials = credentials(arguments.credentials_file.as_deref())?;
    let connector = gatewright_connectors::make(vendor, &settings, &credentials).map_err(|wrong| {
        let wrong = wrong.iter().map(|one| format!("{}: {}", one.field, one.detail));
        anyhow::anyhow!("{}", wrong.collect::<Vec<_>>().join("; "))
    })?;
    let policy = way::policy(&settings, arguments.probe_url.as_deref())?;
    let stop = Stop::listening(Signals::listen()?);
    let rate = arguments.calls_per_second.or(connector.capabilities().calls_per_second);
    let probe = arguments
        .probe_url
        .map(|url| probe::Probe::new(url, arguments.probe_field, policy.clone()));
    let (link, calls) = way::link(policy, rate);
    let mut trial = Trial::new(connector, link, probe, stop, (&Clock::System, &Rng::System));
    if std::io::stderr().is_terminal() {
        tell("gatewright: trying it out; Ctrl-C ends it and takes everything away again\n")?;
    }
    lifecycle::run(&mut trial, arguments.scope).await;
    let left = trial.clean_up().await;
    let sheet = trial.into_sheet();
    print(&if arguments.json {
        sheet.json(vendor, &calls.summary(), &left)?
    } else {
        sheet.text(vendor, &calls.summary(), &left)
    })?;
    code(&sheet, &left)
}

fn code(sheet: &Sheet, left: &[String]) -> anyhow::Result<ExitCode> {
    if !left.is_empty() {
        bail!("something may be left on the gateway: {}", left.join("; "));
    }
    match sheet.count(Verdict::DidNotHold) {
        0 if sheet.count(Verdict::NotChecked) == 0 => Ok(ExitCode::SUCCESS),
        0 => Ok(ExitCode::from(UNCHECKED)),
        1 => bail!("1 assumption did not hold"),
        some => bail!("{some} assumptions did not hold"),
    }
}

fn read(path: &Path) -> anyhow::Result<String> {
    let source: Box<dyn Read> = if path.as_os_str() == "-" {
        Box::new(std::io::stdin().lock())
    } else {
        Box::new(std::fs::File::open(path)?)
    };
    let mut text = String::new();
    source.take(INPUT_MAX_BYTES + 1).read_to_string(&mut text)?;
    ensure!(
        text.len() as u64 <= INPUT_MAX_BYTES,
        "it is longer than {INPUT_MAX_BYTES} bytes"
    );
    Ok(text)
}

fn credentials(file: Option<&Path>) -> anyhow::Result<SecretString> {
    match file {
        Some(path) => Ok(read(path).with_context(|| path.display().to_string())?.into()),
        None => Ok(std::env::var(CREDENTIALS_VARIABLE)
            .ok()
            .filter(|text| !text.is_empty())
            .unwrap_or_else(|| "{}".to_owned())
            .into()),
    }
}
