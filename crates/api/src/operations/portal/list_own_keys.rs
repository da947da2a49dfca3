//! `GET /portal/keys`

use std::collections::HashMap;

use axum::Json;
use gatewright_credentials::look_up;
use gatewright_credentials::model::ApiKey;
use gatewright_database::Page;
use gatewright_types::access::KeyStatus;
use gatewright_types::ids::KeyId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::key_gateways::{GatewayCount, KeyGateways};
use crate::error::ApiError;
use crate::extract::Query;
use crate::lists::{List, page_request};
use crate::principal::Acting;

/// Which keys are wanted, and what of them.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OwnKeysQuery {
    /// Most items to return, 1 to 100; 50 when absent.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u16>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
    /// Whether `gateways` is wanted.
    #[serde(default)]
    count_gateways: bool,
}

/// An API key of one's customer, and where it can be used.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OwnKey {
    #[serde(flatten)]
    key: ApiKey,
    /// On how many gateways, where `countGateways` is true and the key is not revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    gateways: Option<GatewayCount>,
}

/// List the API keys of one's customer; never their secrets.
#[utoipa::path(get, path = "/portal/keys", tag = "Portal", params(OwnKeysQuery), responses((status = 200, description = "A page, newest first", body = List<OwnKey>)))]
pub(crate) async fn list_own_keys(
    acting: Acting,
    Query(query): Query<OwnKeysQuery>,
) -> Result<Json<List<OwnKey>>, ApiError> {
    let (seat, request) = (acting.seat()?, page_request(query.limit, query.cursor.as_deref())?);
    let mut tx = acting.begin().await?;
    let Page { items, more } = look_up::list_of_customer(&mut tx, seat.customer_id, request).await?;
    let mut counts: HashMap<KeyId, GatewayCount> = HashMap::new();
    if query.count_gateways {
        let alive: Vec<&ApiKey> = items.iter().filter(|key| key.status != KeyStatus::Revoked).collect();
        let known = KeyGateways::read(&mut tx, &alive).await?;
        counts.extend(alive.iter().map(|key| (key.id, known.count(key))));
    }
    let items = items.into_iter().map(|key| OwnKey {
        gateways: counts.remove(&key.id),
        key,
    });
    let page = Page {
        items: items.collect(),
        more,
    };
    Ok(Json(List::new(page, |item| item.key.id.uuid())))
}
