//! SIGHUP: reads the settings again and takes over what can change while the program runs.

use std::collections::BTreeMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::path::PathBuf;

use crate::logging::Logging;
use crate::service_manager::{self, State};
use crate::settings::Settings;

/// What changes at once; everything else needs a restart.
pub const RELOADABLE: [&str; 3] = ["log", "log_format", "drain_seconds"];

/// Reads settings again, from where they were read first.
pub struct Reload {
    file: Option<PathBuf>,
    logging: Logging,
    /// Every setting that is given and what its value hashes to: the values may be secrets.
    given: BTreeMap<String, u64>,
}

impl Reload {
    /// For settings that were just read from `file`.
    pub fn new(file: Option<PathBuf>, logging: Logging) -> anyhow::Result<Self> {
        let given = hashes(&Settings::given(file.as_deref(), std::env::vars())?);
        Ok(Self { file, logging, given })
    }

    /// Reads them again; `set_drain` takes over how long the end waits. Wrong ones change nothing.
    pub fn run(&mut self, set_drain: impl Fn(u64)) {
        service_manager::tell(State::Reloading);
        if let Err(error) = self.take_over(set_drain) {
            tracing::error!("settings not reloaded, the former stay: {error:#}");
        }
        service_manager::tell(State::Ready);
    }

    fn take_over(&mut self, set_drain: impl Fn(u64)) -> anyhow::Result<()> {
        let settings = Settings::load(self.file.as_deref(), std::env::vars())?;
        let given = hashes(&Settings::given(self.file.as_deref(), std::env::vars())?);
        self.logging.change(&settings)?;
        set_drain(settings.drain_seconds);
        let changed = changed(&self.given, &given);
        let (now, later): (Vec<&str>, Vec<&str>) = changed.iter().partition(|name| RELOADABLE.contains(name));
        tracing::info!(settings.changed = now.join(", "), "settings reloaded");
        if later.is_empty() {
            self.given = given;
        } else {
            // Remembered as they were, so that the next reload says so again.
            tracing::warn!("needs a restart: {}", later.join(", "));
            self.given.retain(|name, _| !RELOADABLE.contains(&name.as_str()));
            let taken = given
                .into_iter()
                .filter(|(name, _)| RELOADABLE.contains(&name.as_str()));
            self.given.extend(taken);
        }
        Ok(())
    }
}

fn hashes(given: &toml::Table) -> BTreeMap<String, u64> {
    let hash = |value: &toml::Value| {
        let mut hasher = DefaultHasher::new();
        value.to_string().hash(&mut hasher);
        hasher.finish()
    };
    given.iter().map(|(name, value)| (name.clone(), hash(value))).collect()
}

fn changed<'a>(before: &'a BTreeMap<String, u64>, after: &'a BTreeMap<String, u64>) -> Vec<&'a str> {
    let mut names: Vec<&str> = before.keys().chain(after.keys()).map(String::as_str).collect();
    names.sort_unstable();
    names.dedup();
    names.retain(|name| before.get(*name) != after.get(*name));
    names
}
