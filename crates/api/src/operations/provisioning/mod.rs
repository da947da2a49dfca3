//! What workers did on connected gateways, and looking at what gateways have: a plan that is applied, or drift.

pub(super) mod apply_provisioning_run;
pub(super) mod create_provisioning_run;
pub(super) mod export_provisioning_attempts;
pub(super) mod get_provisioning_run;
pub(super) mod get_provisioning_statistics;
pub(super) mod list_dead_letters;
pub(super) mod list_provisioning_attempts;
pub(super) mod list_provisioning_findings;
pub(super) mod list_provisioning_runs;
pub(super) mod replay_dead_letters;
