//! The whole program through its public surfaces: one binary, a file per behavior.

#![expect(clippy::unwrap_used, reason = "helpers of tests, too, fail by panicking")]

mod api;
mod audit;
mod configuration;
mod consumers;
mod hammer;
mod idempotency;
mod keys;
mod main_job;
mod metrics;
mod operators;
mod program;
mod rotation;
mod round_trips;
mod scene;
mod states;
mod walls;
