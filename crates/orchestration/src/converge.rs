//! Brings one application on one gateway to what is desired. Retrying, repairing drift and doing it for the first time
//! are this same code.
//!
//! 1. In a transaction: what is desired, and every credential gets its number. Nothing was sent before that is committed.
//! 2. Observe, unless nothing was ever sent → [`plan::actions`] → do them → observe again. What is left then is a failure.
//! 3. In a transaction: what came of it, with the circuit breaker, the attempts and the events.
//!
//! Killed or dropped at any point, the row stays due and its lease ends: whoever takes it on observes first.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use gatewright_catalog::subscriptions;
use gatewright_connectors::model::{Applied, Secret};
use gatewright_connectors::{Application, Connector, Fault, FaultKind, Link, Observed, Step};
use gatewright_credentials::look_up;
use gatewright_database::{Actor, Caller, DatabaseError, TenantTx};
use gatewright_types::access::KeyStatus;
use gatewright_types::ids::{EventId, KeyId, RequestId, SubscriptionId, TenantId};
use secrecy::SecretString;
use uuid::Uuid;

use crate::adoption::takeover::{self, Takeover, When};
use crate::choose;
use crate::desired::{self, Facts, Rotation};
use crate::engine::Orchestrator;
use crate::model::{ApplicationKey, Connection, ConnectionState, ProvisioningState, SecretMode, Stage, Urgency};
use crate::plan::{self, Action, Desired, Strange};
use crate::secrets::copies;
use crate::store::{self, applications, credentials};
use crate::{OrchestrationError, settle};

/// How long an attempt may take; its lease lasts longer.
pub const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(60);
/// How long an application stays with a worker that does not give it back.
pub const LEASE: TimeDelta = TimeDelta::seconds(90);
/// When it is looked again whether a connection is still disabled; enabling it does not wait for that.
const DISABLED_PAUSE: Duration = Duration::from_secs(60);
/// As what a connection's credentials are sealed.
pub(crate) const CONNECTION_KIND: &str = "connection";

/// What was tried, for the provisioning audit.
#[derive(Clone, Debug)]
pub(crate) struct AttemptRow {
    pub(crate) id: Uuid,
    pub(crate) subscription_id: Option<SubscriptionId>,
    pub(crate) number: Option<i32>,
    pub(crate) operation: &'static str,
    pub(crate) fault: Option<&'static str>,
    pub(crate) message: Option<String>,
    pub(crate) status: Option<i16>,
    pub(crate) attempt: i32,
    pub(crate) duration_ms: f64,
    pub(crate) request_id: Option<RequestId>,
    pub(crate) attempted_at: DateTime<Utc>,
}

/// What came of an attempt.
#[derive(Debug)]
pub enum Outcome {
    /// The gateway was read back: as desired, unless something strange was found.
    Done(ProvisioningState),
    /// It was not brought to an end.
    Failed(Fault),
    /// Somebody else has it.
    LeaseLost,
}

/// What an attempt works on.
pub(crate) struct Prepared {
    pub(crate) connection: Connection,
    pub(crate) connector: Arc<dyn Connector>,
    pub(crate) row: applications::Row,
    pub(crate) credentials: Vec<credentials::Row>,
    pub(crate) desired: Desired,
    /// Nothing was ever sent for it: numbers are committed before anything is, and it had none.
    fresh: bool,
    /// When what is desired changes by itself.
    pub(crate) changes_at: Option<DateTime<Utc>>,
    pub(crate) rotations: Vec<Rotation>,
    /// Keys that are suspended: their secrets are needed again.
    pub(crate) suspended: Vec<KeyId>,
    /// Keys that are still under the consumer that was adopted.
    pub(crate) takeovers: Vec<Takeover>,
    /// Copies of what may have to be given.
    pub(crate) copies: Vec<(i32, SecretString)>,
}

/// What was found and done.
#[derive(Default)]
pub(crate) struct Progress {
    pub(crate) attempts: Vec<AttemptRow>,
    pub(crate) observed: Option<Observed>,
    pub(crate) strange: Vec<Strange>,
    /// Credentials whose secret nobody has any more.
    pub(crate) unknown: Vec<i32>,
}

impl Orchestrator {
    /// Takes an application that is leased with `token` as far as it goes, and gives it back.
    pub async fn converge(
        &self,
        tenant_id: TenantId,
        key: ApplicationKey,
        token: Uuid,
    ) -> Result<Outcome, OrchestrationError> {
        let turn = self.database_turn().await;
        let mut prepared = match self.prepare(tenant_id, key, token).await? {
            Ready::Go(prepared) => prepared,
            Ready::LeaseLost => return Ok(Outcome::LeaseLost),
            Ready::Unusable(fault) => return self.give_up(tenant_id, key, token, fault).await,
        };
        drop(turn);
        let mut progress = Progress::default();
        let serial = prepared.connector.capabilities().serial;
        let result = match self.queues().alone(serial, key).await {
            Ok(_alone) => {
                let work = self.work(tenant_id, &mut prepared, &mut progress);
                let late = Fault::new(FaultKind::Transient, "it took longer than a minute in all");
                tokio::time::timeout(ATTEMPT_TIMEOUT, work).await.unwrap_or(Err(late))
            }
            Err(fault) => Err(fault),
        };
        let _turn = self.database_turn().await;
        settle::settle(self, tenant_id, key, token, *prepared, progress, result).await
    }

    /// A transaction of Gatewright's own.
    pub(crate) async fn tenant(&self, tenant_id: TenantId) -> Result<TenantTx, DatabaseError> {
        let request_id = RequestId::mint(self.database().clock(), self.database().rng());
        let caller = Caller {
            tenant_id,
            actor: Actor::System,
            request_id,
        };
        self.database().tenant(caller).await
    }

    async fn prepare(
        &self,
        tenant_id: TenantId,
        key: ApplicationKey,
        token: Uuid,
    ) -> Result<Ready, OrchestrationError> {
        let mut tx = self.tenant(tenant_id).await?;
        let Some(row) = applications::hold(&mut tx, key, token).await? else {
            return Ok(Ready::LeaseLost);
        };
        let (connection, connector) = match self.connector(&mut tx, key.connection_id).await? {
            Ok(found) => found,
            Err(fault) => return Ok(Ready::Unusable(fault)),
        };
        if connection.state == ConnectionState::Disabled {
            return Ok(Ready::Unusable(Fault::new(
                FaultKind::Parked(DISABLED_PAUSE),
                "the connection is disabled",
            )));
        }
        let subscription = subscriptions::standings(&mut tx, &[key.subscription_id]).await?.pop();
        let subscription =
            subscription.ok_or_else(|| OrchestrationError::not_found("subscription", key.subscription_id))?;
        let mappings = store::mappings::of_connection(&mut tx, key.connection_id).await?;
        let choices = choose::choices(&mappings, connection.id, &subscription.orchestrated_ids);
        let connector = choose::chosen(connector, &choices);
        let secrets = look_up::given(&mut tx, key.subscription_id).await?;
        let rotations = store::rotations::of_subscription(&mut tx, key.subscription_id).await?;
        let facts = Facts {
            connection: &connection,
            can: connector.capabilities(),
            subscription: &subscription,
            held: row.stage == Stage::Held,
            mappings: &mappings,
            secrets: &secrets,
            rotations: &rotations,
            now: tx.now(),
        };
        let mut rows = credentials::of_application(&mut tx, key).await?;
        let mut last_number = row.last_number;
        let blank = last_number == 0 && rows.is_empty() && row.remote_id.is_none();
        let new = desired::number(&facts, &mut rows, &mut last_number);
        let (desired, changes_at) = desired::decide(&facts, &mut rows);
        let mut changes_at = changes_at;
        let mut takeovers = Vec::new();
        if row.adopts {
            for (key_id, adopted) in store::adoptions::unreleased(&mut tx, key).await? {
                let until = look_up::get(&mut tx, key_id).await?.old_secret_valid_until;
                let (when, at) = takeover::decide(key_id, &adopted, &facts, &desired, &rows, until);
                changes_at = changes_at.into_iter().chain(at).min();
                takeovers.push(Takeover {
                    key_id,
                    key: adopted,
                    when,
                });
            }
        }
        let suspended = secrets
            .iter()
            .filter(|s| s.status == KeyStatus::Suspended)
            .map(|s| s.key_id)
            .collect();
        if new > 0 {
            let first_new = rows.len() - new;
            for credential in &rows[first_new..] {
                credentials::insert(&mut tx, credential).await?;
            }
            applications::set_last_number(&mut tx, key, last_number).await?;
        }
        let copies = copies(&mut tx, &connection, &desired, &rows).await?;
        tx.commit().await?;
        Ok(Ready::Go(Box::new(Prepared {
            connection,
            connector,
            row: applications::Row { last_number, ..row },
            credentials: rows,
            desired,
            // From this commit on it is not blank any more, whatever becomes of the attempt.
            fresh: blank && new > 0,
            changes_at,
            rotations,
            suspended,
            takeovers,
            copies,
        })))
    }

    async fn give_up(
        &self,
        tenant_id: TenantId,
        key: ApplicationKey,
        token: Uuid,
        fault: Fault,
    ) -> Result<Outcome, OrchestrationError> {
        let mut tx = self.tenant(tenant_id).await?;
        let Some(mut row) = applications::hold(&mut tx, key, token).await? else {
            return Ok(Outcome::LeaseLost);
        };
        settle::failed(&mut row, &fault, &mut tx);
        applications::give_back(&mut tx, &row, Some(fault.kind.as_str())).await?;
        tx.commit().await?;
        Ok(Outcome::Failed(fault))
    }

    async fn work(&self, tenant_id: TenantId, prepared: &mut Prepared, progress: &mut Progress) -> Result<(), Fault> {
        let until = self.database().clock().now() + ATTEMPT_TIMEOUT;
        let link = self.link_until(&prepared.connection, Some(until), is_security(prepared.row.urgency));
        let application = Application {
            connection_id: prepared.connection.id,
            customer_id: prepared.row.customer_id,
            subscription_id: prepared.row.subscription_id,
        };
        let observed = if prepared.fresh {
            Observed::default()
        } else {
            self.observe(&link, &application, prepared, progress).await?
        };
        let mut withheld = None;
        for takeover in prepared.takeovers.iter().filter(|one| one.when == When::Now) {
            if let Err(fault) = self.release(tenant_id, &link, prepared, takeover, progress).await {
                withheld.get_or_insert(fault);
            }
        }
        let mut actions = plan::actions(&prepared.desired, &observed, prepared.connector.capabilities());
        if actions.is_empty() && withheld.is_none() {
            progress.found(&prepared.desired, observed);
            return Ok(());
        }
        let mut done = 0;
        let mut left_out = Vec::new();
        for action in actions.drain(..) {
            if !action.ends_access()
                && let Some(fault) = withheld.take()
            {
                return Err(fault);
            }
            if let Action::DropCredential { number, .. } = &action {
                self.remember(tenant_id, &link, &application, prepared, &observed, *number)
                    .await;
            }
            let Some(step) = self
                .step(&action, prepared, &application, tenant_id, &mut left_out)
                .await?
            else {
                continue;
            };
            if let Action::Credential { number, .. } = &action {
                for takeover in prepared
                    .takeovers
                    .iter()
                    .filter(|one| one.when == When::ForOurs(*number))
                {
                    self.release(tenant_id, &link, prepared, takeover, progress).await?;
                }
            }
            let applied = match self
                .apply(&link, &application, &step, &observed, prepared, progress)
                .await
            {
                // What ends access does not wait for its like: as much as possible, at once. A dead gateway does none of it.
                Err(fault)
                    if action.ends_access()
                        && !fault.kind.is_gateways()
                        && !matches!(fault.kind, FaultKind::Parked(_)) =>
                {
                    withheld.get_or_insert(fault);
                    continue;
                }
                result => result?,
            };
            self.take_in(tenant_id, prepared, &action, applied).await?;
            done += 1;
        }
        if let Some(fault) = withheld {
            return Err(fault);
        }
        progress.unknown.clone_from(&left_out);
        if done == 0 {
            progress.found(&prepared.desired, observed);
            return Ok(());
        }
        let observed = self.observe(&link, &application, prepared, progress).await?;
        let left = plan::actions(&prepared.desired, &observed, prepared.connector.capabilities());
        let is_left = |action: &Action| !matches!(action, Action::Credential { number, .. } if left_out.contains(&i32::try_from(*number).unwrap_or(0)));
        let differs = left.iter().any(is_left);
        progress.found(&prepared.desired, observed);
        if differs {
            return Err(Fault::new(
                FaultKind::Transient,
                "it was done, and reading it back shows something else",
            ));
        }
        Ok(())
    }

    async fn observe(
        &self,
        link: &Link,
        application: &Application,
        prepared: &Prepared,
        progress: &mut Progress,
    ) -> Result<Observed, Fault> {
        let begun = self.begin();
        let result = prepared.connector.observe(link, application).await;
        if let Err(fault) = &result
            && !matches!(fault.kind, FaultKind::Parked(_))
        {
            progress
                .attempts
                .push(self.attempt("OBSERVE", None, prepared, begun, Some(fault)));
        }
        result
    }

    async fn apply(
        &self,
        link: &Link,
        application: &Application,
        step: &Step,
        observed: &Observed,
        prepared: &Prepared,
        progress: &mut Progress,
    ) -> Result<Applied, Fault> {
        let begun = self.begin();
        let result = prepared.connector.apply(link, application, step, observed).await;
        let number = match step {
            Step::Credential { number, .. } | Step::Expire { number, .. } => Some(*number),
            Step::DropCredential { number, .. } => *number,
            _ => None,
        };
        let number = number.and_then(|number| i32::try_from(number).ok());
        if !matches!(&result, Err(fault) if matches!(fault.kind, FaultKind::Parked(_))) {
            progress
                .attempts
                .push(self.attempt(step.operation(), number, prepared, begun, result.as_ref().err()));
        }
        result
    }

    pub(crate) fn begin(&self) -> (DateTime<Utc>, tokio::time::Instant) {
        (self.database().clock().now(), tokio::time::Instant::now())
    }

    pub(crate) fn attempt(
        &self,
        operation: &'static str,
        number: Option<i32>,
        prepared: &Prepared,
        begun: (DateTime<Utc>, tokio::time::Instant),
        fault: Option<&Fault>,
    ) -> AttemptRow {
        let took = begun.1.elapsed();
        self.tallies()
            .count(prepared.connection.vendor, operation, fault.is_none(), took);
        AttemptRow {
            id: EventId::mint(self.database().clock(), self.database().rng()).uuid(),
            subscription_id: Some(prepared.row.subscription_id),
            number,
            operation,
            fault: fault.map(|fault| fault.kind.as_str()),
            message: fault.map(|fault| fault.words.clone()),
            status: fault
                .and_then(|fault| fault.status)
                .and_then(|status| i16::try_from(status).ok()),
            attempt: prepared.row.attempts + 1,
            duration_ms: (took.as_secs_f64() * 1e6).round() / 1e3,
            request_id: prepared.row.request_id,
            attempted_at: begun.0,
        }
    }

    /// An action with the secret that it needs; none where nobody has that secret any more.
    async fn step(
        &self,
        action: &Action,
        prepared: &Prepared,
        application: &Application,
        tenant_id: TenantId,
        left_out: &mut Vec<i32>,
    ) -> Result<Option<Step>, Fault> {
        Ok(Some(match action {
            Action::DropApplication => Step::DropApplication,
            Action::Suspend => Step::Suspend,
            Action::DropCredential { number, remote_id } => Step::DropCredential {
                number: Some(*number),
                remote_id: Some(remote_id.clone()),
            },
            Action::Application => Step::Application,
            Action::Scope(scope) => Step::Scope(scope.clone()),
            Action::Reactivate(scope) => Step::Reactivate(scope.clone()),
            Action::Expire { number, after_seconds } => Step::Expire {
                number: *number,
                after_seconds: *after_seconds,
            },
            Action::Credential {
                number,
                first,
                admitted,
                scope,
            } => {
                let (number, first, admitted, scope) = (*number, *first, *admitted, scope.clone());
                let its_number = i32::try_from(number).unwrap_or(0);
                let secret = if prepared.connection.secret_mode == SecretMode::GatewayGenerated {
                    Some(Secret::Generated)
                } else {
                    let copy = prepared.copies.iter().find(|(of, _)| *of == its_number);
                    match copy {
                        Some((_, secret)) => Some(Secret::Provided(secret.clone())),
                        None => self
                            .recover(tenant_id, prepared, application, its_number)
                            .await?
                            .map(Secret::Provided),
                    }
                };
                let Some(secret) = secret else {
                    left_out.push(its_number);
                    return Ok(None);
                };
                Step::Credential {
                    number,
                    first,
                    admitted,
                    secret,
                    scope,
                }
            }
        }))
    }
}

impl Progress {
    fn found(&mut self, desired: &Desired, observed: Observed) {
        self.strange = plan::strange(desired, &observed);
        self.observed = Some(observed);
    }
}

/// Whether an attempt can begin.
enum Ready {
    Go(Box<Prepared>),
    LeaseLost,
    /// The connection's settings cannot be used.
    Unusable(Fault),
}

/// Whether an urgency is of the kind that is tried for ever and past an open breaker.
pub(crate) const fn is_security(urgency: i16) -> bool {
    urgency == Urgency::Security.as_i16()
}
