pub(super) mod change_route;
pub(super) mod create_route;
pub(super) mod delete_route;
pub(super) mod get_route;
pub(super) mod list_routes;
