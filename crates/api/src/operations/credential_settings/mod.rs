pub(super) mod change_credential_settings;
pub(super) mod get_credential_settings;
