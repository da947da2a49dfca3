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
    // Few, so that all of them have prepared every statement after the warm-up.
    settings.database_connections = 2;
    let scene = Scene::set_in(TestApp::start_as(settings, Clock::System).await).await;
    let body = json!({ "customerId": scene.customer, "planId": scene.plan });
    for (with_key, rounds) in [(false, 3), (true, 3)] {
        for round in 0..10 + rounds {
            proxy.take();
            let mut request = scene.acme.request(Method::POST, "/subscriptions").json(&body);
            if with_key {
                request = request.header("idempotency-key", format!("round-{round}"));
            }
            assert_eq!(request.send().await.unwrap().status(), 201);
            let asked = proxy.take();
            if round < 10 {
                continue;
            }
            // Nobody waits for the pings: sqlx sends them when a connection goes back to the pool.
            let waited_for = asked.iter().filter(|one| **one != Asked::Ping).count();
            assert!(waited_for <= MOST, "{waited_for}: {asked:#?}");
            let commits = asked
                .iter()
                .filter(|one| matches!(one, Asked::Query(text) if text == "COMMIT"))
                .count();
            assert_eq!(commits, 1, "{asked:#?}");
            println!(
                "with a key: {with_key}: {waited_for} round trips, {} with pings",
                asked.len()
            );
        }
    }
    scene.app.stop().await;
}
