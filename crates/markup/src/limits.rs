//! Every limit of this crate, by name.

/// Longest text that is read as CommonMark, in bytes.
pub const MARKDOWN_MAX_BYTES: usize = 256 * 1024;
/// How deep elements may lie in each other. What an author means to be read is nowhere near.
pub const DEPTH_MAX: usize = 64;
