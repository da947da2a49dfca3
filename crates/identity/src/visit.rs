//! Somebody at the door: from where they come, before anybody knows who they are.

use gatewright_database::{Actor, Caller, Database, Origin, TenantTx, Vault};
use gatewright_types::ids::{PersonId, RequestId, SessionId, TenantId};
use std::sync::Arc;

use crate::IdentityError;
use crate::sessions::Device;
use crate::throttle::{self, Limit};

/// Somebody at the door of a tenant.
#[derive(Clone)]
pub struct Visit {
    /// Where everything is kept.
    pub database: Database,
    /// At whose door.
    pub tenant_id: TenantId,
    /// The request.
    pub request_id: RequestId,
    /// From where.
    pub device: Device,
    /// What the browser is known by, if it says something.
    pub known_as: Option<String>,
}

impl Visit {
    /// A transaction of nobody's.
    pub async fn begin(&self) -> Result<TenantTx, IdentityError> {
        self.begin_as(Actor::System).await
    }

    /// A transaction of a person who has just shown who they are.
    pub async fn begin_for(&self, person_id: PersonId) -> Result<TenantTx, IdentityError> {
        self.begin_as(Actor::Person(person_id)).await
    }

    /// A transaction of a person in their session.
    pub async fn begin_in(&self, (person_id, session_id): (PersonId, SessionId)) -> Result<TenantTx, IdentityError> {
        let caller = Caller {
            tenant_id: self.tenant_id,
            actor: Actor::Person(person_id),
            request_id: self.request_id,
        };
        let origin = Origin {
            session_id: Some(session_id),
            ..self.origin()
        };
        Ok(self.database.tenant_from(caller, origin).await?)
    }

    /// A transaction of somebody's.
    pub async fn begin_as(&self, actor: Actor) -> Result<TenantTx, IdentityError> {
        let caller = Caller {
            tenant_id: self.tenant_id,
            actor,
            request_id: self.request_id,
        };
        Ok(self.database.tenant_from(caller, self.origin()).await?)
    }

    /// Counts one try of each, until there were too many of one; committed, whatever becomes of the request.
    pub async fn count(&self, tries: &[(Limit, &str)]) -> Result<(), IdentityError> {
        let mut tx = self.begin().await?;
        let counted = throttle::count_all(&mut tx, tries).await;
        tx.commit().await?;
        counted
    }

    /// By what they are counted, as long as nobody knows them.
    pub fn address(&self) -> String {
        throttle::address(self.device.address)
    }

    /// By which way they came.
    pub const fn origin(&self) -> Origin {
        Origin {
            token_id: None,
            session_id: None,
            peer: self.device.address,
        }
    }

    /// What sessions are signed with.
    pub fn vault(&self) -> Result<&Arc<Vault>, IdentityError> {
        self.database.vault().ok_or(IdentityError::NoVault)
    }
}
