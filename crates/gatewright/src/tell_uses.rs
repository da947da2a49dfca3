//! Which keys were used goes from the gateway to the control plane, every few seconds.

use std::collections::HashMap;
use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use gatewright_gateway::Gateway;
use gatewright_snapshot::protocol::{KeyUse, USES_INTERVAL_MS, USES_MAX};
use gatewright_types::ids::KeyId;
use tokio::time::MissedTickBehavior;

/// Most keys whose use is kept while nobody takes it; the use of further ones is lost.
const WAITING_MAX: usize = 65_536;

/// Tells what was used, for ever. What could not be told is kept and told later.
pub async fn run<E: Display>(gateway: Arc<Gateway>, tell: impl AsyncFn(Vec<KeyUse>) -> Result<(), E>) {
    let mut waiting: HashMap<KeyId, KeyUse> = HashMap::new();
    let mut ticks = tokio::time::interval(Duration::from_millis(USES_INTERVAL_MS));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let taken = gateway.take_uses().await;
        let lost = keep(&mut waiting, taken);
        if lost > 0 {
            tracing::warn!(keys = lost, "the use of some keys was not counted");
        }
        while !waiting.is_empty() {
            let some: Vec<KeyId> = waiting.keys().take(USES_MAX).copied().collect();
            let some: Vec<KeyUse> = some.iter().filter_map(|id| waiting.remove(id)).collect();
            if let Err(error) = tell(some.clone()).await {
                tracing::debug!(%error, "the use of keys could not be told");
                keep(&mut waiting, some);
                break;
            }
        }
    }
}

/// Adds uses to those that wait; how many keys there was no room for.
fn keep(waiting: &mut HashMap<KeyId, KeyUse>, uses: Vec<KeyUse>) -> usize {
    let mut lost = 0;
    for one in uses {
        if let Some(known) = waiting.get_mut(&one.key_id) {
            known.add(&one);
        } else if waiting.len() < WAITING_MAX {
            waiting.insert(one.key_id, one);
        } else {
            lost += 1;
        }
    }
    lost
}
