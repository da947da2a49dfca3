//! How to connect to the private PostgreSQL.

use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::{PgConnectOptions, PgSslMode};

/// The superuser of every cluster of ours.
pub const SUPERUSER: &str = "gatewright_owner";
/// The database that every cluster has from the start.
pub const MAINTENANCE_DATABASE: &str = "postgres";
/// The port; without TCP it only names the socket.
pub(super) const PORT: u16 = 5432;
/// The socket in its directory.
pub(super) const SOCKET_FILE: &str = ".s.PGSQL.5432";

/// What a client needs to connect as [`SUPERUSER`]. Holds the password, so it has no `Debug`.
#[derive(Clone)]
pub struct ConnectInfo {
    socket_dir: PathBuf,
    password: SecretString,
}

impl ConnectInfo {
    pub(super) fn new(socket_dir: PathBuf, password: SecretString) -> Self {
        Self { socket_dir, password }
    }

    /// The directory of the socket, as libpq's `PGHOST` takes it.
    pub fn socket_dir(&self) -> &Path {
        &self.socket_dir
    }

    /// The superuser's password, for PostgreSQL's own programs.
    pub(crate) const fn password(&self) -> &SecretString {
        &self.password
    }

    /// Options for sqlx. They show the password when printed with `{:?}`.
    pub fn connect_options(&self, database: &str) -> PgConnectOptions {
        PgConnectOptions::new_without_pgpass()
            .socket(&self.socket_dir)
            .port(PORT)
            .username(SUPERUSER)
            .password(self.password.expose_secret())
            .database(database)
            .ssl_mode(PgSslMode::Disable)
            .application_name("gatewright")
    }

    /// A connection URI that `psql`, `pg_dump` and sqlx understand.
    ///
    /// The socket's directory is the percent-encoded host:
    /// <https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS>.
    pub fn url(&self, database: &str) -> SecretString {
        let host = percent_encoded(&self.socket_dir.to_string_lossy());
        let (password, database) = (self.password.expose_secret(), percent_encoded(database));
        SecretString::from(format!("postgresql://{SUPERUSER}:{password}@{host}:{PORT}/{database}"))
    }
}

/// RFC 3986 section 2.1: everything but the unreserved characters.
fn percent_encoded(text: &str) -> String {
    use std::fmt::Write;
    text.bytes().fold(String::with_capacity(text.len()), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::str::FromStr;

    #[test]
    fn a_url_leads_to_the_same_place_as_the_options() {
        let info = ConnectInfo::new("/home/a b/ü:1".into(), SecretString::from("00ff"));
        let url = info.url("gate/wright");
        assert_eq!(
            url.expose_secret(),
            "postgresql://gatewright_owner:00ff@%2Fhome%2Fa%20b%2F%C3%BC%3A1:5432/gate%2Fwright"
        );
        let parsed = PgConnectOptions::from_str(url.expose_secret()).unwrap();
        let options = info.connect_options("gate/wright");
        assert_eq!(parsed.get_socket(), options.get_socket());
        assert_eq!(parsed.get_database(), options.get_database());
        assert_eq!(parsed.get_username(), options.get_username());
    }
}
