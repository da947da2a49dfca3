//! The catalog's SQL, a file per table. Nothing here decides; everything runs in a transaction that
//! the database has walled.

pub(crate) mod branding;
pub(crate) mod customers;
pub(crate) mod plans;
pub(crate) mod products;
pub(crate) mod subscriptions;
pub(crate) mod tenants;
