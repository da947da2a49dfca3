//! The connectors through their one trait.

#![allow(clippy::unwrap_used, reason = "tests")]

mod kong_answers;
mod kong_calls;
mod kong_settings;
mod kong_verify;
mod stand;
