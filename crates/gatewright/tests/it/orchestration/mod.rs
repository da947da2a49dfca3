//! Subscriptions on connected gateways, through the API and the gateways' own doors.

mod adopting;
mod apigee;
mod aws;
mod azure;
mod azure_apart;
mod breaker;
mod drops;
mod emergency;
mod killed;
mod mulesoft;
mod offers;
mod products;
mod runs;
mod scale;
pub(crate) mod scene;
mod seeing;
mod storm;
mod subscribe;
mod throttle;
mod weather;
