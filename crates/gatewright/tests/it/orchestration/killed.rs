//! `kill -9` while subscriptions are being brought to two gateways: what was revealed works, and nothing else is there.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gatewright_testkit::{TestTenant, database};
use gatewright_types::Rng;
use reqwest::Method;
use rustix::process::Signal;
use serde_json::{Value, json};
use vendor_fakes::faults::{Fault, Rule};
use vendor_fakes::kong::{Fake, Options, Seed};

use super::scene::{PATH, connect, map};
use crate::program::home::{Home, Running};
use crate::scene::text;

/// Kills in `make test`, and in `make soak`.
const KILLS: usize = 3;
const KILLS_SOAK: usize = 20;
/// Who subscribes at the same time.
const SUBSCRIBERS: usize = 3;
/// Longest time from the first request to the kill.
const LATEST_MS: u64 = 500;

/// What was asked for, and the secret that the answer revealed, if it came.
type Deeds = Arc<Mutex<Vec<(String, Option<String>)>>>;

async fn serve(home: &Home, token: &str) -> (Running, TestTenant) {
    let (running, api_url) = home
        .serve(&[("GATEWRIGHT_EGRESS_ALLOW", "127.0.0.1"), ("GATEWRIGHT_LOG", "info")])
        .await;
    let who = TestTenant {
        id: String::new(),
        token: token.to_owned(),
        api_url,
        gateway_url: String::new(),
        client: reqwest::Client::new(),
    };
    (running, who)
}

async fn subscribe(who: &TestTenant, body: &Value, idempotency_key: &str) -> Option<(u16, Value)> {
    let request = who.request(Method::POST, "/subscriptions").json(body);
    let answer = request.header("idempotency-key", idempotency_key).send().await.ok()?;
    let status = answer.status().as_u16();
    Some((status, answer.json().await.ok()?))
}

/// Subscribes until the program is gone.
async fn keep_subscribing(who: TestTenant, body: Value, deeds: Deeds, name: String) {
    for number in 0.. {
        let key = format!("{name}-{number}");
        deeds.lock().unwrap().push((key.clone(), None));
        let Some((status, made)) = subscribe(&who, &body, &key).await else {
            return;
        };
        assert_eq!(status, 201, "{made:#}");
        let secret = Some(text(&made["apiKey"], "secret"));
        deeds.lock().unwrap().iter_mut().find(|deed| deed.0 == key).unwrap().1 = secret;
    }
}

async fn ask(kong: &Fake, secret: &str) -> u16 {
    let url = format!("{}{PATH}", kong.proxy_url());
    reqwest::Client::new()
        .get(url)
        .header("apikey", secret)
        .send()
        .await
        .unwrap()
        .status()
        .as_u16()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_while_it_provisions_it_keeps_what_it_revealed_and_leaves_nothing_unknown() {
    let seed = crate::crashes::seed();
    println!("seed {seed}");
    let rng = Rng::seeded(seed);
    let kills = if std::env::var_os("GATEWRIGHT_TEST_SOAK").is_some() {
        KILLS_SOAK
    } else {
        KILLS
    };
    let home = Home::new();
    let mut kongs = Vec::new();
    for _ in 0..2 {
        kongs.push(
            Fake::start(Options {
                seed: Seed::Demo,
                ..Options::default()
            })
            .await
            .unwrap(),
        );
    }
    let (mut running, mut who) = serve(&home, "").await;
    who.token = home.run(&["bootstrap"], &[]).await.stdout.trim().to_owned();
    who.token = text(&who.post("/tenants", json!({ "name": "Acme" })).await, "operatorToken");
    let product = who.product("Orders").await;
    for (kong, primary) in kongs.iter().zip([true, false]) {
        let id = connect(&who, kong, &format!("primary-{primary}"), json!({ "primary": primary })).await;
        map(&who, &id, &product).await;
        kong.mark_foreign();
        // So that most kills fall into the middle of something.
        kong.fail(Rule::every(Fault::Slow { ms: 4 }));
    }
    let body = json!({ "customerId": who.customer("Globex").await, "planId": who.plan("Basic", &[&product]).await });
    let database_url = home.run(&["database", "url"], &[]).await.stdout.trim().to_owned();

    let deeds = Deeds::default();
    for kill in 0..kills {
        let subscribing = (0..SUBSCRIBERS).map(|one| {
            tokio::spawn(keep_subscribing(
                who.clone(),
                body.clone(),
                Arc::clone(&deeds),
                format!("{kill}-{one}"),
            ))
        });
        let subscribing: Vec<_> = subscribing.collect();
        let wait = 50 + u64::from(u32::from_le_bytes(rng.bytes())) % LATEST_MS;
        tokio::time::sleep(Duration::from_millis(wait)).await;
        assert_eq!(running.end(Signal::KILL).await, None);
        for one in subscribing {
            one.await.unwrap();
        }
        (running, who) = serve(&home, &who.token).await;
        // Leases and deadlines of who is dead end; here at once.
        let mut owner = database::connect(&database_url).await;
        for sql in [
            "UPDATE applications SET leased_until = leased_until - interval '90 seconds' WHERE leased_until IS NOT NULL",
            "UPDATE activations SET deadline_at = deadline_at - interval '40 seconds'",
        ] {
            sqlx::query(sql).execute(&mut owner).await.unwrap();
        }
    }
    kongs.iter().for_each(|kong| kong.heal());
    let mut owner = database::connect(&database_url).await;
    let left = "SELECT (SELECT count(*) FROM activations)
                     + (SELECT count(*) FROM applications WHERE acknowledged_generation < generation OR leased_until IS NOT NULL)";
    for _ in 0..400 {
        if sqlx::query_scalar::<_, i64>(left).fetch_one(&mut owner).await.unwrap() == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(
        sqlx::query_scalar::<_, i64>(left).fetch_one(&mut owner).await.unwrap(),
        0,
        "all is as desired"
    );

    let deeds = deeds.lock().unwrap().clone();
    let mut unanswered = 0;
    for (key, secret) in &deeds {
        if let Some(secret) = secret {
            for kong in &kongs {
                assert_eq!(ask(kong, secret).await, 200, "what was revealed works everywhere");
            }
            continue;
        }
        unanswered += 1;
        let (status, made) = subscribe(&who, &body, key).await.expect("it runs");
        assert_eq!(status, 201, "asked again: {made:#}");
    }
    println!("{} asked, {unanswered} without an answer", deeds.len());
    assert!(unanswered >= kills, "the kills fell into something: {unanswered}");
    for _ in 0..400 {
        if sqlx::query_scalar::<_, i64>(left).fetch_one(&mut owner).await.unwrap() == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let active: i64 = sqlx::query_scalar("SELECT count(*) FROM subscriptions WHERE state = 'ACTIVE'")
        .fetch_one(&mut owner)
        .await
        .unwrap();
    assert_eq!(
        usize::try_from(active).unwrap(),
        deeds.len(),
        "each request has one subscription, however often it was made"
    );
    let ours = "SELECT remote_id FROM application_credentials WHERE confirmed_at IS NOT NULL AND removed_at IS NULL";
    let ours: BTreeSet<String> = sqlx::query_scalar(ours)
        .fetch_all(&mut owner)
        .await
        .unwrap()
        .into_iter()
        .collect();
    let mut there = BTreeSet::new();
    for kong in &kongs {
        let state = kong.state();
        let is_ours = |row: &&Value| row["tags"].to_string().contains("gwr-");
        let keys = state["key-auths"].as_array().unwrap().iter().filter(is_ours);
        there.extend(keys.map(|row| text(row, "id")));
        assert!(kong.touched().is_empty(), "{:?}", kong.touched());
    }
    assert_eq!(there, ours, "on the gateways, and in our tables");
    assert_eq!(ours.len(), 2 * deeds.len());
    assert_eq!(running.end(Signal::TERM).await, Some(0));
}
