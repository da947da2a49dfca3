//! Decisions on snapshots, from outside.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests, too")]

mod admission;
mod compile;
mod routing;
mod setup;
