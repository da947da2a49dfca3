//! `POST /sign-ups`

use axum::response::Response;
use chrono::{DateTime, Utc};
use gatewright_catalog::check::Checks;
use gatewright_identity::settings;
use gatewright_identity::sign_up::{self, NewSignUp};
use gatewright_identity::throttle::{MAIL_TO_ADDRESS, SIGN_UP_BY_ADDRESS};
use gatewright_notify::mail::is_address;
use gatewright_types::text_enum;
use http::{StatusCode, header};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::answer::{self, Delivery};
use crate::cookies::Cookie;
use crate::error::ApiError;
use crate::letters::{self, Letter};
use crate::reveal::Revealing;
use crate::visitor::Asked;
use crate::work::respond;

/// Who signs up.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SignUpRequest {
    /// Their mail address.
    #[schema(max_length = 254, example = "ada@example.com")]
    email: String,
    /// Their name.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// What the customer is to be called for whom they come; their own name when absent.
    #[schema(min_length = 1, max_length = 200)]
    customer_name: Option<String>,
    /// At least 10 characters, and none that everybody tries first; absent: they sign in by other means.
    #[schema(value_type = Option<String>, min_length = 10, max_length = 256)]
    password: Option<SecretString>,
    /// How this browser or program gets what binds the sign-up to it.
    #[serde(default)]
    delivery: Delivery,
}

text_enum! {
    /// What comes next.
    pub enum MailStatus {
        /// A mail is on its way, if the address is one that gets mails from us.
        MailSent = "MAIL_SENT",
    }
}

/// What comes next, the same for every address.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SignUpBegun {
    /// What comes next.
    status: MailStatus,
    /// From when on the link in the mail leads nowhere.
    expires_at: DateTime<Utc>,
    /// BODY: to be sent with what the mail carries, so that the sign-up ends in a session.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "gwb_…")]
    browser_token: Option<Revealing>,
}

/// Sign up as the first developer of a new customer. A mail follows; what it carries goes to `POST /sign-ups/verify`.
///
/// The answer is the same whether or not the address has an account.
#[utoipa::path(post, path = "/sign-ups", tag = "Sign-in", request_body = SignUpRequest, responses((status = 202, description = "A mail follows", body = SignUpBegun)))]
pub(crate) async fn create_sign_up(asked: Asked<SignUpRequest>) -> Result<Response, ApiError> {
    let Asked { visitor, body } = asked;
    answer::check(&visitor, body.delivery)?;
    let (visit, hasher) = (&visitor.visit, visitor.state.hasher());
    let customer_name = body.customer_name.unwrap_or_else(|| body.name.clone());
    let mut checks = Checks::default();
    checks.require(
        is_address(&body.email),
        "/email",
        "expected a mail address like ada@example.com",
    );
    checks.email("/email", &body.email);
    checks.name("/name", &body.name);
    checks.name("/customerName", &customer_name);
    if let Some(password) = &body.password {
        hasher
            .check(&mut checks, "/password", password, &[&body.email, &body.name])
            .await;
    }
    checks.done()?;

    let mut tx = visit.begin().await?;
    settings::get(&mut tx).await?.admit(&body.email)?;
    tx.close().await?;
    visit
        .count(&[(SIGN_UP_BY_ADDRESS, &visit.address()), (MAIL_TO_ADDRESS, &body.email)])
        .await?;

    let password_hash = match &body.password {
        Some(password) => Some(hasher.hash(visit.database.rng(), password).await?),
        None => None,
    };
    let mut tx = visit.begin().await?;
    let new = NewSignUp {
        email: body.email,
        name: body.name,
        customer_name,
        password_hash,
    };
    let begun = sign_up::begin(&mut tx, new).await?;
    letters::send(&mut tx, Letter::SignUp { sign_up_id: begun.id }).await?;
    tx.commit().await?;

    let by_cookie = (body.delivery == Delivery::Cookie).then(|| Cookie::Begun.set(&begun.browser, visitor.secure));
    let answered = SignUpBegun {
        status: MailStatus::MailSent,
        expires_at: begun.expires_at,
        browser_token: by_cookie.is_none().then(|| Revealing::new(begun.browser)),
    };
    let mut response = respond(StatusCode::ACCEPTED, &json!(answered));
    if let Some(field) = by_cookie.flatten() {
        response.headers_mut().append(header::SET_COOKIE, field);
    }
    Ok(response)
}
