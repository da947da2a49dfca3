//! Subscriptions on connected gateways, through the API and the gateways' own doors.

mod scene;
mod subscribe;
