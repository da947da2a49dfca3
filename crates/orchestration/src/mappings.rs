//! What of a gateway stands for a product of ours. What the gateway cannot honor is refused here.

use std::sync::Arc;

use gatewright_catalog::{CatalogError, products};
use gatewright_connectors::choice::Choice;
use gatewright_connectors::model::{Judgement, Offered, Page, Vendor};
use gatewright_connectors::{Connector, showing};
use gatewright_database::TenantTx;
use gatewright_egress::Target;
use gatewright_types::ids::{GatewayId, ProductId};
use gatewright_types::problem::FieldError;
use serde_json::Value;

use crate::choose;
use crate::connections;
use crate::engine::Orchestrator;
use crate::fit::{self, Gateway};
use crate::model::{Connection, ProductMapping, Urgency};
use crate::store::{self, applications};
use crate::{Fault, OrchestrationError};

/// Most groups, plans or products of a gateway for one of ours.
pub const SCOPE_MAX: usize = 100;
/// Longest address of a product on a gateway, in bytes.
pub const PUBLIC_URL_MAX_BYTES: usize = 1024;

/// What is to stand for a product.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// What access is given to there.
    pub scope: Vec<String>,
    /// What is chosen where the gateway leaves a choice.
    pub choice: Choice,
    /// Where callers reach the product there.
    pub public_url: Option<String>,
    /// The header field that the gateway reads the key from there.
    pub credential_header: Option<String>,
}

/// What a gateway says about a mapping.
pub struct Judged {
    connection: Connection,
    /// As it is connected.
    connector: Arc<dyn Connector>,
    wanted: Wanted,
    judgement: Judgement,
}

/// Asks a gateway whether a mapping can be kept; calls it, so no transaction may be open.
pub async fn judge(
    engine: &Orchestrator,
    connection: &Connection,
    connector: &Arc<dyn Connector>,
    mut wanted: Wanted,
) -> Result<Judged, OrchestrationError> {
    check_calls(connection.vendor, &mut wanted)?;
    let gateway = connection.name.clone();
    let chosen = choose::checked(connector, &[wanted.choice]).map_err(|why| OrchestrationError::CannotHonor {
        gateway: gateway.clone(),
        reasons: vec![why],
    })?;
    let scope = &mut wanted.scope;
    scope.sort();
    scope.dedup();
    let can = chosen.capabilities();
    let most = can.scope_max.map_or(SCOPE_MAX, |max| {
        usize::try_from(max).unwrap_or(SCOPE_MAX).min(SCOPE_MAX)
    });
    let too_many = || {
        let reasons = vec![format!(
            "a product stands for 1 to {most} of its groups, plans or products"
        )];
        let gateway = gateway.clone();
        OrchestrationError::CannotHonor { gateway, reasons }
    };
    if scope.is_empty() || scope.len() > SCOPE_MAX {
        return Err(too_many());
    }
    // A vendor that allows fewer says better than we what to do instead.
    let judged = chosen.judge(&engine.link(connection), scope).await;
    let judgement = judged.map_err(|fault: Fault| OrchestrationError::Gateway {
        gateway: connection.id,
        fault,
    })?;
    if !judgement.refusals.is_empty() {
        return Err(OrchestrationError::CannotHonor {
            gateway,
            reasons: judgement.refusals,
        });
    }
    if scope.len() > most {
        return Err(too_many());
    }
    Ok(Judged {
        connection: connection.clone(),
        connector: Arc::clone(connector),
        wanted,
        judgement,
    })
}

/// What is said about how callers reach it.
fn check_calls(vendor: Vendor, wanted: &mut Wanted) -> Result<(), OrchestrationError> {
    let mut errors = Vec::new();
    if let Some(header) = &wanted.credential_header {
        errors.extend(showing::check(vendor, header, "/credentialHeader").err());
    }
    if let Some(url) = &mut wanted.public_url {
        let is_long = url.len() > PUBLIC_URL_MAX_BYTES;
        match Target::parse(url, PUBLIC_URL_MAX_BYTES) {
            Ok(target) if !is_long && !target.as_str().contains(['?', '#']) && !url.contains('#') => {
                *url = target.as_str().trim_end_matches('/').to_owned();
            }
            _ => errors.push(FieldError {
                field: "/publicUrl".to_owned(),
                detail: format!(
                    "expected http:// or https://, a host and perhaps a path, without user and query, of at most {PUBLIC_URL_MAX_BYTES} bytes"
                ),
            }),
        }
    }
    if errors.is_empty() {
        return Ok(());
    }
    Err(CatalogError::Invalid(errors).into())
}

/// Maps a product. What is open by default on the gateway has to be accepted by name, and whoever was sold the product has to fit.
pub async fn put(
    tx: &mut TenantTx,
    gateway_id: GatewayId,
    product_id: ProductId,
    judged: Judged,
    accepted_open: Vec<String>,
) -> Result<ProductMapping, OrchestrationError> {
    connections::lock(tx, gateway_id).await?;
    products::get(tx, product_id).await?;
    let missing: Vec<String> = judged
        .judgement
        .open
        .iter()
        .filter(|open| !accepted_open.contains(open))
        .cloned()
        .collect();
    if !missing.is_empty() {
        return Err(OrchestrationError::OpenByDefault(missing));
    }
    let before = find(tx, gateway_id, product_id).await?;
    let mapping = ProductMapping {
        gateway_id,
        product_id,
        scope: judged.wanted.scope.clone(),
        layout: judged.wanted.choice.layout,
        rotation: judged.wanted.choice.rotation,
        accepted_open: judged.judgement.open.clone(),
        warnings: judged.judgement.warnings.clone(),
        public_url: judged.wanted.public_url.clone(),
        credential_header: judged.wanted.credential_header.clone(),
        created_at: before.as_ref().map_or_else(|| tx.now(), |before| before.created_at),
        updated_at: tx.now(),
    };
    let gateway = Gateway {
        connection: &judged.connection,
        connector: &judged.connector,
    };
    fit::require(tx, &gateway, before.as_ref(), &mapping).await?;
    store::mappings::put(tx, &mapping).await?;
    match before {
        Some(before) => tx.changed("orchestration", "mapping.changed", gateway_id, &before, &mapping),
        None => tx.created("orchestration", "mapping.created", gateway_id, &mapping),
    }
    // Whoever has it there already may call something else from now on.
    applications::touch_connection(tx, gateway_id, Urgency::Security).await?;
    Ok(mapping)
}

/// Ends a mapping: subscriptions lose what it stood for.
pub async fn delete(tx: &mut TenantTx, gateway_id: GatewayId, product_id: ProductId) -> Result<(), OrchestrationError> {
    connections::lock(tx, gateway_id).await?;
    let before = find(tx, gateway_id, product_id).await?;
    let before = before.ok_or_else(|| OrchestrationError::not_found("mapping of product", product_id))?;
    store::mappings::delete(tx, gateway_id, product_id).await?;
    applications::touch_connection(tx, gateway_id, Urgency::Security).await?;
    tx.changed("orchestration", "mapping.deleted", gateway_id, &before, &Value::Null);
    Ok(())
}

/// One mapping.
pub async fn find(
    tx: &mut TenantTx,
    gateway_id: GatewayId,
    product_id: ProductId,
) -> Result<Option<ProductMapping>, OrchestrationError> {
    let all = store::mappings::of_connection(tx, gateway_id).await?;
    Ok(all.into_iter().find(|mapping| mapping.product_id == product_id))
}

/// Those of a connection.
pub async fn list(tx: &mut TenantTx, gateway_id: GatewayId) -> Result<Vec<ProductMapping>, OrchestrationError> {
    connections::get(tx, gateway_id).await?;
    Ok(store::mappings::of_connection(tx, gateway_id).await?)
}

/// A page of what a gateway offers; calls it, so no transaction may be open.
pub async fn discover(
    engine: &Orchestrator,
    connection: &Connection,
    connector: &dyn Connector,
    cursor: Option<String>,
) -> Result<Page<Offered>, OrchestrationError> {
    let found = connector.discover(&engine.link(connection), cursor).await;
    found.map_err(|fault| OrchestrationError::Gateway {
        gateway: connection.id,
        fault,
    })
}
