//! Telling others what happened: webhooks to a tenant's own systems, mails to people.
//!
//! # Invariants
//! * Every event reaches every endpoint that wants it **at least once**, under one `webhook-id`: its event's id. An event that
//!   commits late is not missed, and none is handed out twice ([`fan_out`]). The order is not promised.
//! * A webhook goes where the installation's [`Policy`] and the tenant's own list ([`destinations`]) allow and nowhere else, and
//!   follows no redirect.
//! * A signing secret leaves once, in the answer that made it; kept is a sealed copy (`secret_box`).
//! * An attempt is written down by the transaction that ends its job, together with the job of the next one ([`deliver`]).
//! * Nothing that is written into a mail can become a header of it ([`mail`]).
//!
//! Start with [`endpoints`]; an event's way is [`fan_out`], [`deliver`], [`sign`]. [`events`] is what can be listened to.

pub mod deliver;
pub mod deliveries;
pub mod destinations;
pub mod endpoints;
pub mod error;
pub mod events;
pub mod fan_out;
pub mod housekeeping;
pub mod mail;
pub mod model;
mod retries;
mod secret_box;
pub mod sign;
mod store;

use gatewright_database::jobs::{Registry, Rhythm};
use gatewright_egress::{Client, Policy};

pub use error::NotifyError;

/// Teaches a worker to deliver webhooks, to send mails, and to clear away what is old.
pub fn register(registry: &mut Registry, client: Client, policy: Policy, mailer: mail::Mailer) {
    registry
        .handle(deliver::Deliverer { client, policy })
        .handle(mail::Sender { mailer })
        .handle(housekeeping::Housekeeper)
        .schedule(
            Rhythm::EverySeconds(3600),
            housekeeping::JITTER,
            housekeeping::KeepHouse {},
        );
}
