//! The connectors through their one trait.

#![allow(clippy::unwrap_used, reason = "tests")]

mod apigee_description;
mod apigee_faults;
mod apigee_foreign;
mod apigee_golden;
mod apigee_lifecycle;
mod apigee_offers;
mod apigee_settings;
mod apigee_shop;
mod aws_faults;
mod aws_foreign;
mod aws_judges;
mod aws_lifecycle;
mod aws_offers;
mod aws_session;
mod aws_settings;
mod aws_shop;
mod aws_traps;
mod aws_verify;
mod azure_apart;
mod azure_description;
mod azure_faults;
mod azure_foreign;
mod azure_golden;
mod azure_lifecycle;
mod azure_offers;
mod azure_scale;
mod azure_settings;
mod azure_shop;
mod azure_token;
mod azure_traps;
mod azure_verify;
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
mod mulesoft_description;
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
mod trial;
