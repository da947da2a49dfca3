//! Subscriptions on connected gateways, through the API and the gateways' own doors.

mod breaker;
mod drops;
mod killed;
mod scale;
pub(crate) mod scene;
mod seeing;
mod storm;
mod subscribe;
mod weather;
