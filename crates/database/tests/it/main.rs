//! The tests of this crate, as one program.

mod embedded;
mod fresh;
mod jobs;
mod walls;
