//! `GET /portal/branding`

use gatewright_catalog::branding::{self, Branding};

use crate::error::ApiError;
use crate::precondition::Tagged;
use crate::visitor::Visitor;

/// Get how the pages of this host look.
#[utoipa::path(get, path = "/portal/branding", tag = "Portal", responses((status = 200, description = "How they look", body = Branding)))]
pub(crate) async fn get_branding(visitor: Visitor) -> Result<Tagged<Branding>, ApiError> {
    let mut tx = visitor.visit.begin().await?;
    Ok(Tagged(branding::get(&mut tx).await?))
}
