//! `POST /docs/references/{slug}/operations/{operation}/check`

use axum::Json;
use axum::extract::{FromRequest, Path, Request};
use gatewright_portal::playground::check::check;
use gatewright_spec::place::CredentialField;
use gatewright_spec::values::Values;
use gatewright_types::ProblemCode;
use gatewright_types::problem::FieldError;
use gatewright_types::slug::Slug;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::extract::{self, BODY_MAX_BYTES, Raw};
use crate::operations::docs::reader::{Reader, read_operation};

/// What was filled in.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct FilledIn {
    /// The values.
    values: Values,
}

/// What is wrong with it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Checked {
    /// At most 50; the field is as in `query/limit` or `body/items/0/name`. None: it can be sent.
    errors: Vec<FieldError>,
}

/// Judge values of an operation without sending anything: whether they can be sent, and a JSON body by its schema.
#[utoipa::path(post, path = "/docs/references/{slug}/operations/{operation}/check", tag = "Docs", params(("slug" = Slug, Path), ("operation" = String, Path)), request_body = FilledIn, responses((status = 200, description = "What is wrong", body = Checked)))]
pub(crate) async fn check_operation_values(
    mut reader: Reader,
    Path((slug, operation)): Path<(String, String)>,
    request: Request,
) -> Result<Json<Checked>, ApiError> {
    let state = reader.state().clone();
    let Raw(bytes) = Raw::<BODY_MAX_BYTES>::from_request(request, &state).await?;
    let filled_in: FilledIn = extract::json(&bytes)?;
    let (mut tx, head) = reader.head(&slug).await?;
    let operation = read_operation(&mut tx, &head, &operation).await?;
    let reached = state.playground().reached(&mut tx, head.product_id).await?;
    tx.close().await?;
    let credential: Vec<CredentialField> = reached.into_iter().flat_map(|one| one.place.credential).collect();
    let _turn = state.judging_turn().await;
    // Schemas of others may keep a processor busy for some milliseconds.
    let judging = tokio::task::spawn_blocking(move || check(&operation, &filled_in.values, &credential));
    let errors = judging
        .await
        .map_err(|_| ApiError::new(ProblemCode::Internal, "The values cannot be judged."))?;
    Ok(Json(Checked { errors }))
}
