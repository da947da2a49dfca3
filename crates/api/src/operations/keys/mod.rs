pub(super) mod change_key;
pub(super) mod get_key;
pub(super) mod list_keys;
pub(super) mod reactivate_key;
pub(super) mod revoke_key;
pub(super) mod rotate_key;
pub(super) mod suspend_key;
pub(super) mod verify_key;
