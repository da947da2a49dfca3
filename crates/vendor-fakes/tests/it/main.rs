//! The fakes against what their vendors' own servers answered, against clients of others, and against descriptions.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests are tests, too"
)]

mod google_client;
mod judge;
mod papers;
mod world;

mod admission;
mod aio_kong;
mod anypoint_sdk;
mod apigee;
mod azure;
mod azure_sdk;
mod boto3;
mod faults;
mod prism;
mod program;
mod transcript;
