//! People: how they come in, what they sign in with, and what nobody else can do with it.

mod browsers;
mod coming_in;
mod guessing;
mod moving;
mod sessions;

use gatewright_notify::mail::mailbox;
use gatewright_testkit::{TestApp, database, working_settings};
use gatewright_types::Clock;
use secrecy::ExposeSecret;

/// A Gatewright whose mails stay in the mailbox.
async fn with_mailbox(clock: Clock) -> TestApp {
    let mut settings = working_settings(&database::create().await);
    settings.mailbox = true;
    TestApp::start_as(settings, clock).await
}

/// The text of the newest mail to somebody, once there are `count` of them.
async fn mail_to(app: &TestApp, recipient: &str, count: usize) -> String {
    for _ in 0..1200 {
        let mails = mailbox::list(app.process.database()).await.unwrap();
        let theirs: Vec<_> = mails.iter().filter(|mail| mail.recipient == recipient).collect();
        if theirs.len() >= count {
            let newest = theirs.first().unwrap();
            let (_, text) = mailbox::show(app.process.database(), newest.id).await.unwrap().unwrap();
            return text.expose_secret().to_owned();
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    panic!("no mail number {count} to {recipient}");
}

/// What the link of a mail carries.
fn token(mail: &str) -> String {
    let (_, rest) = mail.split_once("token=").unwrap();
    rest.split_whitespace().next().unwrap().to_owned()
}
