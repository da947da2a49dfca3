pub(super) mod create_tenant;
pub(super) mod get_tenant;
pub(super) mod list_tenants;
