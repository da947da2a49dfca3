//! The database of this process: the one that is configured, or a private one.

use std::str::FromStr;

use anyhow::Context;
use gatewright_database::backup::Address;
use gatewright_database::embedded::{self, EmbeddedError, EmbeddedOptions, EmbeddedPostgres, MAINTENANCE_DATABASE};
use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, Executor, PgConnection};

use crate::settings::Settings;

/// The private PostgreSQL's database.
const DATABASE: &str = "gatewright";

/// The database of this process.
pub struct Postgres {
    /// How to reach it as the user that owns it.
    pub options: PgConnectOptions,
    private: Option<EmbeddedPostgres>,
}

impl Postgres {
    /// Starts the private PostgreSQL, unless another one is configured. `fresh` empties the private one first.
    pub async fn start(
        settings: &Settings,
        fresh: bool,
        progress: &(dyn Fn(&str) + Send + Sync),
    ) -> anyhow::Result<Self> {
        if let Some(url) = &settings.database_url {
            anyhow::ensure!(
                !fresh,
                "--fresh empties only the private PostgreSQL, and database_url names another"
            );
            return Ok(Self {
                options: parse(url)?,
                private: None,
            });
        }
        let private = EmbeddedPostgres::start(EmbeddedOptions::new(&settings.data_dir), progress).await?;
        let options = private.connect_options(DATABASE);
        create_database(&private.connect_options(MAINTENANCE_DATABASE), fresh).await?;
        Ok(Self {
            options,
            private: Some(private),
        })
    }

    /// Stops the private PostgreSQL.
    pub async fn stop(self) -> anyhow::Result<()> {
        if let Some(private) = self.private {
            private.stop().await?;
        }
        Ok(())
    }
}

/// The database, for a command that is not a server.
pub struct Lent {
    /// Where it is, as its owner.
    pub address: Address,
    /// Set when it was started for this command.
    private: Option<EmbeddedPostgres>,
}

impl Lent {
    /// Beside a running server or, when none runs, started from the cluster that exists.
    pub async fn for_backup(settings: &Settings) -> anyhow::Result<Self> {
        if let Some(url) = &settings.database_url {
            return Self::named(url);
        }
        match embedded::attach(&settings.data_dir) {
            Ok(info) => Ok(Self {
                address: Address::of_private(&info, DATABASE),
                private: None,
            }),
            Err(EmbeddedError::NotRunning { .. }) => Self::started(settings).await,
            Err(error) => Err(error.into()),
        }
    }

    /// Exclusively, where it is a private one: that is made if it does not exist, and no server runs beside.
    pub async fn for_restore(settings: &Settings) -> anyhow::Result<Self> {
        let Some(url) = &settings.database_url else {
            let lent = Self::started(settings).await?;
            let maintenance = lent.address.with_database(MAINTENANCE_DATABASE);
            create_database(maintenance.options(), false).await?;
            return Ok(lent);
        };
        Self::named(url)
    }

    fn named(url: &SecretString) -> anyhow::Result<Self> {
        Ok(Self {
            address: Address::of_url(url)?,
            private: None,
        })
    }

    async fn started(settings: &Settings) -> anyhow::Result<Self> {
        let progress = |line: &str| tracing::info!("{line}");
        let private = EmbeddedPostgres::start(EmbeddedOptions::new(&settings.data_dir), &progress).await?;
        Ok(Self {
            address: Address::of_private(private.connect_info(), DATABASE),
            private: Some(private),
        })
    }

    /// Stops what was started.
    pub async fn give_back(self) -> anyhow::Result<()> {
        match self.private {
            Some(private) => Ok(private.stop().await?),
            None => Ok(()),
        }
    }
}

/// The address of the database beside a running server, with its password.
pub fn url(settings: &Settings) -> anyhow::Result<SecretString> {
    match &settings.database_url {
        Some(url) => Ok(url.clone()),
        None => Ok(embedded::attach(&settings.data_dir)?.url(DATABASE)),
    }
}

/// The database beside a running server, as its owner.
pub fn owner(settings: &Settings) -> anyhow::Result<Address> {
    Ok(match &settings.database_url {
        Some(url) => Address::of_url(url)?,
        None => Address::of_private(&embedded::attach(&settings.data_dir)?, DATABASE),
    })
}

/// How to reach the database beside a running server.
pub fn beside(settings: &Settings) -> anyhow::Result<PgConnectOptions> {
    match &settings.database_url {
        Some(url) => parse(url),
        None => Ok(embedded::attach(&settings.data_dir)?.connect_options(DATABASE)),
    }
}

fn parse(url: &SecretString) -> anyhow::Result<PgConnectOptions> {
    // The error's text is dropped: it could quote the password.
    PgConnectOptions::from_str(url.expose_secret())
        .map_err(|_| anyhow::anyhow!("database_url: expected postgres://user:password@host:port/database"))
}

async fn create_database(maintenance: &PgConnectOptions, fresh: bool) -> anyhow::Result<()> {
    let mut connection = PgConnection::connect_with(maintenance)
        .await
        .context("the private PostgreSQL")?;
    if fresh {
        connection
            .execute("DROP DATABASE IF EXISTS gatewright WITH (FORCE)")
            .await?;
    }
    let exists: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
        .bind(DATABASE)
        .fetch_one(&mut connection)
        .await?;
    if !exists {
        connection.execute("CREATE DATABASE gatewright").await?;
    }
    connection.close().await?;
    Ok(())
}
