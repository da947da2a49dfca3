//! Other vendors' gateways, one module each, behind one trait.
//!
//! A connector makes calls and decides nothing: what an application is to be on a gateway is the engine's
//! decision (`orchestration`), which compares it with what [`Connector::observe`] found and orders the [`Step`]s.
//!
//! # Invariants
//! * Every step is an *ensure*: done twice it is done once, so a retry after a lost answer is the same code as
//!   repairing drift. Nothing is created blindly: a call whose outcome is unknown is followed by looking ([`Fault`]).
//! * What does not carry our mark or our id is never changed and never deleted ([`FaultKind::Foreign`]).
//! * Every call goes through [`Link::send`]: it waits for the gateway's rate, is timed and is written down.
//! * No secret is in an error, a log or an [`Observed`]: those hold hashes.
//!
//! Start with [`connector`], then [`model`]; [`fault`] is what can go wrong; [`kong`] is one vendor's, and the easiest to follow.

pub mod apigee;
pub mod aws;
pub mod azure;
pub mod choice;
pub mod connector;
pub mod fault;
pub mod kong;
mod lease;
pub mod link;
pub mod make;
pub mod model;
pub mod mulesoft;
pub mod showing;
pub mod wire;

pub use apigee::Apigee;
pub use aws::AwsApiGateway;
pub use azure::Azure;
pub use connector::{Call, Connector};
pub use fault::{Fault, FaultKind};
pub use kong::Kong;
pub use link::{Gate, Link, Turn};
pub use make::make;
pub use model::{Application, Capabilities, Observed, Step};
pub use mulesoft::MuleSoft;
