pub(super) mod export_audit_events;
pub(super) mod list_audit_events;
pub(super) mod list_installation_audit_events;
