pub(super) mod change_product;
pub(super) mod create_product;
pub(super) mod get_contract;
pub(super) mod get_product;
pub(super) mod list_products;
pub(super) mod put_contract;
