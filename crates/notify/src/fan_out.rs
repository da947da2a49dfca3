//! From events to deliveries.
//!
//! An event is marked by the transaction that makes its deliveries, so each is handed out exactly once, and it does not
//! matter when it committed: an event whose transaction took long is found when it is there. Several processes may do this
//! at once; they pass over what another holds.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::SecondsFormat;
use gatewright_database::jobs::{NewJob, enqueue_across};
use gatewright_database::{Database, SystemUse};
use gatewright_types::ids::{DeliveryId, TenantId};
use serde_json::json;
use uuid::Uuid;

use crate::NotifyError;
use crate::deliver::DeliverWebhook;
use crate::events::{TEST_EVENT_TYPE, is_wanted};
use crate::store::events::{self, Event, NewDeliveries};

/// Most events that one transaction hands out.
const BATCH: i64 = 100;
/// How often somebody looks for new events.
const INTERVAL: Duration = Duration::from_secs(1);

/// Hands out events for as long as the program runs. Ended anywhere, it leaves nothing half done.
pub async fn keep_going(database: Database) {
    let mut ticks = tokio::time::interval(INTERVAL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = all(&database).await {
            tracing::warn!(%error, "events could not be handed to webhook endpoints");
        }
    }
}

/// Hands out every event that waits; returns how many deliveries were made.
pub async fn all(database: &Database) -> Result<usize, NotifyError> {
    let mut made = 0;
    loop {
        let (events, deliveries) = some(database).await?;
        made += deliveries;
        if events < usize::try_from(BATCH).unwrap_or(usize::MAX) {
            return Ok(made);
        }
    }
}

/// One batch: how many events, and how many deliveries that made.
async fn some(database: &Database) -> Result<(usize, usize), NotifyError> {
    let mut tx = database.system(SystemUse::FanOutEvents).await?;
    let waiting = events::take_waiting(&mut tx, BATCH).await?;
    if waiting.is_empty() {
        tx.close().await?;
        return Ok((0, 0));
    }
    let tenants: BTreeSet<Uuid> = waiting.iter().map(|event| event.tenant_id.uuid()).collect();
    let tenants: Vec<Uuid> = tenants.into_iter().collect();
    let listeners = events::listeners(&mut tx, &tenants).await?;
    let mut new = NewDeliveries::default();
    for event in &waiting {
        let event_type = format!("{}.{}", event.domain, event.name);
        let interested = listeners.iter().filter(|listener| {
            listener.tenant_id == event.tenant_id
                && listener.created_at <= event.occurred_at
                // Its delivery was made with it, for the one endpoint that is tested.
                && event_type != TEST_EVENT_TYPE
                && is_wanted(&listener.event_types, &event_type)
        });
        for listener in interested {
            new.tenant_ids.push(event.tenant_id.uuid());
            new.ids.push(DeliveryId::mint(database.clock(), database.rng()).uuid());
            new.endpoint_ids.push(listener.id.uuid());
            new.event_ids.push(event.id.uuid());
            new.event_types.push(event_type.clone());
            new.payloads.push(payload(event, &event_type));
        }
    }
    if !new.ids.is_empty() {
        events::insert_deliveries(&mut tx, &new, database.clock().now()).await?;
    }
    for (tenant_id, id) in new.tenant_ids.iter().zip(&new.ids) {
        let job = NewJob::new(DeliverWebhook::first(DeliveryId::from_uuid(*id)));
        enqueue_across(&mut tx, database, Some(TenantId::from_uuid(*tenant_id)), job).await?;
    }
    let handed: Vec<Uuid> = waiting.iter().map(|event| event.id.uuid()).collect();
    events::mark_fanned_out(&mut tx, &handed).await?;
    tx.commit().await?;
    Ok((waiting.len(), new.ids.len()))
}

/// The body: `type`, `timestamp` and `data` as the Standard Webhooks specification has them, and the event's id.
fn payload(event: &Event, event_type: &str) -> String {
    json!({
        "id": event.id,
        "type": event_type,
        "timestamp": event.occurred_at.to_rfc3339_opts(SecondsFormat::Millis, true),
        "data": { "resourceId": event.resource_id, "detail": event.payload },
    })
    .to_string()
}
