pub(super) mod create_session;
pub(super) mod refresh_session;
pub(super) mod sign_in_by_hand_over;
pub(super) mod sign_out;
