//! Stand-ins for the gateways of other vendors, for the demo, tests and benchmarks. Never part of what ships.
//!
//! Each vendor is one folder with its management API as its own servers were seen to behave, kept in memory, and a
//! small proxy that admits and refuses as the real one would, so that a test can ask "does this key work?". Around every
//! vendor stands the same frame: faults on demand, counters, and a watch over objects that are not ours to touch.
//!
//! Invariants:
//! * What a fake answers was seen or is described by its vendor; the tests in `tests/it` replay recordings, drive it with a client
//!   of somebody else and hold it to the vendor's own description. What is only assumed says so where it is written.
//! * Everything is repeatable: time is a `Clock`, randomness an `Rng`, faults have a seed.
//! * An answer is decided under one lock, in one step: requests are serial, as transactions on one row would be.
//!
//! Read [`stage`] first (a request's way through faults to a vendor and back), then [`kong`].

pub mod apigee;
pub mod aws;
pub mod azure;
pub mod control;
pub mod faults;
pub mod kong;
pub mod ledger;
pub mod mulesoft;
pub mod running;
pub mod server;
pub mod stage;
pub mod told;
pub mod wire;
