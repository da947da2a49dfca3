//! One attempt at one delivery: a job of its own.
//!
//! The request may be sent twice where a worker dies after it: receivers tell that by `webhook-id`. What came of it is written
//! once, by the transaction that ends the job, and the same transaction enqueues the next attempt.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use gatewright_database::TenantTx;
use gatewright_database::jobs::{Failure, Finished, Handler, Job, NewJob, Running, enqueue};
use gatewright_egress::{Answer, Body, Client, EgressError, Overflow, Policy, Request};
use gatewright_types::ids::DeliveryId;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::model::{Attempt, AttemptTimings, DeliveryState, DisabledReason, EndpointState, WebhookEndpoint};
use crate::store::deliveries::{self, Row};
use crate::{NotifyError, destinations, endpoints, retries, secret_box, sign, store};

/// Longest attempt, from looking the name up to the answer's end.
pub const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(20);
/// How much of an answer is kept, in bytes.
pub const ANSWER_KEPT_BYTES: usize = 4 * 1024;
/// How long an endpoint may fail before it is disabled.
pub const FAILING_MAX: TimeDelta = TimeDelta::days(5);

/// Sends a delivery once more.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeliverWebhook {
    pub(crate) delivery_id: DeliveryId,
    /// Which attempt this is; of two jobs for one attempt, the second finds nothing to do.
    pub(crate) number: i32,
}

impl DeliverWebhook {
    pub(crate) const fn first(delivery_id: DeliveryId) -> Self {
        Self { delivery_id, number: 1 }
    }

    pub(crate) const fn next(row: &Row) -> Self {
        Self {
            delivery_id: row.id,
            number: row.attempts + 1,
        }
    }
}

impl Job for DeliverWebhook {
    const KIND: &'static str = "notify.deliver_webhook";
    const TIME_LIMIT: Duration = Duration::from_secs(60);
}

/// Does [`DeliverWebhook`].
pub struct Deliverer {
    /// What sends.
    pub client: Client,
    /// What the installation lets everybody reach.
    pub policy: Policy,
}

/// What an attempt needs to know.
struct Prepared {
    endpoint: WebhookEndpoint,
    row: Row,
    secrets: Vec<SecretString>,
    /// Where the tenant lets it go.
    policy: Policy,
}

impl Handler for Deliverer {
    type Job = DeliverWebhook;

    async fn run(&self, job: DeliverWebhook, running: &Running) -> Result<Finished, Failure> {
        let mut tx = running.database().tenant(running.caller()?).await?;
        let Some(prepared) = prepare(&mut tx, &job, &self.policy).await.map_err(failure)? else {
            return running.finish().await;
        };
        drop(tx);
        if prepared.endpoint.state == EndpointState::Disabled {
            let mut finishing = running.finish_in_tenant().await?;
            give_up(&mut finishing, &job).await.map_err(failure)?;
            return finishing.commit().await;
        }
        let started_at = running.database().clock().now();
        let begun = tokio::time::Instant::now();
        let result = self.send(&prepared, started_at).await;
        let attempt = attempt(job.number, started_at, begun.elapsed(), &result);
        let mut finishing = running.finish_in_tenant().await?;
        record(&mut finishing, &job, attempt).await.map_err(failure)?;
        finishing.commit().await
    }
}

/// Reads what is needed; none when there is nothing to do any more.
async fn prepare(
    tx: &mut TenantTx,
    job: &DeliverWebhook,
    installation: &Policy,
) -> Result<Option<Prepared>, NotifyError> {
    let Some(row) = deliveries::find(tx, job.delivery_id)
        .await?
        .filter(|row| is_due(row, job))
    else {
        return Ok(None);
    };
    let endpoint = endpoints::get(tx, row.endpoint_id).await?;
    let now = tx.now();
    let mut secrets = Vec::new();
    for secret in store::endpoints::signing(tx, endpoint.id, now).await? {
        let (kind, id) = (secret_box::WEBHOOK_SECRET, endpoint.id.uuid());
        secrets.push(secret_box::open(tx, kind, id, secret.version, secret.sealed).await?);
    }
    let policy = destinations::policy(tx, installation).await?;
    Ok(Some(Prepared {
        endpoint,
        row,
        secrets,
        policy,
    }))
}

fn is_due(row: &Row, job: &DeliverWebhook) -> bool {
    row.state == DeliveryState::Pending && row.attempts + 1 == job.number
}

impl Deliverer {
    async fn send(&self, prepared: &Prepared, now: DateTime<Utc>) -> Result<Answer, EgressError> {
        let Prepared {
            endpoint,
            row,
            secrets,
            policy,
        } = prepared;
        let body = row.payload.as_bytes();
        let unusable = EgressError::InvalidRequest("its signing secret cannot be used");
        let timestamp = now.timestamp();
        let signature = sign::signature(secrets, row.event_id, timestamp, body)
            .and_then(|signature| HeaderValue::try_from(signature).ok())
            .ok_or(unusable.clone())?;
        let id = HeaderValue::try_from(row.event_id.to_string()).map_err(|_| unusable)?;
        let request = Request::post(&endpoint.url)
            .field(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .field(HeaderName::from_static("webhook-id"), id)
            .field(HeaderName::from_static("webhook-timestamp"), timestamp.into())
            .secret_field(HeaderName::from_static("webhook-signature"), signature)
            .body(Body::Whole(body.to_vec().into()))
            .max_redirects(0)
            .max_body_bytes(ANSWER_KEPT_BYTES, Overflow::Cut)
            .total_timeout(ATTEMPT_TIMEOUT)
            .repeatable();
        self.client.send(request, policy).await
    }
}

fn attempt(number: i32, started_at: DateTime<Utc>, took: Duration, result: &Result<Answer, EgressError>) -> Attempt {
    let base = Attempt {
        number,
        started_at,
        duration_ms: (took.as_secs_f64() * 1e6).round() / 1e3,
        status: None,
        error: None,
        timings: None,
        answer: None,
        answer_cut: false,
    };
    match result {
        Ok(answer) => Attempt {
            status: i16::try_from(answer.status.as_u16()).ok(),
            timings: Some(AttemptTimings::from(answer.timings)),
            // PostgreSQL's text cannot hold NUL.
            answer: Some(String::from_utf8_lossy(&answer.body).replace('\0', "\u{fffd}")),
            answer_cut: answer.cut,
            ..base
        },
        Err(error) => Attempt {
            error: Some(error.to_string()),
            ..base
        },
    }
}

/// Writes down an attempt and what follows from it.
async fn record(tx: &mut TenantTx, job: &DeliverWebhook, attempt: Attempt) -> Result<(), NotifyError> {
    let Some(seen) = deliveries::find(tx, job.delivery_id).await? else {
        return Ok(());
    };
    // The endpoint before its delivery, as whoever deletes it: each would wait for the other otherwise.
    let endpoint = endpoints::hold(tx, seen.endpoint_id).await?;
    let Some(mut row) = deliveries::hold(tx, job.delivery_id)
        .await?
        .filter(|row| is_due(row, job))
    else {
        return Ok(());
    };
    deliveries::insert_attempt(tx, row.id, &attempt).await?;
    row.attempts += 1;
    row.attempts_of_round += 1;
    let now = tx.now();
    if attempt.status.is_some_and(|status| (200..300).contains(&status)) {
        if endpoint.failing_since.is_some() {
            store::endpoints::set_failing_since(tx, endpoint.id, None).await?;
        }
        return end(tx, row, DeliveryState::Delivered).await;
    }
    let failing_since = endpoint.failing_since.unwrap_or(attempt.started_at);
    if endpoint.failing_since.is_none() {
        store::endpoints::set_failing_since(tx, endpoint.id, Some(failing_since)).await?;
    }
    let endpoint = WebhookEndpoint {
        failing_since: Some(failing_since),
        ..endpoint
    };
    let reason = match attempt.status {
        Some(410) => Some(DisabledReason::Gone),
        _ if now - failing_since >= FAILING_MAX => Some(DisabledReason::Failing),
        _ => None,
    };
    if let Some(reason) = reason {
        endpoints::disable(tx, endpoint, reason).await?;
        return end(tx, row, DeliveryState::Failed).await;
    }
    let failed = usize::try_from(row.attempts_of_round).unwrap_or(usize::MAX);
    let Some(pause) = retries::pause(failed, tx.rng()) else {
        return end(tx, row, DeliveryState::Failed).await;
    };
    let next = now + pause;
    row.next_attempt_at = Some(next);
    deliveries::update(tx, &row).await?;
    enqueue(tx, NewJob::new(DeliverWebhook::next(&row)).at(next)).await?;
    Ok(())
}

/// Gives up what was on its way to an endpoint that is disabled.
async fn give_up(tx: &mut TenantTx, job: &DeliverWebhook) -> Result<(), NotifyError> {
    match deliveries::hold(tx, job.delivery_id)
        .await?
        .filter(|row| is_due(row, job))
    {
        Some(row) => end(tx, row, DeliveryState::Failed).await,
        None => Ok(()),
    }
}

async fn end(tx: &mut TenantTx, mut row: Row, state: DeliveryState) -> Result<(), NotifyError> {
    row.state = state;
    row.next_attempt_at = None;
    row.ended_at = Some(tx.now());
    Ok(deliveries::update(tx, &row).await?)
}

/// An endpoint that was deleted meanwhile took its deliveries along.
pub(crate) fn failure(error: NotifyError) -> Failure {
    match error {
        NotifyError::Database(error) => Failure::Database(error),
        other => Failure::Retry(other.to_string()),
    }
}
