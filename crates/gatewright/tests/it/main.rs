//! The whole program through its public surfaces: one binary, a file per behavior.

#![expect(clippy::unwrap_used, reason = "helpers of tests, too, fail by panicking")]

mod addresses;
mod api;
mod configuration;
mod consumers;
mod hammer;
mod idempotency;
mod jobs;
mod keys;
mod leaks;
mod main_job;
mod metrics;
mod node_protocol;
mod nodes;
mod pairs;
mod program;
mod rotation;
mod round_trips;
mod scene;
mod states;
mod vault;
mod walls;
