//! `POST /connections/{id}/offers/import`

use axum::response::Response;
use gatewright_native::nodes::Effects;
use gatewright_orchestration::{connections, offers};
use gatewright_types::ids::GatewayId;
use gatewright_types::problem::FieldError;
use serde::Deserialize;
use utoipa::ToSchema;

use super::list_offers::Offers;
use crate::error::ApiError;
use crate::extract::Id;
use crate::work::Command;

/// What to import.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Import {
    /// The gateway's own ids of it.
    #[schema(min_items = 1, max_items = 10000)]
    remote_ids: Vec<String>,
}

/// Import what a connected gateway offers.
///
/// What is NEW or CHANGED is taken over as it is now; what is STALE is forgotten. Nothing is changed on the gateway.
#[utoipa::path(post, path = "/connections/{id}/offers/import", tag = "Connections", params(("id" = GatewayId, Path)), request_body = Import, responses((status = 200, description = "Everything it offers, as it stands then", body = Offers)))]
pub(crate) async fn import_offers(Id(id): Id<GatewayId>, command: Command<Import>) -> Result<Response, ApiError> {
    let most = offers::OFFERS_MAX;
    if !(1..=most).contains(&command.body().remote_ids.len()) {
        let error = FieldError::new("/remoteIds", format!("expected 1 to {most}"));
        return Err(ApiError::invalid(vec![error]));
    }
    let engine = command.orchestrator();
    let mut tx = command.look().await?;
    let (connection, connector) = connections::with_connector(&engine, &mut tx, id).await?;
    tx.close().await?;
    let offered = offers::discover(&engine, &connection, &*connector).await?;
    let (mut work, wanted) = command.begin().await?;
    let items = offers::import(work.tx(), id, offered, &wanted.remote_ids).await?;
    work.done(&Offers { items }, Effects::default()).await
}
