pub(super) mod change_developer;
pub(super) mod delete_developer;
pub(super) mod get_developer;
pub(super) mod list_developers;
