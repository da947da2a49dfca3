//! Where a tenant lets its own outgoing requests go, within what the installation lets everybody reach.
//!
//! Without a list, everything is reached that the installation's [`Policy`] allows. With one, nothing else is reached than what
//! stands on it; places that are no public addresses only where the installation opens or delegates them. So nobody of a
//! tenant can open the way to another network, to a metadata service or to Gatewright itself.

use chrono::{DateTime, Utc};
use gatewright_database::TenantTx;
use gatewright_egress::{Destination, Policy};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use crate::error::Checks;
use crate::{NotifyError, store};

/// Most lines of a list.
pub const DESTINATIONS_MAX: usize = 100;
/// Longest line, in bytes: a host name of 253 with `*.` and a port.
pub const DESTINATION_MAX_BYTES: usize = 261;

/// Where outgoing requests of a tenant may go.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OutgoingDestinations {
    /// Host names, `*.` with a host name for all below, addresses and networks, with a port or for all. Null: wherever the
    /// installation lets everybody go; empty: nowhere.
    #[schema(example = json!(["hooks.example.com", "*.example.org:8443", "192.0.2.0/24", "[2001:db8::1]:443"]))]
    pub destinations: Option<Vec<String>>,
    /// When that was last decided; null for never.
    pub updated_at: Option<DateTime<Utc>>,
}

/// What takes the place of a list.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewDestinations {
    /// The list, or null for none. Never left out: that would open what was closed.
    #[serde(deserialize_with = "present_or_null")]
    #[schema(required = true, max_items = 100)]
    pub destinations: Option<Vec<String>>,
}

fn present_or_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    Option::deserialize(deserializer)
}

/// Where outgoing requests of the tenant may go.
pub async fn get(tx: &mut TenantTx) -> Result<OutgoingDestinations, NotifyError> {
    Ok(store::destinations::find(tx).await?.unwrap_or_default())
}

/// The same, held until the end of the transaction.
pub async fn hold(tx: &mut TenantTx) -> Result<OutgoingDestinations, NotifyError> {
    store::hold_tenant(tx).await?;
    get(tx).await
}

/// Puts a list in the place of the one that is there, which [`hold`] has held. What is on its way to other places is refused
/// from now on.
pub async fn put(
    tx: &mut TenantTx,
    policy: &Policy,
    before: &OutgoingDestinations,
    new: NewDestinations,
) -> Result<OutgoingDestinations, NotifyError> {
    check(policy, new.destinations.as_deref().unwrap_or_default())?;
    let after = OutgoingDestinations {
        destinations: new.destinations,
        updated_at: Some(tx.now()),
    };
    store::destinations::put(tx, after.destinations.as_deref()).await?;
    let tenant_id = tx.tenant_id();
    tx.changed("notify", "outgoing_destinations.changed", tenant_id, before, &after);
    Ok(after)
}

/// What the tenant's outgoing requests may reach; one round trip.
pub async fn policy(tx: &mut TenantTx, installation: &Policy) -> Result<Policy, NotifyError> {
    let listed = get(tx).await?.destinations;
    // A line was read before it was kept; should one not be readable any more, it means nothing rather than everything.
    let only = listed.map(|lines| {
        lines
            .iter()
            .filter_map(|line| line.parse::<Destination>().ok())
            .collect()
    });
    Ok(Policy {
        only,
        ..installation.clone()
    })
}

fn check(policy: &Policy, lines: &[String]) -> Result<(), NotifyError> {
    let mut checks = Checks::default();
    let most = format!("expected at most {DESTINATIONS_MAX}");
    checks.require(lines.len() <= DESTINATIONS_MAX, "/destinations", most);
    for (at, line) in lines.iter().take(DESTINATIONS_MAX).enumerate() {
        let field = format!("/destinations/{at}");
        let read = match line.len() <= DESTINATION_MAX_BYTES {
            true => line.parse::<Destination>().ok(),
            false => None,
        };
        let Some(read) = read else {
            let expected =
                "expected a host name, `*.` and a host name, an address or a network, also with `:` and a port";
            checks.require(false, &field, expected);
            continue;
        };
        if let Err(kind) = policy.judge_line(&read) {
            let why = format!("{line} is {kind}; the installation lets no tenant open it (egress_delegate)");
            checks.require(false, &field, why);
        }
    }
    checks.done()
}
