//! Compares what is there with what was answered.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use gatewright_testkit::{TestTenant, Upstream, Wire};
use serde_json::Value;
use sqlx::PgConnection;

use super::deeds::Ground;
use super::writer::Writer;
use crate::scene::{PATH, text};

/// Connections to the gateway: with this many, each of two cores has some but in one case of 64.
const WIRES: usize = 6;
/// Only so that a broken program fails a test instead of hanging it.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(20);

/// Every object that writers make, as the API shows it.
async fn objects(who: &TestTenant, ground: &Ground) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for (path, said) in [
        ("/customers".to_owned(), "name"),
        ("/subscriptions".to_owned(), "state"),
        ("/keys".to_owned(), "status"),
        (format!("/gateways/{}/routes", ground.gateway), "publicPath"),
        (format!("/gateways/{}/consumers", ground.gateway), ""),
        ("/webhook-endpoints".to_owned(), "description"),
    ] {
        let mut cursor = String::new();
        loop {
            let page = who.get(&format!("{path}?limit=100{cursor}")).await;
            for item in page["items"].as_array().unwrap() {
                let mut shown = item[said].as_str().unwrap_or_default().to_owned();
                if said == "status" {
                    shown = format!("{shown} {}", item["secretVersion"]);
                }
                found.insert(text(item, "id"), shown);
            }
            let Some(next) = page["nextCursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
    }
    found
}

/// Everything that was answered is there with its state, and nothing else. `before` was there from the beginning.
pub(super) async fn judge_objects(
    who: &TestTenant,
    ground: &Ground,
    writers: &[Writer],
    before: &BTreeMap<String, String>,
) {
    let mut expected = before.clone();
    expected.extend(writers.iter().flat_map(|writer| writer.known.objects()));
    let found = objects(who, ground).await;
    let lost: Vec<_> = expected
        .iter()
        .filter(|(id, said)| found.get(*id) != Some(said))
        .map(|(id, said)| (id, said, found.get(id)))
        .collect();
    assert!(lost.is_empty(), "answered, and not so: {lost:?}");
    let more: Vec<_> = found.iter().filter(|(id, _)| !expected.contains_key(*id)).collect();
    assert!(more.is_empty(), "never asked for, or done twice: {more:?}");
}

/// What was there before anybody wrote.
pub(super) async fn before(who: &TestTenant, ground: &Ground) -> BTreeMap<String, String> {
    objects(who, ground).await
}

/// What the gateway says about every key that something happened to, or about all, on each of its cores; and about routes.
pub(super) async fn judge_admission(addr: SocketAddr, writers: &mut [Writer], all: bool) {
    let mut wires = Vec::new();
    for _ in 0..WIRES {
        wires.push(Wire::connect(addr).await);
    }
    for writer in writers {
        let known = &writer.known;
        let mut admitted = None;
        for (id, key) in known.keys.iter().filter(|(_, key)| key.touched || all) {
            let expected = known.verdict(key);
            for secret in key.secrets() {
                for wire in &mut wires {
                    let said = wire.get("acme", PATH, &[("x-api-key", secret)]).await;
                    assert_eq!((said.status, said.code().as_str()), expected, "{id}: {key:?}");
                }
                if expected.0 == 200 {
                    admitted = Some(secret);
                }
            }
            for secret in &key.dead {
                let said = wires[0].get("acme", PATH, &[("x-api-key", secret)]).await;
                assert_eq!(said.status, 401, "{id}, a secret that was taken away: {said:?}");
            }
        }
        for path in known.routes.values() {
            let Some(secret) = admitted else { break };
            let said = wires[0].get("acme", path, &[("x-api-key", secret)]).await;
            assert_eq!(said.status, 200, "{path}: {said:?}");
        }
        writer.known.keys.values_mut().for_each(|key| key.touched = false);
    }
}

/// Every table agrees with the others.
pub(super) async fn judge_tables(owner: &mut PgConnection, writers: &[Writer]) {
    for (what, sql) in [
        (
            "a key without a binding",
            "SELECT count(*) FROM api_keys AS k WHERE NOT EXISTS (SELECT FROM key_subscription_bindings AS b WHERE b.key_id = k.id)",
        ),
        (
            "a living key without a living binding",
            "SELECT count(*) FROM api_keys AS k WHERE k.status <> 'REVOKED' AND NOT EXISTS (SELECT FROM key_subscription_bindings AS b WHERE b.key_id = k.id AND b.ended_at IS NULL)",
        ),
        (
            "a living binding to a subscription that has ended",
            "SELECT count(*) FROM key_subscription_bindings AS b JOIN subscriptions AS s ON s.id = b.subscription_id WHERE (s.ended_at IS NULL) <> (b.ended_at IS NULL)",
        ),
        (
            "a living key without its sealed copy",
            "SELECT count(*) FROM api_keys AS k WHERE k.status <> 'REVOKED' AND NOT EXISTS (SELECT FROM sealed_secrets AS s WHERE s.key_id = k.id AND s.secret_version = k.secret_version)",
        ),
        (
            "a deed without its event, or an event without its deed",
            "SELECT count(*) FROM (SELECT action, resource_id FROM audit_events WHERE outcome = 'SUCCEEDED' AND tenant_id IN (SELECT id FROM tenants)) AS a FULL JOIN (SELECT name, resource_id FROM outbox_events WHERE tenant_id IN (SELECT id FROM tenants)) AS o ON a.action = o.name AND a.resource_id = o.resource_id WHERE a.action IS NULL OR o.name IS NULL",
        ),
        (
            "an audit row that is neither sealed nor waits",
            "SELECT count(*) FROM audit_events AS a WHERE NOT EXISTS (SELECT FROM audit_chain AS c WHERE c.audit_id = a.id) AND NOT EXISTS (SELECT FROM audit_unsealed AS u WHERE u.audit_id = a.id)",
        ),
        (
            "a hole in the news",
            "SELECT count(DISTINCT seq) - (max(seq) - min(seq) + 1) + max(seq) - (SELECT seq FROM node_news_position) FROM node_news HAVING count(*) > 0",
        ),
    ] {
        let count: Option<i64> = sqlx::query_scalar(sql).fetch_optional(&mut *owner).await.unwrap();
        assert_eq!(count.unwrap_or(0), 0, "{what}");
    }
    let rows: Vec<(String, String, i64)> = sqlx::query_as(
        "SELECT action, resource_id, count(*) FROM audit_events WHERE outcome = 'SUCCEEDED' GROUP BY 1, 2",
    )
    .fetch_all(&mut *owner)
    .await
    .unwrap();
    let written: BTreeMap<_, _> = rows
        .into_iter()
        .map(|(action, id, count)| ((action, id), count))
        .collect();
    for (deed, count) in writers.iter().flat_map(|writer| &writer.known.counts) {
        assert_eq!(written.get(deed), Some(count), "{deed:?} was done so often");
    }
}

/// The chains of every audit log, the installation's too, by the program itself.
pub(super) async fn judge_chain(home: &crate::program::home::Home) {
    let verified = home.run(&["audit", "verify"], &[("GATEWRIGHT_LOG", "error")]).await;
    let are_intact = verified.stdout.lines().all(|line| line.contains(": intact"));
    let has_acme = verified.stdout.contains("acme: intact");
    assert!(verified.status.success() && are_intact && has_acme, "{verified:?}");
}

/// Every event reached the endpoint that wants all of them, and no job is left.
pub(super) async fn judge_jobs(owner: &mut PgConnection, endpoint: &str, receiver: &Upstream) {
    // As if the time had passed for which a killed worker holds its jobs.
    sqlx::query("UPDATE jobs SET due_at = now() WHERE state = 'RUNNING'")
        .execute(&mut *owner)
        .await
        .unwrap();
    let begun = Instant::now();
    let waiting = "SELECT (SELECT count(*) FROM outbox_events WHERE NOT fanned_out) + (SELECT count(*) FROM jobs WHERE ended_at IS NULL AND tenant_id IS NOT NULL)";
    loop {
        let left: i64 = sqlx::query_scalar(waiting).fetch_one(&mut *owner).await.unwrap();
        if left == 0 {
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "{left} are not done");
        tokio::time::sleep(PAUSE).await;
    }
    let id: gatewright_types::ids::WebhookEndpointId = endpoint.parse().unwrap();
    let events = "SELECT o.id::text, d.state FROM outbox_events AS o LEFT JOIN webhook_deliveries AS d ON d.event_id = o.id AND d.endpoint_id = $1 WHERE o.occurred_at >= (SELECT created_at FROM webhook_endpoints WHERE id = $1)";
    let events: Vec<(String, Option<String>)> = sqlx::query_as(events)
        .bind(id.uuid())
        .fetch_all(&mut *owner)
        .await
        .unwrap();
    assert!(events.len() > 20, "too few to prove anything: {}", events.len());
    let untold: Vec<_> = events
        .iter()
        .filter(|(_, state)| state.as_deref() != Some("DELIVERED"))
        .collect();
    assert!(untold.is_empty(), "{untold:?}");
    let dead: i64 = sqlx::query_scalar("SELECT count(*) FROM jobs WHERE state <> 'SUCCEEDED'")
        .fetch_one(&mut *owner)
        .await
        .unwrap();
    assert_eq!(dead, 0, "no job failed");
    let mut seen = BTreeSet::new();
    for request in receiver.seen() {
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        seen.insert(text(&body, "id"));
    }
    assert!(seen.len() >= events.len(), "{} of {}", seen.len(), events.len());
}
