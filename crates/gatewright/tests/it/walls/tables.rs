//! Row-level security, table by table: what the wall holds if every query forgot its tenant.

use gatewright_database::audit::seal::SEAL_LOCK;
use gatewright_database::{Actor, Caller};
use gatewright_testkit::{TestApp, Upstream, database};
use gatewright_types::ids::{RequestId, TenantId};
use sqlx::AssertSqlSafe;

use super::World;

#[tokio::test]
async fn in_every_table_a_tenant_sees_and_writes_its_own_rows_only() {
    let app = TestApp::start().await;
    let upstream = Upstream::start().await;
    let acme = World::make(&app, "acme", &upstream).await;
    let rival = World::make(&app, "rival", &upstream).await;
    let mut owner = database::connect(&app.database_url).await;
    // One row of each tenant is sealed, and one waits: nobody seals while the lock is held.
    app.process.settle().await.unwrap();
    sqlx::query("SELECT pg_advisory_lock($1)")
        .bind(SEAL_LOCK)
        .execute(&mut owner)
        .await
        .unwrap();
    acme.who.customer("Initech").await;
    rival.who.customer("Initech").await;
    let walled: Vec<(String, String)> = sqlx::query_as(
        "SELECT c.relname::text, a.attname::text FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
           AND a.attname = CASE WHEN c.relname = 'tenants' THEN 'id' ELSE 'tenant_id' END ORDER BY 1",
    )
    .fetch_all(&mut owner)
    .await
    .unwrap();
    assert!(walled.len() >= 18, "{walled:?}");

    let (acme_id, rival_id): (TenantId, TenantId) = (acme.who.id.parse().unwrap(), rival.who.id.parse().unwrap());
    let database = app.process.database();
    let caller = || Caller {
        tenant_id: acme_id,
        actor: Actor::System,
        request_id: RequestId::mint(database.clock(), database.rng()),
    };
    for (table, column) in &walled {
        let count = format!("SELECT count(*) FROM {table} WHERE {column} = $1");
        let of = |id: TenantId| sqlx::query_scalar::<_, i64>(AssertSqlSafe(count.clone())).bind(id.uuid());
        let theirs = of(rival_id).fetch_one(&mut owner).await.unwrap();
        assert!(theirs > 0, "the scene has no row in {table}: add one");

        let mut tx = database.tenant(caller()).await.unwrap();
        assert_eq!(
            of(rival_id).fetch_one(&mut *tx).await.unwrap(),
            0,
            "{table} shows another tenant's rows"
        );
        assert!(
            of(acme_id).fetch_one(&mut *tx).await.unwrap() > 0,
            "{table} shows its own"
        );
        for verb in [
            format!("UPDATE {table} SET {column} = {column}"),
            format!("DELETE FROM {table}"),
        ] {
            let mut tx = database.tenant(caller()).await.unwrap();
            let sql = format!("{verb} WHERE {column} = '{}'", rival_id.uuid());
            // Either nothing is found or the right is missing altogether.
            match sqlx::query(AssertSqlSafe(sql)).execute(&mut *tx).await {
                Ok(done) => assert_eq!(done.rows_affected(), 0, "{verb}"),
                Err(error) => assert!(is_denied(&error), "{verb}: {error}"),
            }
        }
        // A copy of an own row with the other's tenant.
        let mut tx = database.tenant(caller()).await.unwrap();
        let sql = format!(
            "INSERT INTO {table} SELECT (jsonb_populate_record(one, jsonb_build_object('{column}', '{}'))).*
             FROM {table} AS one LIMIT 1",
            rival_id.uuid()
        );
        let error = sqlx::query(AssertSqlSafe(sql)).execute(&mut *tx).await.unwrap_err();
        assert!(is_denied(&error), "{table}: {error}");
        // And an own row handed over to the other.
        let mut tx = database.tenant(caller()).await.unwrap();
        let sql = format!("UPDATE {table} SET {column} = '{}'", rival_id.uuid());
        let error = sqlx::query(AssertSqlSafe(sql)).execute(&mut *tx).await.unwrap_err();
        assert!(is_denied(&error), "{table}: {error}");
    }
    app.stop().await;
}

/// 42501, insufficient_privilege: no right to the table, or a row that the wall refuses.
fn is_denied(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .is_some_and(|error| error.code().as_deref() == Some("42501"))
}
