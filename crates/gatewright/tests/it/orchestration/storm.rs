//! Anything, in any order, while anything goes wrong: what holds all the time, and what holds when it is over.
//!
//! `GATEWRIGHT_TEST_SEED` repeats a run as far as the machine allows.

use std::time::Duration;

use gatewright_orchestration::sweep;
use gatewright_types::Rng;
use reqwest::Method;
use serde_json::{Value, json};
use vendor_fakes::faults::{Fault, Rule};

use super::weather::{Known, VENDORS, Weather, map_again, polled};

/// Storms of `make test`, and of `make soak`.
const STORMS: u64 = 4;
const STORMS_SOAK: u64 = 100;
/// What happens in each.
const STEPS: usize = 70;
/// Storms over one gateway of every vendor, of `make test` and of `make soak`.
const STORMS_OF_ALL: u64 = 2;
const STORMS_OF_ALL_SOAK: u64 = 40;

struct Storm {
    weather: Weather,
    rng: Rng,
    subscriptions: Vec<String>,
    keys: Vec<(String, String)>,
    known: Vec<Known>,
    /// Revoked or cancelled, and once refused by this gateway.
    refused: Vec<(usize, String)>,
    /// Whether the primary is mapped and enabled, so that subscribing waits for it.
    waits: bool,
    log: Vec<String>,
}

impl Storm {
    fn dice(&self, sides: usize) -> usize {
        usize::try_from(u32::from_le_bytes(self.rng.bytes())).unwrap() % sides
    }

    fn note(&mut self, step: &str, answer: impl std::fmt::Debug) {
        self.log.push(format!("{step}: {answer:?}"));
    }

    fn learn(&mut self, subscription_id: &str, key: &Value) {
        let key_id = key["id"].as_str().unwrap().to_owned();
        if !self.keys.iter().any(|(known, _)| *known == key_id) {
            self.keys.push((key_id.clone(), subscription_id.to_owned()));
        }
        self.known.push(Known {
            key_id,
            subscription_id: subscription_id.to_owned(),
            version: key["secretVersion"].as_i64().unwrap(),
            secret: key["secret"].as_str().unwrap().to_owned(),
        });
    }

    async fn subscribe(&mut self) {
        let activation = ["PRIMARY_FIRST", "PRIMARY_FIRST", "ALL_GATEWAYS"][self.dice(3)];
        let (status, made) = self.weather.subscribe(json!({ "activation": activation })).await;
        self.note("subscribe", (activation, status, &made["code"], &made["id"]));
        if status != 201 {
            return;
        }
        let id = made["id"].as_str().unwrap().to_owned();
        self.learn(&id, &made["apiKey"]);
        self.subscriptions.push(id);
        if self.waits {
            let said = self.weather.ask(0, made["apiKey"]["secret"].as_str().unwrap()).await;
            assert_eq!(said, 200, "revealed, and not there: {:#?}", self.log);
        }
    }

    /// The one who asked hangs up.
    async fn hang_up(&mut self) {
        let body = json!({ "customerId": self.weather.customer_id, "planId": self.weather.plan_id });
        let patience = Duration::from_millis(self.dice(60) as u64);
        let asking = self.weather.tenant.call(Method::POST, "/subscriptions", Some(body));
        let answered = self.weather.meanwhile(tokio::time::timeout(patience, asking)).await;
        if let Ok((status, made)) = answered
            && status == 201
        {
            let id = made["id"].as_str().unwrap().to_owned();
            self.learn(&id, &made["apiKey"]);
            self.subscriptions.push(id);
        }
        self.note("hang up", patience);
    }

    async fn of_subscription(&mut self) {
        if self.subscriptions.is_empty() {
            return self.subscribe().await;
        }
        let id = self.subscriptions[self.dice(self.subscriptions.len())].clone();
        let what = ["keys", "suspend", "reactivate", "reactivate", "cancel"][self.dice(5)];
        let body = if what == "keys" {
            json!({ "name": "another" })
        } else {
            json!({})
        };
        let (status, made) = self
            .weather
            .call(Method::POST, &format!("/subscriptions/{id}/{what}"), Some(body))
            .await;
        self.note(what, (&id, status));
        if status == 201 && what == "keys" {
            self.learn(&id, &made);
        }
    }

    async fn of_key(&mut self) {
        if self.keys.is_empty() {
            return self.subscribe().await;
        }
        let (id, subscription) = self.keys[self.dice(self.keys.len())].clone();
        let what = ["rotate", "rotate", "suspend", "reactivate", "reactivate", "revoke"][self.dice(6)];
        let overlap = [0, 60, 600][self.dice(3)];
        let body = if what == "rotate" {
            json!({ "overlapSeconds": overlap, "endOverlap": self.dice(2) == 0 })
        } else {
            json!({})
        };
        let asked = body.to_string();
        let (status, made) = self
            .weather
            .call(Method::POST, &format!("/keys/{id}/{what}"), Some(body))
            .await;
        self.note(what, (&id, asked, status));
        if status == 200 && what == "rotate" {
            self.learn(&subscription, &made);
        }
    }

    async fn of_connection(&mut self) {
        let kong = self.dice(self.weather.gateways.len());
        let id = self.weather.connections[kong].clone();
        let what = ["disable", "enable", "enable", "breaker/reset"][self.dice(4)];
        let (status, _) = self
            .weather
            .call(Method::POST, &format!("/connections/{id}/{what}"), None)
            .await;
        assert_ne!(status, 404, "{what}");
        self.note(what, (kong, status));
        if kong == 0 && status == 200 && what != "breaker/reset" {
            self.waits = what == "enable";
        }
    }

    fn break_something(&mut self) {
        let kong = self.dice(self.weather.gateways.len());
        let status = [500, 503][self.dice(2)];
        let fault = match self.dice(11) {
            0 => Fault::DropBefore,
            1 | 2 => Fault::DropAfter,
            3 => Fault::Throttled {
                retry_after_seconds: [None, Some(1)][self.dice(2)],
            },
            4 => Fault::Fails { status },
            5 | 6 => Fault::FailsAfter { status },
            7 => Fault::ConflictOurs,
            8 => Fault::Slow {
                ms: 1 + self.dice(40) as u64,
            },
            9 => Fault::Truncated,
            _ => Fault::WrongContentType,
        };
        let method = ["GET", "PUT", "POST", "POST", "DELETE", "DELETE"][self.dice(6)];
        let rule = Rule {
            skip: u32::try_from(self.dice(4)).unwrap(),
            times: Some(1 + u32::try_from(self.dice(8)).unwrap()),
            ..Rule::new(method, "/**", fault)
        };
        self.note("fault", (kong, &rule));
        self.weather.gateways[kong].fail(rule);
    }

    async fn step(&mut self) {
        let engine = self.weather.engines[self.dice(2)].clone();
        match self.dice(20) {
            0..=2 => self.subscribe().await,
            3 => self.hang_up().await,
            4 | 5 => self.of_subscription().await,
            6..=8 => self.of_key().await,
            9 => self.of_connection().await,
            10..=12 => self.break_something(),
            13 => {
                let kong = self.dice(self.weather.gateways.len());
                self.note("down", kong);
                self.weather.gateways[kong].down().await;
            }
            14 => {
                for kong in &self.weather.gateways {
                    kong.heal();
                    kong.up().await.unwrap();
                }
                self.note("heal", ());
            }
            15 => {
                let seconds = [1, 5, 40, 100, 400][self.dice(5)];
                self.note("advance", seconds);
                self.weather.app.clock.advance(Duration::from_secs(seconds));
                sweep::sweep(&engine).await.unwrap();
            }
            16 | 17 => {
                // A worker dies in the middle, or loses its leases meanwhile.
                let polls = self.dice(25);
                let patience = Duration::from_millis(self.dice(80) as u64);
                let done = tokio::time::timeout(patience, polled(engine.tick(), polls)).await;
                self.note("drop", (polls, patience, done.is_ok()));
                self.weather
                    .app
                    .clock
                    .advance(Duration::from_secs(self.dice(2) as u64 * 91));
            }
            18 => {
                // Both workers at once, the clock far ahead of what they hold.
                let both = async { tokio::join!(self.weather.engines[0].tick(), self.weather.engines[1].tick()) };
                let late = async {
                    tokio::time::sleep(Duration::from_millis(3)).await;
                    self.weather.app.clock.advance(Duration::from_secs(100));
                    self.weather.engines[1].tick().await
                };
                let ((one, two), three) = Box::pin(self.weather.meanwhile(async { tokio::join!(both, late) })).await;
                self.note("race", (one.unwrap(), two.unwrap(), three.unwrap()));
            }
            _ => {
                let done = self.weather.meanwhile(engine.tick()).await.unwrap();
                self.note("tick", done);
            }
        }
        self.ended_stays_ended().await;
    }

    /// Who was refused after the end of a key is never admitted again.
    async fn ended_stays_ended(&mut self) {
        for (kong, secret) in &self.refused {
            assert_ne!(
                self.weather.ask(*kong, secret).await,
                200,
                "it came back: {:#?}",
                self.log
            );
        }
        if self.dice(4) > 0 || self.known.is_empty() {
            return;
        }
        let one = self.known[self.dice(self.known.len())].clone();
        let key = self.weather.tenant.get(&format!("/keys/{}", one.key_id)).await;
        if key["status"] != "REVOKED" {
            return;
        }
        for kong in 0..self.weather.gateways.len() {
            let standing = self.weather.standing(&one.subscription_id, kong).await;
            if standing["acknowledgedAt"].is_string() {
                assert_ne!(
                    self.weather.ask(kong, &one.secret).await,
                    200,
                    "{standing:#} {:#?}",
                    self.log
                );
                self.refused.push((kong, one.secret.clone()));
            }
        }
    }
}

#[expect(clippy::print_stdout, reason = "whoever reads of a failure needs what led to it")]
async fn rage(seed: u64, gateways: &[(&str, Value)]) {
    println!("seed {seed}");
    let weather = Weather::new(gateways).await;
    let mut storm = Storm {
        weather,
        rng: Rng::seeded(seed),
        subscriptions: Vec::new(),
        keys: Vec::new(),
        known: Vec::new(),
        refused: Vec::new(),
        waits: true,
        log: Vec::new(),
    };
    for _ in 0..STEPS {
        Box::pin(storm.step()).await;
    }
    for line in &storm.log {
        println!("{line}");
    }
    storm.weather.calm_down().await;
    for kong in 0..storm.weather.gateways.len() {
        assert_eq!(map_again(&storm.weather, kong).await, 200);
    }
    storm.weather.calm_down().await;
    let lost = storm.weather.judge(&storm.known).await;
    println!(
        "seed {seed}: {} subscriptions, {} secrets, {lost} lost",
        storm.subscriptions.len(),
        storm.known.len()
    );
    // Its connections are given back: a hundred storms would take more than a server has.
    storm.weather.app.stop().await;
}

fn storms(few: u64, many: u64) -> u64 {
    if std::env::var_os("GATEWRIGHT_TEST_SOAK").is_some() {
        many
    } else {
        few
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_happens_in_whatever_order_gateways_end_as_desired() {
    let first = crate::crashes::seed();
    let gateways = [("kong", json!({ "primary": true })), ("kong", json!({}))];
    for number in 0..storms(STORMS, STORMS_SOAK) {
        Box::pin(rage(first.wrapping_add(number), &gateways)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_happens_in_whatever_order_the_gateways_of_all_vendors_end_as_desired() {
    let first = crate::crashes::seed();
    for number in 0..storms(STORMS_OF_ALL, STORMS_OF_ALL_SOAK) {
        let primary = VENDORS[usize::try_from(first.wrapping_add(number) % 5).unwrap()];
        let gateways = VENDORS.map(|vendor| (vendor, json!({ "primary": vendor == primary })));
        let mut gateways = gateways.to_vec();
        // The first is the one that subscribing waits for.
        gateways.sort_by_key(|(vendor, _)| *vendor != primary);
        Box::pin(rage(first.wrapping_add(number), &gateways)).await;
    }
}
