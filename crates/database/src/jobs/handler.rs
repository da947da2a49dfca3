//! What does a job, and what it is given for that.

use std::future::Future;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;

use gatewright_types::ids::{JobId, RequestId, TenantId};
use tokio::sync::watch;
use uuid::Uuid;

use super::model::{Job, cut};
use super::store;
use crate::{Actor, Caller, Database, DatabaseError, SystemTx, SystemUse, TenantTx};

/// Does one kind of job.
pub trait Handler: Send + Sync + 'static {
    /// Which kind.
    type Job: Job;

    /// Does it once more, possibly not for the first time.
    ///
    /// Ends with one of `running.finish…`, which are the only ways to make a [`Finished`].
    fn run(&self, job: Self::Job, running: &Running) -> impl Future<Output = Result<Finished, Failure>> + Send;
}

/// The proof that a job's end is committed.
#[derive(Debug)]
pub struct Finished(());

/// Why an attempt did not end the job. Messages are shown to operators and must hold no secret.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// To be tried again after the usual pause.
    #[error("{0}")]
    Retry(String),
    /// To be tried again after a pause that the handler knows.
    #[error("{why}")]
    RetryAfter {
        /// How long.
        pause: Duration,
        /// Why.
        why: String,
    },
    /// Not to be tried again: it would fail in the same way.
    #[error("{0}")]
    Fatal(String),
    /// The handler stopped because the job was cancelled.
    #[error("cancelled")]
    Cancelled,
    /// Another worker has the job: nothing more may be done for it here.
    #[error("the lease was lost")]
    LeaseLost,
    /// The database; tried again.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}

impl Failure {
    /// What operators are shown. PostgreSQL's messages can quote rows: of those, the code only.
    pub(super) fn message(&self) -> String {
        match self {
            Self::Database(DatabaseError::Query(sqlx::Error::Database(error))) => {
                format!("the database refused: {}", error.code().unwrap_or_default())
            }
            Self::Database(_) => "the database could not be used".to_owned(),
            other => cut(&other.to_string()),
        }
    }
}

/// Whether a handler should go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    GoOn,
    Cancel,
    LeaseLost,
}

/// A job that is being worked on. Cloning is cheap.
#[derive(Clone)]
pub struct Running(Arc<Inner>);

struct Inner {
    database: Database,
    id: JobId,
    tenant_id: Option<TenantId>,
    attempt: i32,
    token: Uuid,
    order: watch::Sender<Order>,
}

impl Running {
    pub(super) fn new(database: Database, claimed: &store::Claimed, token: Uuid) -> Self {
        Self(Arc::new(Inner {
            database,
            id: claimed.id,
            tenant_id: claimed.tenant_id,
            attempt: claimed.attempts,
            token,
            order: watch::Sender::new(Order::GoOn),
        }))
    }

    /// The database, for transactions of the handler's own. What they commit may happen again with the next attempt.
    pub fn database(&self) -> &Database {
        &self.0.database
    }

    /// The job.
    pub fn id(&self) -> JobId {
        self.0.id
    }

    /// Whose it is; none: the installation's.
    pub fn tenant_id(&self) -> Option<TenantId> {
        self.0.tenant_id
    }

    /// Which attempt this is; the first is 1.
    pub fn attempt(&self) -> i32 {
        self.0.attempt
    }

    pub(super) fn token(&self) -> Uuid {
        self.0.token
    }

    /// On whose behalf a tenant's job acts: Gatewright's own. Fails for a job of the installation.
    pub fn caller(&self) -> Result<Caller, Failure> {
        let tenant_id = self
            .tenant_id()
            .ok_or_else(|| Failure::Fatal("the job belongs to no tenant".to_owned()))?;
        Ok(Caller {
            tenant_id,
            actor: Actor::System,
            request_id: RequestId::mint(self.database().clock(), self.database().rng()),
        })
    }

    /// Whether the job was cancelled, or taken over by another worker. A handler that takes long looks now and
    /// then and returns [`Failure::Cancelled`].
    pub fn is_cancelled(&self) -> bool {
        *self.0.order.borrow() != Order::GoOn
    }

    /// Waits until [`is_cancelled`](Self::is_cancelled).
    pub async fn cancelled(&self) {
        let mut order = self.0.order.subscribe();
        // The sender lives as long as we do.
        let _ = order.wait_for(|order| *order != Order::GoOn).await;
    }

    pub(super) async fn lease_lost(&self) {
        let mut order = self.0.order.subscribe();
        let _ = order.wait_for(|order| *order == Order::LeaseLost).await;
    }

    pub(super) fn order(&self, order: Order) {
        self.0.order.send_replace(order);
    }

    /// Says how far the job is; one transaction, so say it per batch and not per item.
    pub async fn progress(&self, done: i64, total: Option<i64>, message: &str) -> Result<(), Failure> {
        let mut tx = self.database().system(SystemUse::RunJobs).await?;
        let message = cut(message);
        let cancel = store::progress(&mut tx, self.id(), self.token(), done, total, &message).await?;
        tx.commit().await?;
        self.heed(cancel)
    }

    /// Takes in whether the job was cancelled; no answer means that the lease is gone.
    fn heed(&self, cancel_requested: Option<bool>) -> Result<(), Failure> {
        match cancel_requested {
            None => {
                self.order(Order::LeaseLost);
                Err(Failure::LeaseLost)
            }
            Some(true) => {
                self.order(Order::Cancel);
                Ok(())
            }
            Some(false) => Ok(()),
        }
    }

    /// Ends the job: nothing else is to be written.
    pub async fn finish(&self) -> Result<Finished, Failure> {
        self.finish_across(SystemUse::RunJobs).await?.commit().await
    }

    /// Begins the transaction that ends a tenant's job, to write in it what must happen exactly once.
    ///
    /// Holds the job meanwhile, so keep it short. Fails when the lease is lost; dropped, it leaves nothing behind.
    pub async fn finish_in_tenant(&self) -> Result<Finishing<TenantTx>, Failure> {
        let tx = self.database().tenant(self.caller()?).await?;
        self.holding(tx).await
    }

    /// The same across tenants, for what `purpose` says.
    pub async fn finish_across(&self, purpose: SystemUse) -> Result<Finishing<SystemTx>, Failure> {
        let tx = self.database().system(purpose).await?;
        self.holding(tx).await
    }

    async fn holding<T: EndingTx>(&self, mut tx: T) -> Result<Finishing<T>, Failure> {
        let held = store::hold(tx.connection(), self.id(), self.token()).await?;
        if !held {
            self.order(Order::LeaseLost);
            return Err(Failure::LeaseLost);
        }
        let running = self.clone();
        Ok(Finishing { tx, running })
    }
}

/// The transaction that ends a job.
pub struct Finishing<T> {
    tx: T,
    running: Running,
}

#[expect(
    private_bounds,
    reason = "a transaction is one of ours, and no other type can be made into one"
)]
impl<T: EndingTx> Finishing<T> {
    /// Commits what was written together with the job's end.
    pub async fn commit(mut self) -> Result<Finished, Failure> {
        let now = self.running.database().clock().now();
        store::succeed(self.tx.connection(), self.running.id(), self.running.token(), now).await?;
        self.tx.commit().await?;
        Ok(Finished(()))
    }
}

impl<T> Deref for Finishing<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.tx
    }
}

impl<T> DerefMut for Finishing<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.tx
    }
}

/// The two kinds of transactions that can end a job.
trait EndingTx: Sized + Send {
    fn connection(&mut self) -> &mut sqlx::PgConnection;
    fn commit(self) -> impl Future<Output = Result<(), DatabaseError>> + Send;
}

impl EndingTx for TenantTx {
    fn connection(&mut self) -> &mut sqlx::PgConnection {
        self
    }
    fn commit(self) -> impl Future<Output = Result<(), DatabaseError>> + Send {
        Self::commit(self)
    }
}

impl EndingTx for SystemTx {
    fn connection(&mut self) -> &mut sqlx::PgConnection {
        self
    }
    fn commit(self) -> impl Future<Output = Result<(), DatabaseError>> + Send {
        Self::commit(self)
    }
}
