//! `POST /sign-in-providers/{id}/authorizations`

use axum::response::Response;
use gatewright_identity::providers::errand::{self, Begun, Wish};
use gatewright_types::ids::{IdentityProviderId, PersonId, SessionId};
use http::{StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::answer::{self, Delivery};
use crate::cookies::Cookie;
use crate::error::ApiError;
use crate::extract::Id;
use crate::identity_providers;
use crate::reveal::Revealing;
use crate::visitor::{Asked, Visitor};
use crate::work::respond;

/// Where to go on afterwards.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ProviderErrand {
    /// A path of this host, beginning with one slash; `/` when absent.
    #[schema(max_length = 2048, example = "/subscriptions")]
    pub(crate) return_to: Option<String>,
    /// How this browser or program gets what binds the errand to it.
    #[serde(default)]
    pub(crate) delivery: Delivery,
}

/// Where the browser goes now.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Authorization {
    /// At the provider. It works once, for ten minutes, in this browser.
    #[schema(value_type = String, example = "https://login.example.com/authorize?response_type=code&…")]
    authorization_url: Revealing,
    /// BODY: to be sent with what the provider answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "gwb_…")]
    browser_token: Option<Revealing>,
}

/// Begin to sign in by an account elsewhere: the browser goes to `authorizationUrl`, and comes back to
/// `/sign-in/callback/{id}` of this host with what goes to `POST /sessions/provider`.
#[utoipa::path(post, path = "/sign-in-providers/{id}/authorizations", tag = "Sign-in", params(("id" = IdentityProviderId, Path)), request_body = ProviderErrand, responses((status = 201, description = "Where the browser goes", body = Authorization)))]
pub(crate) async fn begin_provider_sign_in(
    Id(id): Id<IdentityProviderId>,
    asked: Asked<ProviderErrand>,
) -> Result<Response, ApiError> {
    let Asked { visitor, body } = asked;
    begin(&visitor, id, body, None).await
}

/// Sends somebody to a provider: to sign in, or to have one more identity.
pub(super) async fn begin(
    visitor: &Visitor,
    provider_id: IdentityProviderId,
    errand: ProviderErrand,
    links_to: Option<(PersonId, SessionId)>,
) -> Result<Response, ApiError> {
    answer::check(visitor, errand.delivery)?;
    let mut tx = visitor.visit.begin().await?;
    let policy = identity_providers::policy(&mut tx, &visitor.state).await?;
    tx.close().await?;
    let wish = Wish {
        provider_id,
        portal_url: visitor.portal_url(),
        return_to: errand.return_to,
        links_to,
    };
    let asking = identity_providers::asking(&visitor.state, &policy);
    let Begun {
        authorization_url,
        browser,
    } = errand::begin(&visitor.visit, asking, wish).await?;
    let cookie = match errand.delivery {
        Delivery::Cookie => Cookie::Begun.set(&browser, visitor.secure),
        Delivery::Body => None,
    };
    let answered = Authorization {
        authorization_url: Revealing::new(authorization_url.into()),
        browser_token: cookie.is_none().then(|| Revealing::new(browser)),
    };
    let mut response = respond(StatusCode::CREATED, &json!(answered));
    if let Some(field) = cookie {
        response.headers_mut().append(header::SET_COOKIE, field);
    }
    Ok(response)
}
