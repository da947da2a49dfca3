//! New databases of the PostgreSQL for tests.

#![expect(clippy::unwrap_used, reason = "helpers of tests, too, fail by panicking")]

use std::str::FromStr;
use std::sync::atomic::{AtomicUsize, Ordering};

use gatewright_database::{Actor, Caller, Database, SystemUse, migrate};
use gatewright_types::ids::{RequestId, TenantId};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

static COUNT: AtomicUsize = AtomicUsize::new(0);

/// A new, empty database of the PostgreSQL for tests, as the user that owns it.
pub(crate) async fn empty() -> PgConnectOptions {
    let url = std::env::var("GATEWRIGHT_TEST_DATABASE_URL")
        .expect("run tests with `make test`, or scripts/with-postgres.sh cargo test …");
    let options = PgConnectOptions::from_str(&url).unwrap();
    let name = format!("fresh_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let mut connection = PgConnection::connect_with(&options).await.unwrap();
    connection
        .execute(AssertSqlSafe(format!("CREATE DATABASE {name}")))
        .await
        .unwrap();
    connection.close().await.unwrap();
    options.database(&name)
}

pub(crate) async fn migrated() -> (PgConnectOptions, PgConnection) {
    let options = empty().await;
    assert!(migrate(&options).await.unwrap() > 0);
    let connection = PgConnection::connect_with(&options).await.unwrap();
    (options, connection)
}

/// Two tenants, each with a customer.
pub(crate) async fn two_tenants(database: &Database) -> [TenantId; 2] {
    let ids = [(); 2].map(|()| TenantId::mint(database.clock(), database.rng()));
    let mut tx = database.system(SystemUse::ManageTenants).await.unwrap();
    for id in ids {
        let sql = "INSERT INTO tenants (id, name, slug, created_at) VALUES ($1, 'T', $2, now())";
        sqlx::query(sql)
            .bind(id.uuid())
            .bind(id.to_string())
            .execute(&mut *tx)
            .await
            .unwrap();
        sqlx::query(ADD_CUSTOMER)
            .bind(id.uuid())
            .execute(&mut *tx)
            .await
            .unwrap();
    }
    tx.commit().await.unwrap();
    ids
}

pub(crate) const ADD_CUSTOMER: &str = "INSERT INTO customers (tenant_id, id, kind, name, created_at, updated_at)
    VALUES ($1, gen_random_uuid(), 'ORGANIZATION', 'C', now(), now())";

pub(crate) fn caller(database: &Database, tenant_id: TenantId) -> Caller {
    let request_id = RequestId::mint(database.clock(), database.rng());
    Caller {
        tenant_id,
        actor: Actor::System,
        request_id,
    }
}
