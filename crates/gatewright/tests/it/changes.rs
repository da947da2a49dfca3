//! Routes and keys change by the hundred while clients call without a pause: whatever may be called at that
//! moment is answered, and what may not be called any more is refused from the answer on.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gatewright_testkit::Wire;
use gatewright_types::Rng;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::scene::{PATH, Scene, ok, text};

/// Changes in `make test`, and in `make soak`.
const CHANGES: usize = 200;
const CHANGES_SOAK: usize = 1_000;
/// Clients, each with a kept-alive connection.
const CLIENTS: usize = 4;
/// Most routes, and most keys, that may be called at a time.
const ALIVE_MAX: usize = 20;
const PAUSE: Duration = Duration::from_millis(1);

/// What may be called, or called with, right now; whoever uses one holds it.
#[derive(Clone, Default)]
struct Usable(Arc<Mutex<Vec<Arc<String>>>>);

fn below(rng: &Rng, limit: usize) -> usize {
    usize::try_from(u32::from_le_bytes(rng.bytes())).unwrap() % limit
}

impl Usable {
    fn add(&self, one: String) {
        self.0.lock().unwrap().push(Arc::new(one));
    }

    fn any(&self, rng: &Rng) -> Arc<String> {
        let all = self.0.lock().unwrap();
        Arc::clone(&all[below(rng, all.len())])
    }

    /// From now on nobody uses it; returns when nobody does any more.
    async fn take_out(&self, one: &str) {
        let taken = {
            let mut all = self.0.lock().unwrap();
            let at = all.iter().position(|other| other.as_str() == one).unwrap();
            all.swap_remove(at)
        };
        while Arc::strong_count(&taken) > 1 {
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// Clients under way.
struct Load {
    runtime: tokio::runtime::Runtime,
    clients: JoinSet<()>,
    ends: Arc<AtomicBool>,
    answered: Arc<AtomicUsize>,
    refused: Arc<Mutex<Vec<String>>>,
}

impl Load {
    fn begin(scene: &Scene, paths: &Usable, keys: &Usable) -> Self {
        // A thread of their own, so that what the test does is not held up by them.
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let (ends, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let refused = Arc::new(Mutex::new(Vec::new()));
        let mut clients = JoinSet::new();
        for number in 0..CLIENTS {
            let (paths, keys, addr) = (paths.clone(), keys.clone(), scene.app.gateway_addr());
            let (ends, answered, refused) = (Arc::clone(&ends), Arc::clone(&answered), Arc::clone(&refused));
            let client = async move {
                let rng = Rng::seeded(number as u64);
                let mut wire = Wire::connect(addr).await;
                while !ends.load(Ordering::Acquire) {
                    let (path, key) = (paths.any(&rng), keys.any(&rng));
                    let answer = wire.get("acme", &path, &[("x-api-key", &key)]).await;
                    answered.fetch_add(1, Ordering::Relaxed);
                    if answer.status != 200 {
                        let said = format!("{path}: {} {}", answer.status, answer.code());
                        refused.lock().unwrap().push(said);
                    }
                }
            };
            clients.spawn_on(client, runtime.handle());
        }
        Self {
            runtime,
            clients,
            ends,
            answered,
            refused,
        }
    }

    /// How many requests were answered, and which of them were refused.
    async fn end(mut self) -> (usize, Vec<String>) {
        self.ends.store(true, Ordering::Release);
        while let Some(client) = self.clients.join_next().await {
            client.unwrap();
        }
        self.runtime.shutdown_background();
        let refused = std::mem::take(&mut *self.refused.lock().unwrap());
        (self.answered.load(Ordering::Relaxed), refused)
    }
}

/// Somebody who changes one thing after the other.
struct Changer<'s> {
    scene: &'s Scene,
    rng: Rng,
    paths: Usable,
    keys: Usable,
    /// The path, by route.
    routes: BTreeMap<String, String>,
    /// The secret, by key, of those that are admitted.
    admitted: BTreeMap<String, String>,
    suspended: BTreeMap<String, String>,
    wire: Wire,
}

fn one(rng: &Rng, of: &BTreeMap<String, String>) -> Option<(String, String)> {
    let (id, said) = of.iter().nth(below(rng, of.len().max(1)))?;
    Some((id.clone(), said.clone()))
}

impl Changer<'_> {
    async fn patch(&self, path: &str, body: Value) {
        self.scene.expect(200, Method::PATCH, path, Some(body)).await;
    }

    async fn said(&mut self, path: &str, key: &str) -> (u16, String) {
        let answer = self.wire.get("acme", path, &[("x-api-key", key)]).await;
        (answer.status, answer.code())
    }

    /// Changes something; false where nothing was there to change.
    async fn change(&mut self, number: usize) -> bool {
        match below(&self.rng, 8) {
            0 if self.routes.len() < ALIVE_MAX => self.add_route(format!("/r{number}/{{id}}")).await,
            1 => return self.move_route(format!("/m{number}/{{id}}")).await.is_some(),
            2 => return self.drop_route().await.is_some(),
            3 if self.admitted.len() < ALIVE_MAX => {
                let subscribed = self.scene.subscribe().await;
                self.keys.add(subscribed.key.clone());
                self.admitted.insert(subscribed.key_id, subscribed.key);
            }
            4 | 5 => return self.rotate().await.is_some(),
            6 => return self.end(number.is_multiple_of(4)).await.is_some(),
            7 => return self.reactivate().await.is_some(),
            _ => return false,
        }
        true
    }

    async fn add_route(&mut self, path: String) {
        let (gateway, service, product) = (&self.scene.gateway, &self.scene.service, &self.scene.product);
        let id = self
            .scene
            .acme
            .secure_route(gateway, service, "GET", &path, Some(product))
            .await;
        self.paths.add(path.replace("{id}", "1"));
        self.routes.insert(id, path);
    }

    async fn move_route(&mut self, path: String) -> Option<()> {
        let (id, old) = one(&self.rng, &self.routes)?;
        self.paths.take_out(&old.replace("{id}", "1")).await;
        let body = json!({ "publicPath": path, "targetPath": path });
        self.patch(&format!("/routes/{id}"), body).await;
        self.paths.add(path.replace("{id}", "1"));
        self.routes.insert(id, path);
        Some(())
    }

    async fn drop_route(&mut self) -> Option<()> {
        let (id, path) = one(&self.rng, &self.routes)?;
        let path = path.replace("{id}", "1");
        self.paths.take_out(&path).await;
        self.scene
            .expect(204, Method::DELETE, &format!("/routes/{id}"), None)
            .await;
        self.routes.remove(&id);
        let key = self.keys.any(&self.rng);
        let no_route = (404, "no-route".to_owned());
        assert_eq!(self.said(&path, &key).await, no_route, "it is gone when it is answered");
        Some(())
    }

    /// The old secret is used until the new one is there, and goes on to work for an hour.
    async fn rotate(&mut self) -> Option<()> {
        let (id, old) = one(&self.rng, &self.admitted)?;
        let body = json!({ "overlapSeconds": 3600, "endOverlap": true });
        let rotated = self.scene.acme.post(&format!("/keys/{id}/rotate"), body).await;
        let new = text(&rotated, "secret");
        self.keys.add(new.clone());
        self.admitted.insert(id, new);
        self.keys.take_out(&old).await;
        assert_eq!(self.said(PATH, &old).await, ok(), "both work");
        Some(())
    }

    async fn end(&mut self, for_ever: bool) -> Option<()> {
        let (id, key) = one(&self.rng, &self.admitted)?;
        self.keys.take_out(&key).await;
        self.admitted.remove(&id);
        let verb = if for_ever { "revoke" } else { "suspend" };
        self.scene.acme.post(&format!("/keys/{id}/{verb}"), json!({})).await;
        let status = if for_ever { 401 } else { 403 };
        assert_eq!(self.said(PATH, &key).await.0, status, "refused from the answer on");
        if !for_ever {
            self.suspended.insert(id, key);
        }
        Some(())
    }

    async fn reactivate(&mut self) -> Option<()> {
        let (id, key) = one(&self.rng, &self.suspended)?;
        self.scene.acme.post(&format!("/keys/{id}/reactivate"), json!({})).await;
        self.suspended.remove(&id);
        self.keys.add(key.clone());
        self.admitted.insert(id, key);
        Some(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_of_routes_and_keys_fail_no_request_that_may_be_made() {
    let scene = Scene::set().await;
    let (paths, keys) = (Usable::default(), Usable::default());
    // One route and one key that nothing happens to.
    paths.add(PATH.to_owned());
    keys.add(scene.subscribe().await.key);
    let mut changer = Changer {
        scene: &scene,
        rng: Rng::seeded(1),
        paths: paths.clone(),
        keys: keys.clone(),
        routes: BTreeMap::new(),
        admitted: BTreeMap::new(),
        suspended: BTreeMap::new(),
        wire: Wire::connect(scene.app.gateway_addr()).await,
    };
    let load = Load::begin(&scene, &paths, &keys);
    let is_soak = std::env::var_os("GATEWRIGHT_TEST_SOAK").is_some();
    let wanted = if is_soak { CHANGES_SOAK } else { CHANGES };
    let (mut done, mut number) = (0, 0);
    while done < wanted {
        number += 1;
        done += usize::from(changer.change(number).await);
    }
    drop(changer);
    let (answered, refused) = load.end().await;
    assert!(
        refused.is_empty(),
        "{} of {answered}: {:?}",
        refused.len(),
        &refused[..refused.len().min(10)]
    );
    assert!(answered > wanted, "{answered}: there was load");
    println!("{answered} requests during {done} changes");
    scene.app.stop().await;
}
