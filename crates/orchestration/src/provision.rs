//! Subscribing a customer, with gateways that have to confirm first.
//!
//! 1. [`begin`], in the request's transaction: the subscription waits as CREATED, the key has its hash and a sealed copy,
//!    and what each gateway is to have is due. Nothing was sent yet.
//! 2. [`wait`], without a transaction: the primary gateway, or all, are brought to what is desired and read back.
//! 3. [`complete`], in a transaction: the subscription begins, and the answer reveals the secret. Or [`fail`]: it is
//!    cancelled, and whatever was made is taken away.
//!
//! Killed in between, [`crate::sweep`] does what `fail` does, after the deadline.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use gatewright_catalog::model::Subscription;
use gatewright_catalog::subscriptions::{self, Standing};
use gatewright_connectors::{Fault, FaultKind};
use gatewright_credentials::AccessChange;
use gatewright_credentials::issue::{NewKey, Revealed};
use gatewright_credentials::settings;
use gatewright_database::TenantTx;
use gatewright_native::access as native;
use gatewright_types::ids::{CustomerId, GatewayId, PlanId, SubscriptionId, TenantId};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::breaker::{Breaker, BreakerState, Verdict};
use crate::converge::{LEASE, Outcome};
use crate::engine::Orchestrator;
use crate::model::{Activation, ApplicationKey, ProvisioningState, Stage, Urgency};
use crate::store::applications::Taken;
use crate::store::{self, applications};
use crate::{OrchestrationError, access, honor};

/// How long a request waits for the gateways that have to confirm first.
pub const WAIT_FOR_GATEWAYS: TimeDelta = TimeDelta::seconds(10);
/// First pause after a gateway failed while a request waits; doubled each time.
const PAUSE: Duration = Duration::from_millis(100);

/// Who subscribes to what.
pub struct NewSubscription {
    /// Who buys.
    pub customer_id: CustomerId,
    /// Which plan.
    pub plan_id: PlanId,
    /// Whether it begins at once.
    pub activate: bool,
    /// Its first key.
    pub key: NewKey,
    /// What it waits for.
    pub activation: Activation,
}

/// A subscription that was made.
pub struct Begun {
    /// The subscription.
    pub subscription: Subscription,
    /// Its key; to be revealed when nothing is waited for any more.
    pub revealed: Revealed,
    /// What has to happen first.
    pub waiting: Option<Waiting>,
}

/// What a subscription waits for.
#[derive(Clone, Debug)]
pub struct Waiting {
    tenant_id: TenantId,
    /// The subscription.
    pub subscription_id: SubscriptionId,
    customer_id: CustomerId,
    gateways: Vec<GatewayId>,
    mode: Activation,
    token: Uuid,
    deadline_at: DateTime<Utc>,
}

/// As what a request is kept that waits for this subscription.
pub fn pending(id: SubscriptionId) -> serde_json::Value {
    serde_json::json!({ "waitsFor": id })
}

/// A gateway that did not confirm.
#[derive(Debug)]
pub struct NotConfirmed {
    /// Which.
    pub gateway_id: GatewayId,
    /// Why.
    pub fault: Fault,
}

/// Subscribes a customer and makes its first key.
pub async fn begin(
    engine: &Orchestrator,
    tx: &mut TenantTx,
    new: NewSubscription,
) -> Result<Begun, OrchestrationError> {
    let NewSubscription {
        customer_id,
        plan_id,
        activate,
        key,
        activation,
    } = new;
    let copies = settings::copies(tx).await?;
    if !copies.provisions {
        let (subscription, revealed) = native::subscribe(tx, customer_id, plan_id, activate, key, copies).await?;
        return Ok(Begun {
            subscription,
            revealed,
            waiting: None,
        });
    }
    let primary = primary_of(tx, key.environment).await?;
    let waits = activate && (primary.is_some() || activation == Activation::AllGateways);
    let wanted = honor::Wanted::first(&key);
    let (subscription, revealed) = native::subscribe(tx, customer_id, plan_id, activate && !waits, key, copies).await?;
    let standings = subscriptions::standings(tx, &[subscription.id]).await?;
    for standing in &standings {
        honor::require(engine, tx, standing, &wanted).await?;
    }
    if !waits {
        access::touch_standing(tx, &standings, Urgency::Interactive).await?;
        return Ok(Begun {
            subscription,
            revealed,
            waiting: None,
        });
    }
    let waiting = take(tx, &subscription, &standings, activation, primary).await?;
    if waiting.gateways.is_empty() {
        // None of them has anything of this plan.
        let subscription = subscriptions::begin(tx, subscription).await?;
        access::touch(tx, &[subscription.id], Urgency::Interactive).await?;
        return Ok(Begun {
            subscription,
            revealed,
            waiting: None,
        });
    }
    for id in &waiting.gateways {
        require_open_way(tx, *id).await?;
    }
    store::activations::insert(tx, subscription.id, activation, waiting.deadline_at).await?;
    Ok(Begun {
        subscription,
        revealed,
        waiting: Some(waiting),
    })
}

/// Fails where a gateway's circuit breaker is open: the request need not wait to hear that. Once it may be tried, the request
/// is the probe.
async fn require_open_way(tx: &mut TenantTx, id: GatewayId) -> Result<(), OrchestrationError> {
    // The common case costs no lock.
    if store::health::find(tx, id).await? == Breaker::default() {
        return Ok(());
    }
    let mut breaker = store::health::hold(tx, id).await?;
    let (before, now) = (breaker.state, tx.now());
    match breaker.ask(now) {
        Verdict::Pass => Ok(()),
        Verdict::Probe => {
            store::health::probe(tx, id, &breaker).await?;
            crate::settle::moved(tx, id, before, &breaker, "a request tries it").await
        }
        Verdict::Wait(until) => Err(OrchestrationError::NotConfirmed {
            gateway: crate::connections::get(tx, id).await?.name,
            why: format!(
                "its circuit breaker is open until {}",
                until.to_rfc3339_opts(SecondsFormat::Secs, true)
            ),
            may_pass: true,
        }),
    }
}

async fn primary_of(
    tx: &mut TenantTx,
    environment: gatewright_types::access::Environment,
) -> Result<Option<GatewayId>, OrchestrationError> {
    let Some(id) = store::connections::primary(tx).await? else {
        return Ok(None);
    };
    let connection = store::connections::find(tx, id).await?;
    Ok(connection
        .filter(|connection| connection.environment == environment)
        .map(|connection| connection.id))
}

/// Makes what is due on the gateways, and takes on what the request waits for.
async fn take(
    tx: &mut TenantTx,
    subscription: &Subscription,
    standings: &[Standing],
    mode: Activation,
    primary: Option<GatewayId>,
) -> Result<Waiting, OrchestrationError> {
    let token = uuid::Builder::from_random_bytes(tx.rng().bytes()).into_uuid();
    let only = match mode {
        Activation::PrimaryFirst => primary,
        Activation::AllGateways => None,
    };
    let until = tx.now() + LEASE;
    let taken = Taken { only, token, until };
    let mut gateways = applications::touch(tx, standings, Urgency::Interactive, Stage::Held, Some(taken), None).await?;
    if let Some(only) = only {
        gateways.retain(|id| *id == only);
    }
    Ok(Waiting {
        tenant_id: tx.tenant_id(),
        subscription_id: subscription.id,
        customer_id: subscription.customer_id,
        gateways,
        mode,
        token,
        deadline_at: tx.now() + WAIT_FOR_GATEWAYS,
    })
}

/// Waits for the gateways that have to confirm first.
pub async fn wait(engine: &Orchestrator, waiting: &Waiting) -> Result<(), NotConfirmed> {
    let first = match waiting.mode {
        Activation::PrimaryFirst => ProvisioningState::Active,
        Activation::AllGateways => ProvisioningState::Preparing,
    };
    all_reach(engine, waiting, first, Some(waiting.token)).await?;
    if waiting.mode == Activation::AllGateways {
        // Everybody is prepared: from here on it goes forward.
        release(engine, waiting).await.map_err(|error| lost(waiting, &error))?;
        all_reach(engine, waiting, ProvisioningState::Active, None).await?;
    }
    Ok(())
}

async fn release(engine: &Orchestrator, waiting: &Waiting) -> Result<(), OrchestrationError> {
    let mut tx = engine.tenant(waiting.tenant_id).await?;
    let standings = subscriptions::standings(&mut tx, &[waiting.subscription_id]).await?;
    applications::touch(&mut tx, &standings, Urgency::Interactive, Stage::Live, None, None).await?;
    Ok(tx.commit().await?)
}

async fn all_reach(
    engine: &Orchestrator,
    waiting: &Waiting,
    state: ProvisioningState,
    token: Option<Uuid>,
) -> Result<(), NotConfirmed> {
    let mut running = JoinSet::new();
    for gateway_id in waiting.gateways.iter().copied() {
        let (engine, waiting) = (engine.clone(), waiting.clone());
        running.spawn(async move {
            let result = reach(&engine, &waiting, gateway_id, state, token).await;
            result.map_err(|fault| NotConfirmed { gateway_id, fault })
        });
    }
    while let Some(ended) = running.join_next().await {
        match ended {
            Ok(result) => result?,
            Err(_) => {
                return Err(lost(
                    waiting,
                    &OrchestrationError::NothingToReveal("an attempt has panicked"),
                ));
            }
        }
    }
    Ok(())
}

fn lost(waiting: &Waiting, error: &OrchestrationError) -> NotConfirmed {
    tracing::warn!(%error, "a subscription's gateways could not be waited for");
    let fault = Fault::new(FaultKind::Transient, "Gatewright could not write down how far it was");
    NotConfirmed {
        gateway_id: waiting.gateways[0],
        fault,
    }
}

/// Brings one gateway there, again and again until the deadline; whoever else is at it is waited for.
async fn reach(
    engine: &Orchestrator,
    waiting: &Waiting,
    gateway_id: GatewayId,
    wanted: ProvisioningState,
    mut token: Option<Uuid>,
) -> Result<(), Fault> {
    let away = |_: OrchestrationError| Fault::new(FaultKind::Transient, "the database is away");
    let key = ApplicationKey {
        connection_id: gateway_id,
        subscription_id: waiting.subscription_id,
        customer_id: waiting.customer_id,
    };
    let mut pause = PAUSE;
    let mut why = Fault::new(FaultKind::Transient, "it did not confirm in time");
    loop {
        let leased = match token.take() {
            Some(token) => Some(token),
            None => claim(engine, waiting.tenant_id, key).await.map_err(away)?,
        };
        if let Some(leased) = leased {
            match engine.converge(waiting.tenant_id, key, leased).await.map_err(away)? {
                Outcome::Done(state) if state == wanted => return Ok(()),
                Outcome::Done(state) => {
                    why = Fault::new(FaultKind::Invalid, format!("it was read back as {state}"));
                    return Err(why);
                }
                Outcome::Failed(fault) if !fault.kind.may_pass() => return Err(fault),
                Outcome::Failed(fault) => {
                    let open = has_opened(engine, waiting.tenant_id, gateway_id);
                    if fault.kind.is_gateways() && open.await.map_err(away)? {
                        return Err(fault);
                    }
                    why = fault;
                }
                Outcome::LeaseLost => {}
            }
        } else if is_there(engine, waiting, key, wanted).await.map_err(away)? {
            return Ok(());
        }
        let left = waiting.deadline_at - engine.database().clock().now();
        let Ok(left) = left.to_std() else { return Err(why) };
        tokio::time::sleep(pause.min(left)).await;
        pause *= 2;
    }
}

/// Whether a gateway's circuit breaker has opened.
async fn has_opened(engine: &Orchestrator, tenant_id: TenantId, id: GatewayId) -> Result<bool, OrchestrationError> {
    let mut tx = engine.tenant(tenant_id).await?;
    let breaker = store::health::find(&mut tx, id).await?;
    tx.close().await?;
    Ok(breaker.state == BreakerState::Open)
}

async fn claim(
    engine: &Orchestrator,
    tenant_id: TenantId,
    key: ApplicationKey,
) -> Result<Option<Uuid>, OrchestrationError> {
    let mut tx = engine.tenant(tenant_id).await?;
    let token = uuid::Builder::from_random_bytes(tx.rng().bytes()).into_uuid();
    let until = tx.now() + LEASE;
    let claimed = applications::claim_one(&mut tx, key, token, until).await?;
    tx.commit().await?;
    Ok(claimed.then_some(token))
}

async fn is_there(
    engine: &Orchestrator,
    waiting: &Waiting,
    key: ApplicationKey,
    wanted: ProvisioningState,
) -> Result<bool, OrchestrationError> {
    let mut tx = engine.tenant(waiting.tenant_id).await?;
    let rows = applications::of_subscription(&mut tx, waiting.subscription_id).await?;
    let there = |row: &applications::Row| row.state == wanted && row.acknowledged_generation == row.generation;
    Ok(rows
        .iter()
        .any(|row| row.connection_id == key.connection_id && there(row)))
}

/// Everything that had to confirm has: the subscription begins. None: somebody else completed or ended it.
pub async fn complete(
    tx: &mut TenantTx,
    waiting: &Waiting,
) -> Result<Option<(Subscription, Vec<AccessChange>)>, OrchestrationError> {
    if store::activations::hold(tx, waiting.subscription_id).await?.is_none() {
        return Ok(None);
    }
    store::activations::end(tx, waiting.subscription_id).await?;
    let subscription = subscriptions::lock(tx, waiting.subscription_id).await?;
    let subscription = subscriptions::begin(tx, subscription).await?;
    let changes = gatewright_credentials::status::subscription_moved(tx, subscription.id).await?;
    let standings = subscriptions::standings(tx, &[subscription.id]).await?;
    // The primary has all of it, unless something else was asked for meanwhile.
    let rows = applications::of_subscription(tx, subscription.id).await?;
    let done = rows
        .iter()
        .find(|row| row.stage == Stage::Live && row.acknowledged_generation == row.generation)
        .filter(|row| waiting.mode == Activation::PrimaryFirst && row.connection_id == waiting.gateways[0])
        .map(|row| row.connection_id);
    applications::touch(tx, &standings, Urgency::Interactive, Stage::Live, None, done).await?;
    Ok(Some((subscription, changes)))
}

/// A gateway did not confirm: nothing of the subscription stays.
pub async fn fail(
    engine: &Orchestrator,
    waiting: &Waiting,
    why: NotConfirmed,
) -> Result<(OrchestrationError, Vec<AccessChange>, TenantTx), OrchestrationError> {
    let mut tx = engine.tenant(waiting.tenant_id).await?;
    let changes = access::withdraw(&mut tx, waiting.subscription_id).await?;
    let gateway = store::connections::find(&mut tx, why.gateway_id).await?;
    let error = OrchestrationError::NotConfirmed {
        gateway: gateway.map_or_else(|| why.gateway_id.to_string(), |gateway| gateway.name),
        may_pass: why.fault.kind.may_pass(),
        why: why.fault.words,
    };
    Ok((error, changes, tx))
}
