//! `gatewright doctor`: looks at everything that Gatewright needs and changes nothing.
//!
//! A file per part: `configuration`, `ports`, `folder`, `machine`, `database`, `control`,
//! `redis`. Each adds to one list of
//! [`Finding`]s; what is wrong says why it matters and what repairs it.

mod configuration;
mod control;
mod database;
mod finding;
mod folder;
mod machine;
mod ports;
mod redis;

use std::path::Path;

pub use finding::{Finding, Level};
use serde_json::json;

use super::print;
use crate::settings::Settings;

/// Prints the findings; fails when something is wrong.
pub async fn run(config: Option<&Path>, as_json: bool) -> anyhow::Result<()> {
    let findings = examine(config).await;
    let problems = findings
        .iter()
        .filter(|finding| finding.level == Level::Problem)
        .count();
    if as_json {
        let text = serde_json::to_string_pretty(&json!({ "fine": problems == 0, "findings": findings }))?;
        print(&format!("{text}\n"))?;
    } else {
        let text: Vec<String> = findings.iter().map(ToString::to_string).collect();
        print(&text.concat())?;
    }
    match problems {
        0 => Ok(()),
        1 => anyhow::bail!("1 problem"),
        _ => anyhow::bail!("{problems} problems"),
    }
}

/// Everything that was found, in the order in which it is worth repairing.
pub async fn examine(config: Option<&Path>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let settings = match Settings::load(config, std::env::vars()) {
        Ok(settings) => settings,
        Err(error) => {
            findings.push(Finding::problem(
                "settings",
                format!("{error:#}"),
                "Gatewright refuses to start with settings that it does not understand",
                "correct the setting; config.default.toml lists every one",
            ));
            return findings;
        }
    };
    configuration::examine(&settings, &mut findings);
    ports::examine(&settings, &mut findings);
    folder::examine(&settings, &mut findings);
    machine::examine(&settings, &mut findings);
    if settings.role.has_database() {
        database::examine(&settings, &mut findings).await;
    }
    control::examine(&settings, &mut findings).await;
    redis::examine(&settings, &mut findings).await;
    findings
}
