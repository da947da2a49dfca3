//! The configuration of every native gateway, ready for decisions.

use std::collections::HashMap;
use std::sync::Arc;

use gatewright_types::access::{AuthType, Environment, RouteAccess, WhenCutOff};
use gatewright_types::ids::{GatewayId, ProductId, RouteId, TenantId};
use gatewright_types::slug::Slug;

use crate::config::PermitKey;
use crate::routers::Routers;
use crate::service::Service;
use crate::template::Target;

/// A compiled [`crate::config::SnapshotConfig`]; made by [`Snapshot::compile`] only.
#[derive(Debug)]
pub struct Snapshot {
    /// Rises with every change.
    pub version: u64,
    /// What problem codes are appended to.
    pub problem_pages: String,
    pub(crate) base_domain: String,
    pub(crate) gateways: Vec<Gateway>,
    pub(crate) by_slug: HashMap<String, usize>,
    pub(crate) default: Option<usize>,
    pub(crate) permit_keys: Vec<PermitKey>,
}

impl Snapshot {
    /// Every gateway, in the order of the configuration.
    pub fn gateways(&self) -> &[Gateway] {
        &self.gateways
    }

    /// The gateway that a bare address means, if any.
    pub fn default_id(&self) -> Option<GatewayId> {
        self.default.map(|at| self.gateways[at].id)
    }
}

/// One native gateway, ready for decisions.
#[derive(Debug)]
pub struct Gateway {
    /// Its id.
    pub id: GatewayId,
    /// Whose it is.
    pub tenant_id: TenantId,
    /// First label of its host.
    pub slug: Slug,
    /// Which keys are admitted.
    pub environment: Environment,
    /// What SECURE routes ask for.
    pub auth_type: AuthType,
    /// Longest request body, in bytes.
    pub max_request_body_bytes: u64,
    /// What a node does that has lost its control plane.
    pub when_cut_off: WhenCutOff,
    pub(crate) routes: Vec<Route>,
    pub(crate) routers: Routers,
}

impl Gateway {
    /// Every route, in the order of the configuration.
    pub fn routes(&self) -> &[Route] {
        &self.routes
    }
}

/// One route, ready for decisions.
#[derive(Debug)]
pub struct Route {
    /// Its id.
    pub id: RouteId,
    /// Whether a credential is asked for.
    pub access: RouteAccess,
    /// The product it belongs to.
    pub product_id: Option<ProductId>,
    /// The path template that callers see.
    pub public_path: Box<str>,
    /// Where it goes.
    pub service: Arc<Service>,
    pub(crate) target: Target,
}
