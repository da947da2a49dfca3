//! Mails: text, and the same as simple HTML.
//!
//! A mail is kept sealed from the use case's commit until a mail server has it. Recipient and subject are checked when it is
//! made, and written by a library that encodes them; nothing in them can become another header.

pub mod mailbox;
mod send;

use std::time::Duration;

use gatewright_database::TenantTx;
use gatewright_database::jobs::{Job, NewJob, enqueue as enqueue_job};
use gatewright_types::ids::MailId;
use lettre::Address;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

pub use send::{InvalidMailer, Mailer, Sender};

use crate::error::Checks;
use crate::{NotifyError, secret_box, store};

/// Longest mail address, in bytes (RFC 5321 §4.5.3.1.3, less the angle brackets).
pub const ADDRESS_MAX_BYTES: usize = 254;
/// Longest subject, in characters.
pub const SUBJECT_MAX: usize = 200;
/// Longest text, in bytes; what can be sealed is the limit.
pub const TEXT_MAX_BYTES: usize = 32 * 1024;
/// A mail's content has one version.
const VERSION: i32 = 1;

/// A mail to one person.
pub struct NewMail {
    /// A mail address.
    pub recipient: String,
    /// One line.
    pub subject: String,
    /// Paragraphs, an empty line between them. Links stand by themselves as `https://…`.
    pub text: String,
}

/// Sends a mail.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SendMail {
    mail_id: MailId,
}

impl Job for SendMail {
    const KIND: &'static str = "notify.send_mail";
    const TIME_LIMIT: Duration = Duration::from_mins(2);
}

/// Whether a text is a mail address that can be written to.
pub fn is_address(text: &str) -> bool {
    text.len() <= ADDRESS_MAX_BYTES && text.is_ascii() && text.parse::<Address>().is_ok()
}

/// Keeps a mail and enqueues that it is sent, in the use case's transaction.
pub async fn enqueue(tx: &mut TenantTx, mail: NewMail) -> Result<MailId, NotifyError> {
    let mut checks = Checks::default();
    checks.require(is_address(&mail.recipient), "/recipient", "expected a mail address");
    let subject = mail.subject.chars().count() <= SUBJECT_MAX && !mail.subject.chars().any(char::is_control);
    checks.require(
        subject,
        "/subject",
        format!("expected at most {SUBJECT_MAX} characters on one line"),
    );
    let text = mail.text.len() <= TEXT_MAX_BYTES && !mail.text.contains('\0');
    checks.require(text, "/text", format!("expected at most {TEXT_MAX_BYTES} bytes"));
    checks.done()?;
    let id = MailId::mint(tx.clock(), tx.rng());
    let text = SecretString::from(mail.text);
    let sealed = secret_box::seal(tx, secret_box::MAIL, id.uuid(), VERSION, &text).await?;
    store::mails::insert(tx, id, &mail.recipient, &mail.subject, &sealed).await?;
    enqueue_job(tx, NewJob::new(SendMail { mail_id: id })).await?;
    Ok(id)
}

/// A mail's text, while it is kept.
async fn open(tx: &mut TenantTx, id: MailId, sealed: Vec<u8>) -> Result<SecretString, NotifyError> {
    Ok(secret_box::open(tx, secret_box::MAIL, id.uuid(), VERSION, sealed).await?)
}

/// The text as HTML: paragraphs, line breaks, links.
pub fn html(text: &SecretString) -> String {
    let paragraphs = text.expose_secret().split("\n\n").map(|paragraph| {
        let lines: Vec<String> = paragraph.lines().map(line).collect();
        format!("<p>{}</p>", lines.join("<br>"))
    });
    let body: String = paragraphs.collect();
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><body style=\"font:16px/1.5 sans-serif\">{body}</body></html>"
    )
}

fn line(line: &str) -> String {
    let words = line.split(' ').map(|word| {
        let (link, rest) = word.split_at(word.trim_end_matches(['.', ',', ';', ':', '!', '?', ')']).len());
        if link.starts_with("https://") || link.starts_with("http://") {
            let link = escape(link);
            format!("<a href=\"{link}\">{link}</a>{}", escape(rest))
        } else {
            escape(word)
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_shows_the_text_and_links_only_what_is_a_link() {
        let text = "Hello <b>you</b>,\nsee https://example.com/?a=1&b=\"2\".\n\njavascript:alert(1)".to_owned();
        let html = html(&text.into());
        assert!(html.contains("<p>Hello &lt;b&gt;you&lt;/b&gt;,<br>see "), "{html}");
        assert!(
            html.contains("<a href=\"https://example.com/?a=1&amp;b=&quot;2&quot;\">"),
            "{html}"
        );
        assert!(html.contains("</a>") && !html.contains("href=\"javascript"), "{html}");
    }

    #[test]
    fn an_address_is_one_address_and_nothing_else() {
        assert!(is_address("ada@example.com") && is_address("ada+hooks@mail.example.co.uk"));
        for wrong in [
            "",
            "ada",
            "@example.com",
            "ada@",
            "Ada <ada@example.com>",
            "ada@example.com, eve@example.com",
            "ada@example.com\r\nBcc: eve@example.com",
            "ada\n@example.com",
            "ada@example.com\0",
            "a da@example.com",
            "ada@exämple.com",
        ] {
            assert!(!is_address(wrong), "{wrong:?}");
        }
    }
}
