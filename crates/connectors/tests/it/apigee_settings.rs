//! What an operator says, what is wrong with it, and how we sign in with it.

use std::sync::Arc;
use std::time::Duration;

use gatewright_connectors::model::{Granularity, Inert, Serial, Vendor};
use gatewright_connectors::{Apigee, Connector, FaultKind, Observed, Step};
use gatewright_types::problem::FieldError;
use secrecy::SecretString;
use serde_json::{Value, json};
use tracing_subscriber::fmt::MakeWriter;
use vendor_fakes::apigee::{Fake, Options};
use vendor_fakes::faults::{Fault, Rule};

use crate::apigee_shop::{
    KEY, ORDERS, SECOND_KEY, Shop, credentials, drop_key, generated, key, scope, settings, subscribed,
};

fn wrong(made: Result<Apigee, Vec<FieldError>>) -> Vec<String> {
    let wrong = made.err().expect("it is refused");
    wrong.into_iter().map(|error| error.field).collect()
}

#[tokio::test]
async fn each_field_that_is_wrong_is_named_and_no_word_of_the_key_is() {
    let fake = Fake::start(Options::default()).await.unwrap();
    let account = fake.service_account_key();
    let good = || settings("https://apigee.googleapis.com", "https://oauth2.googleapis.com/token");
    let of = |field: &str, value: Value| {
        let mut account = account.clone();
        account[field] = value;
        credentials(&account)
    };
    assert!(Apigee::new(good(), &credentials(&account)).is_ok());
    for (field, value) in [
        ("type", json!("authorized_user")),
        ("client_email", json!("nobody")),
        ("private_key", json!("hunter2")),
        (
            "private_key",
            json!("-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----\n"),
        ),
    ] {
        let made = Apigee::new(good(), &of(field, value));
        let told = made.as_ref().err().map(|wrong| format!("{wrong:?}")).unwrap();
        assert!(!told.contains("hunter2"), "{told}");
        assert_eq!(wrong(made), [format!("/credentials/serviceAccountKey/{field}")]);
    }
    for (field, value) in [
        ("organization", "a/b"),
        ("url", "ftp://x"),
        ("url", "https://apigee.googleapis.com?x=1"),
        ("tokenUrl", "nowhere"),
        ("developerDomain", "Upper.example.com"),
        ("caPem", "nothing"),
    ] {
        let mut settings = serde_json::to_value(good()).unwrap();
        settings[field] = json!(value);
        let made = Apigee::new(serde_json::from_value(settings).unwrap(), &credentials(&account));
        assert_eq!(wrong(made), [format!("/settings/{field}")]);
    }
    let defaults: gatewright_connectors::apigee::Settings =
        serde_json::from_value(json!({ "organization": "o" })).unwrap();
    assert_eq!(defaults.url, "https://apigee.googleapis.com");
    assert_eq!(defaults.token_url, "https://oauth2.googleapis.com/token");
    let secret = |json: Value| SecretString::from(json.to_string());
    let make = |credentials: Value| {
        gatewright_connectors::make(Vendor::Apigee, &json!({ "organization": "o" }), &secret(credentials))
    };
    let made = make(json!({ "serviceAccountKey": account })).unwrap();
    let can = made.capabilities();
    assert_eq!(
        (can.inert, can.scope_granularity),
        (Inert::ScopeWithheld, Granularity::Credential)
    );
    assert_eq!((can.serial, can.calls_per_second), (Serial::Customer, Some(100)));
    assert_eq!(
        (can.propagation_seconds, can.rate_key.as_deref()),
        (180, Some("apigee|o"))
    );
    assert_eq!(
        make(json!({ "serviceAccountKey": "hunter2" })).err().unwrap()[0].field,
        "/credentials"
    );
    assert!(
        !format!("{:?}", credentials(&account)).contains("MII"),
        "no key is shown"
    );
}

#[tokio::test]
async fn a_pasted_file_sends_nothing_elsewhere() {
    let fake = Fake::start(Options::default()).await.unwrap();
    let elsewhere = crate::stand::Said::start(|_| crate::stand::json("200 OK", "{}")).await;
    let mut account = fake.service_account_key();
    account["token_uri"] = json!(format!("{}/token", elsewhere.url));
    let made = Apigee::new(settings(&fake.admin_url(), &fake.token_url()), &credentials(&account));
    assert_eq!(wrong(made), ["/credentials/serviceAccountKey/token_uri"]);
    for like in [
        "https://oauth2.googleapis.com.evil.example/token",
        "http://oauth2.googleapis.com/token",
    ] {
        account["token_uri"] = json!(like);
        let made = Apigee::new(settings(&fake.admin_url(), &fake.token_url()), &credentials(&account));
        assert_eq!(wrong(made), ["/credentials/serviceAccountKey/token_uri"], "{like}");
    }
    // The connection's own is the operator's word, and Google's is Google's.
    for uri in [fake.token_url(), "https://oauth2.googleapis.com/token".to_owned()] {
        account["token_uri"] = json!(uri);
        assert!(Apigee::new(settings(&fake.admin_url(), &fake.token_url()), &credentials(&account)).is_ok());
    }
    assert!(elsewhere.seen().is_empty());
}

#[tokio::test]
async fn a_token_that_ends_is_replaced_ahead_and_by_one() {
    let shop = Shop::with(Options {
        token_lifetime: Duration::from_secs(100),
        ..Options::default()
    })
    .await;
    let tokens = || shop.calls.take().into_iter().filter(|one| *one == "token.post").count();
    shop.apply_all(&subscribed()).await;
    assert_eq!(tokens(), 1);
    let ahead = |seconds| {
        shop.fake.advance(Duration::from_secs(seconds));
        shop.link.clock().advance(Duration::from_secs(seconds));
    };
    ahead(74);
    shop.observe().await;
    assert_eq!(tokens(), 0);
    // Of many, one fetches the next and the others go on meanwhile; where that fails, all go on, and a while later it is tried again.
    ahead(2);
    shop.fake
        .fail(Rule::new("POST", "/token", Fault::Fails { status: 503 }).times(1));
    shop.observe().await;
    assert!(tokens() >= 1);
    shop.fake.heal();
    shop.calls.take();
    ahead(6);
    let looks = (0..8).map(|_| shop.observe());
    futures_util::future::join_all(looks).await;
    assert_eq!(tokens(), 1);
    // It ended unnoticed: once more for all of them.
    ahead(200);
    futures_util::future::join_all((0..8).map(|_| shop.observe())).await;
    assert_eq!(tokens(), 1);
}

#[tokio::test]
async fn a_token_that_is_withdrawn_is_replaced_in_the_middle_of_a_step() {
    let shop = Shop::with(Options {
        token_lifetime: Duration::from_secs(100),
        ..Options::default()
    })
    .await;
    shop.apply(&Step::Application).await.unwrap();
    shop.calls.take();
    // Only Google's clock moves.
    shop.fake.advance(Duration::from_secs(101));
    shop.blindly(&key(1, KEY, &[ORDERS])).await;
    assert_eq!(shop.calls.take(), ["key.post", "token.post", "key.post", "key.attach"]);
    assert_eq!(shop.call("/orders", KEY).await, 200);
    // Where the next one is not accepted either, that is told.
    shop.fake.fail(Rule::new("GET", "/**", Fault::Unauthorized));
    let fault = shop.apigee.observe(&shop.link, &shop.ours).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unauthenticated, "{fault}");
    shop.fake.heal();
    shop.fake.advance(Duration::from_secs(101));
    shop.fake.fail(Rule::new("POST", "/token", Fault::Unauthorized));
    let fault = shop.apigee.observe(&shop.link, &shop.ours).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unauthenticated, "{fault}");
    assert!(fault.words.contains("Invalid JWT Signature"), "{fault}");
}

/// Everything that is logged at any level, on this thread.
#[derive(Clone, Default)]
struct Log(Arc<std::sync::Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn no_key_is_told_at_any_level() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE);
    let _heard = tracing::subscriber::set_default(subscriber.with_writer(log.clone()).finish());
    tracing::trace!("the log is heard");
    let shop = Shop::open().await;
    let mut told = String::new();
    let steps = [
        Step::Application,
        key(1, KEY, &[ORDERS]),
        key(1, KEY, &["prod-nope"]),
        key(2, "legacy-mobile-key-0001", &[]),
        generated(3, &[ORDERS]),
        Step::Suspend,
        Step::Reactivate(scope(&[])),
        key(4, SECOND_KEY, &[]),
        drop_key(1),
    ];
    let faults = [
        None,
        Some(Fault::DropBefore),
        Some(Fault::WrongContentType),
        Some(Fault::Fails { status: 500 }),
        Some(Fault::ConflictOurs),
    ];
    for fault in faults {
        for step in &steps {
            for skip in 0..4 {
                if let Some(fault) = &fault {
                    let rule = Rule {
                        method: None,
                        ..Rule::new("", "/developers/**", fault.clone())
                    };
                    shop.fake.fail(rule.after(skip).times(1));
                }
                let observed = shop.apigee.observe(&shop.link, &shop.ours).await;
                told += &format!("{observed:?}");
                let observed = observed.unwrap_or_default();
                let done = shop.apigee.apply(&shop.link, &shop.ours, step, &observed).await;
                told += &format!("{done:?}");
                if let Err(fault) = &done {
                    told += &fault.to_string();
                }
                shop.fake.heal();
            }
        }
    }
    // An Apigee that repeats all that it hears.
    let mut shop = shop;
    let echo = crate::stand::Said::start(|request| {
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        let message = serde_json::Value::from(format!("{body}{head}"));
        crate::stand::json(
            "400 Bad Request",
            &format!(r#"{{"error":{{"code":400,"message":{message}}}}}"#),
        )
    })
    .await;
    shop.through(&echo.url);
    for step in &steps {
        let nothing = Observed::default();
        let done = shop.apigee.apply(&shop.link, &shop.ours, step, &nothing).await;
        told += &format!("{done:?}");
    }
    assert!(
        echo.seen().iter().any(|request| request.contains(KEY)),
        "it heard a key"
    );
    told += &String::from_utf8_lossy(&log.0.lock().unwrap());
    assert!(
        told.contains("the log is heard") && told.contains("Fault"),
        "something was told"
    );
    let account = shop.fake.service_account_key();
    let pem = account["private_key"]
        .as_str()
        .unwrap()
        .lines()
        .nth(1)
        .unwrap()
        .to_owned();
    for secret in shop
        .fake
        .secrets()
        .into_iter()
        .chain(["ya29.".to_owned(), pem, "assertion=".to_owned()])
    {
        assert!(!told.contains(&secret), "{secret} is told");
    }
}
