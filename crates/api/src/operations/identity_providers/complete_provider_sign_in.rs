//! `POST /sessions/provider`

use axum::response::Response;
use gatewright_identity::providers::arrival::{self, Answer, Completed};
use gatewright_identity::providers::identities::Arrived;
use gatewright_identity::throttle::{self, CODE_BY_ADDRESS};
use gatewright_types::ids::IdentityProviderId;
use http::{StatusCode, header};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::answer::{self, Delivery, SignInAnswer, SignInStatus};
use crate::cookies::{self, Cookie};
use crate::error::ApiError;
use crate::identity_providers;
use crate::letters::{self, Letter, Notice};
use crate::visitor::Asked;
use crate::work::respond;

/// What the provider sent the browser back with.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ProviderAnswer {
    /// To whose address it came back: the last part of `/sign-in/callback/{id}`.
    provider_id: IdentityProviderId,
    /// `state` of the address.
    #[schema(max_length = 4096)]
    state: String,
    /// `code` of the address.
    #[schema(max_length = 4096)]
    code: Option<String>,
    /// `error` of the address.
    #[schema(max_length = 4096)]
    error: Option<String>,
    /// `iss` of the address.
    #[schema(max_length = 4096)]
    iss: Option<String>,
    /// Without cookies: what the errand began with.
    #[schema(example = "gwb_…")]
    browser_token: Option<String>,
    /// How whoever is signed in gets what they need.
    #[serde(default)]
    delivery: Delivery,
}

/// Sign in, sign up, or link an identity by what an identity provider answered.
///
/// Somebody unknown signs up, where the provider and the tenant let
/// them; nobody is ever taken for another because of a mail address.
#[utoipa::path(post, path = "/sessions/provider", tag = "Sign-in", request_body = ProviderAnswer, responses((status = 201, description = "Signed in, a second factor is owed, or the identity is linked", body = SignInAnswer)))]
pub(crate) async fn complete_provider_sign_in(asked: Asked<ProviderAnswer>) -> Result<Response, ApiError> {
    let Asked { visitor, body } = asked;
    answer::check(&visitor, body.delivery)?;
    let visit = &visitor.visit;
    visit.count(&[(CODE_BY_ADDRESS, &visit.address())]).await?;
    let mut tx = visit.begin().await?;
    let policy = identity_providers::policy(&mut tx, &visitor.state).await?;
    tx.close().await?;

    let browser = match body.delivery {
        Delivery::Cookie => visitor.cookie(Cookie::Begun),
        Delivery::Body => body.browser_token.as_deref(),
    };
    let came = Answer {
        state: body.state,
        code: body.code,
        error: body.error,
        iss: body.iss,
    };
    let arrival = arrival::take(visit, body.provider_id, browser.unwrap_or_default(), came).await;
    let arrival = visitor.noting_refusal("complete_provider_sign_in", arrival).await?;
    let session = match arrival.links_to() {
        Some(_) => visitor.session().await?,
        None => None,
    };
    let (signed_in, renewed) = session.unzip();
    let signed_in = signed_in.map(|signed_in| (signed_in.person_id, signed_in.session_id));
    let asking = identity_providers::asking(&visitor.state, &policy);
    let completed = arrival.complete(visit, asking, &visitor.portal_url(), signed_in).await;
    let Completed {
        arrived,
        return_to,
        mut tx,
    } = visitor.noting_refusal("complete_provider_sign_in", completed).await?;
    throttle::forgive(&mut tx, CODE_BY_ADDRESS, &visit.address()).await?;
    if let Arrived::Linked(person_id) = &arrived {
        let notice = Letter::Notice {
            person_id: *person_id,
            what: Notice::IdentityLinked,
            to: None,
        };
        letters::send(&mut tx, notice).await?;
    }
    tx.commit().await?;
    let mut response = match arrived {
        Arrived::SignedIn(came) => {
            answer::signed_in(&visitor, body.delivery, StatusCode::CREATED, came, Some(return_to))
        }
        Arrived::Linked(_) => {
            let answered = SignInAnswer::new(SignInStatus::Linked, Some(return_to));
            let mut response = respond(StatusCode::CREATED, &json!(answered));
            if let Some(field) = Cookie::Begun.clear(visitor.secure) {
                response.headers_mut().append(header::SET_COOKIE, field);
            }
            response
        }
    };
    if let Some(tokens) = renewed.flatten() {
        cookies::set_tokens(response.headers_mut(), &tokens, visitor.secure);
    }
    Ok(response)
}
