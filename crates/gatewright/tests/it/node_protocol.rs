//! What a control plane says to nodes, asked over HTTP as a node would.

use std::time::Duration;

use gatewright_database::{Actor, Caller};
use gatewright_native::nodes::{Effects, Next};
use gatewright_native::{Nodes, access, configuration};
use gatewright_snapshot::protocol::News;
use gatewright_testkit::{TestApp, database, manual_clock};
use gatewright_types::access::NodeState;
use gatewright_types::ids::RequestId;
use reqwest::{Method, Response};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::scene::{PATH, Scene, refusal, text};

/// A node's right, and where it asks.
struct Visitor {
    url: String,
    token: String,
    client: reqwest::Client,
}

fn url(app: &TestApp) -> String {
    app.process.api_url().replace("/api/v1", "/node/v1")
}

async fn enroll(app: &TestApp, code: &str) -> (u16, Value) {
    let body = json!({ "code": code, "version": "0", "addr": "nowhere" });
    let response = app
        .client
        .post(format!("{}/enrollments", url(app)))
        .json(&body)
        .send()
        .await
        .unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

async fn code(app: &TestApp) -> String {
    let installation = app.holder(&app.installation_token().await);
    text(&installation.post("/nodes/enrollment-codes", json!({})).await, "code")
}

impl Visitor {
    async fn enroll(app: &TestApp) -> Self {
        let (status, enrolled) = enroll(app, &code(app).await).await;
        assert_eq!(status, 201, "{enrolled}");
        Self {
            url: url(app),
            token: text(&enrolled, "token"),
            client: app.client.clone(),
        }
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Response {
        let request = self
            .client
            .request(method, format!("{}{path}", self.url))
            .bearer_auth(&self.token);
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        request.send().await.unwrap()
    }

    async fn follow(&self, query: &str) -> Lines {
        let response = self.ask(Method::GET, &format!("/news{query}"), None).await;
        assert_eq!(response.status(), 200);
        Lines {
            response,
            buffer: Vec::new(),
        }
    }
}

struct Lines {
    response: Response,
    buffer: Vec<u8>,
}

impl Lines {
    /// The next line that is no heartbeat.
    async fn next(&mut self) -> News {
        loop {
            if let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.buffer.drain(..=end).collect();
                match serde_json::from_slice(&line).unwrap() {
                    News::Heartbeat { .. } => continue,
                    news => return news,
                }
            }
            let chunk = tokio::time::timeout(Duration::from_secs(30), self.response.chunk()).await;
            self.buffer
                .extend_from_slice(&chunk.expect("a line").unwrap().expect("more"));
        }
    }

    async fn start(&mut self) -> (u64, bool) {
        match self.next().await {
            News::Start { position, reset, state } => {
                assert_eq!(state, NodeState::Active);
                (position, reset)
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_code_lets_in_once_and_for_fifteen_minutes() {
    let app = TestApp::start_with(manual_clock()).await;
    let first = code(&app).await;
    assert_eq!(enroll(&app, &first).await.0, 201);
    for invalid in [first.as_str(), "gwe_0", ""] {
        let (status, problem) = enroll(&app, invalid).await;
        assert_eq!(
            (status, &problem["code"]),
            (403, &json!("enrollment-code-invalid")),
            "{invalid}"
        );
    }
    let late = code(&app).await;
    app.clock.advance(Duration::from_secs(15 * 60));
    assert_eq!(enroll(&app, &late).await.0, 403);
    // Of two at once, one gets in.
    let raced = code(&app).await;
    let (one, other) = tokio::join!(enroll(&app, &raced), enroll(&app, &raced));
    let mut both = [one.0, other.0];
    both.sort_unstable();
    assert_eq!(both, [201, 403]);
    app.stop().await;
}

#[tokio::test]
async fn nothing_is_said_to_whoever_holds_no_node_s_token() {
    let scene = Scene::set().await;
    for token in [&scene.acme.token, &scene.app.installation_token().await, "gwn_0", ""] {
        for (method, path) in [
            (Method::GET, "/snapshot"),
            (Method::GET, "/news"),
            (Method::POST, "/lookups"),
            (Method::POST, "/reports"),
            (Method::GET, "/shared-cache-key"),
        ] {
            let request = scene.app.client.request(method, format!("{}{path}", url(&scene.app)));
            let response = request.bearer_auth(token).json(&json!({})).send().await.unwrap();
            assert_eq!(response.status(), 401, "{path}");
        }
    }
    let node = Visitor::enroll(&scene.app).await;
    let api = scene
        .app
        .client
        .get(format!("{}/products", scene.app.process.api_url()));
    assert_eq!(
        api.bearer_auth(&node.token).send().await.unwrap().status(),
        401,
        "and a node is no operator"
    );
    scene.app.stop().await;
}

#[tokio::test]
async fn what_nodes_seal_with_is_told_to_nodes_alone_and_stands_nowhere() {
    let scene = Scene::set().await;
    let node = Visitor::enroll(&scene.app).await;
    let answer = node.ask(Method::GET, "/shared-cache-key", None).await;
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let told: Value = answer.json().await.unwrap();
    let key = text(&told, "key");
    assert_eq!(key.len(), 64, "as long as what it is derived from");
    let again: Value = node
        .ask(Method::GET, "/shared-cache-key", None)
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(text(&again, "key"), key);
    let ring = scene.app.process.database().vault().unwrap().keyring();
    assert_ne!(ring.active().derive("another purpose").expose_secret(), key);
    let answer = node.ask(Method::POST, "/lookups", Some(json!({ "hashes": [] }))).await;
    let answers: Value = answer.json().await.unwrap();
    assert!(answers["position"].is_u64(), "{answers}");
    scene.app.stop().await;
}

#[tokio::test]
async fn news_come_with_numbers_without_a_hole_and_again_from_any_position() {
    let scene = Scene::set().await;
    let node = Visitor::enroll(&scene.app).await;
    let mut lines = node.follow("").await;
    let (begin, reset) = lines.start().await;
    assert!(!reset);
    let subscribed = scene.subscribe().await;
    let suspended = scene
        .acme
        .post(&format!("/keys/{}/suspend", subscribed.key_id), json!({}))
        .await;
    assert_eq!(suspended["nodes"].as_array().unwrap().len(), 2, "{suspended}");
    scene
        .acme
        .service(&scene.gateway, "another", "http://127.0.0.1:1")
        .await;
    let News::Access { seq, changes } = lines.next().await else {
        panic!("who is admitted")
    };
    assert_eq!((seq, changes.len()), (begin + 1, 1));
    assert_eq!(lines.next().await, News::Configuration { seq: begin + 2 });

    let mut again = node.follow(&format!("?after={begin}")).await;
    assert_eq!(again.start().await, (begin, false));
    assert_eq!(again.next().await, News::Access { seq, changes });
    assert_eq!(again.next().await, News::Configuration { seq: begin + 2 });

    let snapshot = node.ask(Method::GET, "/snapshot", None).await;
    let etag = snapshot.headers()["etag"].clone();
    assert_eq!(snapshot.json::<Value>().await.unwrap()["version"], begin + 2);
    let request = node
        .client
        .get(format!("{}/snapshot", node.url))
        .bearer_auth(&node.token);
    let same = request.header("if-none-match", etag).send().await.unwrap();
    assert_eq!(same.status(), 304);
    drop((lines, again));
    scene.app.stop().await;
}

#[tokio::test]
async fn a_node_that_was_away_longer_than_news_are_kept_is_told_to_forget() {
    let scene = Scene::set().await;
    let node = Visitor::enroll(&scene.app).await;
    let (now, _) = node.follow("").await.start().await;
    assert!(now > 2);
    let mut ahead = node.follow(&format!("?after={}", now + 1)).await;
    assert_eq!(ahead.start().await, (now + 1, false));
    assert_eq!(ahead.start().await, (now, true), "the database was set back since");

    // The oldest are removed, and the control plane starts anew: they are in no memory either.
    let mut connection = database::connect(&scene.app.database_url).await;
    let removed = sqlx::query("DELETE FROM node_news WHERE seq <= 2");
    removed.execute(&mut connection).await.unwrap();
    let settings = configuration::Settings {
        base_domain: "localhost".to_owned(),
        problem_pages: "http://console.test/errors/".to_owned(),
        default_gateway: None,
    };
    let other = Nodes::start(scene.app.process.database(), settings).await.unwrap();
    assert!(matches!(other.next(2).await.unwrap(), Next::Items(items) if items[0].news.seq() == 3));
    let next = other.next(1).await.unwrap();
    assert!(matches!(next, Next::Missed(position) if position == now));
    drop(ahead);
    scene.app.stop().await;
}

/// The other control plane commits and is never heard of again.
#[tokio::test]
async fn what_a_control_plane_committed_that_died_before_it_told_anybody_reaches_every_node() {
    let scene = Scene::set().await;
    let subscribed = scene.subscribe().await;
    assert_eq!(scene.verdict(&subscribed.key).await.0, 200);
    let database = scene.app.process.database();
    let settings = configuration::Settings {
        base_domain: "localhost".to_owned(),
        problem_pages: "http://console.test/errors/".to_owned(),
        default_gateway: None,
    };
    let dying = Nodes::start(database, settings).await.unwrap();
    let caller = Caller {
        tenant_id: scene.acme.id.parse().unwrap(),
        actor: Actor::System,
        request_id: RequestId::mint(database.clock(), database.rng()),
    };
    let mut tx = database.tenant(caller).await.unwrap();
    let key_id = subscribed.key_id.parse().unwrap();
    let (_, changes) = access::revoke_key(&mut tx, key_id).await.unwrap();
    // It tells the nodes that it has, which are none, and waits for nobody that it hears of.
    let answers = dying.commit(tx, Effects::access(changes)).await.unwrap();
    assert_eq!(answers.len(), 1, "it knows of the other's node from the database");
    drop(dying);
    loop {
        let mut wire = gatewright_testkit::Wire::connect(scene.app.gateway_addr()).await;
        let answer = wire.get("acme", PATH, &[("x-api-key", &subscribed.key)]).await;
        if answer.status == 401 {
            break;
        }
    }
    assert_eq!(scene.verdict(&subscribed.key).await, refusal(401, "credential-revoked"));
    scene.app.stop().await;
}

#[tokio::test]
async fn a_look_up_answers_by_hash_alone_and_is_bounded() {
    let scene = Scene::set().await;
    let node = Visitor::enroll(&scene.app).await;
    let subscribed = scene.subscribe().await;
    let hash = |text: &str| json!(gatewright_types::CredentialHash::of(text.as_bytes()));
    let hashes = json!({ "hashes": [hash(&subscribed.key), hash("nobody's")] });
    let answers: Value = node
        .ask(Method::POST, "/lookups", Some(hashes))
        .await
        .json()
        .await
        .unwrap();
    let records = answers["records"].as_array().unwrap();
    assert_eq!(records.len(), 1, "{answers}");
    assert_eq!(records[0]["credential"]["keyId"], subscribed.key_id.as_str());
    assert!(answers["ageMs"].is_u64() && !answers.to_string().contains(&subscribed.key));
    let many: Vec<Value> = (0..257).map(|number| hash(&number.to_string())).collect();
    let refused = node
        .ask(Method::POST, "/lookups", Some(json!({ "hashes": many })))
        .await;
    assert_eq!(refused.status(), 400);
    let huge = json!({ "hashes": ["a".repeat(70_000)] });
    assert_eq!(node.ask(Method::POST, "/lookups", Some(huge)).await.status(), 413);
    scene.app.stop().await;
}
