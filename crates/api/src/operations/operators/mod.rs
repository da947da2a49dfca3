pub(super) mod change_operator;
pub(super) mod create_operator;
pub(super) mod create_token;
pub(super) mod delete_operator;
pub(super) mod delete_token;
pub(super) mod get_operator;
pub(super) mod list_operators;
pub(super) mod list_tokens;
