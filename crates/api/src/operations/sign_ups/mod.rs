pub(super) mod create_sign_up;
pub(super) mod get_sign_in_options;
pub(super) mod verify_sign_up;
