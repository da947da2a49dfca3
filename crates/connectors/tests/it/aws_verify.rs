//! What stands in the way is said before anything is made.

use std::time::Duration;

use gatewright_connectors::Connector;
use gatewright_connectors::model::Report;
use serde_json::json;
use vendor_fakes::aws::{Options, Seed};
use vendor_fakes::faults::{Fault, Rule};

use crate::aws_shop::{Shop, given_key};

async fn report(change: impl FnOnce(&mut Options)) -> (Report, Shop) {
    let shop = Shop::with(change, false).await;
    let report = shop.aws.verify(&shop.link).await.unwrap();
    (report, shop)
}

#[tokio::test]
async fn a_good_account_has_no_problem_and_is_as_before() {
    let (report, shop) = report(|options| options.seed = Seed::Demo).await;
    assert_eq!(report.problems, Vec::<String>::new());
    assert_eq!(report.warnings, Vec::<String>::new());
    assert_eq!(report.version.as_deref(), Some("API keys 4"));
    assert!(shop.fake.touched().is_empty());
    assert_eq!(shop.keys().len(), 2, "the key that was tried is gone");
}

#[tokio::test]
async fn what_stands_in_the_way_is_named() {
    for (operation, word) in [
        ("GetAccount", "not authorized"),
        ("GetUsagePlans", "usage plans cannot be read"),
        ("GetRestApis", "APIs cannot be read"),
        ("GetApiKeys", "keys cannot be read"),
        ("CreateApiKey", "keys cannot be made"),
        ("CreateUsagePlanKey", "keys cannot be put into usage plans"),
        ("UpdateApiKey", "keys cannot be disabled and enabled"),
        ("DeleteApiKey", "keys cannot be deleted"),
    ] {
        let (report, _) = report(|options| {
            options.denied.insert(operation);
        })
        .await;
        assert_eq!(report.problems.len(), 1, "{operation}: {report:?}");
        assert!(report.problems[0].contains(word), "{operation}: {report:?}");
    }
    let (report, _) = report(|options| options.usage_plans = false).await;
    assert!(report.problems[0].contains("no usage plans"), "{report:?}");
    let (report, _) = self::report(|options| options.secret_access_key = "another-secret".to_owned()).await;
    assert!(report.problems[0].contains("InvalidSignature"), "{report:?}");
}

#[tokio::test]
async fn a_region_that_does_not_take_our_format_is_named() {
    let (report, shop) = report(|options| options.alphanumeric_values = true).await;
    assert_eq!(report.problems, Vec::<String>::new());
    assert!(
        report.warnings[0].contains("only GATEWAY_GENERATED works here"),
        "{report:?}"
    );
    assert!(shop.keys().is_empty());
}

#[tokio::test]
async fn a_region_that_is_nearly_full_is_told_before_it_is() {
    for (keys, warned) in [
        (8_999, None),
        (9_000, Some("9000 API keys of the 10000")),
        (9_999, Some("9999 API keys")),
    ] {
        let keys = (0..keys).map(|number| given_key(&format!("key-{number}"), &[], &[]));
        let shop = Shop::with(|options| options.keys = keys.collect(), false).await;
        let report = shop.aws.verify(&shop.link).await.unwrap();
        assert!(report.problems.is_empty(), "{report:?}");
        match warned {
            None => assert!(report.warnings.is_empty(), "{report:?}"),
            Some(words) => assert!(report.warnings[0].starts_with(words), "{report:?}"),
        }
    }
    let full = |options: &mut Options| {
        options.keys_max = 1;
        options.keys = vec![given_key("last", &[], &[])];
    };
    let (report, _) = report(full).await;
    assert!(report.problems[0].contains("LimitExceeded"), "{report:?}");
}

#[tokio::test]
async fn what_an_earlier_look_left_behind_is_deleted() {
    let theirs = given_key("gwr-probe-of-somebody-else", &[], &[]);
    let shop = Shop::with(|options| options.keys = vec![theirs], false).await;
    shop.fake
        .fail(Rule::new("DELETE", "/apikeys/*", Fault::Fails { status: 503 }));
    shop.aws.verify(&shop.link).await.unwrap_err();
    shop.fake.heal();
    let left = shop.keys();
    assert_eq!(left.len(), 2);
    assert!(left[1]["enabled"] == false && left[1]["usagePlanIds"] == json!([]));
    let report = shop.aws.verify(&shop.link).await.unwrap();
    assert!(report.problems.is_empty(), "{report:?}");
    let left = shop.keys();
    assert!(
        left.len() == 1 && left[0]["name"] == "gwr-probe-of-somebody-else",
        "{left:?}"
    );
}

#[tokio::test]
async fn a_wrong_clock_and_a_region_that_is_away_are_no_findings_of_the_same_kind() {
    let shop = Shop::with(|_| {}, false).await;
    shop.fake.advance(Duration::from_secs(400));
    let report = shop.aws.verify(&shop.link).await.unwrap();
    assert!(report.problems[0].contains("clock is off"), "{report:?}");
    shop.fake.down().await;
    shop.aws.verify(&shop.link).await.unwrap_err();
}
