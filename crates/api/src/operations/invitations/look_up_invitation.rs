//! `POST /invitations/look-up`

use axum::Json;
use gatewright_catalog::customers;
use gatewright_identity::invitations;
use gatewright_identity::model::InvitationKind;
use gatewright_identity::throttle::CODE_BY_ADDRESS;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::operations::sign_ups::get_sign_in_options::TenantName;
use crate::visitor::Asked;

/// What the mail carried.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct InvitationToken {
    /// What the mail's link carries.
    #[schema(example = "gwm_…")]
    token: String,
}

/// An invitation, as whoever was invited sees it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InvitationView {
    /// What to be.
    kind: InvitationKind,
    /// In which role.
    #[schema(example = "MEMBER")]
    role: String,
    /// To whom it was mailed.
    email: String,
    /// Where.
    tenant: TenantName,
    /// Whose developer; null of an operator.
    customer_name: Option<String>,
    /// Who invited.
    invited_by: String,
    /// Whether the address has an account, which signs in afterwards.
    has_account: bool,
}

/// Get the invitation that a mail carries; nothing is accepted.
#[utoipa::path(post, path = "/invitations/look-up", tag = "Sign-in", request_body = InvitationToken, responses((status = 200, description = "The invitation", body = InvitationView)))]
pub(crate) async fn look_up_invitation(asked: Asked<InvitationToken>) -> Result<Json<InvitationView>, ApiError> {
    let Asked { visitor, body } = asked;
    let visit = &visitor.visit;
    visit.count(&[(CODE_BY_ADDRESS, &visit.address())]).await?;
    let mut tx = visit.begin().await?;
    let (invitation, has_account) = invitations::look_up(&mut tx, &body.token).await?;
    let customer_name = match invitation.customer_id {
        Some(id) => Some(customers::get(&mut tx, id).await?.name),
        None => None,
    };
    Ok(Json(InvitationView {
        kind: invitation.kind,
        role: invitation.role,
        email: invitation.email,
        tenant: TenantName {
            name: visitor.portal.name.clone(),
            slug: visitor.portal.slug.clone(),
        },
        customer_name,
        invited_by: invitation.invited_by,
        has_account,
    }))
}
