//! Nobody guesses, nobody is locked out by others, and nobody learns who has an account.

use std::time::{Duration, Instant};

use gatewright_testkit::{PASSWORD, TestApp, TestPerson, manual_clock};
use gatewright_types::Clock;
use reqwest::Method;
use serde_json::{Value, json};

use super::with_mailbox;

async fn try_password(who: &TestPerson, email: &str, password: &str, device: Option<&str>) -> (u16, Value) {
    let mut request = who
        .bare(Method::POST, "/sessions")
        .json(&json!({ "email": email, "password": password }));
    if let Some(device) = device {
        // A browser says where a request comes from.
        request = request.header("cookie", device).header("sec-fetch-site", "same-origin");
    }
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

#[tokio::test]
async fn guessing_stops_and_whoever_sits_at_a_known_device_goes_on() {
    let clock = manual_clock();
    let app = TestApp::start_with(clock.clone()).await;
    let acme = app.tenant("acme").await;
    let who = app.person(&acme, "acme", "ada@example.com").await;
    let request = who
        .bare(Method::POST, "/sessions")
        .json(&json!({ "email": "ada@example.com", "password": PASSWORD }));
    let response = request.send().await.unwrap();
    let cookies: Vec<String> = response
        .headers()
        .get_all("set-cookie")
        .iter()
        .map(|field| field.to_str().unwrap().to_owned())
        .collect();
    let device = cookies
        .iter()
        .find(|cookie| cookie.starts_with("gatewright_device="))
        .unwrap();
    let device = device.split(';').next().unwrap().to_owned();
    let mut refused = 0;
    for _ in 0..25 {
        let (status, problem) = try_password(&who, "ada@example.com", "a wrong password", None).await;
        match status {
            401 => assert_eq!(problem["code"], "sign-in-failed"),
            429 => refused += 1,
            other => panic!("{other} {problem}"),
        }
    }
    assert_eq!(
        refused, 5,
        "twenty tries in a quarter of an hour; the right one does not count"
    );
    assert_eq!(
        try_password(&who, "ada@example.com", PASSWORD, None).await.0,
        429,
        "also with the right one"
    );
    assert_eq!(
        try_password(&who, "ada@example.com", PASSWORD, Some(&device)).await.0,
        201,
        "at a known device"
    );
    assert_eq!(
        try_password(&who, "bob@example.com", "a wrong password", None).await.0,
        401,
        "others are not held up"
    );
    clock.advance(Duration::from_mins(16));
    assert_eq!(try_password(&who, "ada@example.com", PASSWORD, None).await.0, 201);
    app.stop().await;
}

#[tokio::test]
async fn one_address_cannot_try_everybody() {
    let app = TestApp::start().await;
    app.tenant("acme").await;
    let who = app.stranger("acme");
    let mut codes = Vec::new();
    for turn in 0..103 {
        let (status, _) = try_password(&who, &format!("nobody{turn}@example.com"), "a wrong password", None).await;
        codes.push(status);
    }
    assert!(codes[..100].iter().all(|code| *code == 401), "{codes:?}");
    assert!(codes[100..].iter().all(|code| *code == 429), "{codes:?}");
    app.stop().await;
}

#[tokio::test]
async fn no_mailbox_is_flooded() {
    let app = with_mailbox(Clock::System).await;
    app.tenant("acme").await;
    let who = app.stranger("acme");
    let mut codes = Vec::new();
    for _ in 0..7 {
        let (status, _) = who
            .call(
                Method::POST,
                "/password-resets",
                Some(json!({ "email": "ada@example.com" })),
            )
            .await;
        codes.push(status.as_u16());
    }
    assert_eq!(codes, [202, 202, 202, 202, 202, 429, 429]);
    app.stop().await;
}

/// How likely it is that two samples come from one distribution: the rank sum of the first, in standard deviations from
/// what chance gives (Mann-Whitney).
fn deviation(ours: &[Duration], theirs: &[Duration]) -> f64 {
    let mut all: Vec<(Duration, bool)> = ours.iter().map(|one| (*one, true)).collect();
    all.extend(theirs.iter().map(|one| (*one, false)));
    all.sort_unstable();
    let ranks: f64 = all
        .iter()
        .enumerate()
        .filter(|(_, one)| one.1)
        .map(|(at, _)| at as f64 + 1.0)
        .sum();
    let (n, m) = (ours.len() as f64, theirs.len() as f64);
    let mean = n * (n + m + 1.0) / 2.0;
    let spread = (n * m * (n + m + 1.0) / 12.0).sqrt();
    (ranks - mean) / spread
}

/// Whether an answer tells who has an account: neither by what it says nor by how long it takes.
///
/// Chance alone gives four standard deviations once in 16,000 times; a difference that somebody could use, in every run.
async fn tells_nothing(what: &str, ask: impl AsyncFn(&str) -> (u16, Value)) {
    let mut times = (Vec::new(), Vec::new());
    for turn in 0..40 {
        let begun = Instant::now();
        let known = ask(&format!("known{turn}@example.com")).await;
        times.0.push(begun.elapsed());
        let begun = Instant::now();
        let unknown = ask(&format!("nobody{turn}@example.com")).await;
        times.1.push(begun.elapsed());
        let plain = |(status, mut answer): (u16, Value)| {
            for own in ["requestId", "expiresAt", "browserToken"] {
                answer.as_object_mut().unwrap().remove(own);
            }
            (status, answer)
        };
        assert_eq!(plain(known), plain(unknown), "{what}");
    }
    let deviation = deviation(&times.0, &times.1);
    assert!(deviation.abs() < 4.0, "{what}: {deviation} standard deviations");
}

#[tokio::test]
async fn neither_an_answer_nor_its_time_tells_who_has_an_account() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let database = app.process.database();
    let hasher = gatewright_identity::passwords::Hasher::new(database.rng(), None).unwrap();
    let hash = hasher.hash(database.rng(), &PASSWORD.to_owned().into()).await.unwrap();
    for turn in 0..40 {
        let caller = gatewright_database::Caller {
            tenant_id: acme.id.parse().unwrap(),
            actor: gatewright_database::Actor::System,
            request_id: gatewright_types::ids::RequestId::mint(database.clock(), database.rng()),
        };
        let mut tx = database.tenant(caller).await.unwrap();
        let new = gatewright_identity::people::NewPerson {
            email: format!("known{turn}@example.com"),
            email_proven: true,
            name: "Ada".to_owned(),
            password_hash: Some(hash.clone()),
        };
        gatewright_identity::people::create(&mut tx, new).await.unwrap();
        tx.commit().await.unwrap();
    }
    // Each from an address of its own, so that nobody is counted twice.
    let mut settings = gatewright_testkit::settings(&app.database_url);
    settings.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    app.stop().await;
    let app = TestApp::start_as(settings, Clock::System).await;
    let who = app.stranger("acme");
    let turn = std::sync::atomic::AtomicU32::new(0);
    let asked = async |path: &str, body: Value| {
        let at = turn.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let address = format!("198.51.{}.{}", at / 250, at % 250);
        let request = who
            .bare(Method::POST, path)
            .header("x-forwarded-for", address)
            .json(&body);
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    };
    tells_nothing("signing in", async |email| {
        asked("/sessions", json!({ "email": email, "password": "a wrong password" })).await
    })
    .await;
    tells_nothing("another password", async |email| {
        asked("/password-resets", json!({ "email": email })).await
    })
    .await;
    tells_nothing("signing up", async |email| {
        asked(
            "/sign-ups",
            json!({ "email": email, "name": "Ada", "password": PASSWORD, "delivery": "BODY" }),
        )
        .await
    })
    .await;
    app.stop().await;
}
