//! The SQL of this crate; it decides nothing.

pub(crate) mod deliveries;
pub(crate) mod endpoints;
pub(crate) mod events;
pub(crate) mod mails;
