//! `POST /sessions/hand-over`

use axum::response::Response;
use gatewright_identity::mail_tokens::{self, Purpose};
use gatewright_identity::model::Method;
use gatewright_identity::sign_in;
use gatewright_identity::throttle::CODE_BY_ADDRESS;
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::answer::{self, Delivery, SignInAnswer};
use crate::error::ApiError;
use crate::visitor::Asked;

/// What leads from one tenant to another.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct HandOver {
    /// What the address of `POST /account/tenants/{id}/hand-over` carries.
    #[schema(example = "gwm_…")]
    token: String,
    /// How whoever is signed in gets what they need.
    #[serde(default)]
    delivery: Delivery,
}

/// Sign in by what another tenant's session was given: works once, for a minute.
#[utoipa::path(post, path = "/sessions/hand-over", tag = "Sign-in", request_body = HandOver, responses((status = 201, description = "Signed in, or a second factor is owed", body = SignInAnswer)))]
pub(crate) async fn sign_in_by_hand_over(asked: Asked<HandOver>) -> Result<Response, ApiError> {
    let Asked { visitor, body } = asked;
    answer::check(&visitor, body.delivery)?;
    let visit = &visitor.visit;
    visit.count(&[(CODE_BY_ADDRESS, &visit.address())]).await?;
    let mut tx = visit.begin().await?;
    let (person_id, _) = mail_tokens::take(&mut tx, &body.token, Purpose::HandOver).await?;
    let came = sign_in::admit(&mut tx, visit, person_id, &[Method::HandOver]).await?;
    tx.commit().await?;
    Ok(answer::signed_in(
        &visitor,
        body.delivery,
        StatusCode::CREATED,
        came,
        None,
    ))
}
