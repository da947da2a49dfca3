//! A database for each test.

use std::str::FromStr;
use std::sync::atomic::{AtomicUsize, Ordering};

use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tokio::sync::OnceCell;

/// Where the PostgreSQL for tests is.
const URL_VARIABLE: &str = "GATEWRIGHT_TEST_DATABASE_URL";

static TEMPLATE: OnceCell<String> = OnceCell::const_new();
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// The URL of the PostgreSQL for tests, with `database` in the place of its own.
fn url(database: &str) -> String {
    let base = std::env::var(URL_VARIABLE).unwrap_or_else(|_| {
        panic!("{URL_VARIABLE} is not set: run tests with `make test`, or scripts/with-postgres.sh cargo test …")
    });
    let (server, _) = base.rsplit_once('/').expect("the URL ends in /database");
    format!("{server}/{database}")
}

/// A new database with the schema in it; returns its URL.
pub async fn create() -> String {
    let template = TEMPLATE.get_or_init(make_template).await;
    let name = format!("test_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    run(&format!("CREATE DATABASE {name} TEMPLATE {template}")).await;
    url(&name)
}

/// A new, empty database; returns its URL.
pub async fn create_empty() -> String {
    let name = format!("empty_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    run(&format!("CREATE DATABASE {name}")).await;
    url(&name)
}

async fn make_template() -> String {
    let name = format!("template_{}", std::process::id());
    run(&format!("CREATE DATABASE {name}")).await;
    let options = PgConnectOptions::from_str(&url(&name)).unwrap();
    gatewright_database::migrate(&options).await.unwrap();
    name
}

/// A connection as the user that owns everything: sees through the wall.
pub async fn connect(url: &str) -> PgConnection {
    PgConnection::connect(url).await.unwrap()
}

/// Every row of every table as text, with its table's name.
pub async fn dump(url: &str) -> Vec<(String, String)> {
    let mut connection = connect(url).await;
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT c.oid::regclass::text FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
         WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    let mut rows = Vec::new();
    for table in tables {
        // As JSON: every column, jsonb inside, bytea in hexadecimal.
        // Without what changes by itself: when a node was last heard of, and how far it was.
        let sql = format!(
            "SELECT (to_jsonb(row) - ARRAY['last_seen_at', 'position', 'snapshot_version'])::text FROM {table} AS row ORDER BY 1"
        );
        let texts: Vec<String> = sqlx::query_scalar(AssertSqlSafe(sql))
            .fetch_all(&mut connection)
            .await
            .unwrap();
        rows.extend(texts.into_iter().map(|text| (table.clone(), text)));
    }
    connection.close().await.unwrap();
    rows
}

/// Tables that are written in the background, some time after what they tell of.
const BACKGROUND: [&str; 3] = ["audit_chain", "audit_unsealed", "operator_token_uses"];

/// What [`dump`] shows, less what is written in the background: it changes only when somebody does something.
pub async fn deeds(url: &str) -> Vec<(String, String)> {
    let mut rows = dump(url).await;
    rows.retain(|(table, _)| !BACKGROUND.contains(&table.as_str()));
    rows
}

async fn run(sql: &str) {
    let mut connection = PgConnection::connect(&url("postgres")).await.unwrap();
    connection.execute(AssertSqlSafe(sql.to_owned())).await.unwrap();
    connection.close().await.unwrap();
}
