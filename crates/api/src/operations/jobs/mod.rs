pub(super) mod cancel_job;
pub(super) mod get_job;
pub(super) mod list_jobs;
pub(super) mod replay_job;
