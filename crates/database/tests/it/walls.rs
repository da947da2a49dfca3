//! The wall between tenants, as the catalog of a migrated database has it.

#![expect(clippy::unwrap_used, reason = "helpers of tests, too, fail by panicking")]

use std::path::PathBuf;

use gatewright_database::embedded::{EmbeddedOptions, EmbeddedPostgres, MAINTENANCE_DATABASE};
use gatewright_database::{Database, DatabaseError, SystemUse, migrate};
use gatewright_types::ids::TenantId;
use gatewright_types::{Clock, Rng};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tokio::task::{JoinSet, LocalSet};

use crate::fresh::{ADD_CUSTOMER, caller, empty, migrated, two_tenants};

async fn open(options: PgConnectOptions) -> Result<Database, DatabaseError> {
    Database::open(options, 2, Clock::System, Rng::System).await
}

/// The data directory of a private cluster, and its end: as root, the cluster lies elsewhere.
struct Cluster {
    root: tempfile::TempDir,
}

impl Cluster {
    fn new() -> Self {
        Self {
            root: tempfile::tempdir().unwrap(),
        }
    }

    async fn start(&self) -> EmbeddedPostgres {
        let options = EmbeddedOptions::new(self.root.path());
        EmbeddedPostgres::start(options, &|_| {}).await.unwrap()
    }

    fn home(&self) -> Option<PathBuf> {
        let pointer = std::fs::read(self.root.path().join("postgres.json")).ok()?;
        let pointer: serde_json::Value = serde_json::from_slice(&pointer).ok()?;
        Some(self.root.path().join(pointer["home"].as_str()?))
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // After a panic the server was asked to end by its own drop, and does without its files.
        if let Some(home) = self.home() {
            let _ = std::fs::remove_dir_all(home);
        }
    }
}

/// Texts of one column.
async fn texts(connection: &mut PgConnection, sql: &'static str) -> Vec<String> {
    sqlx::query_scalar(sql).fetch_all(connection).await.unwrap()
}

#[tokio::test]
async fn every_table_stands_behind_the_wall_or_out_of_the_application_s_reach() {
    let (_, mut connection) = migrated().await;
    let tables = "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace
                  AND relkind IN ('r', 'p', 'f') AND relname <> '_sqlx_migrations'";
    assert!(texts(&mut connection, tables).await.len() > 15);

    let bare = "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace
                AND relkind IN ('r', 'p', 'f') AND relname <> '_sqlx_migrations'
                AND NOT (relrowsecurity AND relforcerowsecurity)";
    assert_eq!(
        texts(&mut connection, bare).await,
        [""; 0],
        "row security is on, also for the owner"
    );

    // Out of reach: not one right of any kind, on the table or on a column of it.
    let within_reach = "SELECT relname::text FROM pg_class AS c WHERE relnamespace = 'public'::regnamespace
        AND relkind IN ('r', 'p', 'f', 'v', 'm')
        AND (has_table_privilege('gatewright_app', oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
             OR has_any_column_privilege('gatewright_app', oid, 'SELECT, INSERT, UPDATE, REFERENCES'))
        ORDER BY 1";
    let within_reach = texts(&mut connection, within_reach).await;
    assert!(!within_reach.contains(&"installation_tokens".to_owned()));
    assert!(!within_reach.contains(&"master_keys".to_owned()));
    assert!(!within_reach.contains(&"_sqlx_migrations".to_owned()));
    let walled = "SELECT c.relname::text FROM pg_policy AS p JOIN pg_class AS c ON c.oid = p.polrelid
        WHERE p.polroles = ARRAY['gatewright_app'::regrole::oid] AND p.polcmd = '*' AND p.polpermissive
          AND pg_get_expr(p.polqual, p.polrelid)
              = CASE WHEN c.relname = 'tenants' THEN '(id = gatewright_tenant())' ELSE '(tenant_id = gatewright_tenant())' END
          AND pg_get_expr(p.polwithcheck, p.polrelid) = pg_get_expr(p.polqual, p.polrelid)
        ORDER BY 1";
    assert_eq!(
        texts(&mut connection, walled).await,
        within_reach,
        "one wall each, for reading and writing"
    );

    let other_policies = "SELECT polname || ' of ' || polrelid::regclass FROM pg_policy
        WHERE polroles <> ARRAY['gatewright_app'::regrole::oid] AND polroles <> ARRAY['gatewright_system'::regrole::oid]
           OR polname NOT IN ('tenant_wall', 'system_access')";
    assert_eq!(
        texts(&mut connection, other_policies).await,
        [""; 0],
        "no policy opens the wall to others"
    );

    let truncatable = "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
        AND (has_table_privilege('gatewright_app', oid, 'TRUNCATE') OR has_table_privilege('gatewright_system', oid, 'TRUNCATE'))";
    assert_eq!(
        texts(&mut connection, truncatable).await,
        [""; 0],
        "TRUNCATE does not ask the wall"
    );
}

#[tokio::test]
async fn no_reference_leads_from_one_tenant_to_another() {
    let (_, mut connection) = migrated().await;
    let references =
        "SELECT count(*)::text FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace";
    assert!(texts(&mut connection, references).await[0].parse::<usize>().unwrap() > 15);
    // Each goes to a tenant itself, or to the name of a master key, which is nobody's, or carries the
    // tenant's column to the tenant's column.
    let crossing = "SELECT conrelid::regclass || ': ' || pg_get_constraintdef(f.oid) FROM pg_constraint AS f
        WHERE contype = 'f' AND connamespace = 'public'::regnamespace AND confrelid <> 'master_keys'::regclass
          AND NOT (confrelid = 'tenants'::regclass
                   AND conkey = ARRAY(SELECT attnum FROM pg_attribute WHERE attrelid = conrelid AND attname = 'tenant_id'))
          AND NOT EXISTS (
            SELECT FROM unnest(conkey, confkey) AS pair (ours, theirs)
            JOIN pg_attribute AS a ON a.attrelid = conrelid AND a.attnum = pair.ours AND a.attname = 'tenant_id'
            JOIN pg_attribute AS b ON b.attrelid = confrelid AND b.attnum = pair.theirs AND b.attname = 'tenant_id')";
    assert_eq!(texts(&mut connection, crossing).await, [""; 0]);
    let nullable = "SELECT attrelid::regclass::text FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND attname = 'tenant_id' AND NOT attnotnull";
    assert_eq!(
        texts(&mut connection, nullable).await,
        ["jobs"],
        "no row is without a tenant but the installation's own jobs, which nobody sees inside of one"
    );
}

#[tokio::test]
async fn nothing_but_search_runs_with_more_rights_than_its_caller() {
    let (_, mut connection) = migrated().await;
    let definers =
        "SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosecdef";
    assert_eq!(
        texts(&mut connection, definers).await,
        ["gatewright_search_docs(text,text,uuid,boolean,integer)"],
        "a function that is SECURITY DEFINER asks gatewright_tenant() for the tenant itself, as this one does"
    );
    let careless =
        "SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosecdef
        AND (has_function_privilege('public', oid, 'EXECUTE') OR NOT 'search_path=pg_catalog, public' = ANY(proconfig)
             OR position('gatewright_tenant()' IN prosrc) = 0)";
    assert_eq!(
        texts(&mut connection, careless).await,
        [""; 0],
        "it is ours alone, and what it names cannot be put in its way"
    );
    let views = "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND (relkind = 'm'
        OR relkind = 'v' AND NOT coalesce('security_invoker=true' = ANY(reloptions), false))";
    assert_eq!(
        texts(&mut connection, views).await,
        [""; 0],
        "a view reads as its owner unless it says otherwise"
    );
    let roles = "SELECT rolname::text FROM pg_roles WHERE rolname IN ('gatewright_app', 'gatewright_system')
        AND NOT (rolsuper OR rolbypassrls OR rolcanlogin OR rolinherit OR rolcreaterole OR rolcreatedb OR rolreplication) ORDER BY 1";
    assert_eq!(
        texts(&mut connection, roles).await,
        ["gatewright_app", "gatewright_system"]
    );
    let owned = "SELECT relname::text FROM pg_class WHERE relowner IN ('gatewright_app'::regrole, 'gatewright_system'::regrole)";
    assert_eq!(texts(&mut connection, owned).await, [""; 0]);
    let may_become = "SELECT roleid::regrole::text FROM pg_auth_members WHERE member = 'gatewright_system'::regrole
        OR member = 'gatewright_app'::regrole AND roleid <> 'gatewright_system'::regrole";
    assert_eq!(texts(&mut connection, may_become).await, [""; 0]);
    let creators = "SELECT 'public' WHERE has_schema_privilege('gatewright_app', 'public', 'CREATE')
        OR has_schema_privilege('gatewright_system', 'public', 'CREATE')";
    assert_eq!(texts(&mut connection, creators).await, [""; 0], "they make nothing");
}

async fn customers(connection: &mut PgConnection) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM customers")
        .fetch_one(connection)
        .await
        .unwrap()
}

fn is_denied(error: &sqlx::Error) -> bool {
    // 42501: insufficient_privilege, which a row that the wall refuses is as well.
    error
        .as_database_error()
        .is_some_and(|error| error.code().as_deref() == Some("42501"))
}

#[tokio::test]
async fn a_tenant_s_transaction_sees_and_writes_one_tenant() {
    let (options, mut owner) = migrated().await;
    let database = open(options).await.unwrap();
    let [ours, theirs] = two_tenants(&database).await;
    assert_eq!(customers(&mut owner).await, 2);

    let mut tx = database.tenant(caller(&database, ours)).await.unwrap();
    assert_eq!(customers(&mut tx).await, 1);
    let changed = sqlx::query("UPDATE customers SET name = 'mine' WHERE tenant_id = $1").bind(theirs.uuid());
    assert_eq!(changed.execute(&mut *tx).await.unwrap().rows_affected(), 0);
    let deleted = sqlx::query("DELETE FROM customers WHERE tenant_id = $1").bind(theirs.uuid());
    assert_eq!(deleted.execute(&mut *tx).await.unwrap().rows_affected(), 0);
    sqlx::query(ADD_CUSTOMER)
        .bind(ours.uuid())
        .execute(&mut *tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    for sql in [ADD_CUSTOMER, "UPDATE customers SET tenant_id = $1"] {
        let mut tx = database.tenant(caller(&database, ours)).await.unwrap();
        let refused = sqlx::query(sql)
            .bind(theirs.uuid())
            .execute(&mut *tx)
            .await
            .unwrap_err();
        assert!(is_denied(&refused), "{sql}: {refused}");
    }
    assert_eq!(customers(&mut owner).await, 3);
}

#[tokio::test]
async fn a_connection_keeps_nothing_of_the_tenant_it_worked_for() {
    let (options, _) = migrated().await;
    let database = Database::open(options.clone(), 1, Clock::System, Rng::System)
        .await
        .unwrap();
    let [ours, theirs] = two_tenants(&database).await;
    // One connection: committed or dropped, and the same again for the other tenant.
    for (tenant, commits) in [(ours, true), (theirs, false), (ours, false), (theirs, true)] {
        let mut tx = database.tenant(caller(&database, tenant)).await.unwrap();
        assert_eq!(customers(&mut tx).await, 1);
        if commits {
            tx.commit().await.unwrap();
        } else {
            drop(tx);
        }
        let mut tx = database.system(SystemUse::ManageTenants).await.unwrap();
        assert_eq!(customers(&mut tx).await, 2);
        tx.close().await.unwrap();
    }
    database.close().await;

    // What the pool's role sees without a tenant, set or unset: nothing.
    let mut bare = PgConnection::connect_with(&options.options([("role", "gatewright_app")]))
        .await
        .unwrap();
    assert_eq!(customers(&mut bare).await, 0);
    bare.execute("SET gatewright.tenant_id = ''").await.unwrap();
    assert_eq!(customers(&mut bare).await, 0);
    let refused = sqlx::query(ADD_CUSTOMER)
        .bind(ours.uuid())
        .execute(&mut bare)
        .await
        .unwrap_err();
    assert!(is_denied(&refused), "{refused}");
    for sql in [
        "SELECT FROM installation_tokens",
        "SELECT FROM _sqlx_migrations",
        "TRUNCATE customers",
        "CREATE TABLE mine ()",
    ] {
        let refused = sqlx::query(sql).execute(&mut bare).await.unwrap_err();
        assert!(is_denied(&refused), "{sql}: {refused}");
    }
}

#[tokio::test]
async fn a_mistyped_tenant_is_an_error_and_not_a_way_through() {
    let (options, _) = migrated().await;
    let database = open(options.clone()).await.unwrap();
    two_tenants(&database).await;
    let mut bare = PgConnection::connect_with(&options.options([("role", "gatewright_app")]))
        .await
        .unwrap();
    bare.execute("SET gatewright.tenant_id = 'everybody'").await.unwrap();
    let refused = sqlx::query("SELECT FROM customers").fetch_all(&mut bare).await;
    assert!(refused.is_err());
}

/// Roles belong to a whole cluster, so this one is nobody else's.
#[tokio::test]
async fn a_role_that_could_bypass_the_wall_is_refused() {
    let cluster = Cluster::new();
    let postgres = cluster.start().await;
    let options = postgres.connect_options(MAINTENANCE_DATABASE);
    migrate(&options).await.unwrap();
    // The superuser connects, and the pool still runs as the role that is walled.
    let database = open(options.clone()).await.unwrap();
    let mut tx = database.system(SystemUse::KeepHouse).await.unwrap();
    let role: String = sqlx::query_scalar("SELECT current_user::text")
        .fetch_one(&mut *tx)
        .await
        .unwrap();
    assert_eq!(role, "gatewright_system");
    tx.close().await.unwrap();
    let mut tx = database
        .tenant(caller(&database, TenantId::mint(&Clock::System, &Rng::System)))
        .await
        .unwrap();
    let role: String = sqlx::query_scalar("SELECT current_user::text")
        .fetch_one(&mut *tx)
        .await
        .unwrap();
    assert_eq!(role, "gatewright_app");
    drop(tx);
    database.close().await;

    let mut owner = PgConnection::connect_with(&options).await.unwrap();
    for (bad, good) in [
        (
            "ALTER ROLE gatewright_app BYPASSRLS",
            "ALTER ROLE gatewright_app NOBYPASSRLS",
        ),
        (
            "ALTER ROLE gatewright_app SUPERUSER",
            "ALTER ROLE gatewright_app NOSUPERUSER",
        ),
        (
            "CREATE TABLE theirs (); ALTER TABLE theirs OWNER TO gatewright_app",
            "DROP TABLE theirs",
        ),
    ] {
        owner.execute(bad).await.unwrap();
        let refused = open(options.clone()).await.expect_err(bad);
        assert!(
            matches!(&refused, DatabaseError::UnsafeRole { role, .. } if role == "gatewright_app"),
            "{bad}: {refused}"
        );
        owner.execute(good).await.unwrap();
        open(options.clone()).await.expect("as before").close().await;
    }
    owner.close().await.unwrap();
    postgres.stop().await.unwrap();
}

/// Migrates each in a task of its own; returns how many steps each took.
async fn migrate_at_once(databases: Vec<PgConnectOptions>) -> Vec<usize> {
    let mut tasks = JoinSet::new();
    let local = LocalSet::new();
    for options in databases {
        tasks.spawn_local_on(async move { migrate(&options).await.unwrap() }, &local);
    }
    local.run_until(tasks.join_all()).await
}

#[tokio::test]
async fn migrations_that_start_at_once_all_succeed_and_apply_once() {
    let options = empty().await;
    migrate_at_once(vec![options.clone(); 8]).await;
    let mut connection = PgConnection::connect_with(&options).await.unwrap();
    let applied = "SELECT version::text FROM _sqlx_migrations WHERE success ORDER BY version";
    let applied = texts(&mut connection, applied).await;
    let migrations = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations"))
        .unwrap()
        .count();
    assert_eq!(applied.len(), migrations, "{applied:?}");
    assert_eq!(migrate(&options).await.unwrap(), 0, "and nothing is left to do");
}

/// Roles belong to the cluster, and every database of a new one wants to make them.
#[tokio::test]
async fn databases_of_a_new_cluster_may_be_migrated_at_the_same_time() {
    let cluster = Cluster::new();
    let postgres = cluster.start().await;
    let mut owner = PgConnection::connect_with(&postgres.connect_options(MAINTENANCE_DATABASE))
        .await
        .unwrap();
    let mut databases = Vec::new();
    for name in ["one", "two", "three", "four"] {
        owner
            .execute(AssertSqlSafe(format!("CREATE DATABASE {name}")))
            .await
            .unwrap();
        databases.push(postgres.connect_options(name));
    }
    assert!(migrate_at_once(databases).await.iter().all(|steps| *steps > 0));
    owner.close().await.unwrap();
    postgres.stop().await.unwrap();
}
