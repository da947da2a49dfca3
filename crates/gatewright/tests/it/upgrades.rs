//! The private PostgreSQL moves to another major version, with two real ones.
//!
//! The second one comes from `scripts/second-postgresql.sh --fetch`; without it these tests say so and end.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use rustix::process::Signal;
use serde_json::Value;

use crate::program::home::{Ended, Home, Running, skipped};
use crate::scene::text;

/// `PATH` with the second PostgreSQL in front, if there is one.
fn path_with_both() -> Option<String> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/second-postgresql.sh");
    let output = Command::new(script).output().unwrap();
    let bin = String::from_utf8(output.stdout).unwrap();
    if output.status.success() {
        return Some(format!("{}:{}", bin.trim(), std::env::var("PATH").unwrap()));
    }
    skipped("there is one PostgreSQL only; get another with scripts/second-postgresql.sh --fetch");
    None
}

fn done(ended: &Ended) -> &str {
    assert!(ended.status.success(), "{ended:?}");
    &ended.stdout
}

fn refused(ended: &Ended, why: &str) {
    assert!(!ended.status.success(), "{ended:?}");
    let last = ended.stderr.lines().last().unwrap();
    assert!(last.starts_with("gatewright: ") && last.contains(why), "{why}: {last}");
}

async fn admits(demo: &Value, gateway: &str) -> bool {
    let request = reqwest::Client::new()
        .get(format!("{gateway}/v1/usage/current"))
        .header("x-api-key", text(demo, "key"));
    // The demo's service is not there: what counts is that the key is known.
    request.send().await.unwrap().status() != 401
}

async fn still_serves(home: &Home, demo: &Value, variables: &[(&str, &str)]) {
    let (running, _): (Running, _) = home.serve(variables).await;
    let line = running.logged("\"message\":\"ready\"").await;
    let event: Value = serde_json::from_str(&line).unwrap();
    assert!(admits(demo, &text(&event, "gateway")).await);
    assert_eq!(running.end(Signal::TERM).await, Some(0));
}

fn cluster(home: &Home, name: &str) -> PathBuf {
    home.cluster_home().unwrap().join(name)
}

fn major(home: &Home) -> String {
    fs::read_to_string(cluster(home, "data/PG_VERSION"))
        .unwrap()
        .trim()
        .to_owned()
}

#[tokio::test]
async fn an_upgrade_keeps_all_data_and_the_old_cluster_and_can_be_interrupted_anywhere() {
    let Some(path) = path_with_both() else { return };
    let both = [("PATH", path.as_str())];
    let home = Home::new();
    let (running, demo) = home.demo(&[]).await;
    refused(&home.run(&["database", "upgrade"], &both).await, "is in use by process");
    assert_eq!(running.end(Signal::TERM).await, Some(0));
    let before = major(&home);

    // Killed in the middle: what runs on is ended, the old one serves, and the next attempt begins anew.
    let upgrade = home.start(&["database", "upgrade"], &both);
    upgrade.logged("moving the data").await;
    assert_eq!(upgrade.end(Signal::KILL).await, None);
    assert!(cluster(&home, "data.upgrade").exists());
    still_serves(&home, &demo, &both).await;
    assert_eq!(major(&home), before);

    let said = home.run(&["database", "upgrade"], &both).await;
    let kept = cluster(&home, &format!("data.{before}"));
    assert!(done(&said).contains(kept.to_str().unwrap()), "{said:?}");
    assert_eq!(major(&home), "18");
    assert!(kept.join("PG_VERSION").exists());
    still_serves(&home, &demo, &both).await;
    assert!(done(&home.run(&["database", "upgrade"], &both).await).contains("nothing was done"));

    // Killed between the two last steps.
    fs::rename(cluster(&home, "data"), cluster(&home, "data.upgrade")).unwrap();
    refused(
        &home.run(&["serve"], &both).await,
        "run `gatewright database upgrade` again",
    );
    refused(&home.run(&["database", "upgrade", "--prune"], &both).await, "again");
    done(&home.run(&["database", "upgrade"], &both).await);
    still_serves(&home, &demo, &both).await;

    // Without the programs of its version the cluster is refused with a line that says what to do.
    refused(&home.run(&["serve"], &[]).await, "created by PostgreSQL 18");
    done(&home.run(&["database", "upgrade", "--prune"], &both).await);
    assert!(!kept.exists());
    still_serves(&home, &demo, &both).await;
}

#[tokio::test]
async fn an_upgrade_by_rows_keeps_all_data_and_a_failed_one_changes_nothing() {
    let Some(path) = path_with_both() else { return };
    let both = [("PATH", path.as_str())];
    let home = Home::new();
    let (running, demo) = home.demo(&[]).await;
    done(&home.run(&["backup", "before"], &[]).await);
    assert_eq!(running.end(Signal::TERM).await, Some(0));
    let before = major(&home);
    refused(
        &home.run(&["database", "upgrade", "--to", "99"], &both).await,
        "installed are",
    );
    refused(
        &home
            .run(
                &["database", "upgrade"],
                &[("GATEWRIGHT_DATABASE_URL", "postgres://a@b/c")],
            )
            .await,
        "with its own tools",
    );
    // A database that the new version does not take: its table has a column of a type that was dropped there.
    let (running, _) = home.serve(&[]).await;
    let url = home.run(&["database", "url"], &[]).await.stdout;
    let sql = |statement: &'static str, url: String| async move {
        use sqlx::{Connection, Executor};
        let mut connection = sqlx::PgConnection::connect(url.trim()).await.unwrap();
        connection.execute(statement).await.unwrap();
        connection.close().await.unwrap();
    };
    sql("CREATE TABLE foreign_thing (t regproc)", url.clone()).await;
    assert_eq!(running.end(Signal::TERM).await, Some(0));
    refused(
        &home.run(&["database", "upgrade"], &both).await,
        "was not upgraded and is as it was",
    );
    assert_eq!(major(&home), before);
    assert!(!cluster(&home, "data.upgrade").exists());

    let said = home.run(&["database", "upgrade", "--method", "dump"], &both).await;
    done(&said);
    assert_eq!(major(&home), "18");
    still_serves(&home, &demo, &both).await;
    done(&home.run(&["backup", "after"], &both).await);

    // A backup goes to a newer version as well, and not to an older one.
    let (newer, older) = (Home::new(), Home::new());
    let before_upgrade = home.path("before").display().to_string();
    done(&newer.run(&["restore", &before_upgrade], &both).await);
    assert_eq!(major(&newer), "18");
    let after = home.path("after").display().to_string();
    refused(&older.run(&["restore", &after], &[]).await, "made from PostgreSQL 18");
}
