//! The pages before an API that answers from a table: what they ask, what they show, what they never do.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests, too")]

mod descriptions;
mod fake_api;
mod forms;
mod frame;
mod others;
mod portal;
mod published;
mod reference;
mod visitor;
