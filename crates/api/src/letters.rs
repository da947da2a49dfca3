//! The mails to people. A job writes each, so that no answer takes longer or shorter because an address is known.

use std::sync::Arc;

use gatewright_catalog::{branding, customers, tenants};
use gatewright_database::TenantTx;
use gatewright_database::jobs::{Failure, Finished, Handler, Job, NewJob, Registry, Running, enqueue};
use gatewright_identity::mail_tokens::{self, Purpose};
use gatewright_identity::model::InvitationKind;
use gatewright_identity::{IdentityError, invitations, people, sign_up};
use gatewright_notify::NotifyError;
use gatewright_notify::mail::{self, NewMail};
use gatewright_types::ids::{InvitationId, PersonId, SignUpId};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};

use crate::error::ApiError;
use crate::portals::Portals;

/// A mail to somebody, about what is decided when it is written.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "about")]
pub enum Letter {
    /// Somebody signed up.
    #[serde(rename_all = "camelCase")]
    SignUp {
        /// Which sign-up.
        sign_up_id: SignUpId,
    },
    /// Somebody says that they have forgotten the password of this address.
    #[serde(rename_all = "camelCase")]
    PasswordReset {
        /// The address.
        email: String,
    },
    /// Somebody is invited.
    #[serde(rename_all = "camelCase")]
    Invitation {
        /// The invitation.
        invitation_id: InvitationId,
    },
    /// Somebody wants another mail address, which is written to.
    #[serde(rename_all = "camelCase")]
    EmailChange {
        /// Who.
        person_id: PersonId,
        /// The new address.
        email: String,
    },
    /// Something happened to an account that its owner should know.
    #[serde(rename_all = "camelCase")]
    Notice {
        /// Whose.
        person_id: PersonId,
        /// What.
        what: Notice,
        /// Where to, if not to the account's address: the one that it had.
        to: Option<String>,
    },
}

/// What somebody should know about their account.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Notice {
    /// The password is another one.
    PasswordChanged,
    /// The mail address is another one.
    EmailChanged,
    /// An authenticator or a passkey was added.
    FactorAdded,
    /// An authenticator or a passkey was removed.
    FactorRemoved,
    /// A recovery code was used.
    RecoveryCodeUsed,
    /// They were let in.
    LetIn,
    /// Another way to sign in was linked.
    IdentityLinked,
}

impl Notice {
    const fn text(self) -> (&'static str, &'static str) {
        match self {
            Self::PasswordChanged => ("Your password was changed", "The password of your account was changed."),
            Self::EmailChanged => (
                "Your mail address was changed",
                "The mail address of your account was changed to another one.",
            ),
            Self::FactorAdded => (
                "A second factor was added",
                "An authenticator or a passkey was added to your account.",
            ),
            Self::FactorRemoved => (
                "A second factor was removed",
                "An authenticator or a passkey was removed from your account.",
            ),
            Self::RecoveryCodeUsed => (
                "A recovery code was used",
                "Somebody signed in to your account with a recovery code, which is used up now.",
            ),
            Self::LetIn => (
                "You have been let in",
                "Your account was approved: you can sign in and go on.",
            ),
            Self::IdentityLinked => (
                "Another way to sign in was added",
                "An account at an identity provider was linked to your account.",
            ),
        }
    }
}

impl Job for Letter {
    const KIND: &'static str = "people.write_letter";
}

/// Has a mail written, in the transaction that is the reason for it.
pub(crate) async fn send(tx: &mut TenantTx, letter: Letter) -> Result<(), ApiError> {
    enqueue(tx, NewJob::new(letter)).await?;
    Ok(())
}

/// Teaches a worker to write.
pub fn register(registry: &mut Registry, portals: Arc<Portals>) {
    registry.handle(Writer { portals });
}

struct Writer {
    portals: Arc<Portals>,
}

impl Handler for Writer {
    type Job = Letter;

    async fn run(&self, letter: Letter, running: &Running) -> Result<Finished, Failure> {
        let mut finishing = running.finish_in_tenant().await?;
        if let Some(mail) = self.write(&mut finishing, letter).await.map_err(failure)? {
            mail::enqueue(&mut finishing, mail).await.map_err(|error| match error {
                NotifyError::Database(error) => error.into(),
                error => Failure::Fatal(error.to_string()),
            })?;
        }
        finishing.commit().await
    }
}

impl Writer {
    /// The mail; none where there is nobody to write to any more.
    async fn write(&self, tx: &mut TenantTx, letter: Letter) -> Result<Option<NewMail>, IdentityError> {
        let tenant = tenants::own(tx).await?;
        // As its pages call it.
        let (name, url) = (harmless(&branding::get(tx).await?.name), self.portals.url(&tenant.slug));
        let mail = |recipient: String, subject: String, text: String| {
            Some(NewMail {
                recipient,
                subject,
                text: format!("{text}\n\n{name}\n{url}"),
            })
        };
        Ok(match letter {
            Letter::SignUp { sign_up_id } => {
                let Some(letter) = sign_up::letter(tx, sign_up_id).await? else {
                    return Ok(None);
                };
                match letter.token {
                    Some(token) => mail(
                        letter.email,
                        format!("Confirm your mail address for {name}"),
                        format!(
                            "Hello {},\n\nyou signed up at {name}. Confirm that this mail address is yours, and you are done:\n\n\
                             {url}/verify?token={}\n\nThe link works once, for 24 hours. If this was not you, do nothing: there is \
                             no account without it.",
                            harmless(&letter.name),
                            token.expose_secret()
                        ),
                    ),
                    None => mail(
                        letter.email,
                        format!("You already have an account at {name}"),
                        format!(
                            "Hello,\n\nsomebody, perhaps you, signed up at {name} with this mail address, which has an account \
                             already. Sign in:\n\n{url}/sign-in\n\nIf you have forgotten the password:\n\n{url}/reset\n\nIf this \
                             was not you, do nothing; your account is as it was."
                        ),
                    ),
                }
            }
            Letter::PasswordReset { email } => {
                let Some(person) = people::find_by_email(tx, &email).await? else {
                    return Ok(None);
                };
                let token = mail_tokens::mint(tx, person.id, Purpose::PasswordReset, None).await?;
                mail(
                    person.email,
                    format!("Choose a new password for {name}"),
                    format!(
                        "Hello {},\n\nchoose a new password for your account at {name}:\n\n{url}/reset/complete?token={}\n\nThe link \
                         works once, for 30 minutes. If you did not ask for it, do nothing: your password stays as it is.",
                        harmless(&person.name),
                        token.expose_secret()
                    ),
                )
            }
            Letter::Invitation { invitation_id } => {
                let Some((invitation, token)) = invitations::letter(tx, invitation_id).await? else {
                    return Ok(None);
                };
                let by = harmless(&invitation.invited_by);
                let to_be = match (invitation.kind, invitation.customer_id) {
                    (InvitationKind::Developer, Some(id)) => {
                        format!(
                            "to work with {} at {name}",
                            harmless(&customers::get(tx, id).await?.name)
                        )
                    }
                    _ => format!("to run {name} as {}", invitation.role),
                };
                mail(
                    invitation.email,
                    format!("{by} invites you to {name}"),
                    format!(
                        "Hello,\n\n{by} invites you {to_be}. Accept the invitation:\n\n{url}/invitation?token={}\n\nThe link works \
                         once, for 7 days. If you know nothing of this, do nothing.",
                        token.expose_secret()
                    ),
                )
            }
            Letter::EmailChange { person_id, email } => {
                let token = mail_tokens::mint(tx, person_id, Purpose::EmailChange, Some(&email)).await?;
                mail(
                    email,
                    format!("Confirm your new mail address for {name}"),
                    format!(
                        "Hello,\n\nconfirm that this is your new mail address for {name}:\n\n{url}/email-change?token={}\n\nThe link \
                         works once, for 24 hours. Until then the old address stays.",
                        token.expose_secret()
                    ),
                )
            }
            Letter::Notice { person_id, what, to } => {
                let person = match people::get(tx, person_id).await {
                    Ok(person) => person,
                    Err(IdentityError::NotFound { .. }) => return Ok(None),
                    Err(error) => return Err(error),
                };
                let (subject, text) = what.text();
                mail(
                    to.unwrap_or(person.email),
                    format!("{subject} at {name}"),
                    format!(
                        "Hello {},\n\n{text}\n\nIf this was not you, choose a new password at once and end all sessions:\n\n{url}/reset",
                        harmless(&person.name)
                    ),
                )
            }
        })
    }
}

/// Longest name in a mail, in characters.
const NAME_MAX_CHARS: usize = 60;

/// A name as it may stand in a mail of ours: somebody who invents one must not be able to have us mail their advertisement,
/// so what looks like an address of the web is no name.
fn harmless(name: &str) -> String {
    let is_address = |word: &str| word.contains("//") || word.trim_end_matches('.').contains('.') && word.len() > 4;
    if name.split_whitespace().any(is_address) {
        return "somebody".to_owned();
    }
    name.chars().take(NAME_MAX_CHARS).collect()
}

fn failure(error: IdentityError) -> Failure {
    match error {
        IdentityError::Database(error) => error.into(),
        error => Failure::Fatal(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::harmless;

    #[test]
    fn nobody_advertises_by_a_name() {
        for name in ["Ada Lovelace", "J. R. R. Tolkien", "Globex Inc.", "O'Neill-Smith"] {
            assert_eq!(harmless(name), name);
        }
        for name in ["visit https://evil.example", "win at evil.example", "//evil"] {
            assert_eq!(harmless(name), "somebody");
        }
        assert_eq!(harmless(&"x".repeat(200)).len(), 60);
    }
}
