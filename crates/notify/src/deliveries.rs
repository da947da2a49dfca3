//! Deliveries: what operators see of them, and sending them again.

use chrono::{DateTime, Utc};
use gatewright_database::jobs::{Lane, NewJob, enqueue};
use gatewright_database::{Page, PageRequest, TenantTx};
use gatewright_types::ids::{DeliveryId, EventId, WebhookEndpointId};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::deliver::DeliverWebhook;
use crate::events::TEST_EVENT_TYPE;
use crate::model::{Attempt, Delivery, DeliveryState, EndpointState, WebhookEndpoint};
use crate::store::deliveries::{self as store, Row};
use crate::{NotifyError, endpoints};

/// Most deliveries that one request replays.
pub const REPLAYED_AT_ONCE_MAX: usize = 500;
/// Most attempts a delivery can have, replays included.
pub const ATTEMPTS_MAX: i32 = 100;

/// Which deliveries to send again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReplayFailed {
    /// Those that failed at this time or later.
    pub since: DateTime<Utc>,
}

/// What is sent again.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Replayed {
    /// How many deliveries.
    pub replayed: usize,
    /// Whether more have failed since then: ask again.
    pub more: bool,
}

/// One delivery with everything about it.
pub async fn get(tx: &mut TenantTx, id: DeliveryId) -> Result<Delivery, NotifyError> {
    let found = store::find(tx, id).await?;
    let row = found.ok_or_else(|| NotifyError::not_found("webhook delivery", id))?;
    let attempts = store::attempts(tx, &[id.uuid()], true).await?;
    let payload = Some(row.payload.clone());
    let attempts = attempts.into_iter().map(|(_, attempt)| attempt).collect();
    Ok(Delivery {
        payload,
        ..delivery(row, attempts)
    })
}

/// A page of an endpoint's deliveries.
pub async fn list(
    tx: &mut TenantTx,
    endpoint_id: WebhookEndpointId,
    state: Option<DeliveryState>,
    request: PageRequest,
) -> Result<Page<Delivery>, NotifyError> {
    endpoints::get(tx, endpoint_id).await?;
    let page = Page::from_rows(store::list(tx, endpoint_id, state, request).await?, request);
    let ids: Vec<Uuid> = page.items.iter().map(|row| row.id.uuid()).collect();
    let mut attempts = store::attempts(tx, &ids, false).await?;
    let mut items = Vec::with_capacity(page.items.len());
    for row in page.items {
        let own = attempts
            .extract_if(.., |(id, _)| *id == row.id)
            .map(|(_, attempt)| attempt)
            .collect();
        items.push(delivery(row, own));
    }
    Ok(Page { items, more: page.more })
}

/// Sends a delivery again, at once, with all its retries.
pub async fn replay(tx: &mut TenantTx, id: DeliveryId) -> Result<Delivery, NotifyError> {
    let found = store::hold(tx, id).await?;
    let row = found.ok_or_else(|| NotifyError::not_found("webhook delivery", id))?;
    let endpoint = endpoints::get(tx, row.endpoint_id).await?;
    refuse_disabled(&endpoint)?;
    if row.attempts >= ATTEMPTS_MAX {
        return Err(NotifyError::LimitReached {
            max: usize::try_from(ATTEMPTS_MAX).unwrap_or(usize::MAX),
            what: "attempts of a webhook delivery",
        });
    }
    let before = json!({ "state": row.state, "nextAttemptAt": row.next_attempt_at, "endedAt": row.ended_at });
    begin_again(tx, row, Lane::Interactive).await?;
    let delivery = get(tx, id).await?;
    let after =
        json!({ "state": delivery.state, "nextAttemptAt": delivery.next_attempt_at, "endedAt": delivery.ended_at });
    let detail = json!({ "endpointId": endpoint.id });
    tx.changed_telling("notify", "webhook_delivery.replayed", id, detail, &before, &after);
    Ok(delivery)
}

/// Sends again what has failed since a time, oldest first, at most [`REPLAYED_AT_ONCE_MAX`].
pub async fn replay_failed(
    tx: &mut TenantTx,
    endpoint_id: WebhookEndpointId,
    which: &ReplayFailed,
) -> Result<Replayed, NotifyError> {
    let endpoint = endpoints::get(tx, endpoint_id).await?;
    refuse_disabled(&endpoint)?;
    let probe = i64::try_from(REPLAYED_AT_ONCE_MAX + 1).unwrap_or(i64::MAX);
    let mut failed = store::failed_since(tx, endpoint_id, which.since, probe).await?;
    let more = failed.len() > REPLAYED_AT_ONCE_MAX;
    failed.truncate(REPLAYED_AT_ONCE_MAX);
    failed.retain(|row| row.attempts < ATTEMPTS_MAX);
    let replayed = failed.len();
    for row in failed {
        begin_again(tx, row, Lane::Normal).await?;
    }
    let detail = json!({ "since": which.since, "replayed": replayed });
    tx.happened("notify", "webhook_endpoint.replayed", endpoint_id, detail);
    Ok(Replayed { replayed, more })
}

/// Sends an event that means nothing, to see whether it arrives. It is retried like any other.
pub async fn test(tx: &mut TenantTx, endpoint_id: WebhookEndpointId) -> Result<Delivery, NotifyError> {
    let endpoint = endpoints::get(tx, endpoint_id).await?;
    refuse_disabled(&endpoint)?;
    let event_id = EventId::mint(tx.clock(), tx.rng());
    let payload = json!({
        "id": event_id,
        "type": TEST_EVENT_TYPE,
        "timestamp": tx.now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
        "data": { "resourceId": endpoint_id, "detail": {} },
    });
    let row = Row {
        id: DeliveryId::mint(tx.clock(), tx.rng()),
        endpoint_id,
        event_id,
        event_type: TEST_EVENT_TYPE.to_owned(),
        payload: payload.to_string(),
        state: DeliveryState::Pending,
        attempts: 0,
        attempts_of_round: 0,
        next_attempt_at: Some(tx.now()),
        created_at: tx.now(),
        ended_at: None,
    };
    store::insert(tx, &row).await?;
    let job = NewJob::new(DeliverWebhook::first(row.id)).in_lane(Lane::Interactive);
    enqueue(tx, job).await?;
    let made = json!({ "deliveryId": row.id });
    tx.created("notify", "webhook_endpoint.tested", endpoint_id, &made);
    get(tx, row.id).await
}

async fn begin_again(tx: &mut TenantTx, mut row: Row, lane: Lane) -> Result<(), NotifyError> {
    row.state = DeliveryState::Pending;
    row.attempts_of_round = 0;
    row.next_attempt_at = Some(tx.now());
    row.ended_at = None;
    store::update(tx, &row).await?;
    enqueue(tx, NewJob::new(DeliverWebhook::next(&row)).in_lane(lane)).await?;
    Ok(())
}

fn refuse_disabled(endpoint: &WebhookEndpoint) -> Result<(), NotifyError> {
    match endpoint.state {
        EndpointState::Enabled => Ok(()),
        EndpointState::Disabled => Err(NotifyError::EndpointDisabled),
    }
}

fn delivery(row: Row, mut attempts: Vec<Attempt>) -> Delivery {
    // They are read after the row: one may have been added meanwhile, of which the row says nothing yet.
    attempts.retain(|attempt| attempt.number <= row.attempts);
    Delivery {
        id: row.id,
        endpoint_id: row.endpoint_id,
        event_id: row.event_id,
        event_type: row.event_type,
        state: row.state,
        next_attempt_at: row.next_attempt_at,
        attempts,
        payload: None,
        created_at: row.created_at,
        ended_at: row.ended_at,
    }
}
