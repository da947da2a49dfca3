//! What takes on whatever is due and brings it to what is desired: a few tasks in each worker.
//!
//! The row of an application is its own queue entry: it is due until it was read back. A dispatcher claims rows by a
//! lease, the most urgent first, so many of each gateway and so many in all; a gateway that is slow, dead or used up holds
//! nobody else up.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use gatewright_connectors::model::{Capabilities, Vendor};
use gatewright_connectors::{Connector, Fault, FaultKind, Link, Turn};
use gatewright_database::{Database, SystemUse, TenantTx};
use gatewright_egress::{Client, Policy};
use gatewright_types::ids::{EventId, GatewayId};
use gatewright_types::problem::FieldError;
use gatewright_vault::Sealed;
use secrecy::SecretString;
use serde_json::Value;
use tokio::sync::{Notify, Semaphore, SemaphorePermit, watch};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::OrchestrationError;
use crate::breaker::PROBE_FOR;
use crate::converge::{CONNECTION_KIND, LEASE, Outcome};
use crate::figures::Tallies;
use crate::gate::{Rate, RateGate};
use crate::model::Connection;
use crate::serial::{Calls, Queues};
use crate::store::{self, applications};

/// How often a dispatcher looks without being woken.
pub const POLL: Duration = Duration::from_millis(500);
/// Applications that a worker brings forward at once.
pub const AT_ONCE_MAX: usize = 128;
/// Of these, of one gateway.
pub const PER_GATEWAY_MAX: usize = 16;

/// Attempts of a process that are in the database at once: the rest of its connections is for whoever asks the API.
const DATABASE_TURNS: usize = 6;

/// Makes the connector of a vendor from settings and credentials, or says which fields are wrong.
pub type Factory = dyn Fn(Vendor, &Value, &SecretString) -> Result<Arc<dyn Connector>, Vec<FieldError>> + Send + Sync;

/// Brings gateways to what is desired. Cloning is cheap.
#[derive(Clone)]
pub struct Orchestrator(Arc<Inner>);

struct Inner {
    database: Database,
    client: Client,
    policy: Policy,
    factory: Box<Factory>,
    /// By connection; made anew when it changed.
    known: Mutex<HashMap<GatewayId, Known>>,
    wake: Notify,
    database_turns: Semaphore,
    queues: Queues,
    tallies: Tallies,
}

#[derive(Clone)]
struct Known {
    changed_at: DateTime<Utc>,
    connector: Arc<dyn Connector>,
    rate: Arc<Rate>,
}

impl Orchestrator {
    /// One that sends with `client`, where `policy` allows.
    pub fn new(database: Database, client: Client, policy: Policy, factory: Box<Factory>) -> Self {
        let (known, wake) = (Mutex::default(), Notify::new());
        Self(Arc::new(Inner {
            database,
            client,
            policy,
            factory,
            known,
            wake,
            database_turns: Semaphore::new(DATABASE_TURNS),
            queues: Queues::default(),
            tallies: Tallies::default(),
        }))
    }

    /// The database.
    pub fn database(&self) -> &Database {
        &self.0.database
    }

    /// The connector that these settings and credentials make.
    pub(crate) fn make(
        &self,
        vendor: Vendor,
        settings: &Value,
        credentials: &SecretString,
    ) -> Result<Arc<dyn Connector>, Vec<FieldError>> {
        (self.0.factory)(vendor, settings, credentials)
    }

    /// A connection with its connector, which is kept until the connection changes.
    pub(crate) async fn connector(
        &self,
        tx: &mut TenantTx,
        id: GatewayId,
    ) -> Result<Result<(Connection, Arc<dyn Connector>), Fault>, OrchestrationError> {
        let connection = store::connections::find(tx, id)
            .await?
            .ok_or_else(|| OrchestrationError::not_found("connection", id))?;
        if let Some(known) = self.known(id).filter(|known| known.changed_at == connection.updated_at) {
            return Ok(Ok((connection, known.connector)));
        }
        let credentials = self.open(tx, id).await?;
        let made = self.make(connection.vendor, &connection.settings, &credentials);
        let connector = match made {
            Ok(connector) => connector,
            Err(_) => {
                return Ok(Err(Fault::new(
                    FaultKind::Invalid,
                    "the connection's settings cannot be used: edit it",
                )));
            }
        };
        let can = connector.capabilities();
        let alone = self.0.queues.calls(Some(id), can);
        let rate = Rate::new(self.0.database.clone(), tx.tenant_id(), &connection, can, alone);
        let known = Known {
            changed_at: connection.updated_at,
            connector: Arc::clone(&connector),
            rate: Arc::new(rate),
        };
        self.0
            .known
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id, known);
        Ok(Ok((connection, connector)))
    }

    /// The credentials of a connection, as JSON.
    pub(crate) async fn open(&self, tx: &mut TenantTx, id: GatewayId) -> Result<SecretString, OrchestrationError> {
        let hidden = store::connections::hidden(tx, id)
            .await?
            .ok_or_else(|| OrchestrationError::not_found("connection", id))?;
        let sealed = Sealed::from_bytes(hidden.credentials).map_err(gatewright_database::DatabaseError::from)?;
        let version = hidden.credentials_version.cast_unsigned();
        Ok(tx.open(CONNECTION_KIND, id.uuid(), version, &sealed).await?)
    }

    fn known(&self, id: GatewayId) -> Option<Known> {
        self.0
            .known
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&id)
            .cloned()
    }

    /// The way to a gateway whose connector was made; its calls wait for their turn.
    pub(crate) fn link(&self, connection: &Connection) -> Link {
        self.link_until(connection, None, false)
    }

    /// The same; it closes when an attempt has no time left.
    pub(crate) fn link_until(&self, connection: &Connection, until: Option<DateTime<Utc>>, ends_access: bool) -> Link {
        let rate = self.known(connection.id).map(|known| known.rate);
        let gate = RateGate {
            rate,
            until,
            ends_access,
        };
        Link::new(self.0.client.clone(), self.0.policy.clone(), gate).with_clock(self.0.database.clock().clone())
    }

    /// A way to a gateway that is not connected yet.
    pub(crate) fn free_link(&self, can: &Capabilities) -> Link {
        let gate = Free(self.0.queues.calls(None, can));
        Link::new(self.0.client.clone(), self.0.policy.clone(), gate).with_clock(self.0.database.clock().clone())
    }

    /// What this process has tried, for the metrics.
    pub fn tallies(&self) -> &Tallies {
        &self.0.tallies
    }

    /// Where those wait that may not be at a gateway together.
    pub(crate) fn queues(&self) -> &Queues {
        &self.0.queues
    }

    /// A turn in the database, however many attempts there are.
    pub(crate) async fn database_turn(&self) -> Option<SemaphorePermit<'_>> {
        // It is never closed.
        self.0.database_turns.acquire().await.ok()
    }

    /// Claims what is due, once, and does all of it; returns how much that was. For tests, and for whoever waits.
    pub async fn tick(&self) -> Result<usize, OrchestrationError> {
        let mut running = JoinSet::new();
        let claimed = self.claim(AT_ONCE_MAX, &[]).await?;
        let count = claimed.len();
        for (token, one) in claimed {
            let engine = self.clone();
            running.spawn(async move { engine.converge(one.tenant_id, one.key(), token).await });
        }
        while let Some(ended) = running.join_next().await {
            match ended {
                Ok(result) => drop(result?),
                Err(error) => tracing::error!(%error, "an attempt has panicked"),
            }
        }
        Ok(count)
    }

    async fn claim(
        &self,
        places: usize,
        busy: &[(GatewayId, i64)],
    ) -> Result<Vec<(Uuid, applications::Claimed)>, OrchestrationError> {
        let database = &self.0.database;
        let now = database.clock().now();
        let token = uuid::Builder::from_random_bytes(database.rng().bytes()).into_uuid();
        let until = now + LEASE;
        let mut tx = database.system(SystemUse::ProvisionGateways).await?;
        let mut claimed = applications::probe(&mut tx, now, token, until, now + PROBE_FOR).await?;
        let probed = claimed.iter().map(|one| {
            let id = EventId::mint(database.clock(), database.rng()).uuid();
            (id, one.tenant_id, one.connection_id)
        });
        store::health::insert_probes(&mut tx, now, &probed.collect::<Vec<_>>()).await?;
        let places = (
            i64::try_from(PER_GATEWAY_MAX).unwrap_or(1),
            i64::try_from(places).unwrap_or(1),
        );
        claimed.extend(applications::claim(&mut tx, now, token, until, places, busy).await?);
        if claimed.is_empty() {
            tx.close().await?;
        } else {
            tx.commit().await?;
        }
        claimed.sort_by_key(|one| one.urgency);
        Ok(claimed.into_iter().map(|one| (token, one)).collect())
    }

    /// Works until told to stop, then finishes what is under way, for at most `drain`; what is left is done by whoever comes
    /// after its lease has ended.
    pub async fn run(self, mut stopped: watch::Receiver<bool>, drain: Duration) {
        let listening = tokio::spawn(self.clone().listen());
        let sweeping = tokio::spawn(crate::sweep::keep_going(self.clone()));
        let mut running: JoinSet<GatewayId> = JoinSet::new();
        let mut busy: HashMap<GatewayId, usize> = HashMap::new();
        loop {
            while let Some(ended) = running.try_join_next() {
                free(&mut busy, ended);
            }
            let at_work: Vec<(GatewayId, i64)> = busy
                .iter()
                .map(|(id, count)| (*id, i64::try_from(*count).unwrap_or(i64::MAX)))
                .collect();
            let places = AT_ONCE_MAX.saturating_sub(running.len());
            let claimed = if places == 0 {
                Ok(Vec::new())
            } else {
                self.claim(places, &at_work).await
            };
            let claimed = claimed.unwrap_or_else(|error| {
                tracing::warn!(%error, "what is due on gateways could not be claimed");
                Vec::new()
            });
            let any = !claimed.is_empty();
            for (token, one) in claimed {
                *busy.entry(one.connection_id).or_default() += 1;
                let engine = self.clone();
                running.spawn(async move {
                    engine.attempt_claimed(token, &one).await;
                    one.connection_id
                });
            }
            if any && running.len() < AT_ONCE_MAX {
                continue;
            }
            tokio::select! {
                _ = stopped.wait_for(|stop| *stop) => break,
                Some(ended) = running.join_next() => free(&mut busy, ended),
                () = self.0.wake.notified() => {}
                () = tokio::time::sleep(POLL) => {}
            }
        }
        listening.abort();
        sweeping.abort();
        let finished = tokio::time::timeout(drain, async { while running.join_next().await.is_some() {} }).await;
        if finished.is_err() {
            tracing::warn!(
                left = running.len(),
                "work on gateways was left; it goes on when its leases end"
            );
            running.shutdown().await;
        }
    }

    async fn attempt_claimed(&self, token: Uuid, one: &applications::Claimed) {
        let (gateway, subscription) = (one.connection_id, one.subscription_id);
        match self.converge(one.tenant_id, one.key(), token).await {
            Ok(Outcome::Failed(fault)) => {
                tracing::info!(gateway.id = %gateway, subscription.id = %subscription, fault = fault.kind.as_str(), error = %fault, "a gateway is not as desired yet");
            }
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(gateway.id = %gateway, subscription.id = %subscription, %error, "an attempt could not be written down");
            }
        }
    }

    /// Wakes the dispatcher when the database says so; listens again when the connection is lost.
    async fn listen(self) {
        loop {
            if let Ok(mut listener) = self.0.database.listen_apart(&[applications::CHANNEL]).await {
                while listener.next().await.is_ok() {
                    self.0.wake.notify_one();
                }
            }
            tokio::time::sleep(POLL).await;
        }
    }
}

fn free(busy: &mut HashMap<GatewayId, usize>, ended: Result<GatewayId, tokio::task::JoinError>) {
    match ended {
        Ok(id) => {
            if let Some(count) = busy.get_mut(&id) {
                *count = count.saturating_sub(1);
            }
            busy.retain(|_, count| *count > 0);
        }
        // Whose it was is not known: nothing of any gateway is held back for it.
        Err(error) => {
            tracing::error!(%error, "an attempt has panicked");
            busy.clear();
        }
    }
}

/// Longest wait for another change of the same account.
const FREE_WAIT_MAX: Duration = Duration::from_secs(15);

/// Lets every call through as soon as it may be alone: before a connection exists there is no rate to keep.
struct Free(Calls);

impl gatewright_connectors::Gate for Free {
    fn pass<'a>(
        &'a self,
        operation: &'static str,
    ) -> std::pin::Pin<Box<dyn Future<Output = Result<Turn, Fault>> + Send + 'a>> {
        Box::pin(self.0.alone(operation, FREE_WAIT_MAX))
    }

    fn made(&self, _record: gatewright_connectors::link::CallRecord) {}
}
