//! Where a product can be called: native gateways whose routes serve it, and connected gateways for which somebody said how callers
//! reach it there.
//!
//! What stands before a description's paths is a place's `baseUrl`. Native gateways route whole paths, so there it is the gateway's
//! address alone: where routes have a prefix that the description does not have, it belongs into the description's paths.

use std::net::IpAddr;

use gatewright_connectors::model::Vendor;
use gatewright_connectors::showing::{self, Part};
use gatewright_database::TenantTx;
use gatewright_native::Nodes;
use gatewright_orchestration::calling::{self, Callable};
use gatewright_spec::place::{CredentialField, Place};
use gatewright_types::access::Environment;
use gatewright_types::ids::{GatewayId, ProductId};
use url::Url;

use crate::playground::PlaygroundError;

/// The kind of a gateway of our own.
pub const NATIVE: &str = "NATIVE";
/// The header field that native gateways read a key from.
const NATIVE_HEADER: &str = "X-Api-Key";
/// Where a sample takes a key from.
const KEY_VARIABLE: &str = "API_KEY";
/// The same for the secret of a pair.
const SECRET_VARIABLE: &str = "API_SECRET";

/// How callers reach native gateways.
#[derive(Clone, Debug, Default)]
pub struct GatewayAddresses {
    /// Of every gateway, with `{gateway}` for its slug, as in `https://{gateway}.api.example.com`.
    pub template: Option<String>,
    /// Where the gateway of this process listens, as in `http://127.0.0.1:8000`; used where there is no template.
    pub listens: Option<Url>,
}

impl GatewayAddresses {
    /// What stands before the paths of a gateway; none where nobody said, and none runs here.
    pub(crate) fn of(&self, slug: &str, is_default: bool, base_domain: &str) -> Option<String> {
        if let Some(template) = &self.template {
            let address = template.trim_end_matches('/').replace("{gateway}", slug);
            return (is_default || template.contains("{gateway}")).then_some(address);
        }
        let port = self.listens.as_ref()?.port_or_known_default()?;
        Some(match is_default {
            true => format!("http://{base_domain}:{port}"),
            false => format!("http://{slug}.{base_domain}:{port}"),
        })
    }

    /// The address of the gateway of this process, if callers of native gateways are sent there.
    pub fn here(&self) -> Option<IpAddr> {
        let listens = self.listens.as_ref().filter(|_| self.template.is_none())?;
        listens.host_str()?.trim_matches(['[', ']']).parse().ok()
    }
}

/// A gateway where a product can be called.
#[derive(Clone, Debug)]
pub struct Reached {
    /// Which.
    pub gateway_id: GatewayId,
    /// Which keys it takes.
    pub environment: Environment,
    /// Whose it is; none: ours.
    pub vendor: Option<Vendor>,
    /// What people and samples are told.
    pub place: Place,
}

/// Every gateway where a product can be called: our own first, test before live.
pub async fn reached(
    tx: &mut TenantTx,
    nodes: &Nodes,
    addresses: &GatewayAddresses,
    product_id: ProductId,
) -> Result<Vec<Reached>, PlaygroundError> {
    // What nodes serve, without a question to the database.
    let current = nodes.latest_snapshot().await?;
    let snapshot = &current.snapshot;
    let default = snapshot.default_id();
    let serves = |gateway: &&gatewright_snapshot::Gateway| {
        let is_ours = gateway.tenant_id == tx.tenant_id();
        is_ours
            && gateway
                .routes()
                .iter()
                .any(|route| route.product_id == Some(product_id))
    };
    let mut all: Vec<Reached> = snapshot
        .gateways()
        .iter()
        .filter(serves)
        .filter_map(|gateway| {
            let is_default = default == Some(gateway.id);
            let base_url = addresses.of(gateway.slug.as_str(), is_default, nodes.base_domain())?;
            Some(native(gateway, base_url))
        })
        .collect();
    all.extend(
        calling::of_product(tx, product_id)
            .await?
            .into_iter()
            .filter_map(connected),
    );
    all.sort_by_key(|one| (one.vendor.is_some(), one.environment == Environment::Live));
    Ok(all)
}

fn native(gateway: &gatewright_snapshot::Gateway, base_url: String) -> Reached {
    let key = field(NATIVE_HEADER, KEY_VARIABLE);
    Reached {
        gateway_id: gateway.id,
        environment: gateway.environment,
        vendor: None,
        place: Place {
            gateway_id: Some(gateway.id.to_string()),
            name: gateway.slug.to_string(),
            kind: Some(NATIVE.to_owned()),
            environment: Some(gateway.environment),
            base_url,
            credential: vec![key],
        },
    }
}

fn connected(callable: Callable) -> Option<Reached> {
    let Callable { connection, mapping } = callable;
    let shown = showing::fields(connection.vendor).iter().map(|shown| match shown.part {
        Part::Key => field(mapping.credential_header.as_deref().unwrap_or(shown.name), KEY_VARIABLE),
        Part::Secret => field(shown.name, SECRET_VARIABLE),
    });
    Some(Reached {
        gateway_id: connection.id,
        environment: connection.environment,
        vendor: Some(connection.vendor),
        place: Place {
            gateway_id: Some(connection.id.to_string()),
            name: connection.name,
            kind: Some(connection.vendor.to_string()),
            environment: Some(connection.environment),
            base_url: mapping.public_url?,
            credential: shown.collect(),
        },
    })
}

fn field(name: &str, variable: &str) -> CredentialField {
    CredentialField {
        name: name.to_owned(),
        prefix: String::new(),
        variable: variable.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_are_sent_where_the_installation_says() {
        let here = GatewayAddresses {
            template: None,
            listens: Some("http://127.0.0.1:8000".parse().unwrap()),
        };
        let of = |addresses: &GatewayAddresses, is_default| addresses.of("acme", is_default, "localhost");
        assert_eq!(of(&here, true).as_deref(), Some("http://localhost:8000"));
        assert_eq!(of(&here, false).as_deref(), Some("http://acme.localhost:8000"));
        let said = GatewayAddresses {
            template: Some("https://{gateway}.api.example.com/".to_owned()),
            ..here
        };
        assert_eq!(of(&said, false).as_deref(), Some("https://acme.api.example.com"));
        let one = GatewayAddresses {
            template: Some("https://api.example.com".to_owned()),
            listens: None,
        };
        assert_eq!(of(&one, true).as_deref(), Some("https://api.example.com"));
        assert_eq!(of(&one, false), None, "that host means the default gateway");
        assert_eq!(of(&GatewayAddresses::default(), true), None);
    }
}
