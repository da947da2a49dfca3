//! The SQL of native gateways, a file per table. Nothing here decides.

pub(crate) mod configuration;
pub(crate) mod consumers;
pub(crate) mod gateways;
pub(crate) mod news;
pub(crate) mod nodes;
pub(crate) mod permit_keys;
pub(crate) mod routes;
pub(crate) mod services;
pub(crate) mod uses;
