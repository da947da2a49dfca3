//! What claims jobs and runs their handlers.
//!
//! A worker is a few tasks: one claims and begins jobs (`claim_and_run`), one renews leases and looks after jobs whose worker was
//! lost (`keep`), one listens to the database (`listen`), one enqueues what is scheduled (`tick`).
//! NOTIFY wakes the first at once; where one is lost, it looks by itself every [`WorkerOptions::poll`].

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::task::{JoinHandle, JoinSet};

use super::attempt::attempt;
use super::handler::Running;
use super::lanes::Lanes;
use super::leases::{self, Leases};
use super::model::Lane;
use super::registry::Registry;
use super::{schedule, store};
use crate::{Database, DatabaseError, SystemUse};

/// Longest wait for the leases that are given back at the end.
const GIVE_BACK_TIMEOUT: Duration = Duration::from_secs(5);

/// How a worker works.
#[derive(Clone, Debug)]
pub struct WorkerOptions {
    /// Most jobs at once; at least [`super::lanes::CONCURRENCY_MIN`].
    pub concurrency: usize,
    /// How long a job stays with a worker that does not renew its lease.
    pub lease: Duration,
    /// How often leases are renewed: several times in a lease's length.
    pub heartbeat: Duration,
    /// How often the worker looks for jobs without being woken.
    pub poll: Duration,
}

impl Default for WorkerOptions {
    fn default() -> Self {
        Self {
            concurrency: 8,
            lease: Duration::from_secs(30),
            heartbeat: Duration::from_secs(8),
            poll: Duration::from_secs(1),
        }
    }
}

/// A worker that runs. Dropped without [`stop`](Self::stop), it ends as if it had been killed.
pub struct Worker {
    shared: Arc<Shared>,
    stop: watch::Sender<bool>,
    main: AbortOnDrop,
    others: JoinSet<()>,
}

/// What the tasks of a worker share.
pub(super) struct Shared {
    pub(super) database: Database,
    pub(super) registry: Registry,
    pub(super) leases: Leases,
    options: WorkerOptions,
    kinds: Vec<String>,
    /// Something may be due.
    due: Notify,
    /// A job that runs was cancelled, perhaps one of ours.
    cancelled: Notify,
}

struct AbortOnDrop(JoinHandle<JoinSet<Lane>>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Worker {
    /// Starts one.
    pub fn start(database: Database, registry: Registry, options: WorkerOptions) -> Self {
        let kinds = registry.handlers.keys().map(|kind| (*kind).to_owned()).collect();
        let shared = Arc::new(Shared {
            database,
            registry,
            leases: Leases::default(),
            options,
            kinds,
            due: Notify::new(),
            cancelled: Notify::new(),
        });
        let (stop, stopped) = watch::channel(false);
        let mut others = JoinSet::new();
        others.spawn(keep(Arc::clone(&shared)));
        others.spawn(listen(Arc::clone(&shared)));
        others.spawn(tick(Arc::clone(&shared)));
        let main = AbortOnDrop(tokio::spawn(claim_and_run(Arc::clone(&shared), stopped)));
        Self {
            shared,
            stop,
            main,
            others,
        }
    }

    /// Claims nothing more, lets what runs finish for at most `drain`, and gives the rest back.
    pub async fn stop(mut self, drain: Duration) {
        self.stop.send_replace(true);
        let Ok(mut running) = (&mut self.main.0).await else {
            tracing::error!("the worker has panicked; its jobs run again when their leases end");
            return;
        };
        let finished = tokio::time::timeout(drain, async { while running.join_next().await.is_some() {} }).await;
        if finished.is_err() {
            // Ended before their leases are given back, so that none works on beside its successor.
            running.shutdown().await;
            let giving = self.shared.leases.give_back(&self.shared.database);
            match tokio::time::timeout(GIVE_BACK_TIMEOUT, giving).await {
                Ok(Ok(jobs)) => tracing::warn!(jobs, "jobs were given back unfinished"),
                _ => tracing::warn!("jobs could not be given back; they run again when their leases end"),
            }
        }
        self.others.shutdown().await;
    }
}

/// Claims and begins jobs until told to stop; returns what still runs.
async fn claim_and_run(shared: Arc<Shared>, mut stopped: watch::Receiver<bool>) -> JoinSet<Lane> {
    let mut lanes = Lanes::new(shared.options.concurrency);
    let mut running = JoinSet::new();
    loop {
        while let Some(ended) = running.try_join_next() {
            free(&mut lanes, ended);
        }
        if let Err(error) = claim(&shared, &mut lanes, &mut running).await {
            tracing::warn!(%error, "jobs could not be claimed");
        }
        tokio::select! {
            _ = stopped.wait_for(|stop| *stop) => return running,
            Some(ended) = running.join_next() => free(&mut lanes, ended),
            () = shared.due.notified() => {}
            () = tokio::time::sleep(shared.options.poll) => {}
        }
    }
}

fn free(lanes: &mut Lanes, ended: Result<Lane, tokio::task::JoinError>) {
    match ended {
        Ok(lane) => lanes.ended(lane),
        // Handlers' panics are caught further down.
        Err(error) => tracing::error!(%error, "a place of the worker is lost"),
    }
}

/// Claims as much as there are places for, from the highest lane down.
async fn claim(shared: &Arc<Shared>, lanes: &mut Lanes, running: &mut JoinSet<Lane>) -> Result<(), DatabaseError> {
    if Lane::ALL.iter().all(|lane| lanes.free(*lane) == 0) {
        return Ok(());
    }
    let database = &shared.database;
    let now = database.clock().now();
    let token = uuid::Builder::from_random_bytes(database.rng().bytes()).into_uuid();
    let mut tx = database.system(SystemUse::RunJobs).await?;
    let mut all = Vec::new();
    // Counted in a copy: what is not committed was not claimed.
    let mut counted = lanes.clone();
    for lane in Lane::ALL {
        let limit = i64::try_from(counted.free(*lane)).unwrap_or(0);
        if limit == 0 {
            continue;
        }
        let claimed = store::claim(
            &mut tx,
            *lane,
            &shared.kinds,
            limit,
            token,
            now,
            now + shared.options.lease,
        )
        .await?;
        counted.begun(*lane, claimed.len());
        all.extend(claimed.into_iter().map(|one| (*lane, one)));
    }
    if all.is_empty() {
        return tx.close().await;
    }
    tx.commit().await?;
    *lanes = counted;
    for (lane, claimed) in all {
        let job = Running::new(database.clone(), &claimed, token);
        shared.leases.add(job.clone());
        let shared = Arc::clone(shared);
        running.spawn(async move {
            attempt(&shared, &job, claimed).await;
            shared.leases.forget(&job);
            lane
        });
    }
    Ok(())
}

/// Renews leases on time, and at once when a job was cancelled.
async fn keep(shared: Arc<Shared>) {
    let mut beats = tokio::time::interval(shared.options.heartbeat);
    beats.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let beat = tokio::select! {
            _ = beats.tick() => true,
            () = shared.cancelled.notified() => false,
        };
        if let Err(error) = shared.leases.renew(&shared.database, shared.options.lease).await {
            tracing::warn!(%error, "leases of jobs could not be renewed");
        }
        if beat && let Err(error) = leases::end_lost(&shared.database).await {
            tracing::warn!(%error, "jobs of lost workers could not be ended");
        }
    }
}

/// Wakes the others when the database says so; listens again when the connection is lost.
async fn listen(shared: Arc<Shared>) {
    loop {
        if let Err(error) = listen_once(&shared).await {
            tracing::debug!(%error, "not woken by the database for a while");
        }
        tokio::time::sleep(shared.options.poll).await;
    }
}

async fn listen_once(shared: &Shared) -> Result<(), DatabaseError> {
    let mut listener = shared.database.listen(store::CHANNEL).await?;
    loop {
        match listener.recv().await?.payload() {
            store::CANCEL_MESSAGE => shared.cancelled.notify_one(),
            _ => shared.due.notify_one(),
        }
    }
}

/// Enqueues what is scheduled.
async fn tick(shared: Arc<Shared>) {
    if shared.registry.schedules.is_empty() {
        return;
    }
    let mut registered = false;
    loop {
        let done = async {
            if !registered {
                schedule::register(&shared.database, &shared.registry).await?;
                registered = true;
            }
            schedule::tick(&shared.database, &shared.registry).await
        };
        if let Err(error) = done.await {
            tracing::warn!(%error, "what is scheduled could not be enqueued");
        }
        tokio::time::sleep(shared.options.poll).await;
    }
}
