//! The program: settings, the parts put together, and what the command line offers.
//!
//! Everything of substance is in the crates below; here they are only started, glued and stopped.
//! `main.rs` is the command line, [`commands`] what it offers. Start with [`process`], then [`parts`], [`glue`] and [`demo`].

pub mod apply;
pub mod bring_news;
pub mod commands;
pub mod demo;
pub mod figures;
pub mod glue;
pub mod health;
pub mod http;
pub mod logging;
pub mod metrics;
pub mod node;
pub mod notices;
pub mod parts;
pub mod postgres;
pub mod process;
pub mod reload;
pub mod role;
pub mod service_manager;
pub mod settings;
pub mod shared_cache;
pub mod signals;
pub mod telemetry;
pub mod tell_uses;
pub mod upstream;
pub mod vault;
