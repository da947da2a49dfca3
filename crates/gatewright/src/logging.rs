//! The log: one event per line on standard error, as text or as JSON with dotted fields; its level
//! and form can change while the program runs.

use std::io::IsTerminal;

use anyhow::Context;
use tracing_subscriber::layer::{Layered, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt, reload};

use crate::settings::{LogFormat, Settings};

type Filtered = Layered<reload::Layer<EnvFilter, Registry>, Registry>;
type Lines = Box<dyn Layer<Filtered> + Send + Sync>;

/// Changes the log of this process.
pub struct Logging {
    filter: reload::Handle<EnvFilter, Registry>,
    lines: reload::Handle<Lines, Filtered>,
}

impl Logging {
    /// Starts to log; once per process.
    pub fn start(settings: &Settings) -> anyhow::Result<Self> {
        let (filter_layer, filter) = reload::Layer::new(filter(settings)?);
        let (lines_layer, lines) = reload::Layer::new(lines(settings.log_format));
        tracing_subscriber::registry()
            .with(filter_layer)
            .with(lines_layer)
            .try_init()?;
        Ok(Self { filter, lines })
    }

    /// Goes on as these settings say, or as before when they are wrong.
    pub fn change(&self, settings: &Settings) -> anyhow::Result<()> {
        let filter = filter(settings)?;
        self.lines.reload(lines(settings.log_format))?;
        Ok(self.filter.reload(filter)?)
    }
}

/// What is logged.
pub fn filter(settings: &Settings) -> anyhow::Result<EnvFilter> {
    EnvFilter::builder().parse(&settings.log).context("log")
}

fn lines(format: LogFormat) -> Lines {
    let layer = fmt::layer().with_writer(std::io::stderr);
    match format {
        LogFormat::Text => layer.with_ansi(std::io::stderr().is_terminal()).boxed(),
        LogFormat::Json => layer.json().flatten_event(true).boxed(),
    }
}
