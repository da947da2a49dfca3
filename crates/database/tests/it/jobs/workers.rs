//! Several workers: who has a job, who may begin, and what happens when one goes away.

#![expect(clippy::unwrap_used, reason = "helpers of tests, too, fail by panicking")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gatewright_database::SystemUse;
use gatewright_database::jobs::{
    Failure, Finished, Handler, Job, JobState, Lane, Registry, Rhythm, Running, Worker, WorkerOptions,
};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use super::scene::{Scene, does, open, quick, task, until, write_effect};

/// A registry whose handlers note that they began and then wait for a permit.
fn gated(began: &Arc<Mutex<Vec<String>>>, gate: &Arc<Semaphore>) -> Registry {
    let (began, gate) = (Arc::clone(began), Arc::clone(gate));
    does(move |task, running| {
        began.lock().unwrap().push(task.name.clone());
        let gate = Arc::clone(&gate);
        Box::pin(async move {
            if let Ok(permit) = gate.acquire().await {
                permit.forget();
            }
            write_effect(&task.name, &running).await
        })
    })
}

async fn until_count(list: &Mutex<Vec<String>>, count: usize) {
    until("so many have begun", async || {
        (list.lock().unwrap().len() >= count).then_some(())
    })
    .await;
}

/// A worker that neither looks nor renews its leases by itself.
fn absent_minded() -> WorkerOptions {
    WorkerOptions {
        heartbeat: Duration::from_hours(1),
        poll: Duration::from_hours(1),
        ..quick()
    }
}

#[tokio::test]
async fn a_job_of_a_dead_worker_goes_to_another_when_its_lease_ends_and_not_before() {
    let scene = Scene::new().await;
    let (began, shut) = (Arc::default(), Arc::new(Semaphore::new(0)));
    let first = scene.worker(gated(&began, &shut));
    let id = scene.enqueue(task("one")).await;
    until_count(&began, 1).await;
    drop(first);

    let open = Arc::new(Semaphore::new(100));
    let second = scene.worker(gated(&began, &open));
    // Long enough for a claim: the worker has done another job meanwhile.
    scene.clock.advance(Duration::from_secs(29));
    let other = scene.enqueue(task("other")).await;
    scene.until_ended(other).await;
    assert_eq!(
        (scene.job(id).await.state, scene.job(id).await.attempts),
        (JobState::Running, 1)
    );
    scene.clock.advance(Duration::from_secs(1));
    let ended = scene.until_ended(id).await;
    assert_eq!((ended.state, ended.attempts), (JobState::Succeeded, 2));
    assert_eq!(scene.effects().await, ["other", "one"]);
    second.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_worker_that_lost_its_lease_cannot_finish_nor_write_progress() {
    let scene = Scene::new().await;
    let gate = Arc::new(Semaphore::new(0));
    let said = Arc::new(Mutex::new(Vec::new()));
    let (waits, says) = (Arc::clone(&gate), Arc::clone(&said));
    let zombie = does(move |task, running| {
        let (gate, said) = (Arc::clone(&waits), Arc::clone(&says));
        // On a task of its own: the worker drops a handler whose lease it knows to be lost.
        let works_on = async move {
            let _ = gate.acquire().await;
            let progress = running.progress(1, None, "still here").await;
            let finish = write_effect(&task.name, &running).await;
            let lost = matches!(progress, Err(Failure::LeaseLost)) && matches!(finish, Err(Failure::LeaseLost));
            said.lock().unwrap().push(format!("lost: {lost}"));
            finish
        };
        Box::pin(async move { tokio::spawn(works_on).await.unwrap() })
    });
    let id = scene.enqueue(task("one")).await;
    let zombie = Worker::start(scene.database.clone(), zombie, absent_minded());
    scene.until(id, |job| job.state == JobState::Running).await;
    scene.clock.advance(Duration::from_secs(30));

    let (began, hold) = (Arc::default(), Arc::new(Semaphore::new(0)));
    let heir = scene.worker(gated(&began, &hold));
    until_count(&began, 1).await;
    gate.add_permits(1);
    // While the heir is still at it: the zombie is refused because of the lease, not because of the end.
    until_count(&said, 1).await;
    assert_eq!(*said.lock().unwrap(), ["lost: true"]);
    assert_eq!(scene.job(id).await.state, JobState::Running);
    hold.add_permits(1);
    let ended = scene.until_ended(id).await;
    assert_eq!((ended.state, ended.attempts), (JobState::Succeeded, 2));
    assert!(ended.progress.is_none());
    assert_eq!(scene.effects().await, ["one"]);
    zombie.stop(Duration::from_secs(5)).await;
    heir.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_lease_is_renewed_for_as_long_as_the_handler_works() {
    let scene = Scene::new().await;
    let (began, gate) = (Arc::default(), Arc::new(Semaphore::new(0)));
    let workers = [scene.worker(gated(&began, &gate)), scene.worker(gated(&began, &gate))];
    let id = scene.enqueue(task("long")).await;
    until_count(&began, 1).await;
    for _ in 0..6 {
        scene.clock.advance(Duration::from_secs(20));
        let soon = scene.clock.now() + chrono::TimeDelta::seconds(25);
        // A heartbeat has come after the clock moved.
        until("the lease is renewed", async || {
            (lease_until(&scene).await >= soon).then_some(())
        })
        .await;
    }
    assert_eq!(scene.job(id).await.attempts, 1);
    gate.add_permits(1);
    assert_eq!(scene.until_ended(id).await.attempts, 1);
    for worker in workers {
        worker.stop(Duration::from_secs(5)).await;
    }
}

async fn lease_until(scene: &Scene) -> chrono::DateTime<chrono::Utc> {
    let mut tx = scene.database.system(SystemUse::RunJobs).await.unwrap();
    sqlx::query_scalar("SELECT due_at FROM jobs")
        .fetch_one(&mut *tx)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_job_that_kills_its_workers_ends_as_dead() {
    let scene = Scene::new().await;
    let (began, gate) = (Arc::default(), Arc::new(Semaphore::new(0)));
    let id = scene.enqueue(task("deadly")).await;
    for attempt in 1..=3 {
        let worker = scene.worker(gated(&began, &gate));
        until_count(&began, attempt).await;
        drop(worker);
        scene.clock.advance(Duration::from_secs(31));
    }
    let worker = scene.worker(gated(&began, &gate));
    let dead = scene.until_ended(id).await;
    assert_eq!((dead.state, dead.attempts), (JobState::Dead, 3));
    assert_eq!(dead.last_error.as_deref(), Some("the worker that ran it was lost"));
    assert_eq!(began.lock().unwrap().len(), 3);
    worker.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_worker_that_ends_finishes_what_it_can_and_gives_the_rest_back() {
    let scene = Scene::new().await;
    let (began, gate) = (Arc::default(), Arc::new(Semaphore::new(0)));
    let worker = scene.worker(gated(&began, &gate));
    let ids = scene.enqueue_many(3, Lane::Normal).await;
    until_count(&began, 3).await;
    let later = scene.enqueue(task("later")).await;
    until_count(&began, 4).await;
    let stopping = tokio::spawn(worker.stop(Duration::from_millis(300)));
    gate.add_permits(2);
    stopping.await.unwrap();
    assert_eq!(scene.effects().await.len(), 2);
    let (mut done, mut back) = (0, Vec::new());
    for id in ids.into_iter().chain([later]) {
        let job = scene.job(id).await;
        match job.state {
            JobState::Succeeded => done += 1,
            JobState::Queued => back.push((job.id, job.attempts)),
            other => panic!("{other}"),
        }
    }
    assert_eq!((done, back.len()), (2, 2));
    assert!(
        back.iter().all(|(_, attempts)| *attempts == 0),
        "it was not their fault"
    );

    // What came after the stop was not begun, and the next worker needs no lease to end.
    let after = scene.enqueue(task("after")).await;
    assert_eq!(began.lock().unwrap().len(), 4);
    gate.add_permits(3);
    let next = scene.worker(gated(&began, &gate));
    for id in back.into_iter().map(|(id, _)| id).chain([after]) {
        assert_eq!(scene.until_ended(id).await.attempts, 1);
    }
    next.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn no_lane_starves_another() {
    let scene = Scene::new().await;
    let (began, gate) = (Arc::default(), Arc::new(Semaphore::new(0)));
    // A flood of the lower lanes is there first.
    scene.enqueue_many(20, Lane::Bulk).await;
    scene.enqueue_many(20, Lane::Normal).await;
    let worker = scene.worker(gated(&began, &gate));
    until_count(&began, 6).await;
    // They took what they may, 4 and 2 of 8 places, and for the others there is a place at once.
    let count = |lane: Lane| {
        let prefix = format!("{lane}-");
        began
            .lock()
            .unwrap()
            .iter()
            .filter(|name| name.starts_with(&prefix))
            .count()
    };
    assert_eq!((count(Lane::Normal), count(Lane::Bulk)), (4, 2));
    scene.enqueue_many(20, Lane::Security).await;
    until_count(&began, 7).await;
    scene.enqueue_many(20, Lane::Interactive).await;
    until_count(&began, 8).await;
    assert_eq!((count(Lane::Security), count(Lane::Interactive)), (1, 1));

    // Every place that falls free goes to the highest lane, but for the one that each of the others keeps.
    gate.add_permits(8);
    until_count(&began, 16).await;
    gate.add_permits(8);
    until_count(&began, 24).await;
    let security = count(Lane::Security);
    assert!(security >= 8, "SECURITY has the most: {:?}", began.lock().unwrap());
    assert!(
        count(Lane::Bulk) >= 3 && count(Lane::Normal) >= 5,
        "and the others go on"
    );
    gate.add_permits(100);
    until("all are done", async || {
        (scene.effects().await.len() == 80).then_some(())
    })
    .await;
    worker.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_worker_claims_no_job_that_it_does_not_know() {
    let scene = Scene::new().await;
    let ignorant = scene.worker(Registry::new());
    let id = scene.enqueue(task("unknown")).await;
    until("it has looked", async || scene.database.ping().await.ok()).await;
    let knowing = scene.worker(does(|_, running| Box::pin(async move { running.finish().await })));
    let ended = scene.until_ended(id).await;
    assert_eq!((ended.state, ended.attempts), (JobState::Succeeded, 1));
    ignorant.stop(Duration::from_secs(5)).await;
    knowing.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn an_idle_worker_is_woken_and_does_not_wait_for_its_next_look() {
    let scene = Scene::new().await;
    let registry = does(|task, running| {
        Box::pin(async move {
            if task.name == "waits" {
                running.cancelled().await;
                return Err(Failure::Cancelled);
            }
            running.finish().await
        })
    });
    let worker = Worker::start(scene.database.clone(), registry, absent_minded());
    until("it listens", async || {
        let mut owner = scene.owner().await;
        let sql = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND query = 'LISTEN \"gatewright_jobs\"'";
        sqlx::query_scalar::<_, i32>(sql).fetch_optional(&mut owner).await.unwrap()
    })
    .await;
    let id = scene.enqueue(task("now")).await;
    assert_eq!(scene.until_ended(id).await.state, JobState::Succeeded);
    let id = scene.enqueue(task("waits")).await;
    scene.until(id, |job| job.state == JobState::Running).await;
    let mut tx = scene.tx().await;
    gatewright_database::jobs::manage::cancel(&mut tx, id).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(scene.until_ended(id).await.state, JobState::Cancelled);
    worker.stop(Duration::from_secs(5)).await;
}

#[derive(Clone, Serialize, Deserialize)]
struct Tick {}

impl Job for Tick {
    const KIND: &'static str = "test.tick";
}

struct CountTicks(Arc<AtomicUsize>);

impl Handler for CountTicks {
    type Job = Tick;
    async fn run(&self, _: Tick, running: &Running) -> Result<Finished, Failure> {
        assert!(running.tenant_id().is_none(), "it is the installation's");
        let finished = running.finish().await?;
        self.0.fetch_add(1, Ordering::SeqCst);
        Ok(finished)
    }
}

#[tokio::test]
async fn a_schedule_makes_one_job_for_each_time_however_many_workers_there_are() {
    let scene = Scene::new().await;
    let ticks = Arc::new(AtomicUsize::new(0));
    let mut workers = Vec::new();
    for _ in 0..3 {
        let mut registry = Registry::new();
        registry.handle(CountTicks(Arc::clone(&ticks)));
        registry.schedule(Rhythm::EverySeconds(60), Duration::from_secs(5), Tick {});
        // Each on a pool of its own, as processes are.
        let database = open(&scene.options, scene.clock.clone()).await;
        workers.push(Worker::start(database, registry, quick()));
    }
    until("the first, at once", async || {
        (ticks.load(Ordering::SeqCst) == 1).then_some(())
    })
    .await;
    for minute in 2..6 {
        let due = next_run(&scene).await;
        let wait = due - scene.clock.now();
        assert!((1..=65).contains(&wait.num_seconds()), "{wait}");
        scene.clock.advance(wait.to_std().unwrap());
        until("the next", async || {
            (ticks.load(Ordering::SeqCst) == minute).then_some(())
        })
        .await;
        until("it is moved on", async || (next_run(&scene).await > due).then_some(())).await;
    }
    // Ten hours without a worker make one job.
    for worker in workers.drain(..) {
        worker.stop(Duration::from_secs(5)).await;
    }
    scene.clock.advance(Duration::from_hours(10));
    let mut registry = does(|_, running| Box::pin(async move { running.finish().await }));
    registry.handle(CountTicks(Arc::clone(&ticks)));
    registry.schedule(Rhythm::EverySeconds(60), Duration::from_secs(5), Tick {});
    let worker = scene.worker(registry);
    until("one for all", async || {
        (ticks.load(Ordering::SeqCst) == 6).then_some(())
    })
    .await;
    assert!(next_run(&scene).await > scene.clock.now());
    let after = scene.enqueue(task("after")).await;
    scene.until_ended(after).await;
    assert_eq!(ticks.load(Ordering::SeqCst), 6);
    let mut tx = scene.database.system(SystemUse::RunJobs).await.unwrap();
    let made: i64 = sqlx::query_scalar("SELECT count(*) FROM jobs WHERE kind = 'test.tick'")
        .fetch_one(&mut *tx)
        .await
        .unwrap();
    assert_eq!(made, 6);
    drop(tx);
    worker.stop(Duration::from_secs(5)).await;
}

async fn next_run(scene: &Scene) -> chrono::DateTime<chrono::Utc> {
    let mut tx = scene.database.system(SystemUse::RunJobs).await.unwrap();
    sqlx::query_scalar("SELECT next_run_at FROM schedules")
        .fetch_one(&mut *tx)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_scheduled_job_waits_for_the_one_before() {
    let scene = Scene::new().await;
    let mut registry = Registry::new();
    registry.schedule(Rhythm::EverySeconds(60), Duration::ZERO, Tick {});
    // Nobody handles them here, so the first stays queued.
    let worker = scene.worker(registry);
    for _ in 0..3 {
        until("its time was moved on", async || {
            let mut tx = scene.database.system(SystemUse::RunJobs).await.unwrap();
            let next: Option<chrono::DateTime<chrono::Utc>> = sqlx::query_scalar("SELECT next_run_at FROM schedules")
                .fetch_optional(&mut *tx)
                .await
                .unwrap();
            next.filter(|next| *next > scene.clock.now())
        })
        .await;
        scene.clock.advance(Duration::from_mins(1));
    }
    let mut tx = scene.database.system(SystemUse::RunJobs).await.unwrap();
    let made: i64 = sqlx::query_scalar("SELECT count(*) FROM jobs")
        .fetch_one(&mut *tx)
        .await
        .unwrap();
    assert_eq!(made, 1);
    drop(tx);
    worker.stop(Duration::from_secs(5)).await;
}
