//! What a subscription costs: counted on the wire between Gatewright and PostgreSQL.

use gatewright_testkit::proxy::Asked;
use gatewright_testkit::{Proxy, TestApp, database, settings};
use gatewright_types::Clock;
use reqwest::Method;
use serde_json::json;

use crate::scene::Scene;

/// Most round trips of `POST /subscriptions`.
const MOST: usize = 12;

#[tokio::test]
async fn a_subscription_takes_few_round_trips_and_one_commit() {
    let proxy = Proxy::start(&database::create().await).await;
    let mut settings = settings(&proxy.url());
    settings.database_connections = 2;
    let scene = Scene::set_in(TestApp::start_as(settings, Clock::System).await).await;
    let body = json!({ "customerId": scene.customer, "planId": scene.plan });
    for (with_key, with_copy) in [(false, false), (true, false), (true, true)] {
        let retention = if with_copy { "WHILE_ACTIVE" } else { "UNTIL_PROVISIONED" };
        let settings = json!({ "secretRetention": retention });
        scene
            .expect(200, Method::PATCH, "/credential-settings", Some(settings))
            .await;
        let mut measured = Vec::new();
        for round in 0..100 {
            proxy.take();
            let mut request = scene.acme.request(Method::POST, "/subscriptions").json(&body);
            if with_key {
                request = request.header("idempotency-key", format!("round-{round}-{with_copy}"));
            }
            assert_eq!(request.send().await.unwrap().status(), 201);
            let asked = proxy.take();
            // The first time on each of the two connections, every statement is prepared as well.
            if asked.contains(&Asked::Prepare) {
                continue;
            }
            // The request looks across tenants once, to find its token; more is the control plane's own pulse.
            let across = |one: &&Asked| matches!(one, Asked::Query(text) if text.contains("ROLE gatewright_system"));
            if asked.iter().filter(across).count() > 1 {
                continue;
            }
            // Nobody waits for the pings: sqlx sends them when a connection goes back to the pool.
            let waited_for = asked.iter().filter(|one| **one != Asked::Ping).count();
            let commits = asked
                .iter()
                .filter(|one| matches!(one, Asked::Query(text) if text == "COMMIT"))
                .count();
            measured.push((waited_for, commits));
            if measured.len() == 9 {
                break;
            }
        }
        assert_eq!(measured.len(), 9, "statements stay prepared");
        // The median: what is done each second in the background may ask in between.
        measured.sort_unstable();
        let (waited_for, commits) = measured[4];
        assert!(waited_for <= MOST && commits == 1, "{measured:?}");
    }
    scene.app.stop().await;
}
