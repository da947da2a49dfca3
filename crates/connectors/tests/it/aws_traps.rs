//! The traps of AWS's, as the module's page lists them: each test fails where its handling is taken away.

use std::time::Duration;

use gatewright_connectors::aws::{AwsApiGateway, Settings};
use gatewright_connectors::model::Secret;
use gatewright_connectors::{Connector, FaultKind, Observed, Step};
use http::Method;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use vendor_fakes::faults::{Fault, Rule};

use crate::aws_shop::{
    KEY, ORDERS, SECOND_KEY, Shop, assume_role, credentials, drop_key, generated, key, scope, settings,
};
use crate::stand::{Said, link, with};

#[tokio::test]
async fn a_lost_answer_leaves_one_key() {
    for fault in [Fault::DropAfter, Fault::FailsAfter { status: 504 }, Fault::Truncated] {
        for step in [generated(1, &[ORDERS]), generated(1, &[]), key(1, KEY, &[ORDERS])] {
            let shop = Shop::open().await;
            shop.fake.fail(Rule::new("POST", "/apikeys", fault.clone()).times(1));
            // With a value of ours a second try over the wire is allowed, and finds what the first has made.
            if let Err(lost) = shop.apply(&step).await {
                assert_eq!(lost.kind, FaultKind::UnknownOutcome, "{fault:?}: {lost}");
            } else {
                assert!(
                    matches!(
                        &step,
                        Step::Credential {
                            secret: Secret::Provided(_),
                            ..
                        }
                    ),
                    "{fault:?}"
                );
            }
            // By one that does not look, which is what a retry may be.
            let applied = shop.blindly(&step).await;
            let [ours] = &shop.our_keys()[..] else {
                panic!("{fault:?}: {:?}", shop.our_keys())
            };
            let value = applied
                .generated
                .map_or(KEY.to_owned(), |value| value.expose_secret().to_owned());
            assert_eq!(ours["value"], value, "{fault:?}");
        }
    }
}

/// AWS's list may be older than what was made: then a second key is made, and the first shows up.
#[tokio::test]
async fn what_shows_up_late_goes_and_the_one_that_works_stays() {
    let shop = Shop::open().await;
    let told = shop.apply(&generated(1, &[ORDERS])).await.unwrap().generated.unwrap();
    let [ours] = &shop.our_keys()[..] else { panic!() };
    let late = json!({ "name": ours["name"], "tags": ours["tags"], "enabled": false });
    for settles in [generated(1, &[ORDERS]), Step::Reactivate(scope(&[ORDERS]))] {
        shop.by_hand(Method::POST, "/apikeys", late.clone()).await;
        let observed = shop.observe().await;
        assert!(observed.unsettled, "the engine sees that something is to be done");
        assert_eq!(observed.credentials.len(), 1);
        shop.apply(&settles).await.unwrap();
        let [left] = &shop.our_keys()[..] else { panic!() };
        assert_eq!(left["value"], told.expose_secret());
        assert!(!shop.observe().await.unsettled);
    }
    // Both are disabled while the subscription is, and both go with the number.
    shop.by_hand(Method::POST, "/apikeys", late).await;
    shop.apply(&Step::Suspend).await.unwrap();
    assert!(shop.our_keys().iter().all(|key| key["enabled"] == false));
    shop.apply(&drop_key(1)).await.unwrap();
    assert!(shop.our_keys().is_empty());
}

#[tokio::test]
async fn k1_is_not_k10() {
    let shop = Shop::open().await;
    shop.apply(&key(10, KEY, &[ORDERS])).await.unwrap();
    // Neither is k10 taken for k1, nor is its value, nor does it go with it.
    let first = shop.apply(&generated(1, &[ORDERS])).await.unwrap().generated.unwrap();
    assert_ne!(first.expose_secret(), KEY);
    shop.apply(&drop_key(1)).await.unwrap();
    assert_eq!(shop.call("/orders", KEY).await, 200);
    let taken = shop
        .aws
        .apply(&shop.link, &shop.ours, &key(1, KEY, &[ORDERS]), &Observed::default())
        .await;
    assert_eq!(
        taken.unwrap_err().kind,
        FaultKind::Foreign,
        "the value is another number's"
    );
    assert_eq!(shop.our_keys().len(), 1);
}

#[tokio::test]
async fn two_plans_of_one_stage_are_told_from_a_second_time() {
    let shop = Shop::open().await;
    let body = json!({ "name": "rival", "apiStages": [{ "apiId": "api0000001", "stage": "prod" }] });
    let rival = shop.by_hand(Method::POST, "/usageplans", body).await;
    let rival = rival["id"].as_str().unwrap();
    let fault = shop.apply(&key(1, KEY, &[ORDERS, rival])).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Invalid, "{fault}");
    assert!(fault.words.contains("another plan"), "{fault}");
    // The second time it is there already, which is what was asked for.
    shop.apply(&key(1, KEY, &[ORDERS])).await.unwrap();
    let disabled_without_plans = {
        let mut observed = shop.observe().await;
        observed.credentials[0].scope.clear();
        observed
    };
    let step = key(1, KEY, &[ORDERS]);
    shop.aws
        .apply(&shop.link, &shop.ours, &step, &disabled_without_plans)
        .await
        .unwrap();
    assert_eq!(shop.call("/orders", KEY).await, 200);
}

#[tokio::test]
async fn a_plan_that_is_gone_is_missed_and_a_key_that_is_gone_is_gone() {
    let shop = Shop::open().await;
    shop.apply(&key(1, KEY, &[ORDERS])).await.unwrap();
    let fault = shop.apply(&key(1, KEY, &[ORDERS, "noplan"])).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::NotFound, "{fault}");
    let before = shop.observe().await;
    shop.by_hand(
        Method::DELETE,
        &format!("/apikeys/{}", before.credentials[0].remote_id),
        Value::Null,
    )
    .await;
    for step in [Step::Suspend, drop_key(1), Step::DropApplication] {
        shop.aws.apply(&shop.link, &shop.ours, &step, &before).await.unwrap();
    }
}

fn refusal(kind: &str, status: &str, fields: &str, message: &str) -> String {
    let body = json!({ "message": message }).to_string();
    with(status, &format!("x-amzn-errortype: {kind}\r\n{fields}"), &body)
}

async fn told(answer: String) -> gatewright_connectors::Fault {
    let said = Said::start(move |_| answer.clone()).await;
    let (link, _) = link(Duration::from_secs(10));
    let aws = AwsApiGateway::new(&settings(&said.url), &credentials()).unwrap();
    let shop_application = crate::stand::application(1);
    aws.apply(&link, &shop_application, &key(1, KEY, &[]), &Observed::default())
        .await
        .unwrap_err()
}

#[tokio::test]
async fn too_fast_and_too_many_are_told_apart() {
    let too_fast = FaultKind::Throttled(Some(Duration::from_secs(7)));
    for (kind, fields, expected) in [
        ("TooManyRequestsException", "retry-after: 7\r\n", too_fast),
        (
            "TooManyRequestsException:http://internal",
            "",
            FaultKind::Throttled(None),
        ),
        (
            "LimitExceededException:",
            "retry-after: 7\r\n",
            FaultKind::QuotaExhausted,
        ),
        ("", "", FaultKind::Throttled(None)),
    ] {
        let fault = told(refusal(kind, "429 Too Many Requests", fields, "no")).await;
        assert_eq!(fault.kind, expected, "{kind}: {fault}");
    }
    // The stand-in as well, when its region is full.
    let shop = Shop::with(|options| options.keys_max = 1, false).await;
    shop.apply(&key(1, KEY, &[])).await.unwrap();
    let fault = shop.apply(&key(2, SECOND_KEY, &[])).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::QuotaExhausted, "{fault}");
}

#[tokio::test]
async fn the_type_decides_and_not_the_status() {
    for (kind, status, expected) in [
        ("AccessDeniedException", "403 Forbidden", FaultKind::Forbidden),
        ("InvalidSignatureException", "403 Forbidden", FaultKind::Unauthenticated),
        ("ExpiredTokenException", "403 Forbidden", FaultKind::Unauthenticated),
        (
            "UnrecognizedClientException",
            "403 Forbidden",
            FaultKind::Unauthenticated,
        ),
        ("UnauthorizedException", "401 Unauthorized", FaultKind::Unauthenticated),
        ("BadRequestException", "400 Bad Request", FaultKind::Invalid),
        ("NotFoundException", "404 Not Found", FaultKind::NotFound),
        // Of something before AWS.
        ("", "404 Not Found", FaultKind::Transient),
        (
            "ServiceUnavailableException",
            "503 Service Unavailable",
            FaultKind::Transient,
        ),
        ("", "502 Bad Gateway", FaultKind::UnknownOutcome),
    ] {
        let fault = told(refusal(kind, status, "", "no")).await;
        assert_eq!(fault.kind, expected, "{kind} {status}: {fault}");
    }
    // A type in the body, as other services of AWS have it.
    let body = r#"{"__type":"com.amazonaws#AccessDeniedException","Message":"no"}"#;
    assert_eq!(told(with("400 Bad Request", "", body)).await.kind, FaultKind::Forbidden);
}

#[tokio::test]
async fn a_wrong_clock_is_called_that() {
    let shop = Shop::open().await;
    shop.fake.advance(Duration::from_secs(301));
    let fault = shop.apply(&key(1, KEY, &[])).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unauthenticated);
    assert!(fault.words.contains("clock is off"), "{fault}");
    // AWS's own clock, where its answer has it; and never the text that was signed, which holds the session's token.
    let message =
        "Signature expired: 20261122T000000Z is now earlier than 20261122T000500Z\n\nThe Canonical String: secret";
    let answer = refusal(
        "InvalidSignatureException",
        "403 Forbidden",
        "date: Sun, 22 Nov 2026 00:10:00 GMT\r\n",
        message,
    );
    let fault = told(answer).await;
    assert!(fault.words.contains("ahead by 600 s"), "{fault}");
    let signed = "does not match\nThe Canonical String: secret";
    let problem = problem(refusal("InvalidSignatureException", "403 Forbidden", "", signed)).await;
    assert!(
        problem.contains("does not match") && !problem.contains("Canonical"),
        "{problem}"
    );
}

/// What a look around makes of an answer that may be repeated.
async fn problem(answer: String) -> String {
    let said = Said::start(move |_| answer.clone()).await;
    let (link, _) = link(Duration::from_secs(10));
    let aws = AwsApiGateway::new(&settings(&said.url), &credentials()).unwrap();
    aws.verify(&link).await.unwrap().problems.remove(0)
}

#[tokio::test]
async fn no_word_is_repeated_of_an_answer_to_a_secret() {
    let fault = told(refusal(
        "BadRequestException",
        "400 Bad Request",
        "",
        &format!("{KEY} is not to my taste"),
    ))
    .await;
    assert!(!format!("{fault:?}").contains(KEY), "{fault:?}");
    assert!(fault.words.contains("BadRequest"), "{fault}");
    // Our own secret goes where something repeats the call's head.
    let said = "the secret is aStandInsSecretAccessKeyOfNoWorthAtAll00";
    let problem = problem(refusal("AccessDeniedException", "403 Forbidden", "", said)).await;
    assert!(
        problem.contains("the secret is …") && !problem.contains("aStandIns"),
        "{problem}"
    );
}

#[tokio::test]
async fn connections_to_one_account_share_its_rates() {
    let rate_key = |change: &dyn Fn(&mut Settings), access_key: &str| {
        let mut settings = settings("http://127.0.0.1:1");
        change(&mut settings);
        let mut credentials = credentials();
        credentials.access_key_id = access_key.to_owned();
        let aws = AwsApiGateway::new(&settings, &credentials).unwrap();
        aws.capabilities().rate_key.clone().unwrap()
    };
    let plain = |_: &mut Settings| {};
    let shared = rate_key(&plain, "AKIARZPUZDIKCWNSD7RT");
    assert_eq!(shared, "aws:123456789012:eu-central-1");
    assert_eq!(
        shared,
        rate_key(&plain, "AKIARZPUZDIKAAAAAAAA"),
        "another user of the account"
    );
    assert_eq!(
        shared,
        rate_key(
            &|settings| settings.assume_role = Some(assume_role()),
            "AKIAY34FZKBOKMUTVV7A"
        )
    );
    // Aidan Steele's example.
    assert_eq!(
        rate_key(&plain, "AKIAY34FZKBOKMUTVV7A"),
        "aws:609629065308:eu-central-1"
    );
    assert_ne!(
        shared,
        rate_key(
            &|settings| settings.region = "us-east-1".to_owned(),
            "AKIARZPUZDIKCWNSD7RT"
        )
    );
    // One from before 2019 does not say whose it is.
    assert_eq!(
        rate_key(&plain, "AKIAIOSFODNN7EXAMPLE"),
        "aws:AKIAIOSFODNN7EXAMPLE:eu-central-1"
    );
}

#[tokio::test]
async fn a_key_that_lost_its_tags() {
    let shop = Shop::open().await;
    shop.apply(&key(1, KEY, &[ORDERS])).await.unwrap();
    let id = shop.observe().await.credentials[0].remote_id.clone();
    let arn = format!("/tags/arn%3Aaws%3Aapigateway%3Aeu-central-1%3A%3A%2Fapikeys%2F{id}");
    let untag = format!("{arn}?tagKeys=gwr&tagKeys=sub&tagKeys=cust&tagKeys=cred");
    shop.by_hand(Method::DELETE, &untag, Value::Null).await;
    // It is shown as somebody's, and no step about the application touches it.
    let observed = shop.observe().await;
    assert!(observed.exists && observed.credentials[0].number.is_none());
    shop.fake.mark_foreign();
    shop.apply(&Step::Suspend).await.unwrap();
    assert_eq!(
        shop.apply(&Step::DropApplication).await.unwrap_err().kind,
        FaultKind::Foreign
    );
    assert!(shop.fake.touched().is_empty());
    // Name and value together are ours: it is given its tags again.
    shop.apply(&key(1, KEY, &[ORDERS])).await.unwrap();
    let observed = shop.observe().await;
    assert_eq!(
        (observed.credentials[0].number, &observed.credentials[0].remote_id),
        (Some(1), &id)
    );
    shop.apply(&Step::DropApplication).await.unwrap();
    assert!(shop.our_keys().is_empty());
}

#[tokio::test]
async fn a_list_that_leaves_tags_out_is_asked_key_by_key() {
    let tagged = Shop::open().await;
    tagged.apply(&key(1, KEY, &[])).await.unwrap();
    let whole = tagged.our_keys().remove(0);
    let said = Said::start(move |request| {
        let mut key = whole.clone();
        if request.starts_with("GET /apikeys?") {
            key.as_object_mut().unwrap().remove("tags");
            key = json!({ "item": [key] });
        } else if request.starts_with("GET /usageplans") {
            key = json!({ "item": [] });
        }
        with("200 OK", "", &key.to_string())
    })
    .await;
    let aws = AwsApiGateway::new(&settings(&said.url), &credentials()).unwrap();
    let observed = aws.observe(&tagged.link, &tagged.ours).await.unwrap();
    assert_eq!(observed.credentials[0].number, Some(1));
}
