//! `POST /gateways/{id}/consumers`

use axum::response::Response;
use gatewright_native::consumers::{self, NewConsumer};
use gatewright_native::model::Consumer;
use gatewright_native::nodes::Effects;
use gatewright_types::ids::GatewayId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::extract::Id;
use crate::reveal::RevealedKey;
use crate::work::Command;

/// An API consumer with its first key.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewlyRegistered {
    #[serde(flatten)]
    consumer: Consumer,
    /// The key, with its secret.
    api_key: RevealedKey,
}

/// Register an app, user or partner directly on a native gateway; the answer reveals its key, once.
///
/// No product and no plan is needed: the key opens every route of this gateway, and of no other.
#[utoipa::path(post, path = "/gateways/{id}/consumers", tag = "API consumers", params(("id" = GatewayId, Path)), request_body = NewConsumer, responses((status = 201, description = "The API consumer and its key", body = NewlyRegistered)))]
pub(crate) async fn create_consumer(
    Id(id): Id<GatewayId>,
    command: Command<NewConsumer>,
) -> Result<Response, ApiError> {
    let (mut work, new) = command.begin().await?;
    let (consumer, revealed) = consumers::create(work.tx(), id, new).await?;
    work.created(
        &NewlyRegistered {
            consumer,
            api_key: revealed.into(),
        },
        Effects::default(),
    )
    .await
}
