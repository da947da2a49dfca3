//! Which handler does which kind of job, and what is scheduled.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::enqueue;
use super::handler::{Failure, Finished, Handler, Running};
use super::model::{Job, NewJob};
use super::schedule::{Rhythm, Scheduled};
use crate::Database;

pub(super) type Attempt = Pin<Box<dyn Future<Output = Result<Finished, Failure>> + Send>>;

/// What a worker can do. A worker claims no job of a kind that it does not know.
#[derive(Default)]
pub struct Registry {
    pub(super) handlers: HashMap<&'static str, Entry>,
    pub(super) schedules: Vec<Scheduled>,
}

#[derive(Clone)]
pub(super) struct Entry {
    pub(super) time_limit: Duration,
    pub(super) run: Arc<dyn Fn(Value, Running) -> Attempt + Send + Sync>,
}

impl Registry {
    /// Nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a handler; one that was there for the same kind is replaced.
    pub fn handle<H: Handler>(&mut self, handler: H) -> &mut Self {
        let handler = Arc::new(handler);
        let run = move |payload: Value, running: Running| -> Attempt {
            let handler = Arc::clone(&handler);
            Box::pin(async move {
                // The error is not shown: it can quote the payload.
                let job = serde_json::from_value(payload)
                    .map_err(|_| Failure::Fatal("its payload is not what its kind expects".to_owned()))?;
                handler.run(job, &running).await
            })
        };
        let entry = Entry {
            time_limit: H::Job::TIME_LIMIT,
            run: Arc::new(run),
        };
        self.handlers.insert(H::Job::KIND, entry);
        self
    }

    /// Enqueues `job` for the installation again and again, each time up to `jitter` late, and not while the one
    /// before has not ended. The name is the job's kind.
    pub fn schedule<J: Job + Clone>(&mut self, rhythm: Rhythm, jitter: Duration, job: J) -> &mut Self {
        let row = move |database: &Database| {
            let (clock, rng) = (database.clock(), database.rng());
            enqueue::row(
                NewJob::new(job.clone()).unique("schedule"),
                None,
                clock,
                rng,
                clock.now(),
            )
        };
        self.schedules.push(Scheduled {
            name: J::KIND,
            rhythm,
            jitter,
            row: Box::new(row),
        });
        self
    }
}
