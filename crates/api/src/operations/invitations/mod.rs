pub(super) mod accept_invitation;
pub(super) mod begin_invitation_passkey;
pub(super) mod invite_operator;
pub(super) mod list_invitations;
pub(super) mod look_up_invitation;
pub(super) mod withdraw_invitation;
