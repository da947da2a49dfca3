//! `GET /portal/keys/{id}/gateways`

use std::collections::BTreeMap;

use axum::Json;
use chrono::{DateTime, Utc};
use gatewright_credentials::look_up;
use gatewright_credentials::model::ApiKey;
use gatewright_database::TenantTx;
use gatewright_native::gateways;
use gatewright_native::routes::Easiest;
use gatewright_orchestration::model::{
    GatewayCredential, GatewayKind, ProvisioningState, SecretState, SubscriptionGateway,
};
use gatewright_types::ids::{GatewayId, KeyId};
use serde::Serialize;
use utoipa::ToSchema;

use super::key_gateways;
use crate::ApiState;
use crate::error::ApiError;
use crate::extract::Id;
use crate::principal::Acting;

/// Every gateway of a key.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KeyGateways {
    items: Vec<KeyGateway>,
}

/// A key on one gateway.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KeyGateway {
    /// The gateway.
    gateway_id: GatewayId,
    /// Its name.
    gateway_name: String,
    /// Whether it is the tenant's own or another vendor's.
    kind: GatewayKind,
    /// Where the key's current secret stands there.
    state: ProvisioningState,
    /// Of a secret that the gateway makes: whether it can be revealed. Null where the key's own is used.
    secret: Option<SecretState>,
    /// When it was read back there.
    confirmed_at: Option<DateTime<Utc>>,
    /// Since when something is wrong there.
    failing_since: Option<DateTime<Utc>>,
    /// Until when an earlier secret is valid there.
    old_secret_ends_at: Option<DateTime<Utc>>,
    /// A request that the key is admitted with there, if one is known.
    example: Option<Example>,
}

/// A request to try a key with.
#[derive(Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Example {
    /// Its method.
    #[schema(example = "GET")]
    method: String,
    /// Its address; parameters of the path stand in braces.
    #[schema(example = "https://acme.gw.example.com/v1/usage/current")]
    url: String,
    /// The header field that takes the key.
    #[schema(example = "X-Api-Key")]
    header: &'static str,
}

/// List where a key of one's customer can be used.
#[utoipa::path(get, path = "/portal/keys/{id}/gateways", tag = "Portal", params(("id" = KeyId, Path)), responses((status = 200, description = "All of them", body = KeyGateways)))]
pub(crate) async fn list_own_key_gateways(acting: Acting, Id(id): Id<KeyId>) -> Result<Json<KeyGateways>, ApiError> {
    let seat = acting.seat()?;
    let mut tx = acting.begin().await?;
    let key = look_up::get_of_customer(&mut tx, seat.customer_id, id).await?;
    let known = key_gateways::KeyGateways::read(&mut tx, &[&key]).await?;
    let examples = examples(acting.state(), &mut tx, &key, known.routes(&key)).await?;
    let gateways = known.of(&key).into_iter();
    let items = gateways.map(|(gateway, current)| {
        let example = examples.get(&gateway.gateway_id).cloned();
        of_key(gateway, current, example)
    });
    Ok(Json(KeyGateways { items: items.collect() }))
}

fn of_key(gateway: &SubscriptionGateway, current: &GatewayCredential, example: Option<Example>) -> KeyGateway {
    let is_older =
        |one: &&GatewayCredential| one.key_id == current.key_id && one.secret_version < current.secret_version;
    let old = gateway.credentials.iter().filter(is_older);
    KeyGateway {
        gateway_id: gateway.gateway_id,
        gateway_name: gateway.gateway_name.clone(),
        kind: gateway.kind,
        state: key_gateways::state(gateway, current),
        secret: current.secret,
        confirmed_at: current.confirmed_at,
        failing_since: gateway.failing_since,
        old_secret_ends_at: old.filter_map(|one| one.ends_at).max(),
        example,
    }
}

/// Of each of our own gateways that serves the key's environment, a request that it is admitted with.
async fn examples(
    state: &ApiState,
    tx: &mut TenantTx,
    key: &ApiKey,
    routes: &[Easiest],
) -> Result<BTreeMap<GatewayId, Example>, ApiError> {
    let mut found = BTreeMap::new();
    for easiest in routes {
        let gateway = gateways::get(tx, easiest.gateway_id).await?;
        if gateway.environment != key.environment {
            continue;
        }
        let address = state.playground().address_of(gateway.id, &gateway.slug).await?;
        // Nobody said where it is: then at its own host, as everybody outside has to find it.
        let address = address.unwrap_or_else(|| format!("https://{}.{}", gateway.slug, state.nodes().base_domain()));
        let method = match easiest.method.as_str() {
            "ANY" => "GET",
            method => method,
        };
        let example = Example {
            method: method.to_owned(),
            url: format!("{address}{}", easiest.public_path),
            header: "X-Api-Key",
        };
        found.insert(gateway.id, example);
    }
    Ok(found)
}
