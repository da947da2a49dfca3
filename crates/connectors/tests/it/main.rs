//! The connectors through their one trait.

#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "../../../vendor-fakes/tests/it/judge.rs"]
mod judge;
mod kong_answers;
mod kong_calls;
mod kong_description;
mod kong_drift;
mod kong_faults;
mod kong_foreign;
mod kong_lifecycle;
mod kong_offers;
mod kong_settings;
mod kong_shop;
mod kong_verify;
mod mulesoft_faults;
mod mulesoft_foreign;
mod mulesoft_lifecycle;
mod mulesoft_offers;
mod mulesoft_settings;
mod mulesoft_shop;
mod mulesoft_sight;
mod mulesoft_token;
#[path = "../../../vendor-fakes/tests/it/papers.rs"]
mod papers;
mod stand;
