//! The whole program through its public surfaces: one binary, a file per behavior.

#![expect(clippy::unwrap_used, reason = "helpers of tests, too, fail by panicking")]

mod addresses;
mod api;
mod as_code;
mod audit;
mod azure_page;
mod backups;
mod changes;
mod configuration;
mod conform;
mod consumers;
mod crashes;
mod doctor;
mod hammer;
mod idempotency;
mod incidents;
mod installation_audit;
mod jobs;
mod keys;
mod kong_page;
mod leaks;
mod mails;
mod main_job;
mod metrics;
mod node_protocol;
mod nodes;
mod operating;
mod operators;
mod orchestration;
mod packages;
mod pairs;
mod program;
mod redis;
mod rotation;
mod round_trips;
mod scene;
mod service;
mod shared_cache;
mod states;
mod traces;
mod upgrades;
mod vault;
mod vendors;
mod walls;
mod webhooks;
