//! What is answered to whoever signs in, and how they get what they sign in with.
//!
//! A browser gets cookies that no script can read. What is no browser may ask for the tokens themselves; a page that asks
//! for them is refused, because a browser always says where a request comes from.

use axum::response::Response;
use gatewright_identity::sessions::{ACCESS_TOKEN_LIFE, Tokens};
use gatewright_identity::sign_in::{Factor, SignedIn};
use gatewright_types::ids::SessionId;
use gatewright_types::{ProblemCode, text_enum};
use http::{HeaderMap, StatusCode, header};
use secrecy::SecretString;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::cookies::{Cookie, set_tokens};
use crate::error::ApiError;
use crate::reveal::Revealing;
use crate::visitor::Visitor;
use crate::work::respond;

text_enum! {
    /// How whoever signs in gets what they need from now on.
    #[derive(Default)]
    pub enum Delivery {
        /// As cookies that no script can read.
        #[default]
        Cookie = "COOKIE",
        /// In the answer; for programs that are no browsers.
        Body = "BODY",
    }
}

text_enum! {
    /// How far somebody is.
    pub enum SignInStatus {
        /// In.
        SignedIn = "SIGNED_IN",
        /// A second factor is owed.
        SecondFactorRequired = "SECOND_FACTOR_REQUIRED",
        /// Nobody was signed in; an account elsewhere was linked to whoever is.
        Linked = "LINKED",
    }
}

/// A session that was begun.
#[derive(Serialize, ToSchema)]
pub(crate) struct BegunSession {
    /// Which.
    id: SessionId,
}

/// What is answered to whoever signs in.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SignInAnswer {
    /// How far they are.
    status: SignInStatus,
    /// SIGNED_IN: the session.
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<BegunSession>,
    /// SECOND_FACTOR_REQUIRED: what would do, in `POST /sessions/second-factor`.
    #[serde(skip_serializing_if = "Option::is_none")]
    factors: Option<Vec<Factor>>,
    /// BODY: to be sent as `Authorization: Bearer`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    access_token: Option<Revealing>,
    /// BODY: how long the access token works.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 300)]
    expires_in_seconds: Option<i64>,
    /// BODY: renews the session once, in `POST /sessions/refresh`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "gwr_…")]
    refresh_token: Option<Revealing>,
    /// BODY: to be sent with the second factor.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "gwp_…")]
    pending_token: Option<Revealing>,
    /// Ten codes that replace a second factor once each, of somebody who was made with a passkey; never shown again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>)]
    recovery_codes: Option<Vec<Revealing>>,
    /// Where to go on, of a sign-in that began with a place to return to.
    #[serde(skip_serializing_if = "Option::is_none")]
    return_to: Option<String>,
}

impl SignInAnswer {
    /// Nothing but how far somebody is and where they go on.
    pub(crate) const fn new(status: SignInStatus, return_to: Option<String>) -> Self {
        Self {
            status,
            session: None,
            factors: None,
            access_token: None,
            expires_in_seconds: None,
            refresh_token: None,
            pending_token: None,
            recovery_codes: None,
            return_to,
        }
    }
}

/// Refuses to put a token into an answer that a page's script can read.
pub(crate) fn check(visitor: &Visitor, delivery: Delivery) -> Result<(), ApiError> {
    if delivery == Delivery::Body && visitor.is_browser {
        return Err(ApiError::new(
            ProblemCode::InvalidRequest,
            "`delivery: BODY` is for programs; a browser gets cookies that no script can read.",
        ));
    }
    Ok(())
}

/// Answers whoever signs in.
pub(crate) fn signed_in(
    visitor: &Visitor,
    delivery: Delivery,
    status: StatusCode,
    came: SignedIn,
    return_to: Option<String>,
) -> Response {
    let answer = SignInAnswer::new(SignInStatus::SignedIn, return_to);
    write(visitor, delivery, (status, came), answer)
}

/// Answers whoever was made with a passkey and signs in.
pub(crate) fn signed_in_first(
    visitor: &Visitor,
    delivery: Delivery,
    came: SignedIn,
    recovery_codes: Option<Vec<SecretString>>,
) -> Response {
    let mut answer = SignInAnswer::new(SignInStatus::SignedIn, None);
    answer.recovery_codes = recovery_codes.map(|codes| codes.into_iter().map(Revealing::new).collect());
    write(visitor, delivery, (StatusCode::OK, came), answer)
}

fn write(
    visitor: &Visitor,
    delivery: Delivery,
    (status, came): (StatusCode, SignedIn),
    mut answer: SignInAnswer,
) -> Response {
    let mut cookies = HeaderMap::new();
    let mut set = |cookie: Cookie, value: &SecretString| {
        if let Some(field) = cookie.set(value, visitor.secure) {
            cookies.append(header::SET_COOKIE, field);
        }
    };
    match (came, delivery) {
        (SignedIn::Owing { pending, factors }, Delivery::Cookie) => {
            set(Cookie::Pending, &pending);
            answer.status = SignInStatus::SecondFactorRequired;
            answer.factors = Some(factors);
        }
        (SignedIn::Owing { pending, factors }, Delivery::Body) => {
            answer.status = SignInStatus::SecondFactorRequired;
            answer.factors = Some(factors);
            answer.pending_token = Some(Revealing::new(pending));
        }
        (SignedIn::Done(done), Delivery::Cookie) => {
            if let Some(device) = &done.device {
                set(Cookie::Device, device);
            }
            for used_up in [Cookie::Pending, Cookie::Begun] {
                if visitor.cookie(used_up).is_some()
                    && let Some(field) = used_up.clear(visitor.secure)
                {
                    cookies.append(header::SET_COOKIE, field);
                }
            }
            set_tokens(&mut cookies, &done.tokens, visitor.secure);
            answer.session = Some(BegunSession {
                id: done.tokens.session_id,
            });
        }
        (SignedIn::Done(done), Delivery::Body) => {
            let Tokens {
                session_id,
                access,
                refresh,
            } = done.tokens;
            answer.session = Some(BegunSession { id: session_id });
            answer.access_token = Some(Revealing::new(access));
            answer.expires_in_seconds = Some(ACCESS_TOKEN_LIFE.num_seconds());
            answer.refresh_token = refresh.map(Revealing::new);
        }
    }
    let mut response = respond(status, &json!(answer));
    for (name, value) in &cookies {
        response.headers_mut().append(name, value.clone());
    }
    response
}
