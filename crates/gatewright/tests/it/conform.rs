//! `gatewright conform`, as its user runs it, at a stand-in for a Kong.

use std::fs;

use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use vendor_fakes::aws;
use vendor_fakes::faults::{Fault, Rule};
use vendor_fakes::kong::{Fake, Flavor, Options, Seed};

use crate::program::home::{Ended, Home};

const TOKEN: &str = "kpat_theOperatorsOwnToken";
const BODY_MAX_BYTES: usize = 1024 * 1024;

async fn kong(flavor: Flavor) -> Fake {
    let fake = Fake::start(Options {
        flavor,
        seed: Seed::Demo,
        token: (flavor == Flavor::Enterprise).then(|| TOKEN.to_owned()),
        ..Options::default()
    })
    .await
    .unwrap();
    fake.mark_foreign();
    fake
}

/// Tries the gateway at `url`, with the proxy of `fake`.
async fn conform(home: &Home, fake: &Fake, url: &str, more: &[&str]) -> Ended {
    fs::write(
        home.path("kong.json"),
        json!({ "flavor": "ADMIN_API", "url": url }).to_string(),
    )
    .unwrap();
    let probe = format!("{}/orders", fake.proxy_url());
    let mut arguments = vec![
        "conform",
        "--live",
        "--vendor",
        "kong",
        "--settings",
        "kong.json",
        "--json",
    ];
    arguments.extend(["--scope", "prod-orders", "--probe-url", &probe]);
    arguments.extend(more);
    let credentials = json!({ "headers": { "Kong-Admin-Token": TOKEN } }).to_string();
    home.run(&arguments, &[("GATEWRIGHT_CONFORM_CREDENTIALS", &credentials)])
        .await
}

/// The verdict on each assumption.
fn verdict(told: &Value, assumption: &str) -> String {
    let lines = told["assumptions"].as_array().unwrap();
    let line = lines.iter().find(|line| line["assumption"] == assumption);
    line.unwrap()["verdict"].as_str().unwrap().to_owned()
}

fn told(ended: &Ended) -> Value {
    serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{ended:?}"))
}

/// Nothing of ours is there, nothing of others' was touched, and no secret was said.
fn assert_clean(fake: &Fake, ended: &Ended) {
    assert!(fake.touched().is_empty(), "{:?}", fake.touched());
    let state = fake.state().to_string();
    assert!(!state.contains("gwr-"), "{state}");
    for secret in fake.secrets().iter().map(String::as_str).chain([TOKEN]) {
        assert!(!ended.stdout.contains(secret) && !ended.stderr.contains(secret));
    }
}

#[tokio::test]
async fn everything_holds_at_a_gateway_that_does_as_its_vendor_says_and_nothing_is_left() {
    for flavor in [Flavor::Oss, Flavor::Enterprise] {
        let (home, fake) = (Home::new(), kong(flavor).await);
        let ended = conform(&home, &fake, &fake.admin_url(), &[]).await;
        let told = told(&ended);
        for line in told["assumptions"].as_array().unwrap() {
            assert_eq!(line["verdict"], "HELD", "{line:#}");
        }
        assert_eq!((&told["allHeld"], &told["leftBehind"]), (&json!(true), &json!([])));
        assert_eq!(ended.status.code(), Some(0), "{ended:?}");
        assert!(fake.secrets().len() > 3, "keys were made");
        assert_clean(&fake, &ended);
    }
}

#[tokio::test]
async fn without_a_proxy_to_ask_nothing_is_called_held_that_only_it_can_tell() {
    let (home, fake) = (Home::new(), kong(Flavor::Oss).await);
    fs::write(
        home.path("kong.json"),
        json!({ "flavor": "ADMIN_API", "url": fake.admin_url() }).to_string(),
    )
    .unwrap();
    let arguments = [
        "conform",
        "--live",
        "--vendor",
        "KONG",
        "--settings",
        "kong.json",
        "--scope",
        "prod-orders",
    ];
    let ended = home.run(&arguments, &[]).await;
    assert_eq!(ended.status.code(), Some(3), "{ended:?}");
    assert!(ended.stdout.contains("NOT_CHECKED   KEY_ADMITTED"), "{}", ended.stdout);
    assert!(ended.stdout.contains("HELD          NOTHING_LEFT"), "{}", ended.stdout);
    assert!(!ended.stdout.contains("DID_NOT_HOLD  "), "{}", ended.stdout);
    assert_clean(&fake, &ended);
}

#[tokio::test]
async fn without_live_and_with_what_cannot_be_nothing_is_asked() {
    let (home, fake) = (Home::new(), kong(Flavor::Oss).await);
    let ended = home.run(&["conform"], &[]).await;
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    assert!(ended.stdout.contains("--live"), "{ended:?}");
    let metadata = conform(&home, &fake, "http://169.254.169.254", &[]).await;
    assert_eq!(metadata.status.code(), Some(1));
    assert!(metadata.stderr.contains("metadata service"), "{metadata:?}");
    fs::write(home.path("credentials.json"), r#"{"bearer": {"oops": "hunter2"}}"#).unwrap();
    let refused = conform(
        &home,
        &fake,
        &fake.admin_url(),
        &["--credentials-file", "credentials.json"],
    )
    .await;
    assert_eq!(refused.status.code(), Some(1));
    assert!(refused.stderr.contains("/credentials"), "{refused:?}");
    assert!(!refused.stderr.contains("hunter2"), "{refused:?}");
    assert!(fake.calls().is_empty(), "{:?}", fake.calls());
}

/// Stands before a Kong and leaves a field out of whatever is written to it.
async fn forgetful(admin_url: String, forgets: &'static str) -> String {
    async fn pass_on(
        State((admin_url, forgets, client)): State<(String, &'static str, reqwest::Client)>,
        request: Request,
    ) -> Response {
        let (head, body) = request.into_parts();
        let mut body = to_bytes(body, BODY_MAX_BYTES).await.unwrap();
        if let Ok(Value::Object(mut fields)) = serde_json::from_slice(&body) {
            fields.remove(forgets);
            body = Bytes::from(Value::Object(fields).to_string());
        }
        let url = format!("{admin_url}{}", head.uri.path_and_query().unwrap());
        let mut asked = client.request(head.method, url).body(body);
        if let Some(kind) = head.headers.get("content-type") {
            asked = asked.header("content-type", kind);
        }
        let answer = asked.send().await.unwrap();
        let status = StatusCode::from_u16(answer.status().as_u16()).unwrap();
        let fields = ["content-type", "date"].map(|name| (name, answer.headers().get(name).cloned()));
        let mut passed = (status, answer.bytes().await.unwrap()).into_response();
        for (name, value) in fields {
            passed.headers_mut().remove(name);
            if let Some(value) = value {
                passed.headers_mut().insert(name, value);
            }
        }
        passed
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let app = axum::Router::new()
        .fallback(pass_on)
        .with_state((admin_url, forgets, reqwest::Client::new()));
    tokio::spawn(async move { axum::serve(listener, app).await });
    url
}

#[tokio::test]
async fn a_gateway_that_forgets_what_a_connector_counts_on_is_found_out_and_left_clean() {
    for (forgets, found_out, still_held) in [
        ("ttl", "END_SET", "SUSPENDED"),
        ("key", "SECRET_TAKEN", "APPLICATION_MADE"),
        ("enabled", "", "SUSPENDED"),
    ] {
        let (home, fake) = (Home::new(), kong(Flavor::Oss).await);
        let url = forgetful(fake.admin_url(), forgets).await;
        let ended = conform(&home, &fake, &url, &[]).await;
        let told = told(&ended);
        if found_out.is_empty() {
            // Kong's own default: whoever leaves it out changes nothing. So the intermediary changes nothing by itself.
            assert_eq!(told["allHeld"], true, "{told:#}");
        } else {
            assert_eq!(verdict(&told, found_out), "DID_NOT_HOLD", "{forgets}: {told:#}");
            assert_eq!(ended.status.code(), Some(1), "{ended:?}");
        }
        assert_eq!(verdict(&told, still_held), "HELD", "{forgets}: {told:#}");
        assert_eq!(told["leftBehind"], json!([]), "{forgets}");
        assert_clean(&fake, &ended);
    }
}

#[tokio::test]
async fn what_loses_its_mark_is_left_alone_and_named() {
    let (home, fake) = (Home::new(), kong(Flavor::Oss).await);
    let url = forgetful(fake.admin_url(), "tags").await;
    let ended = conform(&home, &fake, &url, &[]).await;
    let told = told(&ended);
    assert_eq!(verdict(&told, "APPLICATION_MADE"), "DID_NOT_HOLD", "{told:#}");
    assert_eq!(verdict(&told, "SUSPENDED"), "NOT_CHECKED", "{told:#}");
    let left = told["leftBehind"][0].as_str().unwrap();
    assert!(left.starts_with("gwr-"), "{left}");
    assert!(ended.stderr.contains("may be left"), "{ended:?}");
    assert_eq!(ended.status.code(), Some(1));
    assert!(fake.touched().is_empty(), "{:?}", fake.touched());
}

#[tokio::test]
async fn whatever_fails_on_the_way_is_a_line_and_nothing_is_left() {
    for (rule, line) in [
        (
            Rule::new("POST", "/consumers/*/acls", Fault::Fails { status: 500 }),
            "SCOPE_SET",
        ),
        (
            Rule::new("PUT", "/consumers/*/plugins/*", Fault::Unauthorized),
            "SUSPENDED",
        ),
    ] {
        let (home, fake) = (Home::new(), kong(Flavor::Oss).await);
        fake.fail(rule);
        let ended = conform(&home, &fake, &fake.admin_url(), &[]).await;
        let told = told(&ended);
        assert_eq!(verdict(&told, line), "DID_NOT_HOLD", "{told:#}");
        assert_eq!(verdict(&told, "NOTHING_LEFT"), "NOT_CHECKED", "{told:#}");
        assert_eq!(told["leftBehind"], json!([]), "{line}");
        assert_clean(&fake, &ended);
    }
}

#[tokio::test]
async fn an_answer_that_is_lost_costs_nothing() {
    let (home, fake) = (Home::new(), kong(Flavor::Oss).await);
    fake.fail(Rule::new("POST", "/consumers/*/key-auth", Fault::DropAfter).times(1));
    let ended = conform(&home, &fake, &fake.admin_url(), &[]).await;
    assert_eq!(told(&ended)["allHeld"], true, "{}", ended.stdout);
    assert_clean(&fake, &ended);
}

#[tokio::test]
async fn a_gateway_that_puts_calls_off_is_waited_for() {
    let (home, fake) = (Home::new(), kong(Flavor::Oss).await);
    let throttled = Fault::Throttled {
        retry_after_seconds: Some(1),
    };
    fake.fail(Rule::new("PUT", "/consumers/*", throttled).times(1));
    let ended = conform(&home, &fake, &fake.admin_url(), &["--calls-per-second", "500"]).await;
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    assert_clean(&fake, &ended);
}

#[tokio::test]
async fn told_to_end_it_takes_everything_away_first() {
    let (home, fake) = (Home::new(), kong(Flavor::Oss).await);
    fake.fail(Rule::every(Fault::Slow { ms: 30 }));
    fs::write(
        home.path("kong.json"),
        json!({ "flavor": "ADMIN_API", "url": fake.admin_url() }).to_string(),
    )
    .unwrap();
    let arguments = [
        "conform",
        "--live",
        "--vendor",
        "KONG",
        "--settings",
        "kong.json",
        "--scope",
        "prod-orders",
    ];
    let running = home.start(&arguments, &[]);
    let patience = std::time::Instant::now();
    while fake.secrets().iter().all(|secret| !secret.starts_with("sk_live_")) {
        assert!(patience.elapsed().as_secs() < 60, "{}", running.log());
        tokio::task::yield_now().await;
    }
    assert!(fake.state().to_string().contains("gwr-"), "it is under way");
    assert_eq!(running.end(rustix::process::Signal::INT).await, Some(3));
    let state = fake.state().to_string();
    assert!(!state.contains("gwr-"), "{state}");
    assert!(fake.touched().is_empty());
}

#[tokio::test]
async fn an_anypoint_is_tried_as_well_and_what_its_vendor_cannot_do_is_said() {
    use vendor_fakes::mulesoft;
    let home = Home::new();
    let options = mulesoft::Options {
        seed: mulesoft::Seed::Demo,
        ..mulesoft::Options::default()
    };
    for (client_provider, generates) in [("ANYPOINT", false), ("OIDC", true)] {
        let fake = mulesoft::Fake::start(mulesoft::Options {
            client_provider: match generates {
                true => mulesoft::ClientProvider::Oidc,
                false => mulesoft::ClientProvider::Anypoint,
            },
            ..options.clone()
        })
        .await
        .unwrap();
        let settings = json!({
            "rootOrganizationId": options.root_organization,
            "organizationId": options.organization,
            "environmentId": options.environment,
            "url": fake.admin_url(),
            "clientProvider": client_provider,
        });
        fs::write(home.path("anypoint.json"), settings.to_string()).unwrap();
        let probe = format!("{}/orders", fake.proxy_url());
        let mut arguments = vec![
            "conform",
            "--live",
            "--vendor",
            "mulesoft",
            "--settings",
            "anypoint.json",
            "--json",
        ];
        arguments.extend(["--scope", "20000001", "--probe-field", "client_id"]);
        if !generates {
            arguments.extend(["--probe-url", &probe]);
        }
        let credentials = json!({ "clientId": options.client_id, "clientSecret": options.client_secret }).to_string();
        let ended = home
            .run(&arguments, &[("GATEWRIGHT_CONFORM_CREDENTIALS", &credentials)])
            .await;
        let told = told(&ended);
        // Its clients do not end by themselves, and the stand-in has no clock of its own to be ahead with.
        let mut unchecked = vec!["END_SET", "END_ACTS"];
        if generates {
            unchecked.push("SECRET_TAKEN");
        }
        for line in told["assumptions"].as_array().unwrap() {
            let name = line["assumption"].as_str().unwrap();
            let asks_proxy = generates && (name.contains("ADMITTED") || name.contains("REFUSED"));
            let expected = match unchecked.contains(&name) || asks_proxy {
                true => "NOT_CHECKED",
                false => "HELD",
            };
            assert_eq!(line["verdict"], expected, "{client_provider}: {line:#}");
        }
        assert_eq!(told["leftBehind"], json!([]));
        assert_eq!(ended.status.code(), Some(3), "{ended:?}");
        assert!(fake.touched().is_empty(), "{:?}", fake.touched());
        assert!(!fake.state().to_string().contains("gwr-"), "{}", fake.state());
        for secret in fake.secrets().iter().filter(|secret| secret.len() > 20) {
            assert!(!ended.stdout.contains(secret) && !ended.stderr.contains(secret));
        }
    }
}

#[tokio::test]
async fn everything_that_aws_has_holds_at_one_that_does_as_it_says() {
    let home = Home::new();
    let options = aws::Options {
        seed: aws::Seed::Demo,
        ..aws::Options::default()
    };
    let fake = aws::Fake::start(options).await.unwrap();
    fake.mark_foreign();
    let settings = json!({ "region": "eu-central-1", "url": fake.admin_url(), "stsUrl": fake.admin_url() });
    fs::write(home.path("aws.json"), settings.to_string()).unwrap();
    let probe = format!("{}/orders", fake.proxy_url());
    let mut arguments = vec![
        "conform",
        "--live",
        "--vendor",
        "aws_api_gateway",
        "--settings",
        "aws.json",
        "--json",
    ];
    arguments.extend(["--scope", "plan01", "--probe-url", &probe, "--probe-field", "x-api-key"]);
    let credentials = json!({ "accessKeyId": aws::ACCESS_KEY_ID, "secretAccessKey": aws::SECRET_ACCESS_KEY });
    let variables = [("GATEWRIGHT_CONFORM_CREDENTIALS", &credentials.to_string()[..])];
    let ended = home.run(&arguments, &variables).await;
    let told = told(&ended);
    let not_held: Vec<&str> = told["assumptions"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|line| line["verdict"] != "HELD")
        .map(|line| line["assumption"].as_str().unwrap())
        .collect();
    // AWS ends no key by itself.
    assert_eq!(not_held, ["END_SET", "END_ACTS"], "{told:#}");
    assert_eq!(verdict(&told, "END_SET"), "NOT_CHECKED");
    assert_eq!(
        (ended.status.code(), &told["leftBehind"]),
        (Some(3), &json!([])),
        "{ended:?}"
    );
    assert!(fake.touched().is_empty(), "{:?}", fake.touched());
    let state = fake.state();
    assert!(!state.to_string().contains("gwr-"), "{state}");
    assert_eq!(state["rates"]["CreateApiKey"]["over"], 0, "{state}");
    for secret in fake
        .secrets()
        .iter()
        .map(String::as_str)
        .chain([aws::SECRET_ACCESS_KEY])
    {
        assert!(!ended.stdout.contains(secret) && !ended.stderr.contains(secret));
    }
}

#[tokio::test]
async fn everything_holds_at_azure_api_management_and_nothing_is_left() {
    let secret = "qfr8Q~theOperatorsOwnSecret";
    let home = Home::new();
    let fake = vendor_fakes::azure::Fake::start(vendor_fakes::azure::Options {
        seed: vendor_fakes::azure::Seed::Demo,
        client: Some(("us".to_owned(), secret.to_owned())),
        ..vendor_fakes::azure::Options::default()
    })
    .await
    .unwrap();
    fake.mark_foreign();
    let options = fake.options();
    let settings = json!({
        "subscriptionId": options.subscription_id, "resourceGroup": options.resource_group,
        "serviceName": options.service_name, "tenantId": options.tenant_id,
        "url": fake.admin_url(), "loginUrl": fake.admin_url(),
    });
    fs::write(home.path("azure.json"), settings.to_string()).unwrap();
    let probe = format!("{}/orders", fake.proxy_url());
    let mut arguments = vec![
        "conform",
        "--live",
        "--vendor",
        "AZURE_API_MANAGEMENT",
        "--settings",
        "azure.json",
    ];
    arguments.extend(["--scope", "prod-orders", "--probe-url", &probe, "--json"]);
    arguments.extend(["--probe-field", "Ocp-Apim-Subscription-Key"]);
    let credentials = json!({ "clientId": "us", "clientSecret": secret }).to_string();
    let ended = home
        .run(&arguments, &[("GATEWRIGHT_CONFORM_CREDENTIALS", &credentials)])
        .await;
    let told = told(&ended);
    for line in told["assumptions"].as_array().unwrap() {
        // Azure ends no key by itself.
        let ends = line["assumption"] == "END_SET" || line["assumption"] == "END_ACTS";
        assert_eq!(line["verdict"], if ends { "NOT_CHECKED" } else { "HELD" }, "{line:#}");
    }
    assert_eq!(told["leftBehind"], json!([]));
    assert_eq!(ended.status.code(), Some(3), "{ended:?}");
    assert!(fake.touched().is_empty(), "{:?}", fake.touched());
    assert!(!fake.state().to_string().contains("gwr-"));
    for one in fake.secrets().iter().map(String::as_str).chain([secret]) {
        assert!(!ended.stdout.contains(one) && !ended.stderr.contains(one));
    }
}
