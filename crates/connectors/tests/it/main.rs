//! The connectors through their one trait.

#![allow(clippy::unwrap_used, reason = "tests")]

mod kong_answers;
mod kong_calls;
mod kong_drift;
mod kong_faults;
mod kong_foreign;
mod kong_lifecycle;
mod kong_offers;
mod kong_settings;
mod kong_shop;
mod kong_verify;
mod stand;
