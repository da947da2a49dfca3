//! What descriptions, requests and samples promise.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "helpers of tests are tests, too"
)]

mod echo;
mod mustache_cases;
mod request_bodies;
mod request_styles;
mod samples_run;
mod shop;
mod twin;
