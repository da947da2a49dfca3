//! What an answer means, also one that Kong would not give.

use std::time::Duration;

use gatewright_connectors::model::Secret;
use gatewright_connectors::{Connector, Fault, FaultKind, Observed, Step};
use secrecy::SecretString;

use crate::stand::{NOW_MS, Said, TOKEN, application, json, kong, link, settings, with};

const KEY: &str = "sk_theCustomersSecret";
const LONG: Duration = Duration::from_secs(10);

async fn fault_of(step: Step, answer: impl Fn(&str) -> String + Send + Sync + 'static) -> Fault {
    let said = Said::start(answer).await;
    let (link, _) = link(LONG);
    let applied = kong(settings(&said.url))
        .apply(&link, &application(1), &step, &Observed::default())
        .await;
    applied.unwrap_err()
}

fn credential() -> Step {
    Step::Credential {
        number: 1,
        first: 1,
        admitted: true,
        secret: Secret::Provided(SecretString::from(KEY)),
        scope: std::collections::BTreeSet::new(),
    }
}

#[tokio::test]
async fn each_status_has_its_class() {
    let konnect = |message: &str| {
        let detail = format!(r#"{{"type":"ERROR_TYPE_REFERENCE","field":"key","messages":["{message}"]}}"#);
        format!(r#"{{"code":3,"message":"data constraint error","details":[{detail}]}}"#)
    };
    let coded = |code: u8| format!(r#"{{"message":"m","name":"n","code":{code},"fields":{{}}}}"#);
    for (status, body, kind) in [
        (
            "401 Unauthorized",
            r#"{"message":"Unauthorized"}"#.to_owned(),
            FaultKind::Unauthenticated,
        ),
        ("403 Forbidden", r#"{"message":"no"}"#.to_owned(), FaultKind::Forbidden),
        ("400 Bad Request", coded(2), FaultKind::Invalid),
        ("400 Bad Request", coded(4), FaultKind::NotFound),
        ("400 Bad Request", coded(3), FaultKind::Foreign),
        (
            "400 Bad Request",
            konnect("key (type: unique) constraint failed"),
            FaultKind::Foreign,
        ),
        (
            "400 Bad Request",
            konnect("consumer_id (type: foreign) constraint failed"),
            FaultKind::NotFound,
        ),
        (
            "400 Bad Request",
            konnect("length must be at least 1"),
            FaultKind::Invalid,
        ),
        ("405 Method Not Allowed", coded(12), FaultKind::Unsupported),
        ("500 Internal Server Error", coded(8), FaultKind::Transient),
        ("503 Service Unavailable", String::new(), FaultKind::Transient),
        ("504 Gateway Timeout", "<html>".to_owned(), FaultKind::UnknownOutcome),
        ("302 Found", String::new(), FaultKind::Invalid),
        ("415 Unsupported Media Type", "<html>".to_owned(), FaultKind::Transient),
        (
            "404 Not Found",
            r#"{"message":"Not found"}"#.to_owned(),
            FaultKind::NotFound,
        ),
    ] {
        let fault = fault_of(credential(), move |_| json(status, &body)).await;
        assert_eq!(fault.kind, kind, "{status}: {fault}");
        assert_eq!(
            fault.status.map(|code| code.to_string()).as_deref(),
            status.split(' ').next()
        );
    }
}

#[tokio::test]
async fn a_pause_is_read_as_seconds_and_as_a_date_and_has_an_end() {
    let minute = chrono::DateTime::from_timestamp_millis(NOW_MS + 60_000).unwrap();
    let date = minute.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    for (field, pause) in [
        ("retry-after: 17\r\n".to_owned(), Some(17)),
        (format!("retry-after: {date}\r\n"), Some(60)),
        ("retry-after: 99999999\r\n".to_owned(), Some(3600)),
        (String::new(), None),
    ] {
        let fault = fault_of(Step::Application, move |_| with("429 Too Many Requests", &field, "{}")).await;
        assert_eq!(fault.kind, FaultKind::Throttled(pause.map(Duration::from_secs)));
    }
}

#[tokio::test]
async fn success_that_cannot_be_read_is_an_unknown_outcome_of_a_change_only() {
    for answer in [
        with("200 OK", "content-type: text/html\r\n", "<html>welcome</html>"),
        json("200 OK", r#"{"id":"#),
        json("200 OK", "[]"),
    ] {
        let said = answer.clone();
        let fault = fault_of(Step::Application, move |_| said.clone()).await;
        assert_eq!(fault.kind, FaultKind::UnknownOutcome, "{fault}");
        let said = Said::start(move |_| answer.clone()).await;
        let (link, _) = link(LONG);
        let fault = kong(settings(&said.url))
            .observe(&link, &application(1))
            .await
            .unwrap_err();
        assert_eq!(fault.kind, FaultKind::Transient, "{fault}");
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_or_never_comes_is_an_unknown_outcome() {
    let cut = |_: &str| "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{".to_owned();
    let said = Said::start(cut).await;
    let (link, _) = link(Duration::from_millis(300));
    let kong = kong(settings(&said.url));
    let fault = kong
        .apply(&link, &application(1), &Step::Application, &Observed::default())
        .await
        .unwrap_err();
    assert_eq!(fault.kind, FaultKind::UnknownOutcome, "{fault}");
    let fault = fault_of(Step::Application, |_| String::new()).await;
    assert_eq!(fault.kind, FaultKind::UnknownOutcome, "{fault}");
}

#[tokio::test]
async fn nobody_listening_means_that_nothing_was_sent() {
    let port = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let (link, _) = link(LONG);
    let kong = kong(settings(&format!("http://127.0.0.1:{port}")));
    let fault = kong.observe(&link, &application(1)).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unreachable, "{fault}");
}

#[tokio::test]
async fn what_something_before_kong_does_not_find_is_not_taken_for_gone() {
    for body in [
        r#"{"message":"no Route matched with those values"}"#,
        "<html>404</html>",
        r#"{"message":"Workspace 'x' not found"}"#,
    ] {
        let said = Said::start(move |_| json("404 Not Found", body)).await;
        let (link, _) = link(LONG);
        let kong = kong(settings(&said.url));
        let fault = kong.observe(&link, &application(1)).await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::Transient, "{fault}");
        let drop = Step::DropCredential {
            number: Some(1),
            remote_id: None,
        };
        for step in [drop, Step::Suspend, Step::DropApplication] {
            let done = kong.apply(&link, &application(1), &step, &Observed::default()).await;
            assert!(done.is_err(), "{step:?} was taken for done");
        }
    }
}

#[tokio::test]
async fn no_secret_is_in_a_faults_words() {
    // Kong repeats the key in its message; a proxy repeats what it was asked with.
    let repeats = |request: &str| {
        let key = if request.contains(KEY) { KEY } else { "" };
        let body = format!(
            r#"{{"name":"unique constraint violation","code":2,"fields":{{"key":"{key}"}},"message":"UNIQUE violation on '{{key={key}}}', Authorization: Bearer {TOKEN}"}}"#
        );
        json("400 Bad Request", &body)
    };
    for step in [credential(), Step::Application, Step::Suspend] {
        let fault = fault_of(step, repeats).await;
        let shown = format!("{fault} {fault:?}");
        assert!(!shown.contains(KEY) && !shown.contains(TOKEN), "{shown}");
    }
    let fault = fault_of(credential(), repeats).await;
    assert!(fault.words.contains("unique constraint violation (key)"), "{fault}");
}

#[tokio::test]
async fn a_list_whose_pages_do_not_end_is_left() {
    let said = Said::start(|_| json("200 OK", r#"{"data":[],"next":"/x","offset":"again"}"#)).await;
    let (link, _) = link(LONG);
    let fault = kong(settings(&said.url)).discover(&link, None).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Transient, "{fault}");
}
