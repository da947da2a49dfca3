//! What the fake Apigee does that no client of Google's asks for: rates, ends, and what goes on after a deletion.

use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::{TimeZone, Utc};
use gatewright_types::Clock;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use vendor_fakes::apigee::{Fake, Options, Seed};
use vendor_fakes::faults::{Fault, Rule};

const NOW: i64 = 1_800_000_000;

struct Organization {
    fake: Fake,
    client: Client,
    token: String,
}

fn options() -> Options {
    Options {
        seed: Seed::Demo,
        clock: Clock::manual(Utc.timestamp_opt(NOW, 0).unwrap()),
        ..Options::default()
    }
}

fn claims() -> Value {
    json!({
        "iss": "gatewright@acme-project.iam.gserviceaccount.com",
        "scope": "https://www.googleapis.com/auth/cloud-platform",
        "aud": "https://oauth2.googleapis.com/token", "iat": NOW, "exp": NOW + 3600,
    })
}

fn signed(key: &Value, claims: &Value) -> String {
    let pem = key["private_key"].as_str().unwrap();
    let text: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let pair = KeyPair::from_pkcs8(&STANDARD.decode(text).unwrap()).unwrap();
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&json!({ "alg": "RS256" })), part(claims));
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(
        &RSA_PKCS1_SHA256,
        &SystemRandom::new(),
        signed.as_bytes(),
        &mut signature,
    )
    .unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

impl Organization {
    async fn start(options: Options) -> Self {
        let fake = Fake::start(options).await.unwrap();
        let mut world = Self {
            fake,
            client: Client::new(),
            token: String::new(),
        };
        let (status, answer) = world.sign_in(&claims()).await;
        assert_eq!(status, 200, "{answer}");
        answer["access_token"].as_str().unwrap().clone_into(&mut world.token);
        world
    }

    async fn sign_in(&self, claims: &Value) -> (u16, Value) {
        let assertion = signed(&self.fake.service_account_key(), claims);
        let form = format!("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion={assertion}");
        let request = self.client.post(self.fake.token_url()).body(form);
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    async fn call(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        let url = format!("{}{path}", self.fake.organization_url());
        let mut request = self.client.request(method, url).bearer_auth(&self.token);
        request = match body {
            Value::Null => request.header("content-type", "application/octet-stream"),
            body => request.json(&body),
        };
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or_default())
    }

    async fn knock(&self, path: &str, key: Option<&str>) -> (u16, String) {
        let mut request = self.client.get(format!("{}{path}", self.fake.proxy_url()));
        if let Some(key) = key {
            request = request.header("x-apikey", key);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let heard: Value = answer.json().await.unwrap();
        let code = heard["fault"]["detail"]["errorcode"].as_str().unwrap_or_default();
        (status, code.rsplit('.').next().unwrap().to_owned())
    }
}

const APP: &str = "/developers/partner@example.com/apps/legacy-mobile-app";
const KEY: &str = "legacy-mobile-key-0001";

#[tokio::test]
async fn the_runtime_says_what_is_the_matter_with_a_key() {
    let world = Organization::start(options()).await;
    let knock = |key| world.knock("/orders", key);
    assert_eq!(knock(Some(KEY)).await.0, 200);
    assert_eq!(knock(None).await, (401, "FailedToResolveAPIKey".into()));
    assert_eq!(knock(Some("nobody's")).await, (401, "InvalidApiKey".into()));
    let queried = world
        .client
        .get(format!("{}/orders?apikey={KEY}", world.fake.proxy_url()));
    assert_eq!(queried.send().await.unwrap().status(), 200);
    assert_eq!(
        world.knock("/reports", Some(KEY)).await,
        (401, "InvalidApiKeyForGivenResource".into())
    );
    assert_eq!(world.knock("/status", None).await.0, 200);
    assert_eq!(world.knock("/nowhere", None).await.0, 404);
    let key = format!("{APP}/keys/{KEY}");
    for (path, off, on, code) in [
        (key.as_str(), "revoke", "approve", "ApiKeyNotApproved"),
        (APP, "revoke", "approve", "invalid_client-app_not_approved"),
        (
            "/developers/partner@example.com",
            "inactive",
            "active",
            "DeveloperStatusNotActive",
        ),
    ] {
        world
            .call(Method::POST, &format!("{path}?action={off}"), Value::Null)
            .await;
        assert_eq!(knock(Some(KEY)).await, (401, code.to_owned()));
        assert_eq!(world.fake.touched().len(), 1, "it is somebody else's");
        world
            .call(Method::POST, &format!("{path}?action={on}"), Value::Null)
            .await;
        assert_eq!(knock(Some(KEY)).await.0, 200);
        assert!(world.fake.touched().is_empty());
    }
    world
        .call(Method::DELETE, &format!("{key}/apiproducts/prod-orders"), Value::Null)
        .await;
    assert_eq!(
        knock(Some(KEY)).await,
        (400, "consumer_key_missing_api_product_association".into())
    );
    world
        .call(Method::POST, &key, json!({ "apiProducts": ["everything"] }))
        .await;
    assert_eq!(
        world.knock("/reports", Some(KEY)).await.0,
        200,
        "what names no proxy opens all"
    );
    let ends = json!({ "consumerKey": "ends", "consumerSecret": "s", "expiresInSeconds": "60" });
    world.call(Method::POST, &format!("{APP}/keys"), ends).await;
    world
        .call(
            Method::POST,
            &format!("{APP}/keys/ends"),
            json!({ "apiProducts": ["prod-orders"] }),
        )
        .await;
    assert_eq!(knock(Some("ends")).await.0, 200);
    world.fake.advance(Duration::from_secs(60));
    assert_eq!(knock(Some("ends")).await, (401, "ApiKeyNotApproved".into()));
}

#[tokio::test]
async fn a_token_is_given_for_what_the_account_signed_and_ends() {
    let world = Organization::start(Options {
        token_lifetime: Duration::from_secs(100),
        ..options()
    })
    .await;
    for (field, value) in [
        ("iss", json!("somebody@else.iam.gserviceaccount.com")),
        ("aud", json!("https://example.com/")),
        ("scope", json!("email")),
        ("exp", json!(NOW + 3601)),
        ("exp", json!(NOW - 3600)),
        ("iat", json!(NOW + 3000)),
    ] {
        let mut claims = claims();
        claims[field] = value;
        let (status, answer) = world.sign_in(&claims).await;
        assert_eq!((status, &answer["error"]), (400, &json!("invalid_grant")), "{field}");
    }
    let mut assertion = signed(&world.fake.service_account_key(), &claims());
    assertion.replace_range(assertion.len() - 8.., "AAAAAAAA");
    let form = format!("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion={assertion}");
    let answer = world
        .client
        .post(world.fake.token_url())
        .body(form)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 400);
    assert_eq!(world.call(Method::GET, "/apps", Value::Null).await.0, 200);
    world.fake.advance(Duration::from_secs(100));
    let (status, answer) = world.call(Method::GET, "/apps", Value::Null).await;
    assert_eq!((status, &answer["error"]["status"]), (401, &json!("UNAUTHENTICATED")));
}

#[tokio::test]
async fn calls_over_the_rate_are_counted_and_refused_where_that_is_asked_for() {
    for throttles in [false, true] {
        let world = Organization::start(Options {
            calls_per_minute: 3,
            throttles,
            ..options()
        })
        .await;
        let mut statuses = Vec::new();
        for _ in 0..5 {
            statuses.push(world.call(Method::GET, "/apiproducts", Value::Null).await.0);
        }
        let last = if throttles { 429 } else { 200 };
        assert_eq!(statuses, [200, 200, 200, last, last]);
        let rate = world.fake.state()["rate"].clone();
        assert_eq!((&rate["mostInAMinute"], &rate["tooMany"]), (&json!(5), &json!(2)));
        world.fake.advance(Duration::from_secs(60));
        assert_eq!(world.call(Method::GET, "/apiproducts", Value::Null).await.0, 200);
    }
}

#[tokio::test]
async fn what_was_deleted_goes_on_for_a_while() {
    let world = Organization::start(Options {
        linger: Duration::from_secs(60),
        cache: Duration::from_secs(180),
        ..options()
    })
    .await;
    let taken = json!({ "consumerKey": KEY, "consumerSecret": "s" });
    let other = "/developers/partner@example.com/apps/partner-acme/keys";
    world.call(Method::DELETE, APP, Value::Null).await;
    assert_eq!(world.call(Method::GET, APP, Value::Null).await.0, 404);
    assert_eq!(world.knock("/orders", Some(KEY)).await.0, 200);
    assert_eq!(world.call(Method::POST, other, taken.clone()).await.0, 409);
    world.fake.advance(Duration::from_secs(60));
    assert_eq!(world.call(Method::POST, other, taken).await.0, 200);
    assert_eq!(
        world.knock("/orders", Some(KEY)).await.0,
        200,
        "what was found is believed for a while"
    );
    world.fake.advance(Duration::from_secs(121));
    assert_ne!(world.knock("/orders", Some(KEY)).await.0, 200);
    // An app that went with its developer has its name taken.
    world
        .call(Method::DELETE, "/developers/partner@example.com", Value::Null)
        .await;
    let back = json!({ "email": "partner@example.com", "firstName": "P", "lastName": "P", "userName": "p" });
    assert_eq!(world.call(Method::POST, "/developers", back).await.0, 200);
    let app = json!({ "name": "partner-acme" });
    let apps = "/developers/partner@example.com/apps";
    assert_eq!(world.call(Method::POST, apps, app.clone()).await.0, 409);
    world.fake.advance(Duration::from_secs(60));
    assert_eq!(world.call(Method::POST, apps, app).await.0, 200);
}

#[tokio::test]
async fn faults_come_in_googles_words() {
    let world = Organization::start(options()).await;
    for (fault, status, word) in [
        (Fault::Unauthorized, 401, "UNAUTHENTICATED"),
        (Fault::ConflictOurs, 409, "ABORTED"),
        (Fault::Fails { status: 503 }, 503, "UNAVAILABLE"),
        (
            Fault::Throttled {
                retry_after_seconds: None,
            },
            429,
            "RESOURCE_EXHAUSTED",
        ),
    ] {
        world.fake.fail(Rule::every(fault).times(1));
        let (found, answer) = world.call(Method::GET, "/apps", Value::Null).await;
        assert_eq!((found, answer["error"]["status"].as_str()), (status, Some(word)));
    }
    let (status, answer) = world
        .call(
            Method::POST,
            "/developers",
            json!({ "email": "x@y.z", "nickname": "x" }),
        )
        .await;
    assert_eq!(status, 400);
    assert!(
        answer["error"]["message"].as_str().unwrap().contains("nickname"),
        "{answer}"
    );
    // Calls for one developer's things are told as being about the same.
    let entity = world.fake.counters().most_contended;
    world
        .call(Method::POST, APP, json!({ "name": "legacy-mobile-app" }))
        .await;
    assert_eq!(entity, None);
    assert_eq!(
        world.fake.counters().most_contended.as_deref(),
        Some("partner@example.com")
    );
}
