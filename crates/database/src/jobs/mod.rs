//! Work that outlives a request: enqueued by the transaction that needs it, done by a worker.
//!
//! # What a domain writes
//! 1. A payload that says what is to be done, and implements [`Job`] with a name.
//! 2. `jobs::enqueue(&mut tx, NewJob::new(payload))` in the use case's own transaction: there is a job exactly
//!    when there is an effect. [`NewJob`] can wait ([`at`](NewJob::at)), be [`unique`](NewJob::unique) or hurry.
//! 3. A [`Handler`] for it, given to the [`Registry`] of the worker.
//!
//! # Guarantees
//! * A job runs **at least once**: a worker may die after the work and before it could say so. So a handler is
//!   idempotent, or does what must happen once in the transaction that ends the job
//!   ([`Running::finish_in_tenant`], [`Running::finish_across`]): those **database effects happen exactly once**.
//! * No transaction is open while a handler works. A worker holds a job by a *lease*, which it renews; a lease
//!   that has run out may be claimed by anybody, and with it who held it can neither write progress nor end the
//!   job. This does not depend on clocks that agree; clocks that differ by more than a lease's length only make
//!   work be done twice.
//! * An attempt is counted when it is claimed, so a job that kills its worker ends as DEAD. Between attempts it
//!   waits: 2 s, doubled each time, at most an hour, with jitter.
//! * Of a unique job, one waits or runs. What asks for it while it runs makes it run once more, however that run ends.
//! * No lane starves another ([`lanes`]). Within a lane, what is due longest comes first.
//! * Of a worker that ends in good order, jobs that do not finish in time go back without a counted attempt.
//!
//! # Where to start
//! [`model`] is what a job is, [`enqueue()`] and [`manage`] what is done with it, [`handler`] what does it,
//! [`worker`] what runs handlers, [`schedule`] what enqueues by itself.

mod attempt;
pub mod backoff;
pub mod enqueue;
pub mod figures;
pub mod handler;
pub mod lanes;
mod leases;
pub mod manage;
pub mod model;
pub mod registry;
pub mod schedule;
mod store;
pub mod worker;

pub use enqueue::{enqueue, enqueue_across};
pub use handler::{Failure, Finished, Handler, Running};
pub use model::{Job, JobError, JobState, JobView, Lane, NewJob};
pub use registry::Registry;
pub use schedule::Rhythm;
pub use worker::{Worker, WorkerOptions};
