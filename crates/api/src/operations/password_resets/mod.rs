pub(super) mod complete_password_reset;
pub(super) mod create_password_reset;
