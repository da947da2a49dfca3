//! Calls from the portal.

pub(super) mod check_operation_values;
pub(super) mod delete_playground_requests;
pub(super) mod get_playground_options;
pub(super) mod list_playground_requests;
pub(super) mod send_playground_request;

use gatewright_database::TenantTx;
use gatewright_identity::model::Seat;
use gatewright_portal::Sees;
use gatewright_portal::playground::Who;
use gatewright_portal::reference::{self, Head};
use gatewright_spec::model::Operation;

use crate::error::ApiError;
use crate::operations::docs::reader::read_operation;
use crate::principal::Acting;

/// Who calls.
fn who(acting: &Acting) -> Result<Who, ApiError> {
    let Seat {
        developer_id,
        customer_id,
        ..
    } = acting.seat()?;
    Ok(Who {
        developer_id,
        customer_id,
        address: acting.origin.peer,
    })
}

/// An operation of a published description, as somebody who has signed in sees it.
async fn operation(tx: &mut TenantTx, slug: &str, operation: &str) -> Result<(Head, Operation), ApiError> {
    let head = reference::head(tx, slug, Sees::SignedIn).await?;
    let operation = read_operation(tx, &head, operation).await?;
    Ok((head, operation))
}
