//! What is reached, how fast, and how often it was.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use gatewright_connectors::link::CallRecord;
use gatewright_connectors::{Fault, Gate, Link, Turn};
use gatewright_egress::address::{AddressKind, kind};
use gatewright_egress::{Client, Opened, Options, Policy, Target};
use serde::Serialize;
use serde_json::Value;

/// Longest address that is read from the settings, in bytes.
const URL_MAX_BYTES: usize = 2048;

/// Public addresses by https, and what the operator named: any address in the settings, and the proxy's. Never a
/// metadata service, which is no gateway.
pub(super) fn policy(settings: &Value, probe_url: Option<&str>) -> anyhow::Result<Policy> {
    let mut opened = Vec::new();
    for url in texts(settings).filter(|text| text.contains("://")).chain(probe_url) {
        let target = Target::parse(url, URL_MAX_BYTES).with_context(|| format!("{url:?}"))?;
        let host = target.host();
        let opens: Opened = host.parse().with_context(|| format!("{url:?}"))?;
        if let Opened::Network { base, .. } = opens {
            anyhow::ensure!(
                kind(base) != AddressKind::Metadata,
                "{host} is a metadata service and no gateway"
            );
        }
        opened.push(opens);
    }
    Ok(Policy {
        opened,
        ..Policy::default()
    })
}

fn texts(value: &Value) -> Box<dyn Iterator<Item = &str> + '_> {
    match value {
        Value::String(text) => Box::new(std::iter::once(text.as_str())),
        Value::Array(items) => Box::new(items.iter().flat_map(texts)),
        Value::Object(fields) => Box::new(fields.values().flat_map(texts)),
        _ => Box::new(std::iter::empty()),
    }
}

/// A way to the gateway that makes at most so many calls in a second, and the count of them.
pub(super) fn link(policy: Policy, calls_per_second: Option<u32>) -> (Link, Calls) {
    let calls = Calls::default();
    let pace = Pace {
        between: calls_per_second.map(|rate| Duration::from_secs(1) / rate.max(1)),
        next: tokio::sync::Mutex::new(tokio::time::Instant::now()),
        calls: calls.clone(),
    };
    (Link::new(Client::new(Options::default()), policy, pace), calls)
}

/// The calls that were made.
#[derive(Clone, Default)]
pub(super) struct Calls(Arc<Mutex<Summary>>);

/// How many calls, and how slow the slowest was.
#[derive(Clone, Copy, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Summary {
    /// How many.
    pub(super) calls: u32,
    /// How long the slowest took.
    pub(super) slowest_ms: u64,
}

impl Calls {
    pub(super) fn summary(&self) -> Summary {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Pace {
    between: Option<Duration>,
    next: tokio::sync::Mutex<tokio::time::Instant>,
    calls: Calls,
}

impl Gate for Pace {
    fn pass<'a>(&'a self, _: &'static str) -> Pin<Box<dyn Future<Output = Result<Turn, Fault>> + Send + 'a>> {
        Box::pin(async move {
            if let Some(between) = self.between {
                // Each takes its turn and waits for it without the lock.
                let turn = {
                    let mut next = self.next.lock().await;
                    let turn = (*next).max(tokio::time::Instant::now());
                    *next = turn + between;
                    turn
                };
                tokio::time::sleep_until(turn).await;
            }
            Ok(Turn::default())
        })
    }

    fn made(&self, record: CallRecord) {
        let mut summary = self.calls.0.lock().unwrap_or_else(PoisonError::into_inner);
        summary.calls += 1;
        let took = u64::try_from(record.duration.as_millis()).unwrap_or(u64::MAX);
        summary.slowest_ms = summary.slowest_ms.max(took);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_was_named_is_opened_and_never_a_metadata_service() {
        let named =
            json!({ "url": "http://kong.internal:8001", "deep": [{ "url": "http://10.0.0.7" }], "flavor": "X" });
        let policy = policy(&named, Some("https://proxy.example/orders")).unwrap();
        let opened: Vec<String> = policy.opened.iter().map(ToString::to_string).collect();
        assert_eq!(opened.len(), 3, "{opened:?}");
        for name in ["kong.internal", "10.0.0.7/32", "proxy.example"] {
            assert!(opened.iter().any(|one| one == name), "{name} in {opened:?}");
        }
        assert!(!policy.plain_http);
        let metadata = super::policy(&json!({ "url": "http://169.254.169.254/latest" }), None);
        assert!(metadata.unwrap_err().to_string().contains("metadata"));
    }
}
