//! `/mailbox`: mails that were left in the database because there is no mail server. For a demo on one's own machine.
//!
//! It asks for no token, so it is there only where the settings say so, and only for a browser that named this machine: a
//! page of somebody else's, whose name leads to 127.0.0.1, sends its own name as `Host`.

use std::net::IpAddr;

use axum::extract::{Path, State};
use axum::response::Response;
use gatewright_notify::mail::{self, mailbox};
use gatewright_types::ids::MailId;
use http::{HeaderMap, header};
use secrecy::ExposeSecret;

use crate::ApiState;
use crate::error::ApiError;
use crate::pages::{escape, page};

/// `GET /mailbox`: the newest mails.
pub(crate) async fn mails(State(state): State<ApiState>, headers: HeaderMap) -> Result<Response, ApiError> {
    admit(&state, &headers)?;
    let mails = mailbox::list(state.database()).await?;
    let items: String = mails
        .iter()
        .map(|mail| {
            format!(
                "<dt>{}</dt><dd><a href=\"/mailbox/{}\">{}</a><br>{}</dd>",
                mail.created_at.format("%Y-%m-%d %H:%M:%S"),
                mail.id,
                escape(&mail.subject),
                escape(&mail.recipient)
            )
        })
        .collect();
    let body = if items.is_empty() {
        "<p>No mails yet.</p>".to_owned()
    } else {
        format!("<dl>{items}</dl>")
    };
    let about = "No mail server is set, so mails stay here for a week, newest first.";
    Ok(page("Mailbox", &format!("<h1>Mailbox</h1><p>{about}</p>{body}")))
}

/// `GET /mailbox/{id}`: one mail, as text and as a mail program would show it.
pub(crate) async fn mail(
    State(state): State<ApiState>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    admit(&state, &headers)?;
    let missing = || ApiError::not_found("There is no such mail; /mailbox lists them all.");
    let id: MailId = id.parse().map_err(|_| missing())?;
    let (mail, text) = mailbox::show(state.database(), id).await?.ok_or_else(missing)?;
    let body = format!(
        "<p><a href=\"/mailbox\">Mailbox</a></p><h1>{subject}</h1><p>To {recipient}, {at} UTC</p><pre>{text}</pre>\
         <iframe sandbox title=\"As HTML\" srcdoc=\"{html}\" style=\"width:100%;height:24rem;border:1px solid #8888\"></iframe>",
        subject = escape(&mail.subject),
        recipient = escape(&mail.recipient),
        at = mail.created_at.format("%Y-%m-%d %H:%M:%S"),
        text = escape(text.expose_secret()),
        html = escape(&mail::html(&text)),
    );
    Ok(page(&escape(&mail.subject), &body))
}

fn admit(state: &ApiState, headers: &HeaderMap) -> Result<(), ApiError> {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    if state.shows_mailbox() && is_this_machine(host) {
        return Ok(());
    }
    Err(ApiError::not_found(
        "Nothing is here; /api/v1/openapi.json describes the API.",
    ))
}

fn is_this_machine(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::is_this_machine;

    #[test]
    fn only_names_of_this_machine_are_believed() {
        for host in [
            "localhost",
            "LOCALHOST:8080",
            "127.0.0.1:8080",
            "127.1.2.3",
            "[::1]:8080",
        ] {
            assert!(is_this_machine(host), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example:8080",
            "10.0.0.1",
            "[::2]",
        ] {
            assert!(!is_this_machine(host), "{host}");
        }
    }
}
