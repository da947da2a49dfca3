pub(super) mod create_consumer;
pub(super) mod delete_consumer;
pub(super) mod get_consumer;
pub(super) mod list_consumers;
