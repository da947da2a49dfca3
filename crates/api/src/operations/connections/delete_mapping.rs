//! `DELETE /connections/{id}/mappings/{productId}`

use axum::extract::Path;
use axum::response::Response;
use gatewright_native::nodes::Effects;
use gatewright_orchestration::mappings;
use gatewright_types::ids::{GatewayId, ProductId};

use crate::error::ApiError;
use crate::work::{Command, Nothing};

/// End a mapping: subscriptions lose there what it stood for.
#[utoipa::path(delete, path = "/connections/{id}/mappings/{productId}", tag = "Connections", params(("id" = GatewayId, Path), ("productId" = ProductId, Path)), responses((status = 204, description = "Ended")))]
pub(crate) async fn delete_mapping(
    Path((id, product_id)): Path<(String, String)>,
    command: Command<Nothing>,
) -> Result<Response, ApiError> {
    let (id, product_id) = super::both_ids(&id, &product_id)?;
    let (mut work, _) = command.begin().await?;
    mappings::delete(work.tx(), id, product_id).await?;
    work.deleted(Effects::default()).await
}
