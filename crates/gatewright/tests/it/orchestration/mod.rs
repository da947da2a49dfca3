//! Subscriptions on connected gateways, through the API and the gateways' own doors.

mod emergency;
mod offers;
mod products;
mod runs;
pub(crate) mod scene;
mod seeing;
mod subscribe;
