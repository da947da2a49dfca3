//! What an operator sees of connected gateways: attempts, statistics, circuit breakers, dead letters, metrics.

use std::time::Duration;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use gatewright::figures::Provisioning;
use gatewright::metrics::Metrics;
use gatewright_orchestration::housekeeping;
use gatewright_testkit::database;
use gatewright_types::Clock;
use gatewright_types::ids::GatewayId;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgConnection};
use vendor_fakes::faults::{Fault, Rule};

use super::scene::Scene;

fn items(list: &Value) -> &Vec<Value> {
    list["items"].as_array().unwrap()
}

/// Asks again and again, 20 s at most.
async fn until(scene: &Scene, path: &str, is: impl Fn(&Value) -> bool) -> Value {
    let mut seen = Value::Null;
    for _ in 0..400 {
        seen = scene.tenant.get(path).await;
        if is(&seen) {
            return seen;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{path} never was so: {seen:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_step_on_a_gateway_is_listed_with_who_asked_and_how_long_it_took() {
    let scene = Scene::with(json!({})).await;
    let body = json!({ "customerId": scene.customer_id, "planId": scene.plan_id });
    let answer = scene
        .tenant
        .request(Method::POST, "/subscriptions")
        .json(&body)
        .send()
        .await
        .unwrap();
    let request_id = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
    let made: Value = answer.json().await.unwrap();
    let id = made["id"].as_str().unwrap();
    scene.until(id, "ACTIVE").await;

    let path = format!("/provisioning/attempts?subscriptionId={id}");
    let all = scene.tenant.get(&path).await;
    let operations: Vec<&str> = items(&all)
        .iter()
        .map(|one| one["operation"].as_str().unwrap())
        .collect();
    assert!(
        operations.contains(&"ENSURE_APPLICATION") && operations.contains(&"ENSURE_CREDENTIAL"),
        "{all:#}"
    );
    for one in items(&all) {
        assert_eq!(
            (&one["outcome"], &one["requestId"]),
            (&json!("SUCCEEDED"), &json!(request_id)),
            "{one:#}"
        );
        assert_eq!(
            (&one["gatewayId"], &one["gatewayName"]),
            (&json!(scene.connection_id), &json!("kong"))
        );
        assert!(
            one["durationMs"].as_f64().unwrap() > 0.0 && one["attempt"] == 1,
            "{one:#}"
        );
    }

    let mappings = scene
        .tenant
        .get(&format!("/connections/{}/mappings", scene.connection_id))
        .await;
    assert_eq!(items(&mappings)[0]["productId"], scene.product_id.as_str());

    // Page by page it is the same list; filters narrow it.
    let (mut paged, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = scene.tenant.get(&format!("{path}&limit=1{cursor}")).await;
        paged.extend(items(&page).clone());
        let Some(next) = page["nextCursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(&paged, items(&all));
    let some = scene
        .tenant
        .get(&format!(
            "{path}&operation=ENSURE_CREDENTIAL&connectionId={}",
            scene.connection_id
        ))
        .await;
    assert_eq!(items(&some).len(), 1, "{some:#}");
    for none in [
        "outcome=FAILED",
        "until=2026-01-01T00:00:00Z",
        "since=2100-01-01T00:00:00Z",
    ] {
        assert_eq!(
            items(&scene.tenant.get(&format!("{path}&{none}")).await).len(),
            0,
            "{none}"
        );
    }

    let export = format!("/provisioning/attempts/export?subscriptionId={id}&format=");
    let file = |format: &str| scene.tenant.request(Method::GET, &format!("{export}{format}")).send();
    let csv = file("CSV").await.unwrap().text().await.unwrap();
    assert_eq!(csv.lines().count(), 1 + operations.len(), "{csv}");
    assert!(
        csv.starts_with("\"attemptedAt\",\"id\",") && csv.contains("\"ENSURE_CREDENTIAL\",\"SUCCEEDED\""),
        "{csv}"
    );
    let ndjson = file("NDJSON").await.unwrap().text().await.unwrap();
    let lines: Vec<Value> = ndjson.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(&lines, items(&all));
    assert!(!csv.contains(made["apiKey"]["secret"].as_str().unwrap()));
    let noted = scene.tenant.get("/audit-events?action=attempts.exported").await;
    assert_eq!(items(&noted).len(), 2, "{noted:#}");

    // What has just been tried is counted without waiting for anything.
    let counted = scene.tenant.get("/provisioning/statistics").await;
    let attempts: i64 = items(&counted)
        .iter()
        .map(|line| line["attempts"].as_i64().unwrap())
        .sum();
    assert_eq!(attempts, i64::try_from(operations.len()).unwrap(), "{counted:#}");
    assert!(
        items(&counted).iter().all(|line| line["successRate"] == 1.0),
        "{counted:#}"
    );
    scene.app.stop().await;
}

/// Attempts of one operation with these durations; every tenth failed, and nobody has added anything up yet.
async fn tried(owner: &mut PgConnection, connection: &str, at: DateTime<Utc>, durations: &[f64]) {
    let outcomes: Vec<&str> = (0..durations.len())
        .map(|at| if at % 10 == 0 { "FAILED" } else { "SUCCEEDED" })
        .collect();
    sqlx::query(
        "INSERT INTO provisioning_attempts (tenant_id, id, connection_id, operation, outcome, attempt, duration_ms, attempted_at)
         SELECT tenant_id, gen_random_uuid(), id, 'SUSPEND', outcome, 1, duration, $2
         FROM connections, unnest($3::text[], $4::float8[]) AS t (outcome, duration) WHERE id = $1",
    )
    .bind(connection.parse::<GatewayId>().unwrap().uuid())
    .bind(at)
    .bind(outcomes)
    .bind(durations)
    .execute(&mut *owner)
    .await
    .unwrap();
    for table in ["provisioning_rollups", "provisioning_hours"] {
        sqlx::query(AssertSqlSafe(format!("DELETE FROM {table}")))
            .execute(&mut *owner)
            .await
            .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn percentiles_of_a_day_are_right_from_rows_and_from_hours_that_were_added_up() {
    let scene = Scene::with(json!({})).await;
    let mut owner = database::connect(&scene.app.database_url).await;
    let day = Clock::System.now().duration_trunc(TimeDelta::days(1)).unwrap() - TimeDelta::days(1);
    // Two hours whose percentiles are far apart: only the classes added up give those of the day.
    let (mut quick, mut slow) = (Vec::new(), Vec::new());
    for number in 1..=1000 {
        let duration = f64::from(number) * 1.7;
        if number <= 700 { &mut quick } else { &mut slow }.push(duration);
    }
    tried(&mut owner, &scene.connection_id, day + TimeDelta::hours(3), &quick).await;
    tried(&mut owner, &scene.connection_id, day + TimeDelta::hours(9), &slow).await;

    let stamp = |time: DateTime<Utc>| time.format("%Y-%m-%dT%H:%M:%SZ").to_string();
    let (from, to) = (stamp(day), stamp(day + TimeDelta::days(1)));
    let path = format!(
        "/provisioning/statistics?connectionId={}&from={from}&to={to}&by=",
        scene.connection_id
    );
    let from_rows = scene.tenant.get(&format!("{path}DAY")).await;
    let line = &items(&from_rows)[0];
    let figures = [
        &line["attempts"],
        &line["succeeded"],
        &line["failed"],
        &line["successRate"],
    ];
    assert_eq!(
        figures,
        [&json!(1000), &json!(900), &json!(100), &json!(0.9)],
        "{line:#}"
    );
    for (name, exact) in [("p50Ms", 850.0), ("p95Ms", 1615.0), ("p99Ms", 1683.0)] {
        let error = (line[name].as_f64().unwrap() - exact).abs() / exact;
        assert!(
            error <= from_rows["percentileError"].as_f64().unwrap(),
            "{name}: {line:#}"
        );
    }
    let by_hour = scene.tenant.get(&format!("{path}HOUR")).await;
    assert_eq!(items(&by_hour).len(), 2, "{by_hour:#}");

    // Added up, also twice, it is the same; the rows are not needed any more.
    let database = scene.app.process.database();
    housekeeping::roll_up(database).await.unwrap();
    housekeeping::roll_up(database).await.unwrap();
    assert_eq!(scene.tenant.get(&format!("{path}DAY")).await, from_rows, "added up");
    sqlx::query("DELETE FROM provisioning_attempts")
        .execute(&mut owner)
        .await
        .unwrap();
    assert_eq!(scene.tenant.get(&format!("{path}DAY")).await, from_rows, "without rows");
    assert_eq!(scene.tenant.get(&format!("{path}HOUR")).await, by_hour);

    for wrong in ["&from=2026-01-01T00:00:00Z&by=HOUR", "&from=2100-01-01T00:00:00Z"] {
        let path = format!("/provisioning/statistics?connectionId={}{wrong}", scene.connection_id);
        assert_eq!(scene.tenant.call(Method::GET, &path, None).await.0, 422, "{wrong}");
    }
    scene.app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_are_removed_after_90_days_and_stay_counted() {
    let scene = Scene::with(json!({})).await;
    let mut owner = database::connect(&scene.app.database_url).await;
    let now = Clock::System.now();
    tried(&mut owner, &scene.connection_id, now - TimeDelta::days(91), &[5.0, 7.0]).await;
    tried(&mut owner, &scene.connection_id, now - TimeDelta::days(89), &[5.0]).await;
    housekeeping::forget(scene.app.process.database()).await.unwrap();
    let left = scene.tenant.get("/provisioning/attempts?operation=SUSPEND").await;
    assert_eq!(items(&left).len(), 1, "{left:#}");
    let from = (now - TimeDelta::days(91)).format("%Y-%m-%dT%H:%M:%SZ");
    let counted = scene
        .tenant
        .get(&format!("/provisioning/statistics?by=DAY&from={from}"))
        .await;
    let attempts: i64 = items(&counted)
        .iter()
        .map(|line| line["attempts"].as_i64().unwrap())
        .sum();
    assert_eq!(attempts, 3, "{counted:#}");
    scene.app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_gateway_refuses_is_a_dead_letter_until_it_is_replayed() {
    let scene = Scene::with(json!({})).await;
    scene.kong.fail(Rule::every(Fault::Unauthorized));
    let (_, made) = scene.subscribe().await;
    let id = made["id"].as_str().unwrap();
    let dead = until(&scene, "/provisioning/dead-letters", |list| !items(list).is_empty()).await;
    let one = &items(&dead)[0];
    assert_eq!(
        (&one["subscriptionId"], &one["state"]),
        (&json!(id), &json!("FAILED")),
        "{one:#}"
    );
    assert_eq!(
        (&one["fault"], &one["nextTryAt"]),
        (&json!("UNAUTHENTICATED"), &Value::Null),
        "{one:#}"
    );
    assert!(one["error"].is_string() && one["failingSince"].is_string() && one["ageSeconds"].is_number());
    let failed = scene
        .tenant
        .get("/provisioning/attempts?outcome=FAILED&operation=ENSURE_APPLICATION")
        .await;
    assert_eq!(
        (&items(&failed)[0]["status"], &items(&failed)[0]["fault"]),
        (&json!(401), &json!("UNAUTHENTICATED"))
    );

    let path = "/provisioning/dead-letters/replay";
    assert_eq!(scene.tenant.call(Method::POST, path, Some(json!({}))).await.0, 422);
    scene.kong.heal();
    let replayed = scene
        .tenant
        .post(path, json!({ "connectionId": scene.connection_id }))
        .await;
    assert_eq!(replayed, json!({ "replayed": 1, "more": false }));
    scene.until(id, "ACTIVE").await;
    assert_eq!(items(&scene.tenant.get("/provisioning/dead-letters").await).len(), 0);
    let again = scene.tenant.post(path, json!({ "subscriptionIds": [id] })).await;
    assert_eq!(
        again,
        json!({ "replayed": 0, "more": false }),
        "what stands as desired is left alone"
    );
    scene.app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_kept_and_measured_how_a_circuit_breaker_moved() {
    let scene = Scene::with(json!({})).await;
    let (_, first) = scene.subscribe().await;
    scene.until(first["id"].as_str().unwrap(), "ACTIVE").await;
    scene.kong.down().await;
    for _ in 0..5 {
        scene.subscribe().await;
    }
    let connection = format!("/connections/{}", scene.connection_id);
    until(&scene, &connection, |one| one["breaker"] == "OPEN").await;
    // An end of access is tried past the open breaker, and waits.
    scene
        .tenant
        .post(
            &format!("/subscriptions/{}/cancel", first["id"].as_str().unwrap()),
            json!({}),
        )
        .await;
    scene.until(first["id"].as_str().unwrap(), "UNREACHABLE").await;
    let changes = scene.tenant.get(&format!("{connection}/breaker/changes")).await;
    let opened = &items(&changes)[0];
    assert_eq!(
        (&opened["from"], &opened["to"]),
        (&json!("CLOSED"), &json!("OPEN")),
        "{changes:#}"
    );
    assert!(!opened["reason"].as_str().unwrap().is_empty());

    let (metrics, provisioning) = (
        Metrics::default(),
        Provisioning::new(scene.app.process.orchestrator().clone()),
    );
    metrics.add_provisioning(&provisioning);
    provisioning.count().await;
    let text = metrics.text().unwrap();
    let figure = |name: &str| -> f64 {
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(&format!("gatewright_provisioning_{name} ")));
        line.unwrap_or_else(|| panic!("{name} in\n{text}")).parse().unwrap()
    };
    assert_eq!(figure("breakers{vendor=\"KONG\",state=\"OPEN\"}"), 1.0);
    // Where nothing was ever sent, the first attempt is no look; a second one is.
    let failed = |name: &str| -> f64 {
        let of = |operation: &str| {
            figure(&format!(
                "{name}{{vendor=\"KONG\",operation=\"{operation}\",outcome=\"failed\"}}"
            ))
        };
        of("OBSERVE") + of("ENSURE_APPLICATION")
    };
    assert!(failed("attempts_total") >= 6.0, "{text}");
    assert!(figure("attempts_total{vendor=\"KONG\",operation=\"ENSURE_CREDENTIAL\",outcome=\"succeeded\"}") >= 1.0);
    assert!(failed("attempt_duration_seconds_count") >= 6.0);
    assert!(figure("security_waiting_seconds") > 0.0, "{text}");
    assert!(figure("due{urgency=\"normal\"}") >= 0.0 && figure("overdue{urgency=\"security\"}") >= 0.0);
    assert_eq!(figure("dead_letters"), 0.0);
    for invented in [&scene.connection_id, &scene.tenant.id] {
        assert!(!text.contains(invented.as_str()), "{text}");
    }

    scene.kong.up().await.unwrap();
    scene
        .tenant
        .post(&format!("{connection}/breaker/reset"), json!({}))
        .await;
    let changes = scene.tenant.get(&format!("{connection}/breaker/changes")).await;
    let closed = &items(&changes)[0];
    assert_eq!(
        (&closed["to"], &closed["reason"]),
        (&json!("CLOSED"), &json!("reset by hand")),
        "{changes:#}"
    );
    scene.until(first["id"].as_str().unwrap(), "REMOVED").await;
    scene.app.stop().await;
}
