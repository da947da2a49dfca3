pub(super) mod change_customer;
pub(super) mod create_customer;
pub(super) mod get_customer;
pub(super) mod list_customers;
