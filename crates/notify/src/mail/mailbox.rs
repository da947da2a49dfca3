//! The mails that were left in the database because there is no mail server: for a demo on one's own machine.

use chrono::{DateTime, Utc};
use gatewright_database::{Actor, Caller, Database, SystemUse};
use gatewright_types::ids::{MailId, RequestId, TenantId};
use secrecy::SecretString;

use crate::{NotifyError, store};

/// Most mails that are listed.
pub const LISTED_MAX: i64 = 100;

/// A mail without its content.
#[derive(Debug)]
pub struct Listed {
    /// Its id.
    pub id: MailId,
    /// Whose it is.
    pub tenant_id: TenantId,
    /// To whom.
    pub recipient: String,
    /// Its subject.
    pub subject: String,
    /// When it was written.
    pub created_at: DateTime<Utc>,
}

/// The newest mails that are kept, of all tenants.
pub async fn list(database: &Database) -> Result<Vec<Listed>, NotifyError> {
    let mut tx = database.system(SystemUse::ShowMailbox).await?;
    let mails = store::mails::kept(&mut tx, None, LISTED_MAX).await?;
    tx.close().await?;
    Ok(mails)
}

/// One of them with its text.
pub async fn show(database: &Database, id: MailId) -> Result<Option<(Listed, SecretString)>, NotifyError> {
    let mut tx = database.system(SystemUse::ShowMailbox).await?;
    let found = store::mails::kept(&mut tx, Some(id), 1).await?.pop();
    tx.close().await?;
    let Some(mail) = found else { return Ok(None) };
    let caller = Caller {
        tenant_id: mail.tenant_id,
        actor: Actor::System,
        request_id: RequestId::mint(database.clock(), database.rng()),
    };
    let mut tx = database.tenant(caller).await?;
    match store::mails::sealed(&mut tx, id).await? {
        Some(sealed) => Ok(Some((mail, super::open(&mut tx, id, sealed).await?))),
        None => Ok(None),
    }
}
