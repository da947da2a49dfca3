pub(super) mod change_customer;
pub(super) mod create_customer;
pub(super) mod delete_customer;
pub(super) mod get_customer;
pub(super) mod get_emergency_suspension;
pub(super) mod lift_emergency_suspension;
pub(super) mod list_customers;
pub(super) mod suspend_customer;
