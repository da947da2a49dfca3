pub(super) mod begin_passkey_sign_in;
pub(super) mod complete_second_factor;
pub(super) mod create_session;
pub(super) mod refresh_session;
pub(super) mod sign_in_by_hand_over;
pub(super) mod sign_in_with_passkey;
pub(super) mod sign_out;
