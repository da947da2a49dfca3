pub(super) mod export_provisioning_attempts;
pub(super) mod get_provisioning_statistics;
pub(super) mod list_dead_letters;
pub(super) mod list_provisioning_attempts;
pub(super) mod replay_dead_letters;
