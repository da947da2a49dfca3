//! `POST /operators`

use axum::response::Response;
use gatewright_identity::model::Operator;
use gatewright_identity::operators::{self, NewOperator};
use gatewright_native::nodes::Effects;

use crate::error::ApiError;
use crate::work::Command;

/// Create an operator. It acts through tokens, which you make next.
///
/// You need every permission of the role you give.
#[utoipa::path(post, path = "/operators", tag = "Operators", request_body = NewOperator, responses((status = 201, description = "The operator", body = Operator)))]
pub(crate) async fn create_operator(command: Command<NewOperator>) -> Result<Response, ApiError> {
    let (mut work, new) = command.begin().await?;
    let by = work.granter();
    let operator = operators::create(work.tx(), by, new).await?;
    work.created(&operator, Effects::default()).await
}
