//! The connectors through their one trait.

#![allow(clippy::unwrap_used, reason = "tests")]

mod apigee_description;
mod apigee_faults;
mod apigee_golden;
mod apigee_lifecycle;
mod apigee_shop;
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
#[path = "../../../vendor-fakes/tests/it/papers.rs"]
mod papers;
mod stand;
