//! What a job is.

use chrono::{DateTime, Utc};
use gatewright_types::ids::JobId;
use gatewright_types::text_enum;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::time::Duration;
use utoipa::ToSchema;

/// Longest payload, in bytes of JSON: a job names what it works on and does not carry it.
pub const PAYLOAD_MAX_BYTES: usize = 64 * 1024;
/// Longest unique key.
pub const UNIQUE_KEY_MAX: usize = 255;
/// Longest error or progress message that is kept; the rest is cut off.
pub const MESSAGE_MAX_CHARS: usize = 1000;

text_enum! {
    /// How urgent a job is. Each lane has a place of its own in every worker; the rest goes to the first lane
    /// with something due.
    pub enum Lane {
        /// Ends somebody's access.
        Security = "SECURITY",
        /// Somebody is waiting for it.
        Interactive = "INTERACTIVE",
        /// Everything else.
        Normal = "NORMAL",
        /// Large, and in no hurry.
        Bulk = "BULK",
    }
}

text_enum! {
    /// Where a job stands.
    pub enum JobState {
        /// Waits for its time, or for a worker; also between two attempts.
        Queued = "QUEUED",
        /// A worker is at it.
        Running = "RUNNING",
        /// Done.
        Succeeded = "SUCCEEDED",
        /// Given up by its handler: trying again would not help.
        Failed = "FAILED",
        /// Given up because its attempts are used up.
        Dead = "DEAD",
        /// Cancelled before it was done.
        Cancelled = "CANCELLED",
    }
}

/// A kind of work: what has to be known to do it.
///
/// It is stored as JSON and must hold no secret. A later release has to understand what an earlier one
/// has queued: add fields with a default, never change one's meaning.
pub trait Job: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Its name, `<domain>.<what>`; unique in the program, never reused.
    const KIND: &'static str;
    /// How urgent it is unless a [`NewJob`] says otherwise.
    const LANE: Lane = Lane::Normal;
    /// How often it is tried.
    const ATTEMPTS_MAX: u16 = 10;
    /// Longest time one attempt may take.
    const TIME_LIMIT: Duration = Duration::from_mins(10);
}

/// A job to be enqueued.
#[derive(Debug)]
pub struct NewJob<J> {
    /// What has to be known to do it.
    pub payload: J,
    /// How urgent it is.
    pub lane: Lane,
    /// Not before; none: at once.
    pub run_at: Option<DateTime<Utc>>,
    /// Among the jobs of its kind and tenant that have not ended there is at most one with this key.
    pub unique_key: Option<String>,
}

impl<J: Job> NewJob<J> {
    /// To be done at once, in its kind's lane.
    pub const fn new(payload: J) -> Self {
        Self {
            payload,
            lane: J::LANE,
            run_at: None,
            unique_key: None,
        }
    }

    /// The same, not before `run_at`.
    #[must_use]
    pub fn at(self, run_at: DateTime<Utc>) -> Self {
        let run_at = Some(run_at);
        Self { run_at, ..self }
    }

    /// The same, unless one of this kind with this key waits already; one that runs is to run again then.
    #[must_use]
    pub fn unique(self, key: impl Into<String>) -> Self {
        let unique_key = Some(key.into());
        Self { unique_key, ..self }
    }

    /// The same, as urgent as this.
    #[must_use]
    pub fn in_lane(self, lane: Lane) -> Self {
        Self { lane, ..self }
    }
}

/// A job as the API shows it: without its payload, which is the program's own affair.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct JobView {
    /// Its id.
    pub id: JobId,
    /// What kind of work it is.
    #[schema(example = "notify.send_mail")]
    pub kind: String,
    /// How urgent it is.
    pub lane: Lane,
    /// Where it stands.
    pub state: JobState,
    /// How often it was begun.
    pub attempts: i32,
    /// How often it is begun at most.
    pub attempts_max: i32,
    /// When it runs at the earliest; null unless it is QUEUED.
    pub run_at: Option<DateTime<Utc>>,
    /// Whether it was asked to end while it was running.
    pub cancel_requested: bool,
    /// How far it is; null where it has not said.
    pub progress: Option<Progress>,
    /// Why its last attempt failed; null where none has.
    pub last_error: Option<String>,
    /// When it was enqueued.
    pub created_at: DateTime<Utc>,
    /// When its last attempt began; null before the first.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended; null where it has not.
    pub ended_at: Option<DateTime<Utc>>,
}

/// How far a job is.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    /// How much is done.
    pub done: i64,
    /// Of how much; null where that is not known.
    pub total: Option<i64>,
    /// What it is at.
    pub message: Option<String>,
}

/// What can go wrong with jobs, besides the database.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// The database.
    #[error(transparent)]
    Database(#[from] crate::DatabaseError),
    /// There is no such job, or it is another tenant's.
    #[error("there is no job {0}")]
    NotFound(JobId),
    /// Its state does not allow that.
    #[error("the job is {state}; {allowed}")]
    State {
        /// Where it stands.
        state: JobState,
        /// What would be allowed.
        allowed: &'static str,
    },
    /// Another job with its unique key has not ended.
    #[error("another job with the unique key of {0} has not ended")]
    Replaced(JobId),
    /// Its payload or its key is too long, or cannot be written as JSON.
    #[error("job {kind}: {why}")]
    Unacceptable {
        /// Its kind.
        kind: &'static str,
        /// What is wrong.
        why: String,
    },
}

impl From<sqlx::Error> for JobError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}

/// The beginning of a message, as long as one is kept.
pub(super) fn cut(message: &str) -> String {
    // PostgreSQL's text cannot hold NUL.
    message
        .chars()
        .filter(|letter| *letter != '\0')
        .take(MESSAGE_MAX_CHARS)
        .collect()
}
