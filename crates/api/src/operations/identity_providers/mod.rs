//! Where else people of a tenant sign in.

pub(super) mod begin_provider_sign_in;
pub(super) mod change_identity_provider;
pub(super) mod complete_provider_sign_in;
pub(super) mod create_identity_provider;
pub(super) mod delete_identity_provider;
pub(super) mod get_identity_provider;
pub(super) mod link_identity;
pub(super) mod list_identities;
pub(super) mod list_identity_providers;
pub(super) mod unlink_identity;
