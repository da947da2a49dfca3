//! Sessions: somebody signed in on one device.
//!
//! A session is a row. It is shown by a JWT that lives for minutes ([`access_token`]) and renewed by a token that works once
//! ([`refresh`](refresh())). Of neither more than a hash is kept.

pub mod access_token;
mod device;
mod refresh;

use std::net::IpAddr;

use chrono::TimeDelta;
use gatewright_database::{Actor, Caller, Database, TenantTx, Vault};
use gatewright_types::ids::{PersonId, RequestId, SessionId, TenantId};
use gatewright_types::text_enum;
use gatewright_vault::{REFRESH_TOKEN_PREFIX, mint_person_token};
use secrecy::SecretString;
use serde_json::json;

pub use access_token::ACCESS_TOKEN_LIFE;
pub use refresh::{Renewed, refresh};

use crate::model::{Method, Session, SignedIn};
use crate::{IdentityError, store};

/// How long a session lasts, whatever happens.
pub const SESSION_LIFE: TimeDelta = TimeDelta::days(30);
/// How long it lasts without being used.
pub const SESSION_IDLE_MAX: TimeDelta = TimeDelta::days(14);
/// How recently somebody must have shown who they are before something is revealed, rotated or deleted.
pub const RECENT: TimeDelta = TimeDelta::minutes(15);
/// Sessions of a person at once; the oldest makes room.
pub const SESSIONS_PER_PERSON_MAX: i64 = 100;
/// Longest `User-Agent` that is kept, in characters.
pub const USER_AGENT_MAX_CHARS: usize = 300;

text_enum! {
    /// Why a session ended before its time.
    pub enum Ending {
        /// Whoever it belonged to signed out.
        SignedOut = "SIGNED_OUT",
        /// They ended it from elsewhere.
        Revoked = "REVOKED",
        /// What renews it was shown a second time: somebody has a copy.
        RefreshReused = "REFRESH_REUSED",
        /// The password is another one.
        PasswordChanged = "PASSWORD_CHANGED",
        /// The person is gone.
        PersonDeleted = "PERSON_DELETED",
    }
}

/// From where somebody signs in.
#[derive(Clone, Debug, Default)]
pub struct Device {
    /// What the browser or program calls itself.
    pub user_agent: Option<String>,
    /// The other end of the connection.
    pub address: Option<IpAddr>,
}

impl Device {
    /// Browser and system, as far as they say.
    pub fn name(&self) -> String {
        device::name(self.user_agent.as_deref())
    }
}

/// A session that was just begun or renewed, with what is shown from now on.
pub struct Tokens {
    /// Which.
    pub session_id: SessionId,
    /// For the next minutes.
    pub access: SecretString,
    /// Renews it, once; none where it was renewed by another request a moment ago.
    pub refresh: Option<SecretString>,
}

/// Begins a session of somebody who showed who they are.
pub async fn begin(
    tx: &mut TenantTx,
    vault: &Vault,
    person_id: PersonId,
    methods: &[Method],
    device: &Device,
) -> Result<Tokens, IdentityError> {
    store::sessions::make_room(tx, person_id, SESSIONS_PER_PERSON_MAX - 1).await?;
    let (now, id) = (tx.now(), SessionId::mint(tx.clock(), tx.rng()));
    store::sessions::insert(tx, id, person_id, methods, device, now + SESSION_LIFE).await?;
    let refresh = mint_person_token(REFRESH_TOKEN_PREFIX, tx.rng());
    store::sessions::insert_refresh(tx, id, &refresh.hash).await?;
    tx.happened(
        "identity",
        "session.created",
        id,
        json!({ "personId": person_id, "methods": methods }),
    );
    Ok(Tokens {
        session_id: id,
        access: access_token::sign(vault, tx.tenant_id(), (person_id, id), now)?,
        refresh: Some(refresh.secret),
    })
}

/// Who shows this access token, if its session still stands.
pub async fn authenticate(
    database: &Database,
    tenant_id: TenantId,
    token: &str,
) -> Result<Option<SignedIn>, IdentityError> {
    let now = database.clock().now();
    let vault = database.vault().ok_or(IdentityError::NoVault)?;
    let Some((person_id, session_id)) = access_token::verify(vault, tenant_id, token, now) else {
        return Ok(None);
    };
    let mut tx = look(database, tenant_id).await?;
    let found = store::sessions::signed_in(&mut tx, person_id, session_id, now - SESSION_IDLE_MAX).await?;
    tx.close().await?;
    Ok(found)
}

/// A transaction of nobody's, which only reads.
pub async fn look(database: &Database, tenant_id: TenantId) -> Result<TenantTx, IdentityError> {
    let caller = Caller {
        tenant_id,
        actor: Actor::System,
        request_id: RequestId::mint(database.clock(), database.rng()),
    };
    Ok(database.tenant(caller).await?)
}

/// The sessions of a person that stand, the one used last first.
pub async fn list(tx: &mut TenantTx, person_id: PersonId, current: SessionId) -> Result<Vec<Session>, IdentityError> {
    let idle_since = tx.now() - SESSION_IDLE_MAX;
    let rows = store::sessions::list(tx, person_id, idle_since).await?;
    let shown = rows.into_iter().map(|row| Session {
        current: row.id == current,
        device: device::name(row.user_agent.as_deref()),
        id: row.id,
        methods: row.methods,
        address: row.address,
        place: None,
        created_at: row.created_at,
        authenticated_at: row.authenticated_at,
        last_seen_at: row.last_seen_at,
        expires_at: row.expires_at.min(row.last_seen_at + SESSION_IDLE_MAX),
    });
    Ok(shown.collect())
}

/// Ends one session of a person.
pub async fn revoke(
    tx: &mut TenantTx,
    person_id: PersonId,
    id: SessionId,
    because: Ending,
) -> Result<(), IdentityError> {
    if !store::sessions::revoke(tx, person_id, id, because).await? {
        return Err(IdentityError::not_found("session", id));
    }
    tx.happened(
        "identity",
        "session.revoked",
        id,
        json!({ "personId": person_id, "because": because }),
    );
    Ok(())
}

/// Ends all sessions of a person, perhaps but one; how many.
pub async fn revoke_all(
    tx: &mut TenantTx,
    person_id: PersonId,
    except: Option<SessionId>,
    because: Ending,
) -> Result<usize, IdentityError> {
    let ended = store::sessions::revoke_all(tx, person_id, except, because).await?;
    for id in &ended {
        tx.happened(
            "identity",
            "session.revoked",
            *id,
            json!({ "personId": person_id, "because": because }),
        );
    }
    Ok(ended.len())
}

/// Notes that somebody showed once more who they are.
pub async fn authenticated_again(
    tx: &mut TenantTx,
    (person_id, id): (PersonId, SessionId),
    method: Method,
) -> Result<(), IdentityError> {
    store::sessions::authenticated_again(tx, id, method).await?;
    tx.happened(
        "identity",
        "session.reauthenticated",
        id,
        json!({ "personId": person_id, "method": method }),
    );
    Ok(())
}
