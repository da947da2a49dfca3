//! The SQL of this crate; it decides nothing.

pub(crate) mod reference;
pub(crate) mod revisions;
pub(crate) mod search;
pub(crate) mod specs;
