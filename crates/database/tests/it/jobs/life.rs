//! One job from the transaction that enqueues it to its end.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gatewright_database::jobs::model::{PAYLOAD_MAX_BYTES, UNIQUE_KEY_MAX};
use gatewright_database::jobs::{self, Failure, JobError, JobState, Lane, manage};
use gatewright_database::{Database, SystemUse};
use gatewright_types::ids::JobId;
use tokio::sync::Semaphore;

use super::scene::{Scene, does, insert_effect, task, until, write_effect};
use crate::fresh::caller;

#[tokio::test]
async fn a_job_exists_exactly_when_the_transaction_that_enqueued_it_has_committed() {
    let scene = Scene::new().await;
    let worker = scene.worker(does(|task, running| {
        Box::pin(async move { write_effect(&task.name, &running).await })
    }));
    let mut tx = scene.tx().await;
    let given_up = jobs::enqueue(&mut tx, task("given up")).await.unwrap();
    drop(tx);
    let kept = scene.enqueue(task("kept")).await;
    let ended = scene.until_ended(kept).await;
    assert_eq!((ended.state, ended.attempts), (JobState::Succeeded, 1));
    assert_eq!(scene.effects().await, ["kept"]);
    let missing = manage::get(&mut scene.tx().await, given_up).await;
    assert!(matches!(missing, Err(JobError::NotFound(_))));
    worker.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_failure_waits_longer_each_time_and_the_last_one_is_kept_for_people() {
    let scene = Scene::new().await;
    let attempts = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&attempts);
    let worker = scene.worker(does(move |_, running| {
        counted.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move { Err(Failure::Retry(format!("attempt {} failed", running.attempt()))) })
    }));
    let id = scene.enqueue(task("fails")).await;
    let mut waits = Vec::new();
    for attempt in 1..3 {
        let job = scene
            .until(id, |job| job.state == JobState::Queued && job.attempts == attempt)
            .await;
        assert_eq!(job.last_error.as_deref(), Some(&*format!("attempt {attempt} failed")));
        let wait = (job.run_at.unwrap() - scene.clock.now()).to_std().unwrap();
        // One millisecond before its time it is not claimed, however often workers look.
        scene.clock.advance(wait - Duration::from_millis(1));
        until("a worker has looked", async || scene.database.ping().await.ok()).await;
        assert_eq!(scene.job(id).await.attempts, attempt);
        scene.clock.advance(Duration::from_millis(1));
        waits.push(wait);
    }
    let dead = scene.until_ended(id).await;
    assert_eq!((dead.state, dead.attempts), (JobState::Dead, 3));
    assert_eq!(dead.last_error.as_deref(), Some("attempt 3 failed"));
    assert_eq!(attempts.load(Ordering::SeqCst), 3);
    assert!(
        (1..=2).contains(&waits[0].as_secs()) && (2..=4).contains(&waits[1].as_secs()),
        "{waits:?}"
    );
    worker.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_dead_job_is_replayed_with_all_its_attempts() {
    let scene = Scene::new().await;
    let well = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&well);
    let worker = scene.worker(does(move |task, running| {
        let well = seen.load(Ordering::SeqCst) == 1;
        Box::pin(async move {
            match task.name.as_str() {
                _ if well => write_effect(&task.name, &running).await,
                "hopeless" => Err(Failure::Fatal("it can never work".to_owned())),
                _ => {
                    let pause = Duration::ZERO;
                    let why = "not yet".to_owned();
                    Err(Failure::RetryAfter { pause, why })
                }
            }
        })
    }));
    let hopeless = scene.enqueue(task("hopeless")).await;
    let failed = scene.until_ended(hopeless).await;
    assert_eq!((failed.state, failed.attempts), (JobState::Failed, 1));
    assert_eq!(failed.last_error.as_deref(), Some("it can never work"));
    let dead = scene.enqueue(task("later")).await;
    assert_eq!(scene.until_ended(dead).await.state, JobState::Dead);

    well.store(1, Ordering::SeqCst);
    for id in [hopeless, dead] {
        let mut tx = scene.tx().await;
        let replayed = manage::replay(&mut tx, id).await.unwrap();
        assert_eq!((replayed.state, replayed.attempts), (JobState::Queued, 0));
        tx.commit().await.unwrap();
        let ended = scene.until_ended(id).await;
        assert_eq!(
            (ended.state, ended.attempts, ended.last_error),
            (JobState::Succeeded, 1, None)
        );
        let again = manage::replay(&mut scene.tx().await, id).await;
        assert!(matches!(again, Err(JobError::State { .. })), "{again:?}");
    }
    assert_eq!(scene.effects().await, ["hopeless", "later"]);
    worker.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_dead_job_is_not_replayed_while_another_has_its_unique_key() {
    let scene = Scene::new().await;
    let worker = scene.worker(does(|_, _| {
        Box::pin(async { Err(Failure::Fatal("on purpose".to_owned())) })
    }));
    let dead = scene.enqueue(task("dead").unique("k")).await;
    assert_eq!(scene.until_ended(dead).await.state, JobState::Failed);
    worker.stop(Duration::from_secs(5)).await;
    let heir = scene.enqueue(task("heir").unique("k")).await;
    let refused = manage::replay(&mut scene.tx().await, dead).await;
    assert!(matches!(refused, Err(JobError::Replaced(_))), "{refused:?}");
    cancel(&scene, heir).await.unwrap();
    let mut tx = scene.tx().await;
    assert_eq!(manage::replay(&mut tx, dead).await.unwrap().state, JobState::Queued);
}

#[tokio::test]
async fn a_panic_is_a_failed_attempt_and_the_worker_goes_on() {
    let scene = Scene::new().await;
    let worker = scene.worker(does(|task, running| {
        assert!(
            task.name != "bad" || running.attempt() == 3,
            "on purpose, before the first await"
        );
        Box::pin(async move {
            assert!(task.name != "bad" || running.attempt() == 3, "on purpose");
            write_effect(&task.name, &running).await
        })
    }));
    let bad = scene.enqueue(task("bad")).await;
    let job = scene.until(bad, |job| job.last_error.is_some()).await;
    assert_eq!(
        (job.state, job.last_error.as_deref()),
        (JobState::Queued, Some("the handler panicked"))
    );
    let good = scene.enqueue(task("good")).await;
    assert_eq!(scene.until_ended(good).await.state, JobState::Succeeded);
    scene.clock.advance(Duration::from_secs(10));
    scene
        .until(bad, |job| job.attempts == 2 && job.state == JobState::Queued)
        .await;
    scene.clock.advance(Duration::from_secs(10));
    let ended = scene.until_ended(bad).await;
    assert_eq!((ended.state, ended.attempts), (JobState::Succeeded, 3));
    worker.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_unique_job_is_there_once_until_it_has_ended() {
    let scene = Scene::new().await;
    let first = scene.enqueue(task("a").unique("k")).await;
    assert_eq!(scene.enqueue(task("b").unique("k")).await, first);
    assert_ne!(scene.enqueue(task("c").unique("other")).await, first);
    // Another tenant's key is another key, and so is the installation's.
    let mut tx = scene
        .database
        .tenant(caller(&scene.database, scene.other_tenant))
        .await
        .unwrap();
    let theirs = jobs::enqueue(&mut tx, task("theirs").unique("k")).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = scene.database.system(SystemUse::RunJobs).await.unwrap();
    let nobodys = jobs::enqueue_across(&mut tx, &scene.database, None, task("nobody's").unique("k"));
    let nobodys = nobodys.await.unwrap();
    let again = jobs::enqueue_across(&mut tx, &scene.database, None, task("nobody's").unique("k"));
    assert_eq!(again.await.unwrap(), nobodys, "also where there is no tenant");
    tx.commit().await.unwrap();
    assert!(theirs != first && nobodys != first && nobodys != theirs);

    let worker = scene.worker(does(|task, running| {
        Box::pin(async move {
            let mut finishing = running.finish_across(SystemUse::RunJobs).await?;
            insert_effect(&mut finishing, &task.name).await?;
            finishing.commit().await
        })
    }));
    scene.until_ended(first).await;
    let second = scene.enqueue(task("d").unique("k")).await;
    assert_ne!(second, first, "its key is free again");
    scene.until_ended(second).await;
    until("all are done", async || {
        (scene.effects().await.len() == 5).then_some(())
    })
    .await;
    worker.stop(Duration::from_secs(5)).await;

    // Of many that enqueue at once, one makes it.
    let ids = futures_ids(&scene).await;
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
}

/// Whoever asks while it runs may have changed what it has looked at already.
#[tokio::test]
async fn a_unique_job_that_is_asked_for_while_it_runs_runs_again_however_that_run_ends() {
    let scene = Scene::new().await;
    let gate = Arc::new(Semaphore::new(0));
    let begun = Arc::new(Mutex::new(Vec::<String>::new()));
    let (held, noted) = (Arc::clone(&gate), Arc::clone(&begun));
    let worker = scene.worker(does(move |task, running| {
        let (gate, begun) = (Arc::clone(&held), Arc::clone(&noted));
        Box::pin(async move {
            let earlier = {
                let mut begun = begun.lock().unwrap();
                begun.push(task.name.clone());
                begun.iter().filter(|name| **name == task.name).count() - 1
            };
            gate.acquire().await.unwrap().forget();
            match task.name.as_str() {
                "fails" if earlier == 0 => Err(Failure::Fatal("for good".to_owned())),
                "retries" if earlier == 0 => Err(Failure::Retry("not yet".to_owned())),
                "cancelled" | "withdrawn" if earlier == 0 => Err(Failure::Cancelled),
                name => write_effect(name, &running).await,
            }
        })
    }));
    let runs = async |name: &str| begun.lock().unwrap().iter().filter(|one| *one == name).count();
    let until_run = async |name: &str, times: usize| {
        until("it runs", async || (runs(name).await == times).then_some(())).await;
    };
    for name in ["succeeds", "fails", "retries", "cancelled"] {
        let id = scene.enqueue(task(name).unique(name)).await;
        until_run(name, 1).await;
        if name == "cancelled" {
            cancel(&scene, id).await.unwrap();
        }
        // Asked for twice meanwhile, it runs once more, after the run that is under way.
        assert_eq!(scene.enqueue(task(name).unique(name)).await, id);
        assert_eq!(scene.enqueue(task(name).unique(name)).await, id);
        assert_eq!(runs(name).await, 1, "never two at once");
        gate.add_permits(1);
        until_run(name, 2).await;
        let again = scene.job(id).await;
        assert_eq!((again.state, again.attempts), (JobState::Running, 1), "{name}");
        assert!(!again.cancel_requested, "{name}");
        gate.add_permits(1);
        assert_eq!(scene.until_ended(id).await.state, JobState::Succeeded, "{name}");
        assert_eq!(runs(name).await, 2, "{name}");
    }
    assert_eq!(
        scene.effects().await.len(),
        5,
        "the first run of one, and the second of all"
    );

    // Cancelled after it was asked for: that was the last word.
    let id = scene.enqueue(task("withdrawn").unique("withdrawn")).await;
    until_run("withdrawn", 1).await;
    scene.enqueue(task("withdrawn").unique("withdrawn")).await;
    cancel(&scene, id).await.unwrap();
    gate.add_permits(1);
    assert_eq!(scene.until_ended(id).await.state, JobState::Cancelled);
    worker.stop(Duration::from_secs(5)).await;
}

async fn futures_ids(scene: &Arc<Scene>) -> Vec<JobId> {
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let scene = Arc::clone(scene);
        tasks.spawn(async move { scene.enqueue(task("at once").unique("at once")).await });
    }
    tasks.join_all().await
}

#[tokio::test]
async fn a_queued_job_is_cancelled_at_once_and_a_running_one_is_asked() {
    let scene = Scene::new().await;
    let later = scene.clock.now() + chrono::TimeDelta::hours(1);
    let waiting = scene.enqueue(task("waiting").at(later)).await;
    let cancelled = cancel(&scene, waiting).await.unwrap();
    assert_eq!((cancelled.state, cancelled.attempts), (JobState::Cancelled, 0));
    assert!(matches!(cancel(&scene, waiting).await, Err(JobError::State { .. })));

    let worker = scene.worker(does(|task, running| {
        Box::pin(async move {
            running.cancelled().await;
            match task.name.as_str() {
                "heeds" => Err(Failure::Cancelled),
                "fails" => Err(Failure::Retry("meanwhile".to_owned())),
                _ => write_effect(&task.name, &running).await,
            }
        })
    }));
    for (name, expected) in [
        ("heeds", JobState::Cancelled),
        ("fails", JobState::Cancelled),
        ("does not care", JobState::Succeeded),
    ] {
        let id = scene.enqueue(task(name)).await;
        scene.until(id, |job| job.state == JobState::Running).await;
        let asked = cancel(&scene, id).await.unwrap();
        assert_eq!((asked.state, asked.cancel_requested), (JobState::Running, true));
        assert_eq!(scene.until_ended(id).await.state, expected, "{name}");
    }
    worker.stop(Duration::from_secs(5)).await;
}

async fn cancel(scene: &Scene, id: JobId) -> Result<jobs::JobView, JobError> {
    let mut tx = scene.tx().await;
    let job = manage::cancel(&mut tx, id).await?;
    tx.commit().await?;
    Ok(job)
}

#[tokio::test]
async fn progress_is_seen_while_the_job_runs() {
    let scene = Scene::new().await;
    let go_on = Arc::new(Semaphore::new(0));
    let gate = Arc::clone(&go_on);
    let worker = scene.worker(does(move |_, running| {
        let gate = Arc::clone(&gate);
        Box::pin(async move {
            running.progress(3, Some(10), "three of ten").await?;
            let _ = gate.acquire().await;
            running.finish().await
        })
    }));
    let id = scene.enqueue(task("counts")).await;
    let job = scene.until(id, |job| job.progress.is_some()).await;
    let progress = job.progress.unwrap();
    assert_eq!((progress.done, progress.total), (3, Some(10)));
    assert_eq!(progress.message.as_deref(), Some("three of ten"));
    go_on.add_permits(1);
    assert_eq!(scene.until_ended(id).await.state, JobState::Succeeded);
    worker.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn what_is_too_long_is_refused_before_it_is_stored() {
    let scene = Scene::new().await;
    let mut tx = scene.tx().await;
    let long = jobs::enqueue(&mut tx, task(&"x".repeat(PAYLOAD_MAX_BYTES))).await;
    assert!(matches!(long, Err(JobError::Unacceptable { .. })));
    let key = "k".repeat(UNIQUE_KEY_MAX + 1);
    let long = jobs::enqueue(&mut tx, task("a").unique(key)).await;
    assert!(matches!(long, Err(JobError::Unacceptable { .. })));
}

#[tokio::test]
async fn a_tenant_sees_no_job_of_another_or_of_the_installation() {
    let scene = Scene::new().await;
    let ours = scene.enqueue(task("ours")).await;
    let mut tx = scene.database.system(SystemUse::RunJobs).await.unwrap();
    let nobodys = jobs::enqueue_across(&mut tx, &scene.database, None, task("nobody's"))
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let theirs = async |database: &Database| database.tenant(caller(database, scene.other_tenant)).await.unwrap();
    for id in [ours, nobodys] {
        let mut tx = theirs(&scene.database).await;
        assert!(matches!(manage::get(&mut tx, id).await, Err(JobError::NotFound(_))));
        assert!(matches!(manage::cancel(&mut tx, id).await, Err(JobError::NotFound(_))));
        assert!(matches!(manage::replay(&mut tx, id).await, Err(JobError::NotFound(_))));
    }
    // Without the WHERE clauses, too: the wall alone.
    let mut tx = theirs(&scene.database).await;
    let seen: i64 = sqlx::query_scalar("SELECT count(*) FROM jobs")
        .fetch_one(&mut *tx)
        .await
        .unwrap();
    assert_eq!(seen, 0);
    let changed = sqlx::query("UPDATE jobs SET cancel_requested = true")
        .execute(&mut *tx)
        .await
        .unwrap();
    assert_eq!(changed.rows_affected(), 0);
    for sql in [
        "INSERT INTO jobs (id, kind, lane, payload, state, attempts, attempts_max, due_at, created_at)
           VALUES (gen_random_uuid(), 'x', 'NORMAL', '{}', 'QUEUED', 0, 1, now(), now())",
        "DELETE FROM jobs",
        "SELECT FROM schedules",
    ] {
        let mut tx = theirs(&scene.database).await;
        let refused = sqlx::query(sql).execute(&mut *tx).await.unwrap_err();
        let code = refused.as_database_error().and_then(sqlx::error::DatabaseError::code);
        assert_eq!(code.as_deref(), Some("42501"), "{sql}: {refused}");
    }
}

#[tokio::test]
async fn jobs_are_removed_seven_days_after_their_end() {
    let scene = Scene::new().await;
    let worker = scene.worker(does(|_, running| Box::pin(async move { running.finish().await })));
    let ended = scene.enqueue(task("ended")).await;
    scene.until_ended(ended).await;
    worker.stop(Duration::from_secs(5)).await;
    let waiting = scene.enqueue(task("waiting").in_lane(Lane::Bulk)).await;
    scene.clock.advance(Duration::from_hours(24 * 7));
    assert_eq!(manage::remove_ended(&scene.database).await.unwrap(), 0);
    scene.clock.advance(Duration::from_millis(1));
    assert_eq!(manage::remove_ended(&scene.database).await.unwrap(), 1);
    assert_eq!(
        scene.job(waiting).await.state,
        JobState::Queued,
        "what has not ended stays"
    );
}
