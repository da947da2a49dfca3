//! What is sold, to whom, and who has bought it: tenants, products, plans, customers, subscriptions.
//!
//! # Invariants
//! * A plan's version never changes; a subscription keeps the one it was made with.
//! * A subscription moves only along [`state::may_move`]. Who is admitted hangs on its state, so only
//!   the crate that tells the gateways (`native`) calls [`subscriptions::move_to`].
//! * The plans and customers behind API consumers are of a kind of their own and appear in no list.
//!
//! Start with [`model`], then [`state`]; SQL is in `store`.

pub mod branding;
pub mod check;
pub mod customers;
pub mod error;
pub mod model;
pub mod plans;
pub mod products;
pub mod state;
mod store;
pub mod subscriptions;
pub mod tenants;

pub use error::CatalogError;
pub use state::SubscriptionState;
