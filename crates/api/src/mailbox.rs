//! `/api/mailbox`: mails that were left in the database because there is no mail server. For a demo on one's own machine;
//! the page `/mailbox` shows them, and a script reads the links in them here.
//!
//! It asks for no token, so it is there only where the settings say so, and only for whoever named this machine: a
//! page of somebody else's, whose name leads to 127.0.0.1, sends its own name as `Host`.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use gatewright_notify::mail::mailbox::{self, Listed};
use gatewright_types::ids::MailId;
use http::{HeaderMap, header};
use secrecy::ExposeSecret;
use serde::Serialize;

use crate::ApiState;
use crate::error::ApiError;
use crate::portals::is_loopback;

#[derive(Serialize)]
struct Mails {
    items: Vec<Mail>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Mail {
    id: MailId,
    recipient: String,
    subject: String,
    created_at: DateTime<Utc>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
}

impl Mail {
    fn new(mail: Listed, text: Option<String>) -> Self {
        Self {
            id: mail.id,
            recipient: mail.recipient,
            subject: mail.subject,
            created_at: mail.created_at,
            text,
        }
    }
}

/// `GET /api/mailbox`: the newest mails, without what they say.
pub(crate) async fn mails(State(state): State<ApiState>, headers: HeaderMap) -> Result<Response, ApiError> {
    admit(&state, &headers)?;
    let mails = mailbox::list(state.database()).await?;
    let items = mails.into_iter().map(|mail| Mail::new(mail, None)).collect();
    Ok(Json(Mails { items }).into_response())
}

/// `GET /api/mailbox/{id}`: one mail with its text.
pub(crate) async fn mail(
    State(state): State<ApiState>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    admit(&state, &headers)?;
    let missing = || ApiError::not_found("There is no such mail; /mailbox lists them all.");
    let id: MailId = id.parse().map_err(|_| missing())?;
    let (mail, text) = mailbox::show(state.database(), id).await?.ok_or_else(missing)?;
    let text = text.expose_secret().to_owned();
    Ok(Json(Mail::new(mail, Some(text))).into_response())
}

fn admit(state: &ApiState, headers: &HeaderMap) -> Result<(), ApiError> {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    if state.shows_mailbox() && is_loopback(host) {
        return Ok(());
    }
    Err(ApiError::not_found(
        "Nothing is here; /api/v1/openapi.json describes the API.",
    ))
}
