//! `POST /sign-ups/verify`

use axum::response::Response;
use gatewright_identity::model::Method;
use gatewright_identity::throttle::CODE_BY_ADDRESS;
use gatewright_identity::{sign_in, sign_up};
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::answer::{self, Delivery, SignInAnswer};
use crate::cookies::Cookie;
use crate::error::ApiError;
use crate::visitor::Asked;
use crate::work::respond;

/// What the mail carried.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Verification {
    /// What the mail's link carries.
    #[schema(example = "gwm_…")]
    token: String,
    /// BODY: what `POST /sign-ups` answered.
    #[schema(example = "gwb_…")]
    browser_token: Option<String>,
    /// How whoever is signed in gets what they need.
    #[serde(default)]
    delivery: Delivery,
}

/// Show that the mail address of a sign-up is theirs: the account exists from now on.
///
/// Whoever began it, in this browser or with its `browserToken`, is signed in; anybody else gets `{"status": "VERIFIED"}`
/// and signs in.
#[utoipa::path(post, path = "/sign-ups/verify", tag = "Sign-in", request_body = Verification, responses((status = 200, description = "Signed in, or VERIFIED", body = SignInAnswer)))]
pub(crate) async fn verify_sign_up(asked: Asked<Verification>) -> Result<Response, ApiError> {
    let Asked { visitor, body } = asked;
    answer::check(&visitor, body.delivery)?;
    let visit = &visitor.visit;
    visit.count(&[(CODE_BY_ADDRESS, &visit.address())]).await?;

    let mut tx = visit.begin().await?;
    let browser = match body.delivery {
        Delivery::Cookie => visitor.cookie(Cookie::Begun),
        Delivery::Body => body.browser_token.as_deref(),
    };
    let verified = sign_up::verify(&mut tx, &body.token, browser).await?;
    if !verified.begun_here {
        tx.commit().await?;
        return Ok(respond(StatusCode::OK, &json!({ "status": "VERIFIED" })));
    }
    let came = sign_in::admit(&mut tx, visit, verified.person_id, &[Method::Mail]).await?;
    tx.commit().await?;
    Ok(answer::signed_in(&visitor, body.delivery, StatusCode::OK, came, None))
}
