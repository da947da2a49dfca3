//! The SQL of this domain; it decides nothing.

pub(crate) mod operators;
pub(crate) mod tokens;
