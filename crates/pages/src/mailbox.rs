//! `/mailbox`: in a demo, the mails that no mail server took. The API says whether there is one, and to whom it is shown.

use axum::extract::Path;
use axum::response::Response;
use chrono::{DateTime, Utc};
use maud::{Markup, html};
use serde::Deserialize;

use crate::failure::Failure;
use crate::layout::{self, About};
use crate::model::Items;
use crate::parts::moment;
use crate::visit::{Visit, segment};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Mail {
    id: String,
    recipient: String,
    subject: String,
    created_at: DateTime<Utc>,
    #[serde(default)]
    text: String,
}

/// `GET /mailbox`: the newest mails.
pub(crate) async fn list(visit: Visit) -> Result<Response, Failure> {
    let mails: Items<Mail> = visit.get("/api/mailbox").await?;
    let about = About {
        title: "Mailbox",
        ..About::default()
    };
    let content = html! {
        div.head { div { h1 { "Mailbox" } p { "No mail server is set, so mails stay here for a week, newest first." } } }
        section.panel {
            @if mails.items.is_empty() {
                div.body.soft { "No mails yet. Sign up, and reload this page." }
            } @else {
                ul.list {
                    @for mail in &mails.items {
                        li {
                            div.what { a href={ "/mailbox/" (mail.id) } { (mail.subject) } span { (mail.recipient) } }
                            span.soft.small { (moment(Some(mail.created_at))) }
                        }
                    }
                }
            }
        }
    };
    Ok(layout::open(&visit, about, &content))
}

/// `GET /mailbox/{id}`: one mail.
pub(crate) async fn one(visit: Visit, Path(id): Path<String>) -> Result<Response, Failure> {
    let mail: Mail = visit.get(&format!("/api/mailbox/{}", segment(&id)?)).await?;
    let about = About {
        title: &mail.subject,
        token_in_address: false,
        ..About::default()
    };
    let content = html! {
        div.head {
            div {
                p { a href="/mailbox" { "Mailbox" } }
                h1 { (mail.subject) }
                p { "To " (mail.recipient) " · " (moment(Some(mail.created_at))) }
            }
        }
        section.panel { div.text { (linked(&mail.text)) } }
    };
    Ok(layout::open(&visit, about, &content))
}

/// The text with its addresses as links.
fn linked(text: &str) -> Markup {
    html! {
        @for word in text.split_inclusive(char::is_whitespace) {
            @let link = word.trim_end().trim_end_matches(['.', ',', ';', ':', '!', '?', ')']);
            @if link.starts_with("https://") || link.starts_with("http://") {
                a href=(link) rel="noreferrer" { (link) } (word[link.len()..])
            } @else { (word) }
        }
    }
}
