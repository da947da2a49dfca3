//! `GET /portal/playground/options`

use axum::Json;
use gatewright_portal::playground::model::PlaygroundOptions;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::error::ApiError;
use crate::extract::Query;
use crate::principal::Acting;

/// Which operation is to be called.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OptionsQuery {
    /// The description's slug.
    reference: String,
    /// The operation's slug.
    operation: String,
}

/// Get what one can call an operation with, and where: keys of one's customer that cover the product, and the gateways that serve it.
#[utoipa::path(get, path = "/portal/playground/options", tag = "Portal", params(OptionsQuery), responses((status = 200, description = "Keys and places", body = PlaygroundOptions)))]
pub(crate) async fn get_playground_options(
    acting: Acting,
    Query(query): Query<OptionsQuery>,
) -> Result<Json<PlaygroundOptions>, ApiError> {
    let who = super::who(&acting)?;
    let mut tx = acting.begin().await?;
    let (head, _) = super::operation(&mut tx, &query.reference, &query.operation).await?;
    let playground = acting.state().playground();
    Ok(Json(playground.options(&mut tx, who, head.product_id).await?))
}
