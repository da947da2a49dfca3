//! Transactions that look across tenants, and the whole list of what they are for.

use std::ops::{Deref, DerefMut};

use serde::Serialize;
use serde_json::{Value, json};
use sqlx::{PgConnection, Postgres, Transaction};

use crate::audit::redact::changed_fields;
use crate::record::{self, Caller, Happened, Origin};
use crate::sealing::TransactionKeys;
use crate::{Database, DatabaseError};

/// Everything that may look across tenants. Whoever adds a line says why the wall cannot hold there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SystemUse {
    /// A token tells which tenant it belongs to, so it must be found before a tenant is known.
    AuthenticateOperator,
    /// The host that somebody asks names a tenant before anybody knows who they are.
    FindTenant,
    /// Whoever works for several tenants goes from one to another.
    FindOwnTenants,
    /// A tenant cannot create itself; `bootstrap` and `demo` begin without one.
    ManageTenants,
    /// One snapshot holds the gateways of every tenant.
    CompileSnapshot,
    /// A node asks by hash alone; whether the key's tenant is the gateway's, the node decides.
    LookUpCredentials,
    /// Every tenant's data keys are wrapped by the installation's master keys.
    ManageMasterKeys,
    /// Events of every tenant wait in one queue for the webhook endpoints that want them.
    FanOutEvents,
    /// The mailbox of a demo shows the mails of every tenant, to whoever sits at the machine.
    ShowMailbox,
    /// Old rows are removed for all tenants at once.
    KeepHouse,
    /// A worker claims, renews and ends whatever is due, of every tenant and of the installation.
    RunJobs,
    /// Sources of API descriptions of every tenant are made due when their time has come.
    SyncSources,
    /// A worker brings connected gateways of every tenant to what is desired, and shares their rates with the others.
    ProvisionGateways,
    /// A node serves gateways of every tenant, so it is let in and shut out by the installation.
    ManageNodes,
    /// And followed by it, without waiting for the disk: after a crash it says again how far it is.
    FollowNodes,
    /// What nodes are told has one order for all tenants; it is written by the use case's own commit.
    TellNodes,
    /// What the installation does is nobody else's to read.
    AuditInstallation,
    /// One worker chains the audit rows of every tenant.
    SealAudit,
    /// Whoever runs the installation proves that no tenant's audit log was tampered with.
    VerifyAudit,
    /// A node tells which keys were used by their ids, of every tenant at once.
    NoteKeyUses,
    /// Last uses of tokens are gathered and written for every tenant at once.
    NoteTokenUses,
}

/// A transaction that sees every tenant.
pub struct SystemTx {
    transaction: Transaction<'static, Postgres>,
    /// Of the tenant whose transaction this was.
    keys: Option<TransactionKeys>,
    origin: Origin,
}

impl Database {
    /// Begins a transaction that sees every tenant; one round trip.
    pub async fn system(&self, purpose: SystemUse) -> Result<SystemTx, DatabaseError> {
        tracing::trace!(purpose = ?purpose, "looking across tenants");
        let begin = match purpose {
            // Several statements have to see one state: a route without its service takes a gateway down.
            SystemUse::FollowNodes | SystemUse::NoteKeyUses => {
                "BEGIN; SET LOCAL synchronous_commit TO off; SET LOCAL ROLE gatewright_system"
            }
            SystemUse::CompileSnapshot | SystemUse::VerifyAudit => {
                "BEGIN ISOLATION LEVEL REPEATABLE READ; SET LOCAL ROLE gatewright_system"
            }
            _ => "BEGIN; SET LOCAL ROLE gatewright_system",
        };
        let transaction = self.begin(begin).await?;
        Ok(SystemTx {
            transaction,
            keys: None,
            origin: Origin::default(),
        })
    }
}

impl SystemTx {
    /// Goes on with a tenant's transaction, seeing every tenant from now on.
    pub(crate) async fn enter(
        mut transaction: Transaction<'static, Postgres>,
        keys: TransactionKeys,
        purpose: SystemUse,
    ) -> Result<Self, DatabaseError> {
        tracing::trace!(purpose = ?purpose, "looking across tenants");
        sqlx::raw_sql("SET LOCAL ROLE gatewright_system")
            .execute(&mut *transaction)
            .await?;
        Ok(Self {
            transaction,
            keys: Some(keys),
            origin: Origin::default(),
        })
    }

    /// Writes down what was made for one tenant: an audit row and an event, as
    /// [`crate::TenantTx::created`] does; one round trip.
    pub async fn happened(
        &mut self,
        database: &Database,
        caller: &Caller,
        domain: &'static str,
        name: &'static str,
        resource_id: impl std::fmt::Display,
        after: &impl Serialize,
    ) -> Result<(), DatabaseError> {
        let (clock, rng) = (database.clock(), database.rng());
        let after = json!(after);
        let changes = changed_fields(Value::Null, &after);
        let mut happened = Happened::new((clock, rng), domain, name, resource_id, after);
        happened.changes = Some(changes);
        let at = clock.now();
        Ok(record::write(&mut self.transaction, caller, &self.origin, at, &[happened]).await?)
    }

    /// Writes into the installation's own log what was done to the installation, with the fields that changed: null as
    /// `before` means that it is new, as `after` that nothing is left. One round trip.
    pub async fn installation_changed(
        &mut self,
        database: &Database,
        caller: &Caller,
        name: &'static str,
        resource_id: impl std::fmt::Display,
        before: &impl Serialize,
        after: &impl Serialize,
    ) -> Result<(), DatabaseError> {
        let (clock, rng) = (database.clock(), database.rng());
        let changes = changed_fields(json!(before), &json!(after));
        let mut happened = Happened::new((clock, rng), "installation", name, resource_id, Value::Null);
        happened.changes = Some(changes);
        let at = clock.now();
        Ok(record::write_installation(&mut self.transaction, caller, &self.origin, at, &happened).await?)
    }

    /// Says by which way the request came for which it works.
    pub const fn came_from(&mut self, origin: Origin) {
        self.origin = origin;
    }

    /// Commits.
    pub async fn commit(self) -> Result<(), DatabaseError> {
        self.transaction.commit().await?;
        if let Some(keys) = self.keys {
            keys.committed();
        }
        Ok(())
    }

    /// Ends a transaction that only read.
    pub async fn close(self) -> Result<(), DatabaseError> {
        Ok(self.transaction.rollback().await?)
    }
}

impl Deref for SystemTx {
    type Target = PgConnection;
    fn deref(&self) -> &PgConnection {
        &self.transaction
    }
}

impl DerefMut for SystemTx {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.transaction
    }
}
