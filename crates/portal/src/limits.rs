//! Every limit of this crate, by name.

use std::time::Duration;

use chrono::TimeDelta;

/// Most descriptions of a tenant.
pub const SPECS_PER_TENANT_MAX: usize = 200;
/// Longest document, in bytes.
pub const DOCUMENT_MAX_BYTES: usize = 16 * 1024 * 1024;
/// Longest address of a document, in bytes.
pub const SOURCE_URL_MAX_BYTES: usize = 2_048;
/// Longest fetch of a document, from looking the name up to the answer's end.
pub const FETCH_TIMEOUT: Duration = Duration::from_secs(60);
/// Most redirects on the way to a document.
pub const FETCH_REDIRECTS_MAX: usize = 5;

/// Most documents that one refers to, directly and through others.
pub const REMOTE_DOCUMENTS_MAX: usize = 32;
/// Longest of them, and all of them together, in bytes.
pub const REMOTE_DOCUMENT_MAX_BYTES: usize = 4 * 1024 * 1024;
/// See [`REMOTE_DOCUMENT_MAX_BYTES`].
pub const REMOTE_DOCUMENTS_MAX_BYTES: usize = 16 * 1024 * 1024;
/// How far a document may refer to one that refers to another.
pub const REMOTE_DEPTH_MAX: usize = 5;

/// Documents that are compiled at once in a process: each may take a few hundred MiB.
pub const COMPILE_AT_ONCE: usize = 1;
/// Longest wait for a turn to compile.
pub const COMPILE_TURN_TIMEOUT: Duration = Duration::from_mins(5);
/// Bytes of rows that one statement writes.
pub const BATCH_BYTES: usize = 2 * 1024 * 1024;
/// Most bytes of HTML that is kept while a document is rendered, so that what occurs often is rendered once.
pub const RENDERED_KEPT_BYTES: usize = 16 * 1024 * 1024;

/// Most findings of a revision that are kept; how many there were is told.
pub const FINDINGS_MAX: usize = 500;
/// Most changes of a revision that are kept; how many there were is told.
pub const CHANGES_MAX: usize = 1_000;
/// Revisions whose documents are kept, besides the published one; those are what can be rolled back to.
pub const DOCUMENTS_KEPT: i64 = 20;
/// Revisions that are known, besides the published one.
pub const REVISIONS_KEPT: i64 = 100;

/// Shortest and longest time between two looks at a source, in minutes.
pub const SYNC_MINUTES_MIN: i32 = 5;
/// See [`SYNC_MINUTES_MIN`].
pub const SYNC_MINUTES_MAX: i32 = 7 * 24 * 60;
/// How much later than planned a look may be: so many parts of the time between two.
pub const SYNC_JITTER_PART: i32 = 10;
/// Longest pause after looks that failed.
pub const SYNC_BACKOFF_MAX: TimeDelta = TimeDelta::hours(24);
/// How old or new a signed request to look may be.
pub const SIGNED_AT_TOLERANCE: TimeDelta = TimeDelta::minutes(5);
/// Longest body of a signed request to look, in bytes.
pub const SYNC_BODY_MAX_BYTES: usize = 1024 * 1024;
/// How often it is asked which sources are due, in seconds.
pub const DUE_EVERY_SECONDS: u32 = 30;
/// Sources that are made due by one look.
pub const DUE_AT_ONCE: i64 = 500;

/// Longest text that is searched for, in characters; the rest is not looked at.
pub const QUERY_MAX: usize = 200;
/// Most words of it.
pub const QUERY_WORDS_MAX: usize = 8;
/// Most results of a search.
pub const RESULTS_MAX: i32 = 50;
/// Longest excerpt, in characters.
pub const EXCERPT_MAX: usize = 200;
/// How much of a description is searched, in bytes.
pub const SEARCHED_MAX_BYTES: usize = 8 * 1024;
