//! `serve --role`: several processes on one PostgreSQL.

use std::time::Duration;

use gatewright_testkit::database;
use reqwest::StatusCode;
use rustix::process::Signal;
use serde_json::Value;

use super::home::{Home, Running};
use super::refusal;

/// Only so that a broken program fails a test instead of hanging it.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(20);

async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    tokio::time::timeout(PATIENCE, async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(PAUSE).await;
        }
    })
    .await
    .unwrap_or_else(|_| panic!("waited too long: {what}"))
}

/// Starts a process in a role and returns what it says when it is ready.
async fn start(home: &Home, url: &str, role: &str) -> (Running, Value) {
    let variables = [
        ("GATEWRIGHT_DATABASE_URL", url),
        ("GATEWRIGHT_HEALTH_ADDR", "127.0.0.1:0"),
        ("GATEWRIGHT_LOG_FORMAT", "json"),
        ("GATEWRIGHT_LOG", "info"),
    ];
    let running = home.start(&["serve", "--role", role], &variables);
    let ready = until(&format!("{role} is ready"), async || {
        let log = running.log();
        let mut lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines.find(|line| line["message"].as_str().unwrap_or_default().ends_with("ready"))
    })
    .await;
    (running, ready)
}

async fn status(url: &str) -> StatusCode {
    reqwest::get(url).await.unwrap().status()
}

async fn count(url: &str, sql: &'static str) -> i64 {
    let mut owner = database::connect(url).await;
    sqlx::query_scalar(sql).fetch_one(&mut owner).await.unwrap()
}

const DONE: &str = "SELECT count(*) FROM jobs WHERE kind LIKE 'housekeeping.%' AND state = 'SUCCEEDED'";
const MADE: &str = "SELECT count(*) FROM jobs WHERE kind LIKE 'housekeeping.%'";

async fn all_come_due_and_are_done(url: &str, altogether: i64) {
    let sql = "WITH due AS (UPDATE schedules SET next_run_at = now() WHERE name LIKE 'housekeeping.%' RETURNING name) SELECT count(*) FROM due";
    assert_eq!(count(url, sql).await, 2);
    until("it is done", async || {
        (count(url, DONE).await >= altogether).then_some(())
    })
    .await;
    assert_eq!(count(url, MADE).await, altogether);
    let sql = "SELECT count(*) FROM schedules WHERE next_run_at <= now() AND name LIKE 'housekeeping.%'";
    assert_eq!(count(url, sql).await, 0, "each has its next time");
    rest(url).await;
}

/// So that the full hour, should it strike right now, changes nothing.
async fn rest(url: &str) {
    let sql = "WITH rested AS (UPDATE schedules SET next_run_at = now() + interval '1 day' WHERE name LIKE 'housekeeping.%' RETURNING name) SELECT count(*) FROM rested";
    assert_eq!(count(url, sql).await, 2);
}

#[tokio::test]
async fn a_control_plane_and_workers_are_processes_of_their_own_on_one_database() {
    let (home, url) = (Home::new(), database::create().await);
    let (control, ready) = start(&home, &url, "control").await;
    let api = ready["api"].as_str().unwrap().to_owned();
    let front = api.trim_end_matches("/api/v1").to_owned();
    assert_eq!(status(&format!("{front}/health/ready")).await, 200);
    assert_eq!(status(&format!("{api}/jobs")).await, 401, "the API is there");
    assert!(ready.get("gateway").is_none(), "{ready}");
    assert_eq!(count(&url, MADE).await, 0, "it does no jobs");

    let (first, ready) = start(&home, &url, "worker").await;
    let health = format!("http://{}", ready["health"].as_str().unwrap());
    for (path, expected) in [
        ("/health/live", 200),
        ("/health/ready", 200),
        ("/api/v1/jobs", 404),
        ("/", 404),
    ] {
        assert_eq!(status(&format!("{health}{path}")).await, expected, "{path}");
    }
    until("housekeeping is done at once", async || {
        (count(&url, DONE).await == 2).then_some(())
    })
    .await;

    rest(&url).await;

    // Two workers make one job of each kind when its time comes, and so does the one that is left.
    let (second, _) = start(&home, &url, "worker").await;
    all_come_due_and_are_done(&url, 4).await;
    all_come_due_and_are_done(&url, 6).await;
    assert_eq!(first.end_now().await, None, "killed");
    all_come_due_and_are_done(&url, 8).await;

    assert_eq!(second.end(Signal::TERM).await, Some(0));
    assert_eq!(control.end(Signal::TERM).await, Some(0));
}

#[tokio::test]
async fn one_process_of_all_roles_does_the_housekeeping_as_well() {
    let (home, url) = (Home::new(), database::create().await);
    let (all, ready) = start(&home, &url, "all").await;
    assert!(ready["api"].is_string() && ready["gateway"].is_string(), "{ready}");
    until("housekeeping is done", async || {
        (count(&url, DONE).await == 2).then_some(())
    })
    .await;
    assert_eq!(all.end(Signal::TERM).await, Some(0));
}

#[tokio::test]
async fn a_role_that_cannot_be_is_refused() {
    let home = Home::new();
    let alone = home.run(&["serve", "--role", "worker"], &[]).await;
    assert!(refusal(&alone).contains("database_url"), "{alone:?}");
    let url = [("GATEWRIGHT_DATABASE_URL", "postgres://nobody@127.0.0.1/none")];
    let idle = [
        url[0],
        ("GATEWRIGHT_WORKER_CONCURRENCY", "0"),
        ("GATEWRIGHT_ROLE", "worker"),
    ];
    let idle = home.run(&["serve"], &idle).await;
    assert!(refusal(&idle).contains("worker_concurrency"), "{idle:?}");
    let unknown = home.run(&["serve"], &[("GATEWRIGHT_ROLE", "cook")]).await;
    assert!(refusal(&unknown).contains("GATEWRIGHT_ROLE"), "{unknown:?}");
    assert!(!home.data_dir().exists());
}
