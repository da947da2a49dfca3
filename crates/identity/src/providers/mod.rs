//! Signing in by the word of somebody else: Google, GitHub, or any OpenID provider that a tenant names.
//!
//! # Invariants
//! * An answer counts once, in the browser that was sent, at the address of the provider that it was sent to, within
//!   minutes ([`errand`]).
//! * A provider is its issuer, byte for byte (`metadata.rs`), also as it signs (`id_token.rs`). The issuer of a provider
//!   never changes, because what it calls its people would mean others.
//! * Who somebody is at a provider is the subject it names. A mail address never leads to an account that is there.
//! * All that goes out goes through `egress`, within what the tenant lets its requests reach; every body and every wait has a
//!   limit (`ask.rs`). No transaction is open meanwhile, and no secret stands in a fault.
//!
//! Start with [`errand`], then [`arrival`]; [`manage`] is what operators do, [`identities`] what a person does.

pub mod arrival;
mod ask;
pub mod errand;
mod fault;
mod github;
mod id_token;
pub mod identities;
mod known;
pub mod manage;
mod metadata;
mod model;

pub use fault::{Fault, Part};
pub use known::{Asking, Providers};
pub use model::{Identity, IdentityProvider, ProviderKind, ProviderState};

/// Most providers of a tenant.
pub const PROVIDERS_PER_TENANT_MAX: usize = 20;
/// What the sealed client secret of a provider is sealed as.
const CLIENT_SECRET: &str = "identity-provider-secret";
