//! Every limit of the playground, by name.

use std::time::Duration;

/// Longest request to the playground, in bytes: a body of [`BODY_MAX_BYTES`] in base64, and what stands around it.
pub const REQUEST_MAX_BYTES: usize = 15 * 1024 * 1024;
/// Longest body that is sent on, in bytes.
pub const BODY_MAX_BYTES: usize = 10 * 1024 * 1024;
/// Longest answer that is shown, in bytes; of a longer one the beginning.
pub const ANSWER_MAX_BYTES: usize = 1024 * 1024;
/// How much of a request's body a run shows, in bytes.
pub const EXCERPT_MAX_BYTES: usize = 2 * 1024;
/// Longest call.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(30);
/// Longest call of an operation that answers with a stream of events.
pub const STREAM_TIMEOUT: Duration = Duration::from_secs(60);
/// Longest rest between two parts of an answer.
pub const PAUSE_TIMEOUT: Duration = Duration::from_secs(30);
/// Longest head of an answer, in bytes.
pub const HEAD_MAX_BYTES: usize = 64 * 1024;
/// Most fields of an answer's head.
pub const FIELDS_MAX: usize = 100;
/// Most calls that a process has under way.
pub const AT_ONCE_MAX: usize = 64;
/// Most calls that a developer has under way in a process.
pub const AT_ONCE_OF_DEVELOPER_MAX: usize = 4;
/// Most keys that somebody can choose among: the newest.
pub const KEYS_MAX: u16 = 100;
/// Runs that are kept of a developer's calls of one operation.
pub const RUNS_OF_OPERATION_MAX: i64 = 10;
/// Runs that are kept of a developer.
pub const RUNS_MAX: i64 = 50;
/// How long a run is kept, in days.
pub const RUNS_KEPT_DAYS: i64 = 30;
/// Longest values that are kept with a run, in bytes of JSON.
pub const VALUES_KEPT_MAX_BYTES: usize = 64 * 1024;
/// Most errors that are told of a body.
pub const ERRORS_MAX: usize = 50;
/// Longest body that is judged while somebody types, in bytes.
pub const JUDGED_MAX_BYTES: usize = 256 * 1024;
