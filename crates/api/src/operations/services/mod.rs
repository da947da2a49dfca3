pub(super) mod change_service;
pub(super) mod create_service;
pub(super) mod delete_service;
pub(super) mod get_service;
pub(super) mod list_services;
