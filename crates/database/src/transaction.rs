//! A transaction that sees one tenant.

use std::fmt::Display;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use gatewright_types::ids::TenantId;
use gatewright_types::{Clock, Rng};
use serde::Serialize;
use serde_json::{Value, json};
use sqlx::{PgConnection, Postgres, Transaction};

use crate::audit::redact::changed_fields;
use crate::record::{self, Caller, Happened, Origin};
use crate::sealing::TransactionKeys;
use crate::{Database, DatabaseError, SystemTx, SystemUse};

/// One use case's transaction: it sees and writes the rows of one tenant only.
///
/// Dropped without [`commit`](Self::commit), it leaves nothing behind.
pub struct TenantTx {
    transaction: Transaction<'static, Postgres>,
    caller: Caller,
    origin: Origin,
    clock: Clock,
    rng: Rng,
    now: DateTime<Utc>,
    happened: Vec<Happened>,
    pub(crate) keys: TransactionKeys,
}

impl Database {
    /// Begins a transaction for the caller's tenant; one round trip.
    pub async fn tenant(&self, caller: Caller) -> Result<TenantTx, DatabaseError> {
        self.tenant_from(caller, Origin::default()).await
    }

    /// The same for a request, which came by some way.
    pub async fn tenant_from(&self, caller: Caller, origin: Origin) -> Result<TenantTx, DatabaseError> {
        // The id is a UUID that we format ourselves, so the text cannot break out of the quotes.
        let begin = format!(
            "BEGIN; SELECT set_config('gatewright.tenant_id', '{}', true)",
            caller.tenant_id.uuid()
        );
        let transaction = self.begin(&begin).await?;
        let now = self.clock().now();
        Ok(TenantTx {
            transaction,
            caller,
            origin,
            clock: self.clock().clone(),
            rng: self.rng().clone(),
            now,
            happened: Vec::new(),
            keys: TransactionKeys::new(self.vault().map(Arc::clone)),
        })
    }
}

impl TenantTx {
    /// Whose rows it sees.
    pub const fn tenant_id(&self) -> TenantId {
        self.caller.tenant_id
    }

    /// On whose behalf it runs.
    pub const fn caller(&self) -> &Caller {
        &self.caller
    }

    /// When it began; the time of everything it writes.
    pub const fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// Where its new ids take their time from.
    pub const fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Where its new ids and secrets come from.
    pub const fn rng(&self) -> &Rng {
        &self.rng
    }

    /// Notes that something was done: an audit row, and an event `name` of `gatewright.<domain>.events`.
    ///
    /// `detail` goes to other systems and must hold no secret.
    pub fn happened(&mut self, domain: &'static str, name: &'static str, resource_id: impl Display, detail: Value) {
        let happened = Happened::new((&self.clock, &self.rng), domain, name, resource_id, detail);
        self.happened.push(happened);
    }

    /// The same for what is new: the audit log gets its fields, with nothing before, and the event the whole of it.
    pub fn created(
        &mut self,
        domain: &'static str,
        name: &'static str,
        resource_id: impl Display,
        after: &impl Serialize,
    ) {
        self.changed(domain, name, resource_id, &Value::Null, after);
    }

    /// The same where there is a before: the audit log gets the fields that changed, with both values,
    /// and the event the whole of `after`. Null as `after` means that nothing is left.
    ///
    /// What could be a secret is taken out of both.
    pub fn changed(
        &mut self,
        domain: &'static str,
        name: &'static str,
        resource_id: impl Display,
        before: &impl Serialize,
        after: &impl Serialize,
    ) {
        let after = json!(after);
        let detail = if after.is_null() { json!({}) } else { after.clone() };
        self.changed_telling(domain, name, resource_id, detail, before, &after);
    }

    /// The same where the event has a content of its own.
    pub fn changed_telling(
        &mut self,
        domain: &'static str,
        name: &'static str,
        resource_id: impl Display,
        detail: Value,
        before: &impl Serialize,
        after: &impl Serialize,
    ) {
        let changes = changed_fields(json!(before), &json!(after));
        let mut happened = Happened::new((&self.clock, &self.rng), domain, name, resource_id, detail);
        happened.changes = Some(changes);
        self.happened.push(happened);
    }

    /// Writes what was noted and goes on as a [`SystemTx`], for what the commit owes to no single tenant;
    /// two round trips.
    pub async fn conclude(mut self, purpose: SystemUse) -> Result<SystemTx, DatabaseError> {
        record::write(
            &mut self.transaction,
            &self.caller,
            &self.origin,
            self.now,
            &self.happened,
        )
        .await?;
        SystemTx::enter(self.transaction, self.keys, purpose).await
    }

    /// Ends it and leaves nothing behind; when this returns, nothing is locked any more. One round trip.
    pub async fn close(self) -> Result<(), DatabaseError> {
        Ok(self.transaction.rollback().await?)
    }

    /// Writes what was noted and commits; two round trips, one without notes.
    pub async fn commit(mut self) -> Result<(), DatabaseError> {
        record::write(
            &mut self.transaction,
            &self.caller,
            &self.origin,
            self.now,
            &self.happened,
        )
        .await?;
        self.transaction.commit().await?;
        self.keys.committed();
        Ok(())
    }
}

impl Deref for TenantTx {
    type Target = PgConnection;
    fn deref(&self) -> &PgConnection {
        &self.transaction
    }
}

impl DerefMut for TenantTx {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.transaction
    }
}
