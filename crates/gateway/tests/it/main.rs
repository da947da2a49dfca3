//! The gateway from outside: raw bytes in, and what the upstream saw as the judge.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests, too")]

mod client;
mod upstream;
mod world;

mod admission;
mod bodies;
mod connections;
mod cut_off;
mod differential;
mod framing;
mod hop_by_hop;
mod knowledge;
mod permits;
mod snapshots;
mod spoofing;
mod tls;
mod traces;
mod upstreams;
