//! Mustache, as its specification says, without the optional parts: no lambdas, no inheritance, no dynamic names.
//!
//! Every sample is one template that is filled in twice, here and in the browser (`web/lib/mustache.ts`). Both engines are
//! held to the official cases (`tests/mustache`), so both make the same of a template. `docs/decisions/0051`
//! says why they are our own.

mod parse;
mod render;

pub use parse::{Template, parse};
pub use render::render;

/// How deep sections and partials may be nested.
pub const DEPTH_MAX: usize = 64;

/// Why a template cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A tag has no end.
    #[error("a tag is not closed: {0}")]
    UnclosedTag(String),
    /// A section has no end.
    #[error("the section {0} is not closed")]
    UnclosedSection(String),
    /// An end has no section.
    #[error("{0} closes no section that is open")]
    StrayClose(String),
    /// A tag that sets delimiters does not name two.
    #[error("these are no delimiters: {0}")]
    Delimiters(String),
    /// Sections or partials are nested too deeply.
    #[error("nested more than {DEPTH_MAX} deep")]
    TooDeep,
}
