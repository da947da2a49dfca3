//! What a customer's developer reads and tries: API descriptions and their reference, and search over them.

pub mod places;
pub mod playground;
