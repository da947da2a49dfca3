//! The SQL of this domain; it decides nothing.

pub(crate) mod attempts;
pub(crate) mod ceremonies;
pub(crate) mod developers;
pub(crate) mod devices;
pub(crate) mod errands;
pub(crate) mod housekeeping;
pub(crate) mod identities;
pub(crate) mod invitations;
pub(crate) mod mail_tokens;
pub(crate) mod operators;
pub(crate) mod passkeys;
pub(crate) mod pending;
pub(crate) mod people;
pub(crate) mod providers;
pub(crate) mod recovery_codes;
pub(crate) mod second_factors;
pub(crate) mod sessions;
pub(crate) mod settings;
pub(crate) mod sign_ups;
pub(crate) mod tokens;
pub(crate) mod totp;
