//! Calls from the portal, without a secret in the browser.
//!
//! A browser says which operation, which values, which key and which gateway; never a URL and never a secret. What is called follows
//! from what is stored: the gateway's address, the description's path, the values. A native gateway gets a permit instead of the key, a
//! connected one the key, which is in memory for that one call. What comes back is looked through for it.
//!
//! # Invariants
//! * A call goes to a gateway of the product, and to the URL that the operation makes there: nothing in a value leads elsewhere
//!   ([`send`]).
//! * A key is one of the developer's customer's; another's is none.
//! * No secret is in an answer, a row or a log (`conceal`, `reader`); what cannot be looked through is not shown.
//! * Everything ends, and nothing grows without bound ([`limits`]).
//!
//! Start with [`send`]; [`options`] says what can be chosen, [`check`] judges what is being filled in, [`runs`] keeps what was done.

mod address;
pub mod answering;
pub mod check;
mod conceal;
mod error;
pub mod limits;
pub mod model;
pub mod options;
mod reader;
mod resolver;
pub mod runs;
pub mod send;
mod store;
mod turns;

use std::net::IpAddr;
use std::sync::Arc;

use gatewright_database::TenantTx;
use gatewright_egress::{Client, Limits, Options, Policy};
use gatewright_native::Nodes;
use gatewright_orchestration::Orchestrator;
use gatewright_types::Slug;
use gatewright_types::ids::{CustomerId, DeveloperId, GatewayId, ProductId};

pub use conceal::CONCEALED;
pub use error::PlaygroundError;
pub use reader::Piece;

use crate::places::{self, GatewayAddresses, Reached};
use resolver::GatewayResolver;
use turns::Turns;

/// Calls gateways for developers. Cloning is cheap.
#[derive(Clone)]
pub struct Playground(Arc<Inner>);

struct Inner {
    nodes: Arc<Nodes>,
    orchestrator: Orchestrator,
    client: Client,
    /// What outgoing requests of the installation may reach.
    policy: Policy,
    addresses: GatewayAddresses,
    turns: Turns,
}

/// What a [`Playground`] is made of.
pub struct Settings {
    /// What outgoing requests of the installation may reach.
    pub policy: Policy,
    /// How callers reach native gateways.
    pub addresses: GatewayAddresses,
    /// Where the control plane listens; never called.
    pub own_listeners: Vec<std::net::SocketAddr>,
}

/// Who calls.
#[derive(Clone, Copy, Debug)]
pub struct Who {
    /// The developer.
    pub developer_id: DeveloperId,
    /// Whom they work for.
    pub customer_id: CustomerId,
    /// From where. Nobody knows: then a key that is bound to addresses is refused.
    pub address: Option<IpAddr>,
}

impl Who {
    /// The address that keys are judged by.
    const fn judged(&self) -> IpAddr {
        match self.address {
            Some(address) => address,
            None => IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED),
        }
    }
}

impl Playground {
    /// One that has called nobody yet.
    pub fn new(nodes: Arc<Nodes>, orchestrator: Orchestrator, settings: Settings) -> Self {
        let resolver = GatewayResolver::new(nodes.base_domain().to_owned(), settings.addresses.here());
        let client = Client::new(Options {
            limits: Limits {
                max_head_bytes: limits::HEAD_MAX_BYTES,
                max_fields: limits::FIELDS_MAX,
                first_byte_timeout: limits::CALL_TIMEOUT,
                pause_timeout: limits::PAUSE_TIMEOUT,
                total_timeout: limits::CALL_TIMEOUT,
                max_body_bytes: limits::ANSWER_MAX_BYTES,
                max_in_flight: limits::AT_ONCE_MAX,
                ..Limits::default()
            },
            resolver: Arc::new(resolver),
            own_listeners: settings.own_listeners,
            ..Options::default()
        });
        Self(Arc::new(Inner {
            nodes,
            orchestrator,
            client,
            policy: settings.policy,
            addresses: settings.addresses,
            turns: Turns::new(limits::AT_ONCE_MAX, limits::AT_ONCE_OF_DEVELOPER_MAX),
        }))
    }

    /// Every gateway where a product can be called.
    pub async fn reached(&self, tx: &mut TenantTx, product_id: ProductId) -> Result<Vec<Reached>, PlaygroundError> {
        places::reached(tx, &self.0.nodes, &self.0.addresses, product_id).await
    }

    /// What stands before the paths of a native gateway, as callers reach it; none where nobody said, and none runs here.
    pub async fn address_of(&self, gateway_id: GatewayId, slug: &Slug) -> Result<Option<String>, PlaygroundError> {
        let is_default = self.0.nodes.latest_snapshot().await?.snapshot.default_id() == Some(gateway_id);
        Ok(self
            .0
            .addresses
            .of(slug.as_str(), is_default, self.0.nodes.base_domain()))
    }
}
