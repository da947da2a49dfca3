//! The SQL of orchestration. Nothing here decides.
//!
//! Rows are locked in this order: connection, its health, applications by (connection, subscription), credentials.

pub(crate) mod activations;
pub(crate) mod adoptions;
pub(crate) mod applications;
pub(crate) mod attempts;
pub(crate) mod connections;
pub(crate) mod credentials;
pub(crate) mod dead_letters;
pub(crate) mod figures;
pub(crate) mod health;
pub(crate) mod mappings;
pub(crate) mod offers;
pub(crate) mod rotations;
pub(crate) mod runs;
pub(crate) mod statistics;
pub(crate) mod turns;
