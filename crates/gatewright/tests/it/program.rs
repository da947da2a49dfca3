//! The real program: started, ended, killed, started again.

pub(crate) mod home;
mod roles;
mod vault;

use home::Home;
use reqwest::StatusCode;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::scene::text;

/// What the demo's key gets from the demo's gateway.
async fn call(demo: &Value, key: Option<&str>) -> (StatusCode, Value) {
    let mut request = reqwest::Client::new().get(format!("{}/v1/usage/current", text(demo, "gatewayUrl")));
    if let Some(key) = key {
        request = request.header("x-api-key", key);
    }
    let response = request.send().await.unwrap();
    (response.status(), response.json().await.unwrap())
}

/// What the demo's API says to a token.
async fn tenants(demo: &Value, token: &str) -> StatusCode {
    let request = reqwest::Client::new()
        .get(format!("{}/tenants", text(demo, "apiUrl")))
        .bearer_auth(token);
    request.send().await.unwrap().status()
}

const IDS: [&str; 7] = [
    "tenantId",
    "productId",
    "planId",
    "customerId",
    "subscriptionId",
    "gatewayId",
    "keyId",
];
const SECRETS: [&str; 4] = ["key", "operatorToken", "operatorPassword", "developerPassword"];

fn secrets(demos: &[&Value]) -> Vec<String> {
    demos
        .iter()
        .flat_map(|demo| SECRETS.map(|name| text(demo, name)))
        .collect()
}

#[tokio::test]
async fn the_demo_serves_keeps_its_data_and_changes_its_secrets_at_every_start() {
    let home = Home::new();
    let (running, first) = home.demo(&[]).await;
    let mut fields: Vec<&str> = first.as_object().unwrap().keys().map(String::as_str).collect();
    fields.sort_unstable();
    let named = ["apiUrl", "gatewayUrl", "portalUrl", "operatorEmail", "developerEmail"];
    let mut expected = [&IDS[..], &SECRETS, &named].concat();
    expected.sort_unstable();
    assert_eq!(fields, expected);
    let (status, usage) = call(&first, Some(&text(&first, "key"))).await;
    assert_eq!(
        (status, &usage["customer"]),
        (StatusCode::OK, &first["customerId"]),
        "{usage}"
    );
    let (status, problem) = call(&first, None).await;
    assert_eq!((status.as_u16(), &problem["code"]), (401, &json!("no-credential")));
    assert_eq!(tenants(&first, &text(&first, "operatorToken")).await, 200);
    assert_eq!(running.end(Signal::TERM).await, Some(0));
    assert_eq!(home.postgres_pid(), None, "the database has ended as well");

    let (running, second) = home.demo(&[]).await;
    for id in IDS {
        assert_eq!(first[id], second[id], "{id} stays");
    }
    for secret in SECRETS {
        assert_ne!(first[secret], second[secret], "{secret} is new");
    }
    assert_eq!(call(&second, Some(&text(&second, "key"))).await.0, 200);
    let (status, problem) = call(&second, Some(&text(&first, "key"))).await;
    assert_eq!((status.as_u16(), &problem["code"]), (401, &json!("credential-expired")));
    assert_eq!(tenants(&second, &text(&second, "operatorToken")).await, 200);
    assert_eq!(tenants(&second, &text(&first, "operatorToken")).await, 401);
    assert_eq!(home.files_with(&secrets(&[&first, &second])).await, "", "while it runs");
    assert!(
        running.log().contains("request answered"),
        "there was something to log: {}",
        running.log()
    );
    assert_eq!(running.end(Signal::INT).await, Some(0));

    let (running, fresh) = home.demo(&["--fresh"]).await;
    for id in IDS {
        assert_ne!(first[id], fresh[id], "{id} is another");
    }
    assert_eq!(call(&fresh, Some(&text(&fresh, "key"))).await.0, 200);
    let (status, problem) = call(&fresh, Some(&text(&second, "key"))).await;
    assert_eq!((status.as_u16(), &problem["code"]), (401, &json!("credential-unknown")));
    assert_eq!(running.end(Signal::TERM).await, Some(0));
    assert_eq!(
        home.files_with(&secrets(&[&first, &second, &fresh])).await,
        "",
        "when it has ended"
    );
}

#[tokio::test]
async fn a_killed_program_loses_nothing_and_the_next_one_takes_its_database_over() {
    let home = Home::new();
    let (running, first) = home.demo(&[]).await;
    let customer = reqwest::Client::new()
        .post(format!("{}/customers", text(&first, "apiUrl")))
        .bearer_auth(text(&first, "operatorToken"))
        .json(&json!({ "name": "Answered just before the end" }))
        .send()
        .await
        .unwrap();
    assert_eq!(customer.status(), 201);
    let customer: Value = customer.json().await.unwrap();
    let postgres = home.postgres_pid().unwrap();
    assert_eq!(running.end(Signal::KILL).await, None);

    let (running, second) = home.demo(&[]).await;
    assert_eq!(home.postgres_pid(), Some(postgres), "the same server goes on");
    for id in IDS {
        assert_eq!(first[id], second[id], "{id} stays");
    }
    let kept = reqwest::Client::new()
        .get(format!(
            "{}/customers/{}",
            text(&second, "apiUrl"),
            text(&customer, "id")
        ))
        .bearer_auth(text(&second, "operatorToken"))
        .send()
        .await
        .unwrap();
    assert_eq!(kept.json::<Value>().await.unwrap(), customer);
    assert_eq!(call(&second, Some(&text(&second, "key"))).await.0, 200);
    assert_eq!(running.end(Signal::TERM).await, Some(0));
    assert_eq!(home.postgres_pid(), None);
}

/// One clear line, after whatever was logged.
fn refusal(ended: &home::Ended) -> &str {
    assert!(!ended.status.success(), "{ended:?}");
    assert_eq!(ended.stdout, "");
    let said: Vec<&str> = ended
        .stderr
        .lines()
        .filter(|line| line.starts_with("gatewright: "))
        .collect();
    let [only] = said[..] else {
        panic!("one line: {}", ended.stderr)
    };
    assert_eq!(
        ended.stderr.lines().last(),
        Some(only),
        "and it is the last: {}",
        ended.stderr
    );
    only
}

#[tokio::test]
async fn beside_a_running_server_a_second_one_is_refused_and_bootstrap_makes_an_installations_token() {
    let home = Home::new();
    let (running, demo) = home.demo(&[]).await;

    let second = home.run(&["serve"], &[]).await;
    let said = refusal(&second);
    assert!(
        said.contains(home.data_dir().to_str().unwrap()) && said.contains("in use"),
        "{said}"
    );

    let taken = text(&demo, "apiUrl")
        .trim_start_matches("http://")
        .trim_end_matches("/api/v1")
        .to_owned();
    let other = Home::new();
    let said = other.run(&["serve"], &[("GATEWRIGHT_HTTP_ADDR", &taken)]).await;
    let said = refusal(&said);
    assert!(said.contains("http_addr") && said.contains(&taken), "{said}");
    assert!(!other.data_dir().exists(), "it is refused before it touches anything");
    assert_eq!(call(&demo, Some(&text(&demo, "key"))).await.0, 200, "the first goes on");

    let bootstrapped = home.run(&["bootstrap"], &[]).await;
    assert!(bootstrapped.status.success(), "{bootstrapped:?}");
    let token = bootstrapped.stdout.trim().to_owned();
    let client = reqwest::Client::new();
    let created = client
        .post(format!("{}/tenants", text(&demo, "apiUrl")))
        .bearer_auth(&token)
        .json(&json!({ "name": "Initech" }))
        .send()
        .await
        .unwrap();
    assert_eq!(created.status(), 201);
    let created: Value = created.json().await.unwrap();
    assert_eq!(tenants(&demo, &text(&created, "operatorToken")).await, 200);

    // A second token ends the first.
    let again = home.run(&["bootstrap"], &[]).await.stdout.trim().to_owned();
    assert_eq!(tenants(&demo, &token).await, 401);
    assert_eq!(tenants(&demo, &again).await, 200);

    let url = home.run(&["database", "url"], &[]).await;
    assert!(url.stdout.starts_with("postgresql://"), "{url:?}");
    let secrets = [token, again, text(&created, "operatorToken")];
    assert_eq!(home.files_with(&secrets).await, "");
    assert_eq!(running.end(Signal::TERM).await, Some(0));
}

#[tokio::test]
async fn a_taken_gateway_port_is_refused_and_the_database_ends_again() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    let home = Home::new();
    let ended = home.run(&["serve"], &[("GATEWRIGHT_GATEWAY_ADDR", &addr)]).await;
    let said = refusal(&ended);
    assert!(said.contains("gateway_addr") && said.contains(&addr), "{said}");
    // Dropping the server only asks it to end.
    let patience = std::time::Instant::now();
    while home.postgres_pid().is_some() {
        assert!(patience.elapsed().as_secs() < 30, "the database still runs");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn what_cannot_be_understood_is_refused_by_name_before_anything_is_touched() {
    let home = Home::new();
    let refused = home.run(&["serve"], &[("GATEWRIGHT_HTTP_ADR", "127.0.0.1:1")]).await;
    assert!(refusal(&refused).contains("GATEWRIGHT_HTTP_ADR"), "{refused:?}");
    let refused = home.run(&["serve"], &[("GATEWRIGHT_DRAIN_SECONDS", "soon")]).await;
    assert!(refusal(&refused).contains("GATEWRIGHT_DRAIN_SECONDS"), "{refused:?}");
    let refused = home.run(&["serve", "--config", "missing.toml"], &[]).await;
    assert!(refusal(&refused).contains("missing.toml"), "{refused:?}");
    let url = "postgres://somebody:hunter2@127.0.0.1:port/database";
    let refused = home.run(&["serve"], &[("GATEWRIGHT_DATABASE_URL", url)]).await;
    assert!(refusal(&refused).contains("database_url"), "{refused:?}");
    assert!(!refused.stderr.contains("hunter2"), "{refused:?}");
    let refused = home.run(&["bootstrap"], &[]).await;
    assert!(refusal(&refused).contains("gatewright serve"), "{refused:?}");
    assert!(!home.data_dir().join("postgres.json").exists());
}
