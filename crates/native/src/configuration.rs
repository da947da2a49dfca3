//! From rows to what a node is told.

use gatewright_database::{Database, SystemUse, TenantTx};
use gatewright_snapshot::config::{GatewayConfig, SnapshotConfig};
use gatewright_snapshot::{Snapshot, judge_gateway};
use gatewright_types::ids::GatewayId;
use gatewright_types::slug::Slug;

use crate::{NativeError, store};

/// What the snapshot takes from the program's settings.
#[derive(Clone, Debug)]
pub struct Settings {
    /// A gateway's host is `<slug>.<base domain>`.
    pub base_domain: String,
    /// What problem codes are appended to.
    pub problem_pages: String,
    /// The gateway that a bare address means; the oldest one when none is named.
    pub default_gateway: Option<Slug>,
}

/// Fails when the gateway contradicts itself as it stands in this transaction.
///
/// The caller holds the gateway, so nobody else changes it meanwhile.
pub async fn judge(tx: &mut TenantTx, id: GatewayId) -> Result<(), NativeError> {
    let gateways = store::configuration::gateways(tx, Some(id)).await?;
    for gateway in &gateways {
        judge_gateway(gateway).map_err(|fault| NativeError::Contradiction(Box::new(fault)))?;
    }
    Ok(())
}

/// The configuration of everything that is committed, as it travels, and ready for decisions.
pub struct Loaded {
    /// As JSON.
    pub json: Vec<u8>,
    /// The same, compiled.
    pub snapshot: Snapshot,
}

/// Loads everything that is committed. Its version is that of the last news about configuration among it.
pub async fn load(database: &Database, settings: &Settings) -> Result<Loaded, NativeError> {
    let mut tx = database.system(SystemUse::CompileSnapshot).await?;
    let version = store::news::position(&mut tx).await?.configuration;
    let mut gateways = store::configuration::gateways(&mut tx, None).await?;
    let permit_keys = store::permit_keys::list(&mut tx, database.clock().now()).await?;
    tx.close().await?;
    mark_default(&mut gateways, settings.default_gateway.as_ref());
    // A gateway that a newer program wrote, or a hand in the database, must not take all others down.
    gateways.retain(|gateway| match judge_gateway(gateway) {
        Ok(()) => true,
        Err(fault) => {
            tracing::error!(gateway.id = %gateway.id, %fault, "a gateway is left out of the configuration");
            false
        }
    });
    let config = SnapshotConfig {
        version,
        base_domain: settings.base_domain.clone(),
        problem_pages: settings.problem_pages.clone(),
        gateways,
        permit_keys,
    };
    let json = serde_json::to_vec(&config).map_err(|error| NativeError::Uncompilable(error.to_string()))?;
    let snapshot = Snapshot::compile(config).map_err(|error| NativeError::Uncompilable(error.to_string()))?;
    Ok(Loaded { json, snapshot })
}

fn mark_default(gateways: &mut [GatewayConfig], named: Option<&Slug>) {
    let chosen = match named {
        Some(slug) => gateways.iter_mut().find(|gateway| gateway.slug == *slug),
        None => gateways.iter_mut().min_by_key(|gateway| gateway.id),
    };
    if let Some(gateway) = chosen {
        gateway.default = true;
    }
}
