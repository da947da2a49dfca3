//! What can be set, in a TOML file and, over it, in the environment.
//!
//! `config.default.toml` beside this crate is the reference page: every setting, its default and
//! what it is for. A setting `http_addr` of the file is `GATEWRIGHT_HTTP_ADDR` in the environment.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use gatewright_database::jobs::lanes::{CONCURRENCY_MAX, CONCURRENCY_MIN};
use gatewright_gateway::Limits;
use gatewright_types::Clock;
use gatewright_types::address::Cidr;
use gatewright_types::slug::Slug;
use secrecy::SecretString;
use serde::Deserialize;

use crate::notices;
use crate::parts::control;
use crate::role::Role;
use crate::shared_cache::SharedCache;
use crate::telemetry;

/// What every variable of ours starts with.
const PREFIX: &str = "GATEWRIGHT_";
/// What variables start with that are for our tests.
const TEST_PREFIX: &str = "GATEWRIGHT_TEST_";
/// Names the file; not a setting itself.
const CONFIG_VARIABLE: &str = "GATEWRIGHT_CONFIG";
/// For `gatewright apply` and `export`; no settings of a server.
const CLIENT_VARIABLES: [&str; 2] = ["GATEWRIGHT_URL", crate::apply::TOKEN_VARIABLE];
/// The file that is read when none is named, if it is there.
const CONFIG_DEFAULT: &str = "gatewright.toml";
/// The settings that are numbers.
const NUMBERS: [&str; 6] = [
    "gateway_cores",
    "record_valid_seconds",
    "database_connections",
    "trace_percent",
    "worker_concurrency",
    "drain_seconds",
];
/// The settings that are true or false.
const BOOLEANS: [&str; 1] = ["mailbox"];
/// The settings that are lists; in the environment with commas between.
const LISTS: [&str; 3] = ["egress_allow", "egress_delegate", "trusted_proxies"];

/// Settings that a file of settings, which others may read, cannot have.
const ENVIRONMENT_ONLY: [&str; 2] = ["master_key", "master_key_previous"];

/// Everything that can be set.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Which parts this process runs.
    pub role: Role,
    /// Where the control plane listens.
    pub http_addr: SocketAddr,
    /// How the control plane is reached from outside; none: `http://` and where it listens.
    pub public_url: Option<String>,
    /// Where a process without an API answers health checks.
    pub health_addr: SocketAddr,
    /// Where the native gateway listens.
    pub gateway_addr: SocketAddr,
    /// Threads of the native gateway; 0: one per core.
    pub gateway_cores: usize,
    /// A gateway's host is `<slug>.<base domain>`.
    pub base_domain: String,
    /// How callers reach the native gateways, as `https://{gateway}.api.example.com` with the gateway's slug in the place of
    /// `{gateway}`, or without it where there is only the default one; none: `http://` and where this process listens.
    pub gateway_public_url: Option<String>,
    /// The gateway that a bare address means; none: the oldest.
    pub default_gateway: Option<Slug>,
    /// A tenant's host is `<slug>.<portal domain>`; none: below `localhost` where the control plane is reached on this
    /// machine, and no hosts of their own elsewhere.
    pub portal_domain: Option<String>,
    /// The tenant that other hosts mean; none: the oldest.
    pub default_tenant: Option<Slug>,
    /// Proxies in front of the control plane whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Cidr>,
    /// A file that says where addresses are, in MaxMind's format; none: only addresses are shown.
    pub places_file: Option<PathBuf>,
    /// A file of breached passwords, SHA-1 in order; none: only the list that is part of the program.
    pub breached_passwords_file: Option<PathBuf>,
    /// An OpenTelemetry collector that takes traces, as `http://127.0.0.1:4318`; none: no traces.
    pub otlp_endpoint: Option<String>,
    /// Of requests that no caller traces, how many are traced, in percent.
    pub trace_percent: u32,
    /// Where `/metrics` is; none: nowhere.
    pub metrics_addr: Option<SocketAddr>,
    /// How long a node believes what it was told about a credential, and how long without a word from the
    /// control plane it counts as cut off, in seconds.
    pub record_valid_seconds: u64,
    /// Role `gateway`: where the control plane is; several, separated by commas, are tried in turn.
    pub control_url: Option<String>,
    /// Role `gateway`: the one-time code that lets the node in; needed once.
    pub enrollment_code: Option<SecretString>,
    /// A Redis through which nodes share what they looked up; none: they do not.
    pub redis_url: Option<SecretString>,
    /// Certificates, as PEM, of the only authorities that `control_url` and `redis_url` are believed by; none: the system's.
    pub ca_file: Option<PathBuf>,
    /// Holds everything that is not in the database.
    pub data_dir: PathBuf,
    /// A PostgreSQL to use; none: a private one.
    pub database_url: Option<SecretString>,
    /// The master key, 64 hexadecimal digits, in the environment only; none: the file in the data directory.
    pub master_key: Option<SecretString>,
    /// The master key that it replaces, in the environment only.
    pub master_key_previous: Option<SecretString>,
    /// Most connections to the database.
    pub database_connections: u32,
    /// Most jobs that this process works on at once; 0: none at all.
    pub worker_concurrency: usize,
    /// A mail server, as `smtps://user:password@host`; none: no mails are sent.
    pub smtp_url: Option<SecretString>,
    /// Who mails are from; needed with a mail server.
    pub mail_from: Option<String>,
    /// Whether mails stay in the database, to be looked at on the page `/mailbox`; for a demo.
    pub mailbox: bool,
    /// Places that are no public addresses and may be asked by webhooks all the same: names, `*.name`, networks.
    pub egress_allow: Vec<String>,
    /// Places of the same kind that a tenant may open for itself, by its own list of destinations.
    pub egress_delegate: Vec<String>,
    /// Longest wait for what is under way when the program is told to end, in seconds.
    pub drain_seconds: u64,
    /// What is logged, as in `info` or `info,gatewright_api=debug`.
    pub log: String,
    /// How: `text` or `json`.
    pub log_format: LogFormat,
}

/// How the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            role: Role::All,
            http_addr: SocketAddr::from(([127, 0, 0, 1], 8080)),
            public_url: None,
            health_addr: SocketAddr::from(([127, 0, 0, 1], 8090)),
            gateway_addr: SocketAddr::from(([127, 0, 0, 1], 8000)),
            gateway_cores: 0,
            base_domain: "localhost".to_owned(),
            gateway_public_url: None,
            default_gateway: None,
            portal_domain: None,
            default_tenant: None,
            trusted_proxies: Vec::new(),
            places_file: None,
            breached_passwords_file: None,
            metrics_addr: None,
            otlp_endpoint: None,
            trace_percent: 1,
            record_valid_seconds: 30,
            control_url: None,
            enrollment_code: None,
            redis_url: None,
            ca_file: None,
            data_dir: PathBuf::from("gatewright-data"),
            database_url: None,
            master_key: None,
            master_key_previous: None,
            database_connections: 16,
            worker_concurrency: 8,
            smtp_url: None,
            mail_from: None,
            mailbox: false,
            egress_allow: Vec::new(),
            egress_delegate: Vec::new(),
            drain_seconds: 20,
            log: "info".to_owned(),
            log_format: LogFormat::Text,
        }
    }
}

impl Settings {
    /// From the file, if there is one, and the variables over it.
    pub fn load(file: Option<&Path>, environment: impl Iterator<Item = (String, String)>) -> anyhow::Result<Self> {
        let table = Self::given(file, environment)?;
        let settings = Self::deserialize(table).map_err(|error| one_line(&error))?;
        settings.check()?;
        Ok(settings)
    }

    /// What is given there, each known by name and right by itself; defaults are absent. May hold secrets.
    pub fn given(
        file: Option<&Path>,
        environment: impl Iterator<Item = (String, String)>,
    ) -> anyhow::Result<toml::Table> {
        let variables: Vec<(String, String)> = environment
            .filter(|(name, _)| name.starts_with(PREFIX) && !name.starts_with(TEST_PREFIX))
            .filter(|(name, _)| !CLIENT_VARIABLES.contains(&name.as_str()))
            .collect();
        let named = file.map(Path::to_owned).or_else(|| {
            variables
                .iter()
                .find(|(name, _)| name == CONFIG_VARIABLE)
                .map(|(_, path)| PathBuf::from(path))
        });
        let mut table = read(named.as_deref())?;
        // The file by itself first, so that a mistake is blamed on the right place.
        let from_file = || {
            named
                .as_deref()
                .unwrap_or(Path::new(CONFIG_DEFAULT))
                .display()
                .to_string()
        };
        Self::deserialize(table.clone())
            .map_err(|error| one_line(&error))
            .with_context(from_file)?;
        for secret in ENVIRONMENT_ONLY {
            let detail = "set it in the environment, or keep it in the file master.key of the data directory";
            ensure!(!table.contains_key(secret), "{}: {secret}: {detail}", from_file());
        }
        for (name, value) in variables.into_iter().filter(|(name, _)| name != CONFIG_VARIABLE) {
            let setting = name[PREFIX.len()..].to_ascii_lowercase();
            let value = if NUMBERS.contains(&setting.as_str()) {
                let number: i64 = value
                    .parse()
                    .with_context(|| format!("{name}: expected a whole number"))?;
                toml::Value::Integer(number)
            } else if BOOLEANS.contains(&setting.as_str()) {
                let boolean = value
                    .parse()
                    .with_context(|| format!("{name}: expected true or false"))?;
                toml::Value::Boolean(boolean)
            } else if LISTS.contains(&setting.as_str()) {
                let items = value.split(',').map(str::trim).filter(|item| !item.is_empty());
                toml::Value::Array(items.map(Into::into).collect())
            } else {
                toml::Value::String(value)
            };
            let mut alone = toml::Table::new();
            alone.insert(setting.clone(), value.clone());
            Self::deserialize(alone)
                .map_err(|error| one_line(&error))
                .context(name)?;
            table.insert(setting, value);
        }
        Ok(table)
    }

    /// The same for another role than the one that is set.
    pub fn in_role(self, role: Role) -> anyhow::Result<Self> {
        let settings = Self { role, ..self };
        settings.check()?;
        Ok(settings)
    }

    fn check(&self) -> anyhow::Result<()> {
        if let Some(url) = &self.public_url
            && !url.starts_with("http://")
            && !url.starts_with("https://")
        {
            bail!("public_url: expected http:// or https://");
        }
        if let Some(url) = &self.public_url {
            url::Url::parse(url).context("public_url")?;
        }
        if let Some(template) = &self.gateway_public_url {
            control::gateway_address(template).context("gateway_public_url")?;
        }
        if let Some(path) = &self.breached_passwords_file {
            std::fs::File::open(path).with_context(|| format!("breached_passwords_file: {}", path.display()))?;
        }
        if self.database_connections < 2 {
            bail!("database_connections: expected at least 2");
        }
        if self.worker_concurrency != 0 && !(CONCURRENCY_MIN..=CONCURRENCY_MAX).contains(&self.worker_concurrency) {
            bail!("worker_concurrency: expected 0, or {CONCURRENCY_MIN} to {CONCURRENCY_MAX}");
        }
        if self.role == Role::Gateway && self.control_url.is_none() {
            bail!("control_url: a gateway node asks a control plane elsewhere; say where");
        }
        if self.role == Role::Worker && self.worker_concurrency == 0 {
            bail!("worker_concurrency: a worker that does no jobs has nothing to do");
        }
        if self.role == Role::Worker && self.database_url.is_none() {
            bail!(
                "database_url: a worker shares its database with a control plane; `gatewright database url` prints its address there"
            );
        }
        if self.mailbox && !self.http_addr.ip().is_loopback() {
            bail!("mailbox: shows mails to whoever asks, so http_addr must be a loopback address");
        }
        // Said now rather than when the first mail or webhook is to be sent.
        notices::policy(self)?;
        notices::mailer(self).map(drop)?;
        self.shared_cache(&Clock::System)?;
        if self.trace_percent > 100 {
            bail!("trace_percent: expected at most 100");
        }
        if let Some(endpoint) = &self.otlp_endpoint {
            telemetry::collector(endpoint)?;
        }
        if !(3..=30).contains(&self.record_valid_seconds) {
            bail!("record_valid_seconds: expected 3 to 30");
        }
        if self.gateway_cores > 1024 {
            bail!("gateway_cores: expected at most 1024");
        }
        Ok(())
    }

    /// Where the process that these settings describe answers `/health/ready`, by the setting's name.
    pub const fn front(&self) -> (&'static str, SocketAddr) {
        if self.role.serves_api() {
            ("http_addr", self.http_addr)
        } else {
            ("health_addr", self.health_addr)
        }
    }

    /// Where it listens for whoever calls: its front and, if it has one, the native gateway.
    pub fn listeners(&self) -> Vec<(&'static str, SocketAddr)> {
        let mut listeners = vec![self.front()];
        if self.role.serves_gateways() {
            listeners.push(("gateway_addr", self.gateway_addr));
        }
        listeners
    }

    /// What the native gateway allows.
    pub fn limits(&self) -> Limits {
        Limits {
            record_valid: Duration::from_secs(self.record_valid_seconds),
            ..Limits::default()
        }
    }

    /// What its nodes share, if they do.
    pub fn shared_cache(&self, clock: &Clock) -> anyhow::Result<Option<Arc<SharedCache>>> {
        let Some(url) = &self.redis_url else {
            return Ok(None);
        };
        let valid = Duration::from_secs(self.record_valid_seconds);
        let shared = SharedCache::open(url, self.ca_file.as_deref(), valid, clock.clone())?;
        Ok(Some(Arc::new(shared)))
    }

    /// How many threads the native gateway gets.
    pub fn cores(&self) -> usize {
        match self.gateway_cores {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            cores => cores,
        }
    }
}

fn read(named: Option<&Path>) -> anyhow::Result<toml::Table> {
    let path = named.unwrap_or(Path::new(CONFIG_DEFAULT));
    match std::fs::read_to_string(path) {
        Ok(text) => text
            .parse()
            .map_err(|error| one_line(&error))
            .with_context(|| path.display().to_string()),
        Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => Ok(toml::Table::new()),
        Err(error) => Err(error).with_context(|| path.display().to_string()),
    }
}

/// The message alone: toml's own display draws the line of the file, which may hold a password.
fn one_line(error: &toml::de::Error) -> anyhow::Error {
    anyhow::anyhow!("{}", error.message().trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(file: &str, variables: &[(&str, &str)]) -> anyhow::Result<Settings> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gatewright.toml");
        std::fs::write(&path, file).unwrap();
        let variables = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Settings::load(Some(&path), variables.collect::<Vec<_>>().into_iter())
    }

    #[test]
    fn the_environment_stands_over_the_file() {
        let settings = load(
            "http_addr = \"127.0.0.1:1\"\ngateway_cores = 3\n",
            &[
                ("GATEWRIGHT_HTTP_ADDR", "127.0.0.1:2"),
                ("GATEWRIGHT_DRAIN_SECONDS", "4"),
                ("PATH", "/bin"),
                ("GATEWRIGHT_TOKEN", "for apply"),
            ],
        )
        .unwrap();
        assert_eq!(
            (
                settings.http_addr.port(),
                settings.gateway_cores,
                settings.drain_seconds
            ),
            (2, 3, 4)
        );
    }

    #[test]
    fn what_is_unknown_or_wrong_is_refused_by_name() {
        for (file, variables, expected) in [
            ("http_adr = \"127.0.0.1:1\"", &[][..], "http_adr"),
            ("", &[("GATEWRIGHT_HTTP_ADR", "127.0.0.1:1")][..], "GATEWRIGHT_HTTP_ADR"),
            (
                "",
                &[("GATEWRIGHT_GATEWAY_CORES", "many")][..],
                "GATEWRIGHT_GATEWAY_CORES",
            ),
            ("gateway_addr = \"nowhere\"", &[][..], "gatewright.toml"),
            ("master_key = \"00\"", &[][..], "master_key: set it in the environment"),
        ] {
            let error = format!("{:#}", load(file, variables).unwrap_err());
            assert!(error.contains(expected) && !error.contains('\n'), "{error}");
        }
    }

    #[test]
    fn what_is_set_about_telling_others_is_judged_at_the_start() {
        let settings = load(
            "",
            &[
                ("GATEWRIGHT_EGRESS_ALLOW", "hooks.corp.example, *.svc.local,10.0.0.0/8"),
                ("GATEWRIGHT_MAILBOX", "true"),
            ],
        )
        .unwrap();
        assert_eq!(
            settings.egress_allow,
            ["hooks.corp.example", "*.svc.local", "10.0.0.0/8"]
        );
        assert!(settings.mailbox);
        for (file, expected) in [
            ("egress_allow = [\"10.0.0.1/8\"]", "egress_allow: \"10.0.0.1/8\""),
            ("egress_delegate = [\"10.0.0.1/8\"]", "egress_delegate: \"10.0.0.1/8\""),
            ("mailbox = true\nhttp_addr = \"0.0.0.0:8080\"", "mailbox"),
            ("smtp_url = \"smtps://u:s3cret@mail.example\"", "mail_from"),
            (
                "smtp_url = \"smtp://u:s3cret@mail.example\"\nmail_from = \"a@b.example\"",
                "smtps://",
            ),
            (
                "smtp_url = \"smtps://u:s3cret@mail.example\"\nmail_from = \"nobody\"",
                "mail address",
            ),
        ] {
            let error = format!("{:#}", load(file, &[]).unwrap_err());
            assert!(error.contains(expected) && !error.contains("s3cret"), "{error}");
        }
        let encrypted = "smtp_url = \"smtp://u:s3cret@mail.example:587?tls=required\"\nmail_from = \"a@b.example\"";
        assert!(load(encrypted, &[]).is_ok());
    }

    #[test]
    fn the_reference_file_names_every_setting_with_its_default() {
        let reference = include_str!("../config.default.toml");
        let uncommented: String = reference
            .lines()
            .filter_map(|line| {
                line.strip_prefix('#')
                    .filter(|rest| !rest.starts_with(' '))
                    .or(Some(line))
            })
            .collect::<Vec<_>>()
            .join("\n");
        let table: toml::Table = uncommented.parse().unwrap();
        let settings = Settings::deserialize(table.clone()).unwrap();
        assert_eq!(table.len(), 33, "every setting stands there");
        let default = Settings::default();
        assert_eq!(settings.http_addr, default.http_addr);
        assert_eq!(settings.gateway_addr, default.gateway_addr);
        assert_eq!(settings.data_dir, default.data_dir);
        assert_eq!(settings.database_connections, default.database_connections);
        assert_eq!(
            (settings.role, settings.health_addr),
            (default.role, default.health_addr)
        );
        assert_eq!(settings.worker_concurrency, default.worker_concurrency);
        assert_eq!(settings.drain_seconds, default.drain_seconds);
        assert_eq!((settings.log, settings.log_format), (default.log, default.log_format));
    }
}
