//! `gatewright conform` at a stand-in for an Apigee.

use std::fs;

use serde_json::{Value, json};
use vendor_fakes::apigee::{Fake, Options, Seed};

use crate::program::home::Home;

/// What nobody can look at there: Apigee ends no key by itself.
const NOT_THERE: [&str; 2] = ["END_SET", "END_ACTS"];

#[tokio::test]
async fn everything_holds_at_an_apigee_that_does_as_google_says_and_nothing_is_left() {
    let home = Home::new();
    let seed = Seed::Demo;
    let fake = Fake::start(Options {
        seed,
        ..Options::default()
    })
    .await
    .unwrap();
    fake.mark_foreign();
    let settings = json!({
        "organization": fake.organization(), "url": fake.admin_url(), "tokenUrl": fake.token_url(),
    });
    fs::write(home.path("apigee.json"), settings.to_string()).unwrap();
    let probe = format!("{}/payments", fake.proxy_url());
    let arguments = [
        "conform",
        "--live",
        "--vendor",
        "apigee",
        "--settings",
        "apigee.json",
        "--json",
        "--scope",
        "prod-payments",
        "--probe-url",
        &probe,
        "--probe-field",
        "x-apikey",
    ];
    let key = fake.service_account_key();
    let credentials = json!({ "serviceAccountKey": key }).to_string();
    let ended = home
        .run(&arguments, &[("GATEWRIGHT_CONFORM_CREDENTIALS", &credentials)])
        .await;
    let told: Value = serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{ended:?}"));
    for line in told["assumptions"].as_array().unwrap() {
        let nobody = NOT_THERE.contains(&line["assumption"].as_str().unwrap());
        let expected = if nobody { "NOT_CHECKED" } else { "HELD" };
        assert_eq!(line["verdict"], expected, "{line:#}");
    }
    assert_eq!(told["leftBehind"], json!([]));
    assert!(fake.touched().is_empty(), "{:?}", fake.touched());
    let state = fake.state();
    assert!(!state["developers"].to_string().contains("gwr-") && !state["apps"].to_string().contains("gwr-"));
    let pem = key["private_key"].as_str().unwrap();
    for secret in fake.secrets().iter().map(String::as_str).chain([pem, "ya29."]) {
        assert!(!ended.stdout.contains(secret) && !ended.stderr.contains(secret));
    }
}
