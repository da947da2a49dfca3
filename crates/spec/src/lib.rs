//! API descriptions: from a document that somebody wrote to what a person reads, tries and copies.
//!
//! A description is compiled once, when it is published; what is asked for later is one operation or one schema, each of
//! which stands alone.
//!
//! # Invariants
//! * Everything here is pure: nothing opens a file, a socket or a database. What a `$ref` outside the document names is
//!   given by the caller.
//! * Nothing a document says makes a function panic, run without end or use memory without a limit.
//! * What is returned holds no credential: `Values` and `HttpRequest` know where one goes, never what it is.
//!
//! Start with [`model`], what everything else makes or reads; then [`schema`], [`values`] and [`place`]. [`compile`] is where a
//! document becomes that, by way of `tree` (what was read), `description` (what refers to what) and `lint` (what is wrong).

pub mod compile;
mod description;
pub mod diff;
mod document;
pub mod ecmascript;
mod findings;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
mod keywords;
pub mod limits;
mod lint;
pub mod model;
pub mod mustache;
pub mod place;
mod redact;
pub mod request;
pub mod samples;
pub mod schema;
mod slug;
mod swagger;
mod tree;
pub mod values;
