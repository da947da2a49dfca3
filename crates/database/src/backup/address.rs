//! Where a database is, for sqlx and for PostgreSQL's own programs.

use std::str::FromStr;

use secrecy::{ExposeSecret, SecretString};
use sqlx::PgConnection;
use sqlx::postgres::{PgConnectOptions, PgSslMode};

use super::error::BackupError;
use crate::embedded::ConnectInfo;

/// Parameters of a database URL that `pg_dump` and `pg_restore` are told as well, with their variable.
const PARAMETERS: [(&str, &str); 6] = [
    ("password", "PGPASSWORD"),
    ("sslrootcert", "PGSSLROOTCERT"),
    ("ssl-root-cert", "PGSSLROOTCERT"),
    ("sslcert", "PGSSLCERT"),
    ("sslkey", "PGSSLKEY"),
    ("ssl-ca", "PGSSLROOTCERT"),
];

/// A database and its owner's password. Has no `Debug`.
#[derive(Clone)]
pub struct Address {
    options: PgConnectOptions,
    /// What stands in the environment of a program besides what the options say.
    secrets: Vec<(&'static str, SecretString)>,
}

impl Address {
    /// A database of a private PostgreSQL.
    pub fn of_private(info: &ConnectInfo, database: &str) -> Self {
        Self {
            options: info.connect_options(database),
            secrets: vec![("PGPASSWORD", info.password().clone())],
        }
    }

    /// A database by its URL.
    pub fn of_url(url: &SecretString) -> Result<Self, BackupError> {
        // Errors are dropped: they could quote the password.
        let options = PgConnectOptions::from_str(url.expose_secret()).map_err(|_| BackupError::BadUrl)?;
        let parsed = url::Url::parse(url.expose_secret()).map_err(|_| BackupError::BadUrl)?;
        let mut secrets = Vec::new();
        if let Some(password) = parsed.password() {
            secrets.push(("PGPASSWORD", SecretString::from(percent_decoded(password))));
        }
        for (name, value) in parsed.query_pairs() {
            if let Some((_, variable)) = PARAMETERS.iter().find(|(known, _)| *known == name) {
                secrets.push((variable, SecretString::from(value.into_owned())));
            }
        }
        Ok(Self { options, secrets })
    }

    /// The name of the database.
    pub fn database(&self) -> &str {
        self.options
            .get_database()
            .unwrap_or_else(|| self.options.get_username())
    }

    /// Another database of the same server.
    #[must_use]
    pub fn with_database(&self, database: &str) -> Self {
        Self {
            options: self.options.clone().database(database),
            secrets: self.secrets.clone(),
        }
    }

    /// Options for sqlx. They show the password when printed with `{:?}`.
    pub const fn options(&self) -> &PgConnectOptions {
        &self.options
    }

    pub(super) async fn connect(&self) -> Result<PgConnection, sqlx::Error> {
        use sqlx::ConnectOptions;
        self.options.clone().disable_statement_logging().connect().await
    }

    /// Tells a program of PostgreSQL's where to connect: by variables, because arguments are seen by every user.
    pub(super) fn tell(&self, command: &mut tokio::process::Command) {
        let options = &self.options;
        let socket = options.get_socket().map(|folder| folder.to_string_lossy().into_owned());
        let host = socket.unwrap_or_else(|| options.get_host().to_owned());
        command
            .env("PGHOST", host)
            .env("PGPORT", options.get_port().to_string())
            .env("PGUSER", options.get_username())
            .env("PGDATABASE", self.database())
            .env("PGSSLMODE", ssl_mode(options.get_ssl_mode()));
        for (name, value) in &self.secrets {
            command.env(name, value.expose_secret());
        }
    }
}

const fn ssl_mode(mode: PgSslMode) -> &'static str {
    match mode {
        PgSslMode::Disable => "disable",
        PgSslMode::Allow => "allow",
        PgSslMode::Prefer => "prefer",
        PgSslMode::Require => "require",
        PgSslMode::VerifyCa => "verify-ca",
        PgSslMode::VerifyFull => "verify-full",
    }
}

/// RFC 3986 section 2.1; what is no escape stays as it is.
fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escaped = (bytes[at] == b'%')
            .then(|| bytes.get(at + 1..at + 3))
            .flatten()
            .and_then(|two| u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok());
        out.push(escaped.unwrap_or(bytes[at]));
        at += if escaped.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_told_by_variables_and_never_by_arguments() {
        let url = "postgres://ann:p%40ss%2Fword@db.example:6432/shop?sslmode=verify-full&sslrootcert=/etc/ca.pem";
        let address = Address::of_url(&SecretString::from(url)).unwrap();
        let mut command = tokio::process::Command::new("pg_dump");
        address.with_database("other").tell(&mut command);
        let command = command.as_std();
        assert_eq!(command.get_args().count(), 0);
        let told = |name: &str| {
            let found = command.get_envs().find(|(known, _)| *known == name);
            found.and_then(|(_, value)| value?.to_str().map(str::to_owned))
        };
        for (name, value) in [
            ("PGHOST", "db.example"),
            ("PGPORT", "6432"),
            ("PGUSER", "ann"),
            ("PGPASSWORD", "p@ss/word"),
            ("PGDATABASE", "other"),
            ("PGSSLMODE", "verify-full"),
            ("PGSSLROOTCERT", "/etc/ca.pem"),
        ] {
            assert_eq!(told(name).as_deref(), Some(value), "{name}");
        }
    }

    #[test]
    fn a_wrong_url_is_refused_without_its_password() {
        let error = Address::of_url(&SecretString::from("postgres://a:hunter2@host:port/db"))
            .err()
            .expect("it is refused");
        assert!(!error.to_string().contains("hunter2"));
    }
}
