//! Subscriptions on connected gateways, through the API and the gateways' own doors.

pub(crate) mod scene;
mod seeing;
mod subscribe;
