//! `PUT /connections/{id}/mappings/{productId}`

use axum::extract::Path;
use axum::response::Response;
use gatewright_connectors::choice::{Choice, Layout, Rotation};
use gatewright_native::nodes::Effects;
use gatewright_orchestration::model::ProductMapping;
use gatewright_orchestration::{connections, mappings};
use gatewright_types::ids::{GatewayId, ProductId};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::work::Command;

/// What of a gateway stands for a product.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewMapping {
    /// What access is given to there: for Kong, ACL groups.
    #[schema(min_items = 1, max_items = 100, example = json!(["prod-translate"]))]
    scope: Vec<String>,
    /// Azure API Management: how many subscriptions there a subscription is. Left out, one for all its keys.
    #[serde(default)]
    layout: Option<Layout>,
    /// MuleSoft: what becomes of the old secret when a key is rotated. Left out, as the gateway was connected. Of a subscription
    /// whose products are mapped in both ways, the old secret ends when the new one begins.
    #[serde(default)]
    rotation: Option<Rotation>,
    /// What is open there by default and accepted, word for word as the refusal names it.
    #[serde(default)]
    accept_open: Vec<String>,
    /// Where callers reach the product on this gateway: samples name it, and the playground calls it. Left out, neither does.
    #[serde(default)]
    #[schema(max_length = 1024, example = "https://api.example.com/translate")]
    public_url: Option<String>,
    /// The header field that the gateway reads the key from, where that is not the vendor's usual one.
    #[serde(default)]
    #[schema(max_length = 64, example = "X-Api-Key")]
    credential_header: Option<String>,
}

/// Map a product to what stands for it on a connected gateway.
///
/// What the gateway cannot honor is refused here. What it leaves open to everybody has to be accepted by name.
#[utoipa::path(put, path = "/connections/{id}/mappings/{productId}", tag = "Connections", params(("id" = GatewayId, Path), ("productId" = ProductId, Path)), request_body = NewMapping, responses((status = 200, description = "The mapping", body = ProductMapping)))]
pub(crate) async fn put_mapping(
    Path((id, product_id)): Path<(String, String)>,
    command: Command<NewMapping>,
) -> Result<Response, ApiError> {
    let (id, product_id) = super::both_ids(&id, &product_id)?;
    let engine = command.orchestrator();
    let mut tx = command.look().await?;
    let (connection, connector) = connections::with_connector(&engine, &mut tx, id).await?;
    tx.close().await?;
    let body = command.body();
    let wanted = mappings::Wanted {
        scope: body.scope.clone(),
        choice: Choice {
            layout: body.layout,
            rotation: body.rotation,
        },
        public_url: body.public_url.clone(),
        credential_header: body.credential_header.clone(),
    };
    let judged = mappings::judge(&engine, &connection, &connector, wanted).await?;
    let (mut work, new) = command.begin().await?;
    let mapping = mappings::put(work.tx(), id, product_id, judged, new.accept_open).await?;
    work.done(&mapping, Effects::default()).await
}
