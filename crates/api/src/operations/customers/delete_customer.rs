//! `DELETE /customers/{id}`

use axum::response::Response;
use gatewright_catalog::customers;
use gatewright_identity::developers;
use gatewright_native::nodes::Effects;
use gatewright_orchestration::emergency;
use gatewright_types::ids::CustomerId;

use crate::error::ApiError;
use crate::extract::Id;
use crate::work::{Command, Nothing};

/// Delete a customer.
///
/// Its subscriptions are cancelled and its keys revoked, on every gateway. It stands in no list any more; the audit log and
/// what was billed still name it.
#[utoipa::path(delete, path = "/customers/{id}", tag = "Customers", params(("id" = CustomerId, Path)), responses((status = 204, description = "Deleted")))]
pub(crate) async fn delete_customer(Id(id): Id<CustomerId>, command: Command<Nothing>) -> Result<Response, ApiError> {
    let (mut work, _) = command.begin().await?;
    if work.is_conditional() {
        let held = customers::lock(work.tx(), id).await?;
        work.require(&held)?;
    }
    developers::remove_all(work.tx(), id).await?;
    let changes = emergency::delete_customer(work.tx(), id).await?;
    work.deleted(Effects::access(changes)).await
}
