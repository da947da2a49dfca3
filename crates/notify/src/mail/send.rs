//! Hands mails to a mail server, or leaves them in the mailbox.

use std::net::IpAddr;
use std::time::Duration;

use gatewright_database::jobs::{Failure, Finished, Handler, Running};
use gatewright_types::ids::MailId;
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::Error as SmtpError;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::{SendMail, html, open};
use crate::deliver::failure;
use crate::store::mails;

/// Longest wait for one answer of a mail server.
const SMTP_TIMEOUT: Duration = Duration::from_secs(20);

/// Where mails go.
pub enum Mailer {
    /// To a mail server.
    Smtp(Box<Smtp>),
    /// They stay in the database, to be looked at on the page `/mailbox`.
    Mailbox,
    /// Nowhere: no mail server is set.
    None,
}

/// A mail server, and who mails are from.
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

/// Why settings name no mail server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidMailer {
    /// The URL.
    #[error(
        "expected smtps://user:password@host, smtp://user:password@host?tls=required or, on this machine, smtp://127.0.0.1:25"
    )]
    Url,
    /// Who mails are from.
    #[error("expected a mail address, as in `Gatewright <gatewright@example.com>`")]
    From,
}

impl Mailer {
    /// A mail server by its URL; nothing is connected yet.
    ///
    /// Without TLS only this machine is spoken with: a password, or a link that signs somebody in, is nothing for a network.
    ///
    /// # Errors
    ///
    /// What is wrong with the settings.
    pub fn smtp(url: &SecretString, from: &str) -> Result<Self, InvalidMailer> {
        let from = from.parse().map_err(|_| InvalidMailer::From)?;
        let url = url.expose_secret();
        let parsed = Url::parse(url).map_err(|_| InvalidMailer::Url)?;
        let encrypted = parsed.scheme() == "smtps" || parsed.query() == Some("tls=required");
        if !encrypted && !is_this_machine(&parsed) {
            return Err(InvalidMailer::Url);
        }
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url).map_err(|_| InvalidMailer::Url)?;
        let transport = builder.timeout(Some(SMTP_TIMEOUT)).build();
        Ok(Self::Smtp(Box::new(Smtp { transport, from })))
    }
}

fn is_this_machine(url: &Url) -> bool {
    // Of a scheme that is not the web's, the parser leaves the host as it is written.
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

impl Smtp {
    async fn send(&self, id: MailId, recipient: &str, subject: &str, text: &SecretString) -> Result<(), Failure> {
        let recipient = recipient
            .parse()
            .map_err(|_| Failure::Fatal("the recipient is no mail address".to_owned()))?;
        // The same in every attempt, so that a mail that arrives twice can be told.
        let message_id = format!("<{id}@{}>", self.from.email.domain());
        let message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, recipient))
            .subject(subject)
            .message_id(Some(message_id))
            .multipart(MultiPart::alternative_plain_html(
                text.expose_secret().to_owned(),
                html(text),
            ))
            .map_err(|_| Failure::Fatal("the mail cannot be written".to_owned()))?;
        self.transport
            .send(message)
            .await
            .map(drop)
            .map_err(|error| explain(&error))
    }
}

/// The server's code, and nothing that it says: it can quote what it was sent.
fn explain(error: &SmtpError) -> Failure {
    match error.status() {
        Some(code) if error.is_permanent() => Failure::Fatal(format!("the mail server refused with {code}")),
        Some(code) => Failure::Retry(format!("the mail server answered {code}")),
        None if error.is_timeout() => Failure::Retry("the mail server did not answer in time".to_owned()),
        None if error.is_tls() => Failure::Retry("no trusted TLS connection with the mail server".to_owned()),
        None => Failure::Retry("the mail server cannot be reached".to_owned()),
    }
}

/// Does [`SendMail`].
pub struct Sender {
    /// Where mails go.
    pub mailer: Mailer,
}

impl Handler for Sender {
    type Job = SendMail;

    async fn run(&self, job: SendMail, running: &Running) -> Result<Finished, Failure> {
        let mut tx = running.database().tenant(running.caller()?).await?;
        let Some(mail) = mails::find_unsent(&mut tx, job.mail_id).await? else {
            return running.finish().await;
        };
        let text = open(&mut tx, job.mail_id, mail.sealed).await.map_err(failure)?;
        drop(tx);
        let keep = match &self.mailer {
            Mailer::Smtp(smtp) => {
                smtp.send(job.mail_id, &mail.recipient, &mail.subject, &text).await?;
                false
            }
            Mailer::Mailbox => true,
            Mailer::None => {
                return Err(Failure::Fatal(
                    "no mail server is set: smtp_url and mail_from".to_owned(),
                ));
            }
        };
        let mut finishing = running.finish_in_tenant().await?;
        mails::sent(&mut finishing, job.mail_id, keep).await?;
        finishing.commit().await
    }
}
