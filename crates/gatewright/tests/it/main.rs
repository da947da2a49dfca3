//! The whole program through its public surfaces: one binary, a file per behavior.

#![expect(clippy::unwrap_used, reason = "helpers of tests, too, fail by panicking")]

mod api;
mod backups;
mod configuration;
mod consumers;
mod doctor;
mod hammer;
mod idempotency;
mod keys;
mod main_job;
mod metrics;
mod operating;
mod packages;
mod program;
mod rotation;
mod round_trips;
mod scene;
mod service;
mod states;
mod upgrades;
mod walls;
