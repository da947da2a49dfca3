//! A database with a tenant, jobs that write down what they did, and workers.

#![expect(clippy::unwrap_used, reason = "helpers of tests, too, fail by panicking")]

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use gatewright_database::jobs::{
    self, Failure, Finished, Handler, Job, JobView, Lane, NewJob, Registry, Running, Worker, WorkerOptions, manage,
};
use gatewright_database::{Database, SystemUse, TenantTx};
use gatewright_types::ids::{JobId, TenantId};
use gatewright_types::{Clock, Rng};
use serde::{Deserialize, Serialize};
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, Executor, PgConnection};

use crate::fresh::{caller, migrated, two_tenants};

/// Longest wait for anything.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(5);

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Task {
    pub(super) name: String,
}

impl Job for Task {
    const KIND: &'static str = "test.task";
    const ATTEMPTS_MAX: u16 = 3;
}

pub(super) fn task(name: &str) -> NewJob<Task> {
    NewJob::new(Task { name: name.to_owned() })
}

pub(super) type Doing = Pin<Box<dyn Future<Output = Result<Finished, Failure>> + Send>>;

/// Does a task as the test says.
pub(super) struct Does<F>(pub(super) F);

impl<F: Fn(Task, Running) -> Doing + Send + Sync + 'static> Handler for Does<F> {
    type Job = Task;
    async fn run(&self, job: Task, running: &Running) -> Result<Finished, Failure> {
        (self.0)(job, running.clone()).await
    }
}

/// What a worker knows that does tasks as the test says.
pub(super) fn does<F: Fn(Task, Running) -> Doing + Send + Sync + 'static>(act: F) -> Registry {
    let mut registry = Registry::new();
    registry.handle(Does(act));
    registry
}

/// Writes the effect of a task, in the transaction that ends it.
pub(super) async fn write_effect(name: &str, running: &Running) -> Result<Finished, Failure> {
    let mut finishing = running.finish_in_tenant().await?;
    insert_effect(&mut finishing, name).await?;
    finishing.commit().await
}

/// Writes an effect in whatever transaction.
pub(super) async fn insert_effect(connection: &mut PgConnection, name: &str) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO effects (name) VALUES ($1)")
        .bind(name)
        .execute(connection)
        .await?;
    Ok(())
}

/// A worker that does not wait long for anything.
pub(super) fn quick() -> WorkerOptions {
    WorkerOptions {
        concurrency: 8,
        lease: Duration::from_secs(30),
        heartbeat: Duration::from_millis(20),
        poll: Duration::from_millis(10),
    }
}

pub(super) struct Scene {
    pub(super) options: PgConnectOptions,
    pub(super) database: Database,
    pub(super) clock: Clock,
    pub(super) tenant: TenantId,
    pub(super) other_tenant: TenantId,
}

impl Scene {
    /// One whose clock stands still.
    pub(super) async fn new() -> Arc<Self> {
        // 2027-01-15T08:00:00Z
        Self::new_with(Clock::manual(
            chrono::DateTime::from_timestamp(1_800_000_000, 0).unwrap(),
        ))
        .await
    }

    pub(super) async fn new_with(clock: Clock) -> Arc<Self> {
        let (options, mut owner) = migrated().await;
        owner
            .execute(
                "CREATE TABLE effects (name text NOT NULL, at timestamptz NOT NULL DEFAULT clock_timestamp());
                 GRANT SELECT, INSERT ON effects TO gatewright_app, gatewright_system;",
            )
            .await
            .unwrap();
        owner.close().await.unwrap();
        let database = open(&options, clock.clone()).await;
        let [tenant, other_tenant] = two_tenants(&database).await;
        Arc::new(Self {
            options,
            database,
            clock,
            tenant,
            other_tenant,
        })
    }

    pub(super) async fn tx(&self) -> TenantTx {
        self.database.tenant(caller(&self.database, self.tenant)).await.unwrap()
    }

    pub(super) async fn enqueue<J: Job>(&self, job: NewJob<J>) -> JobId {
        let mut tx = self.tx().await;
        let id = jobs::enqueue(&mut tx, job).await.unwrap();
        tx.commit().await.unwrap();
        id
    }

    pub(super) async fn enqueue_many(&self, count: usize, lane: Lane) -> Vec<JobId> {
        let mut tx = self.tx().await;
        let mut ids = Vec::new();
        for index in 0..count {
            let new = task(&format!("{lane}-{index}")).in_lane(lane);
            ids.push(jobs::enqueue(&mut tx, new).await.unwrap());
        }
        tx.commit().await.unwrap();
        ids
    }

    pub(super) fn worker(&self, registry: Registry) -> Worker {
        Worker::start(self.database.clone(), registry, quick())
    }

    pub(super) async fn job(&self, id: JobId) -> JobView {
        manage::get(&mut self.tx().await, id).await.unwrap()
    }

    /// Waits until the job is as wanted.
    pub(super) async fn until(&self, id: JobId, wanted: impl Fn(&JobView) -> bool) -> JobView {
        until("the job is as wanted", async || {
            let job = self.job(id).await;
            wanted(&job).then_some(job)
        })
        .await
    }

    pub(super) async fn until_ended(&self, id: JobId) -> JobView {
        self.until(id, |job| job.ended_at.is_some()).await
    }

    /// The names of the effects, in the order they were written.
    pub(super) async fn effects(&self) -> Vec<String> {
        let mut tx = self.database.system(SystemUse::RunJobs).await.unwrap();
        sqlx::query_scalar("SELECT name FROM effects ORDER BY at, name")
            .fetch_all(&mut *tx)
            .await
            .unwrap()
    }

    /// A connection that sees through the wall.
    pub(super) async fn owner(&self) -> PgConnection {
        PgConnection::connect_with(&self.options).await.unwrap()
    }
}

pub(super) async fn open(options: &PgConnectOptions, clock: Clock) -> Database {
    Database::open(options.clone(), 12, clock, Rng::System).await.unwrap()
}

/// Looks again and again until there is an answer.
pub(super) async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
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
