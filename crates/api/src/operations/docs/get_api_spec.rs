//! `GET /docs/api-specs/{id}`

use gatewright_portal::model::ApiSpec;
use gatewright_portal::specs;
use gatewright_types::ids::ApiSpecId;

use crate::error::ApiError;
use crate::extract::Id;
use crate::precondition::Tagged;
use crate::principal::Operator;

/// Get an API description.
#[utoipa::path(get, path = "/docs/api-specs/{id}", tag = "Docs", params(("id" = ApiSpecId, Path)), responses((status = 200, description = "The description", body = ApiSpec)))]
pub(crate) async fn get_api_spec(operator: Operator, Id(id): Id<ApiSpecId>) -> Result<Tagged<ApiSpec>, ApiError> {
    let mut tx = operator.begin().await?;
    Ok(Tagged(specs::get(&mut tx, id).await?))
}
