//! `kill -9` at random points while several write: nothing that was answered is lost, nothing is left half
//! done, and what was not answered happens once when it is asked for again.
//!
//! `GATEWRIGHT_TEST_SEED` repeats a run as far as the machine allows: what is done and when it is killed.

mod deeds;
mod judge;
mod kill;
mod writer;

use std::sync::Arc;
use std::time::{Duration, Instant};

use gatewright_testkit::{TestTenant, Upstream, database};
use gatewright_types::Rng;
use reqwest::Method;
use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::program::home::{Home, Running};
use crate::scene::{PATH, text};
use deeds::Ground;
use kill::Victims;
use writer::Writer;

/// Kills in `make test`, and in `make soak`.
const KILLS: usize = 5;
const KILLS_SOAK: usize = 50;
/// Who writes at the same time.
const WRITERS: usize = 4;
/// Longest time from the start of writing to the kill.
const LATEST: Duration = Duration::from_millis(400);
/// Longest time from a start after a kill to readiness.
const RESTART_MAX: Duration = Duration::from_secs(5);

/// A start of the program, ready.
struct Serving {
    running: Running,
    who: TestTenant,
    took: Duration,
}

const VARIABLES: [(&str, &str); 3] = [
    ("GATEWRIGHT_LOG", "info"),
    ("GATEWRIGHT_LOG_FORMAT", "json"),
    ("GATEWRIGHT_EGRESS_ALLOW", "127.0.0.1"),
];

async fn serve(home: &Home, token: &str) -> Serving {
    let begun = Instant::now();
    let running = home.start(&["serve", "--role", "all"], &VARIABLES);
    let line = running.logged("\"message\":\"ready\"").await;
    let took = begun.elapsed();
    let ready: Value = serde_json::from_str(&line).unwrap();
    let who = TestTenant {
        id: String::new(),
        token: token.to_owned(),
        api_url: text(&ready, "api"),
        gateway_url: text(&ready, "gateway"),
        client: reqwest::Client::new(),
    };
    Serving { running, who, took }
}

impl Serving {
    fn gateway_addr(&self) -> std::net::SocketAddr {
        self.who.gateway_url.trim_start_matches("http://").parse().unwrap()
    }
}

/// A tenant with what writers need; its owner's token, and the endpoint that is told everything.
async fn prepare(home: &Home, service: &Upstream, receiver: &Upstream) -> (String, Ground, String) {
    let serving = serve(home, "").await;
    let installation = home.run(&["bootstrap"], &[]).await.stdout.trim().to_owned();
    let who = TestTenant {
        token: installation,
        ..serving.who.clone()
    };
    let made = who.post("/tenants", json!({ "name": "Acme" })).await;
    let who = TestTenant {
        token: text(&made, "operatorToken"),
        ..who
    };
    let retention = json!({ "secretRetention": "WHILE_ACTIVE" });
    assert_eq!(
        who.call(Method::PATCH, "/credential-settings", Some(retention)).await.0,
        200
    );
    let product = who.product("Translation API").await;
    let plan = who.plan("Pro", &[&product]).await;
    let gateway = who.gateway("acme").await;
    let translation = who.service(&gateway, "translation", &service.url()).await;
    who.secure_route(&gateway, &translation, "GET", PATH, Some(&product))
        .await;
    let (endpoint, _) = who.webhook_endpoint(&receiver.url(), &[]).await;
    assert_eq!(serving.running.end(Signal::TERM).await, Some(0));
    let ground = Ground {
        product,
        plan,
        gateway,
        service: translation,
        receiver: receiver.url(),
    };
    (who.token, ground, endpoint)
}

pub(crate) fn seed() -> u64 {
    let told = std::env::var("GATEWRIGHT_TEST_SEED").ok();
    told.map_or_else(
        || u64::from_le_bytes(Rng::System.bytes()) >> 16,
        |seed| seed.parse().unwrap(),
    )
}

/// A random time of at most so long.
fn within(rng: &Rng, most: Duration) -> Duration {
    most.mul_f64(f64::from(u32::from_le_bytes(rng.bytes())) / f64::from(u32::MAX))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_moment_it_loses_nothing_that_was_answered_and_leaves_nothing_half_done() {
    let seed = seed();
    let kills = if std::env::var_os("GATEWRIGHT_TEST_SOAK").is_some() {
        KILLS_SOAK
    } else {
        KILLS
    };
    let rng = Rng::seeded(seed);
    let home = Home::new();
    let (service, receiver) = (Upstream::start().await, Upstream::start().await);
    let (token, ground, endpoint) = prepare(&home, &service, &receiver).await;
    let ground = Arc::new(ground);
    let mut database_url = String::new();
    let mut writers: Vec<Writer> = (0..WRITERS).map(|number| Writer::new(number, seed)).collect();
    let mut before = None;
    let (mut done, mut undone) = (0, 0);

    for round in 0..=kills {
        let serving = serve(&home, &token).await;
        println!("seed {seed}, round {round}: ready after {:?}", serving.took);
        assert!(
            serving.took < RESTART_MAX,
            "{:?}; its log:\n{}",
            serving.took,
            serving.running.log()
        );
        if before.is_none() {
            before = Some(judge::before(&serving.who, &ground).await);
            database_url = home.run(&["database", "url"], &[]).await.stdout.trim().to_owned();
        }
        // At once, because each may wait a second for the node of the process that was killed.
        let mut asking = JoinSet::new();
        for writer in writers.drain(..) {
            asking.spawn(writer.ask_again(serving.who.clone(), Arc::clone(&ground)));
        }
        for (writer, was_done) in asking.join_all().await {
            done += usize::from(was_done == Some(true));
            undone += usize::from(was_done == Some(false));
            writers.push(writer);
        }
        judge::judge_objects(&serving.who, &ground, &writers, before.as_ref().unwrap()).await;
        let mut owner = database::connect(&database_url).await;
        judge::judge_tables(&mut owner, &writers).await;
        let mut regaining = JoinSet::new();
        for writer in writers.drain(..) {
            regaining.spawn(writer.regain_secrets(serving.who.clone(), Arc::clone(&ground)));
        }
        writers = regaining.join_all().await;
        let last = round == kills;
        judge::judge_admission(serving.gateway_addr(), &mut writers, last).await;
        if last || round % 10 == 9 {
            judge::judge_chain(&home).await;
        }
        if last {
            judge::judge_jobs(&mut owner, &endpoint, &receiver).await;
            drop(owner);
            drop(serving.who);
            assert_eq!(serving.running.end(Signal::TERM).await, Some(0));
            break;
        }
        drop(owner);

        let mut writing = JoinSet::new();
        for writer in writers.drain(..) {
            writing.spawn(writer.write(serving.who.clone(), Arc::clone(&ground)));
        }
        let moment = within(&rng, LATEST);
        let victims = Victims::choose(&rng);
        println!("seed {seed}, round {round}: {victims:?} after {moment:?}");
        tokio::time::sleep(moment).await;
        kill::kill(serving.running, &home, victims).await;
        writers = writing.join_all().await;
        if u8::from_le_bytes(rng.bytes()) < 64 {
            // And once more while it is starting.
            let starting = home.start(&["serve"], &VARIABLES);
            tokio::time::sleep(within(&rng, LATEST)).await;
            kill::kill(starting, &home, Victims::choose(&rng)).await;
        }
    }
    let asked: usize = writers.iter().map(Writer::asked).sum();
    println!("{asked} deeds; of those that were not answered {done} had been done and {undone} not");
    assert!(
        asked > kills * WRITERS,
        "{asked}: each kill met somebody who was writing"
    );
}
