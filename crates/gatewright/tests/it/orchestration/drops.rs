//! A worker or a request ends in the middle, at any `.await`: the database knows what is left, and it is done.

use std::time::Duration;

use gatewright_orchestration::model::ApplicationKey;
use gatewright_orchestration::sweep;
use gatewright_testkit::database;
use gatewright_types::ids::{GatewayId, SubscriptionId};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;
use vendor_fakes::faults::{Fault, Rule};

use super::weather::{Known, Weather, polled};

/// Of the points at which an attempt can end, every so many-th is tried in `make test`; all in `make soak`.
const STRIDE: usize = 7;

impl Weather {
    /// Brings a subscription forward on every gateway, and ends after so many polls; false where it came to its end.
    async fn cut_off(&self, subscription_id: &str, polls: usize) -> bool {
        let subscription_id: SubscriptionId = subscription_id.parse().unwrap();
        let mut was_cut = false;
        for id in &self.connections {
            let connection_id: GatewayId = id.parse().unwrap();
            let token = Uuid::from_u128(u128::try_from(polls).unwrap() + 1);
            let mut owner = database::connect(&self.app.database_url).await;
            sqlx::query("UPDATE applications SET lease_token = $1, leased_until = $2 WHERE connection_id = $3 AND subscription_id = $4")
                .bind(token)
                .bind(self.app.clock.now() + chrono::TimeDelta::seconds(90))
                .bind(connection_id.uuid())
                .bind(subscription_id.uuid())
                .execute(&mut owner)
                .await
                .unwrap();
            let key = ApplicationKey {
                connection_id,
                subscription_id,
                customer_id: self.customer_id.parse().unwrap(),
            };
            let attempt = self.engines[0].converge(self.tenant.id.parse().unwrap(), key, token);
            was_cut |= polled(attempt, polls).await.is_none();
        }
        was_cut
    }

    /// Their leases end, and another worker comes.
    async fn resume(&self) {
        self.app.clock.advance(Duration::from_secs(91));
        for _ in 0..100 {
            self.work().await;
            if self
                .count("SELECT count(*) FROM applications WHERE leased_until IS NOT NULL")
                .await
                == 0
            {
                return;
            }
            // The transaction of who was cut off is rolled back a moment later, and its row is passed over until then.
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("a lease never ends");
    }

    async fn order(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.call(Method::POST, path, Some(body)).await;
        assert!((200..300).contains(&status), "{path}: {status} {answer:#}");
        answer
    }

    async fn state(&self, id: &str, kong: usize) -> String {
        self.standing(id, kong).await["state"]
            .as_str()
            .unwrap_or("NOT THERE")
            .to_owned()
    }
}

/// The life of a subscription, each step of which is cut off after so many polls; whether any was.
async fn live(weather: &Weather, polls: usize) -> bool {
    let (status, made) = weather.subscribe(json!({})).await;
    assert_eq!(status, 201, "{made:#}");
    let (id, key_id) = (made["id"].as_str().unwrap(), made["apiKey"]["id"].as_str().unwrap());
    let secret = made["apiKey"]["secret"].as_str().unwrap();
    let states = async || (weather.state(id, 0).await, weather.state(id, 1).await);
    let both = |state: &str| (state.to_owned(), state.to_owned());

    let mut was_cut = weather.cut_off(id, polls).await;
    weather.resume().await;
    assert_eq!(states().await, both("ACTIVE"), "made, after {polls} polls");
    assert_eq!(weather.ask(0, secret).await, 200);
    let reveal = format!("/keys/{key_id}/gateways/{}/reveal", weather.connections[1]);
    let other = weather.order(&reveal, json!({})).await["secret"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        (weather.ask(1, &other).await, weather.ask(1, secret).await),
        (200, 401),
        "its own secret"
    );

    weather.order(&format!("/subscriptions/{id}/suspend"), json!({})).await;
    was_cut |= weather.cut_off(id, polls).await;
    weather.resume().await;
    assert_eq!(states().await, both("SUSPENDED"), "suspended, after {polls} polls");
    assert!(weather.ask(0, secret).await != 200 && weather.ask(1, &other).await != 200);
    weather
        .order(&format!("/subscriptions/{id}/reactivate"), json!({}))
        .await;
    was_cut |= weather.cut_off(id, polls).await;
    weather.resume().await;
    assert_eq!((weather.ask(0, secret).await, weather.ask(1, &other).await), (200, 200));

    weather.order(&format!("/keys/{key_id}/suspend"), json!({})).await;
    was_cut |= weather.cut_off(id, polls).await;
    weather.resume().await;
    assert_eq!((weather.ask(0, secret).await, weather.ask(1, &other).await), (401, 401));
    weather.order(&format!("/keys/{key_id}/reactivate"), json!({})).await;
    was_cut |= weather.cut_off(id, polls).await;
    weather.resume().await;
    assert_eq!(
        weather.ask(0, secret).await,
        200,
        "the copy was kept, after {polls} polls"
    );
    let third = weather.order(&reveal, json!({})).await["secret"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        (weather.ask(1, &third).await, weather.ask(1, &other).await),
        (200, 401),
        "another one"
    );

    let rotated = weather
        .order(&format!("/keys/{key_id}/rotate"), json!({ "overlapSeconds": 600 }))
        .await;
    let new = rotated["secret"].as_str().unwrap();
    was_cut |= weather.cut_off(id, polls).await;
    weather.resume().await;
    assert_eq!(
        (weather.ask(0, secret).await, weather.ask(0, new).await),
        (200, 200),
        "side by side"
    );
    weather.app.clock.advance(Duration::from_secs(601));
    was_cut |= weather.cut_off(id, polls).await;
    weather.resume().await;
    assert_eq!(
        (weather.ask(0, secret).await, weather.ask(0, new).await),
        (401, 200),
        "the overlap has ended"
    );

    weather.order(&format!("/subscriptions/{id}/cancel"), json!({})).await;
    was_cut |= weather.cut_off(id, polls).await;
    weather.resume().await;
    assert_eq!(states().await, both("REMOVED"), "cancelled, after {polls} polls");
    assert_eq!(weather.ask(0, new).await, 401);
    was_cut
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_attempt_that_ends_at_any_point_is_brought_to_its_end_by_the_next() {
    let weather = Weather::with(&[json!({}), json!({ "secretMode": "GATEWAY_GENERATED" })]).await;
    let seed = usize::try_from(crate::crashes::seed() & 0xff).unwrap();
    let (stride, first) = if std::env::var_os("GATEWRIGHT_TEST_SOAK").is_some() {
        (1, 0)
    } else {
        (STRIDE, seed % STRIDE)
    };
    println!("from poll {first}, each {stride}th");
    let mut polls = first;
    while live(&weather, polls).await {
        polls += stride;
    }
    assert!(polls > 20, "an attempt has more points than {polls}");
    weather.calm_down().await;
    weather.judge(&Vec::<Known>::new()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_whose_caller_hung_up_is_withdrawn_and_can_be_made_again() {
    let weather = Weather::with(&[json!({ "primary": true })]).await;
    weather.gateways[0].fail(Rule::every(Fault::Slow { ms: 300 }));
    let body = json!({ "customerId": weather.customer_id, "planId": weather.plan_id });
    let request = || {
        let request = weather.tenant.request(Method::POST, "/subscriptions").json(&body);
        request.header("idempotency-key", "once")
    };
    let given_up = request().timeout(Duration::from_millis(250)).send().await;
    assert!(given_up.is_err());
    weather.gateways[0].heal();
    weather.app.clock.advance(Duration::from_secs(41));
    for _ in 0..200 {
        // The request's own end is noticed a moment after its caller's.
        sweep::sweep(&weather.engines[0]).await.unwrap();
        if weather.count("SELECT count(*) FROM activations").await == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let answer = request().send().await.unwrap();
    assert_eq!(answer.status(), 201);
    let made: Value = answer.json().await.unwrap();
    let secret = made["apiKey"]["secret"]
        .as_str()
        .expect("it was not made before")
        .to_owned();
    weather.calm_down().await;
    assert_eq!(weather.ask(0, &secret).await, 200);
    let all = weather.tenant.get("/subscriptions").await;
    let mut states: Vec<&str> = all["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["state"].as_str().unwrap())
        .collect();
    states.sort_unstable();
    assert_eq!(states, ["ACTIVE", "CANCELLED"]);
    weather.judge(&[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subscription_that_is_cancelled_while_it_waits_is_never_revealed() {
    let weather = Weather::with(&[json!({ "primary": true })]).await;
    weather.gateways[0].fail(Rule::every(Fault::Slow { ms: 200 }));
    let body = json!({ "customerId": weather.customer_id, "planId": weather.plan_id });
    let subscribing = weather.tenant.call(Method::POST, "/subscriptions", Some(body));
    let cancelling = async {
        let id = loop {
            let all = weather.tenant.get("/subscriptions").await;
            if let Some(id) = all["items"][0]["id"].as_str() {
                break id.to_owned();
            }
            tokio::task::yield_now().await;
        };
        let path = format!("/subscriptions/{id}/reactivate");
        let early = weather.tenant.call(Method::POST, &path, Some(json!({}))).await;
        assert_eq!(early.0, 409, "only its gateways make it begin: {:#}", early.1);
        weather.order(&format!("/subscriptions/{id}/cancel"), json!({})).await;
        id
    };
    let ((status, problem), id) = tokio::join!(subscribing, cancelling);
    assert!(
        status.is_server_error() && problem["apiKey"].is_null(),
        "{status} {problem:#}"
    );
    assert_eq!(weather.count("SELECT count(*) FROM activations").await, 0);
    weather.calm_down().await;
    assert_eq!(weather.state(&id, 0).await, "REMOVED");
    weather.judge(&[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_generated_secret_whose_answer_was_lost_is_read_back_and_revealed() {
    let weather = Weather::with(&[json!({ "secretMode": "GATEWAY_GENERATED" })]).await;
    weather.gateways[0].fail(Rule::new("POST", "/consumers/*/key-auth", Fault::DropAfter).times(1));
    let (status, made) = weather.subscribe(json!({})).await;
    assert_eq!(status, 201, "{made:#}");
    weather.resume().await;
    weather.resume().await;
    let there = weather.standing(made["id"].as_str().unwrap(), 0).await;
    assert_eq!(there["credentials"][0]["secret"], "READY", "{there:#}");
    let key_id = made["apiKey"]["id"].as_str().unwrap();
    let reveal = format!("/keys/{key_id}/gateways/{}/reveal", weather.connections[0]);
    let secret = weather.order(&reveal, json!({})).await["secret"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(weather.ask(0, &secret).await, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_that_is_revealed_while_a_worker_is_at_it_stays_revealed() {
    let weather = Weather::with(&[json!({ "secretMode": "GATEWAY_GENERATED" })]).await;
    let (_, made) = weather.subscribe(json!({})).await;
    let (id, key_id) = (made["id"].as_str().unwrap(), made["apiKey"]["id"].as_str().unwrap());
    weather.work().await;
    weather
        .order(&format!("/subscriptions/{id}/keys"), json!({ "name": "another" }))
        .await;
    weather.gateways[0].fail(Rule::new("POST", "/consumers/*/key-auth", Fault::Slow { ms: 400 }));
    let reveal = format!("/keys/{key_id}/gateways/{}/reveal", weather.connections[0]);
    let revealing = async {
        while weather.gateways[0]
            .counters()
            .by_template
            .get("POST /consumers/*/key-auth")
            .copied()
            .unwrap_or(0)
            < 2
        {
            tokio::task::yield_now().await;
        }
        weather.tenant.call(Method::POST, &reveal, Some(json!({}))).await
    };
    let (worked, (status, _)) = tokio::join!(weather.engines[0].tick(), revealing);
    assert_eq!((worked.unwrap(), status.as_u16()), (1, 200));
    let (status, problem) = weather.call(Method::POST, &reveal, Some(json!({}))).await;
    assert_eq!(
        (status, &problem["code"]),
        (409, &json!("nothing-to-reveal")),
        "{problem:#}"
    );
    assert_eq!(
        weather
            .count("SELECT count(*) FROM application_credentials WHERE secret = 'REVEALED' AND generated IS NOT NULL")
            .await,
        0,
        "no copy of it is left"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_outlived_its_lease_brings_nothing_back() {
    let weather = Weather::with(&[json!({})]).await;
    let (_, made) = weather.subscribe(json!({})).await;
    let (id, key_id) = (made["id"].as_str().unwrap(), made["apiKey"]["id"].as_str().unwrap());
    let written = || -> u64 {
        let counters = weather.gateways[0].counters();
        let of_consumers = |call: &String| call.starts_with('P') && call.contains("/consumers");
        counters
            .by_template
            .iter()
            .filter(|(call, _)| of_consumers(call))
            .map(|(_, count)| count)
            .sum()
    };
    // A first attempt fails, so that the next one looks first.
    weather.gateways[0].fail(Rule::every(Fault::Fails { status: 503 }));
    assert_eq!(weather.engines[0].tick().await.unwrap(), 1);
    weather.gateways[0].heal();
    weather.app.clock.advance(Duration::from_secs(2));
    // It sees that nothing is there, and means to make it.
    let (before, written_before) = (weather.gateways[0].counters().calls, written());
    weather.gateways[0].fail(Rule::every(Fault::Slow { ms: 400 }).times(4));
    let revoking = async {
        while weather.gateways[0].counters().calls < before + 4 {
            tokio::task::yield_now().await;
        }
        weather.app.clock.advance(Duration::from_secs(91));
        let revoke = format!("/keys/{key_id}/revoke");
        let (status, _) = weather.tenant.call(Method::POST, &revoke, Some(json!({}))).await;
        assert_eq!(status, 200);
        weather.engines[1].tick().await.unwrap()
    };
    let (late, other) = tokio::join!(weather.engines[0].tick(), revoking);
    assert_eq!((late.unwrap(), other), (1, 1), "two have had it");
    assert_eq!(weather.state(id, 0).await, "REMOVED");
    assert_eq!(written(), written_before, "the late one wrote");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_somebody_is_about_to_delete_holds_up_no_worker() {
    let weather = Weather::with(&[json!({})]).await;
    let (status, made) = weather.subscribe(json!({})).await;
    assert_eq!(status, 201, "{made:#}");
    // As a cancel does, which then waits for the application that the worker has: both would wait for ever.
    let mut owner = database::connect(&weather.app.database_url).await;
    for sql in ["BEGIN", "SELECT FROM sealed_secrets FOR UPDATE"] {
        sqlx::query(sql).execute(&mut owner).await.unwrap();
    }
    let worked = tokio::time::timeout(Duration::from_secs(10), weather.work()).await;
    assert!(worked.expect("nobody waits for the copy") > 0);
    let standing = weather.standing(made["id"].as_str().unwrap(), 0).await;
    assert_eq!(standing["state"], "ACTIVE", "{standing:#}");
    sqlx::query("ROLLBACK").execute(&mut owner).await.unwrap();
}
