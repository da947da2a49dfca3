//! The connectors through their one trait.

mod kong_answers;
mod kong_calls;
mod kong_settings;
mod kong_verify;
mod stand;
