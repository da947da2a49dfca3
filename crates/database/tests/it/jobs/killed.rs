//! Workers that are processes of their own, and are killed.

#![expect(clippy::unwrap_used, reason = "helpers of tests, too, fail by panicking")]

use std::process::{Child, Command, Stdio};
use std::str::FromStr;
use std::time::Duration;

use gatewright_database::Database;
use gatewright_database::jobs::{Failure, Finished, Handler, Job, NewJob, Registry, Running, Worker, WorkerOptions};
use gatewright_types::{Clock, Rng};
use serde::{Deserialize, Serialize};
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, Executor};

use super::scene::{Scene, insert_effect, until};

/// Tells the helper which database to work for.
const HELPER_DATABASE: &str = "GATEWRIGHT_TEST_WORKER_DATABASE";
const JOBS: usize = 300;
const WORKERS: usize = 3;
const KILLS: usize = 15;

#[derive(Serialize, Deserialize)]
struct Deed {
    name: String,
    takes_ms: u64,
}

impl Job for Deed {
    const KIND: &'static str = "test.deed";
    // More than there are kills: none may end as DEAD.
    const ATTEMPTS_MAX: u16 = 100;
}

struct DoDeeds;

impl Handler for DoDeeds {
    type Job = Deed;

    async fn run(&self, deed: Deed, running: &Running) -> Result<Finished, Failure> {
        // In a transaction of its own, so it stays when the attempt comes to nothing.
        let mut tx = running.database().tenant(running.caller()?).await?;
        sqlx::query("INSERT INTO begun (name, attempt) VALUES ($1, $2)")
            .bind(&deed.name)
            .bind(running.attempt())
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        // The work itself.
        tokio::time::sleep(Duration::from_millis(deed.takes_ms)).await;
        let mut finishing = running.finish_in_tenant().await?;
        insert_effect(&mut finishing, &deed.name).await?;
        finishing.commit().await
    }
}

/// Not a test: what the next one runs as processes of their own. It works until it is killed.
#[tokio::test]
async fn helper_that_works_until_killed() {
    let Ok(name) = std::env::var(HELPER_DATABASE) else {
        return;
    };
    let options = PgConnectOptions::from_str(&std::env::var("GATEWRIGHT_TEST_DATABASE_URL").unwrap()).unwrap();
    let database = Database::open(options.database(&name), 8, Clock::System, Rng::System)
        .await
        .unwrap();
    let mut registry = Registry::new();
    registry.handle(DoDeeds);
    let options = WorkerOptions {
        concurrency: 8,
        lease: Duration::from_millis(800),
        heartbeat: Duration::from_millis(150),
        poll: Duration::from_millis(50),
    };
    let _worker = Worker::start(database, registry, options);
    std::future::pending::<()>().await;
}

/// A worker's process; killed when dropped.
struct Process(Child);

impl Process {
    fn start(database: &str) -> Self {
        let this_module = module_path!().split_once("::").unwrap().1;
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", &format!("{this_module}::helper_that_works_until_killed")])
            .env(HELPER_DATABASE, database)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self(child)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // SIGKILL.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn each_effect_happens_exactly_once_however_often_workers_are_killed() {
    // The helpers run on the machine's clock, so what is enqueued has to be due by it.
    let scene = Scene::new_with(Clock::System).await;
    let mut owner = scene.owner().await;
    owner
        .execute(
            "CREATE TABLE begun (name text NOT NULL, attempt int NOT NULL); GRANT INSERT ON begun TO gatewright_app",
        )
        .await
        .unwrap();
    for index in 0..JOBS {
        let takes_ms = u64::from(Rng::System.bytes::<1>()[0]) / 4;
        let name = format!("{index}");
        scene.enqueue(NewJob::new(Deed { name, takes_ms })).await;
    }
    let database = scene.options.get_database().unwrap();
    let mut workers: Vec<Process> = (0..WORKERS).map(|_| Process::start(database)).collect();
    for kill in 0..KILLS {
        // At a random moment while jobs run: when some more have begun than at the kill before.
        let goal = i64::from(Rng::System.bytes::<1>()[0] % 12) + 4;
        let before = count(&mut owner, "SELECT count(*) FROM begun").await;
        until("jobs begin", async || {
            let begun = count(&mut owner, "SELECT count(*) FROM begun").await;
            let left = count(&mut owner, "SELECT count(*) FROM jobs WHERE ended_at IS NULL").await;
            (begun >= before + goal || left == 0).then_some(())
        })
        .await;
        workers[kill % WORKERS] = Process::start(database);
    }
    until("all have ended", async || {
        let left = count(&mut owner, "SELECT count(*) FROM jobs WHERE ended_at IS NULL").await;
        (left == 0).then_some(())
    })
    .await;
    drop(workers);

    let jobs = i64::try_from(JOBS).unwrap();
    assert_eq!(
        count(&mut owner, "SELECT count(*) FROM jobs WHERE state = 'SUCCEEDED'").await,
        jobs
    );
    assert_eq!(count(&mut owner, "SELECT count(*) FROM effects").await, jobs);
    assert_eq!(
        count(&mut owner, "SELECT count(DISTINCT name) FROM effects").await,
        jobs
    );
    // Kills hit jobs that were being worked on, and each attempt has a number of its own that the job has counted.
    let again = count(&mut owner, "SELECT count(*) FROM jobs WHERE attempts > 1").await;
    assert!(again > 0, "no kill has hit a job");
    let twice = "SELECT count(*) FROM (SELECT FROM begun GROUP BY name, attempt HAVING count(*) > 1) AS twice";
    assert_eq!(count(&mut owner, twice).await, 0);
    let miscounted =
        "SELECT count(*) FROM jobs JOIN (SELECT name, max(attempt) AS last FROM begun GROUP BY name) AS begun
                      ON begun.name = payload->>'name' WHERE attempts <> last";
    assert_eq!(count(&mut owner, miscounted).await, 0);
    owner.close().await.unwrap();
}

async fn count(connection: &mut sqlx::PgConnection, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(connection).await.unwrap()
}
