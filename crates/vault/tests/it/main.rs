//! Sealing and master keys, through the crate's public surface.

#![expect(clippy::unwrap_used, reason = "helpers of tests, too, fail by panicking")]

mod keyring;
mod sealing;
