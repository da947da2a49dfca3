pub(super) mod change_gateway;
pub(super) mod create_gateway;
pub(super) mod delete_gateway;
pub(super) mod get_gateway;
pub(super) mod list_gateways;
