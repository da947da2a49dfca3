//! What has to be known about Azure API Management: the table of `azure/mod.rs`, line by line.

use std::time::Duration;

use gatewright_connectors::azure::{Azure, Settings};
use gatewright_connectors::model::{Application, Observed};
use gatewright_connectors::{Connector, FaultKind, Step};
use gatewright_types::ids::SubscriptionId;
use http::Method;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use vendor_fakes::azure::Options;
use vendor_fakes::faults::{Fault, Rule};

use crate::azure_shop::{KEY, ORDERS, Shop, credentials, drop_key, generated, key, scope, settings, subscribed};
use crate::stand::{Said, application, json as answer, with};

const SECOND_KEY: &str = "sk_live_theCustomersSecret0002";

/// What the display name says of a slot, and the slot's value.
fn slot(shop: &Shop, side: &str) -> (String, String) {
    let stored = shop.subscription();
    let display = stored["displayName"].as_str().unwrap().to_owned();
    let (_, rest) = display.split_once(&format!("{side}=")).unwrap();
    let holds = rest.split(' ').next().unwrap().to_owned();
    (holds, stored[format!("{side}Key")].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_new_subscription_opens_what_it_is_for() {
    let shop = Shop::open().await;
    shop.apply_all(&subscribed()).await;
    assert_eq!(shop.subscription()["state"], "active");
    assert_eq!(shop.call("/orders", KEY).await, 200);
}

#[tokio::test]
async fn a_slot_without_a_key_of_ours_holds_a_value_that_nobody_knows() {
    let shop = Shop::open().await;
    shop.apply_all(&subscribed()[..2]).await;
    let (first, second) = (slot(&shop, "primary"), slot(&shop, "secondary"));
    assert_eq!([first.0.as_str(), second.0.as_str()], ["-", "-"]);
    // Azure's own have 32 letters, and are shown to whoever may list them from the start.
    assert!(first.1.len() == 64 && second.1.len() == 64 && first.1 != second.1);
    shop.apply(&key(1, KEY)).await.unwrap();
    shop.apply(&drop_key(1)).await.unwrap();
    let after = slot(&shop, "primary");
    assert_eq!(after.0, "-");
    assert!(after.1.len() == 64 && after.1 != first.1, "{after:?}");
    assert_eq!(shop.call("/orders", KEY).await, 401);
}

#[tokio::test]
async fn a_key_and_its_number_never_disagree() {
    let shop = Shop::open().await;
    let before = [&subscribed()[..], &[key(2, SECOND_KEY)]].concat();
    for (before, step) in [
        (&before[..2], key(1, KEY)),
        (&before[..3], key(2, SECOND_KEY)),
        (&before, drop_key(1)),
    ] {
        for fault in [Fault::DropAfter, Fault::DropBefore, Fault::FailsAfter { status: 500 }] {
            for call in 0..3 {
                shop.fake.reset();
                shop.apply_all(before).await;
                let observed = shop.observe().await;
                shop.fake.fail(Rule {
                    method: None,
                    ..Rule::new("", "**", fault.clone()).after(call)
                });
                let _ = shop.azure.apply(&shop.link, &shop.ours, &step, &observed).await;
                shop.fake.heal();
                for side in ["primary", "secondary"] {
                    let (holds, value) = slot(&shop, side);
                    let agree = match holds.as_str() {
                        "1" => value == KEY,
                        "2" => value == SECOND_KEY,
                        _ => value != KEY && value != SECOND_KEY,
                    };
                    assert!(
                        agree,
                        "{} {fault:?} {call}: {side}={holds} and not its value",
                        step.operation()
                    );
                }
            }
        }
    }
}

/// Waits until this was called so often; the fake counts a call when it arrives.
async fn arrived(shop: &Shop, template: &str, times: u64) {
    while shop.fake.counters().by_template.get(template).copied().unwrap_or(0) < times {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_slot_that_somebody_wrote_meanwhile_is_not_overwritten() {
    let shop = Shop::open().await;
    shop.apply_all(&subscribed()[..2]).await;
    let observed = shop.observe().await;
    // The first has looked and is about to write; the second looks and writes meanwhile.
    let earlier = shop
        .fake
        .counters()
        .by_template
        .get("PATCH /subscriptions/*")
        .copied()
        .unwrap_or(0);
    shop.fake
        .fail(Rule::new("PATCH", "/subscriptions/*", Fault::Slow { ms: 300 }).times(1));
    let (one, two) = (key(1, KEY), key(2, SECOND_KEY));
    let first = shop.azure.apply(&shop.link, &shop.ours, &one, &observed);
    let second = async {
        arrived(&shop, "PATCH /subscriptions/*", earlier + 1).await;
        shop.azure.apply(&shop.link, &shop.ours, &two, &observed).await
    };
    let (first, second) = tokio::join!(first, second);
    second.unwrap();
    first.unwrap();
    assert_eq!(
        [shop.call("/orders", KEY).await, shop.call("/orders", SECOND_KEY).await],
        [200, 200]
    );
}

#[tokio::test]
async fn a_412_without_a_cause_is_tried_again() {
    let shop = Shop::open().await;
    shop.apply_all(&subscribed()[..2]).await;
    let observed = shop.observe().await;
    let so_far = shop
        .fake
        .counters()
        .by_template
        .get("PATCH /subscriptions/*")
        .copied()
        .unwrap_or(0);
    shop.fake
        .fail(Rule::new("PATCH", "/subscriptions/*", Fault::Slow { ms: 100 }).times(1));
    let step = key(1, KEY);
    let write = shop.azure.apply(&shop.link, &shop.ours, &step, &observed);
    let meanwhile = async {
        arrived(&shop, "PATCH /subscriptions/*", so_far + 1).await;
        // Something that has nothing to do with us gives it another ETag.
        shop.by_hand(Method::PATCH, &shop.path(""), json!({ "allowTracing": true }))
            .await;
    };
    let (written, ()) = tokio::join!(write, meanwhile);
    written.unwrap();
    assert_eq!(shop.fake.counters().by_status[&412], 1);
    assert_eq!(shop.call("/orders", KEY).await, 200);
    // And again and again: later, then.
    let said = arm(|request| {
        let subscription = r#"{"name":"x","properties":{"displayName":"NAME primary=- secondary=-","state":"active","scope":"/products/prod-orders"}}"#;
        let ours = application(1);
        let subscription = subscription.replace("NAME", &format!("{} {}", ours.mark(), ours.subscription_id));
        let refused = r#"{"error":{"code":"PreconditionFailed","message":"Resource was modified since last retrieval."}}"#;
        match request {
            request if request.starts_with("PATCH") => Some(answer("412 Precondition Failed", refused)),
            request if request.starts_with("GET") && request.contains("-s-") => Some(answer("200 OK", &subscription)),
            _ => None,
        }
    })
    .await;
    let azure = Azure::new(&at(&said, &shop), &credentials()).unwrap();
    let fault = azure
        .apply(&shop.link, &shop.ours, &step, &Observed::default())
        .await
        .unwrap_err();
    assert_eq!(fault.kind, FaultKind::Conflict, "{fault}");
    assert_eq!(
        said.seen()
            .iter()
            .filter(|request| request.starts_with("PATCH"))
            .count(),
        3
    );
}

#[tokio::test]
async fn a_generated_key_is_answered_again_and_not_made_again() {
    let shop = Shop::open().await;
    shop.apply_all(&subscribed()[..2]).await;
    let observed = shop.observe().await;
    let lost = Rule::new("POST", "/subscriptions/*/listSecrets", Fault::Fails { status: 500 });
    shop.fake.fail(lost.times(1));
    let fault = shop
        .azure
        .apply(&shop.link, &shop.ours, &generated(1), &observed)
        .await
        .unwrap_err();
    assert_eq!(fault.kind, FaultKind::Transient, "{fault}");
    let (holds, value) = slot(&shop, "primary");
    assert_eq!(holds, "1");
    for observed in [observed, shop.observe().await] {
        let again = shop
            .azure
            .apply(&shop.link, &shop.ours, &generated(1), &observed)
            .await
            .unwrap();
        assert_eq!(again.generated.unwrap().expose_secret(), value);
    }
    let counters = shop.fake.counters();
    assert_eq!(counters.by_template["POST /subscriptions/*/regeneratePrimaryKey"], 1);
}

#[tokio::test]
async fn a_service_that_is_not_there_is_no_empty_service() {
    let shop = Shop::open().await;
    let other = Settings {
        service_name: "another".to_owned(),
        ..settings(&shop.fake)
    };
    let azure = Azure::new(&other, &credentials()).unwrap();
    let fault = azure.observe(&shop.link, &shop.ours).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::NotFound, "{fault}");
    let report = azure.verify(&shop.link).await.unwrap();
    assert_eq!(report.problems.len(), 1, "{report:?}");
    // Also when it went away after the tier was known.
    let body = r#"{"error":{"code":"ResourceNotFound","message":"The Resource 'Microsoft.ApiManagement/service/x' under resource group 'y' was not found."}}"#;
    let said = arm(move |request| {
        request
            .contains("/service/shop-apim/")
            .then(|| answer("404 Not Found", body))
    })
    .await;
    let azure = Azure::new(&at(&said, &shop), &credentials()).unwrap();
    let fault = azure.observe(&shop.link, &shop.ours).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::NotFound, "{fault}");
}

#[tokio::test]
async fn a_user_who_was_blocked_is_let_in_again() {
    let shop = Shop::open().await;
    shop.apply_all(&subscribed()).await;
    shop.by_hand(Method::PATCH, &shop.user(), json!({ "state": "blocked" }))
        .await;
    assert_eq!(shop.call("/orders", KEY).await, 401);
    let observed = shop.observe().await;
    assert!(observed.unsettled && !observed.suspended, "{observed:?}");
    shop.apply(&Step::Reactivate(scope(&[ORDERS]))).await.unwrap();
    assert_eq!(shop.call("/orders", KEY).await, 200);
    let observed = shop.observe().await;
    assert!(!observed.unsettled, "{observed:?}");
    // And one who is to be suspended is so without the block.
    shop.by_hand(Method::PATCH, &shop.user(), json!({ "state": "blocked" }))
        .await;
    shop.apply(&Step::Suspend).await.unwrap();
    let observed = shop.observe().await;
    assert!(observed.suspended && !observed.unsettled, "{observed:?}");
}

#[tokio::test]
async fn a_customers_other_subscription_keeps_its_user() {
    let shop = Shop::open().await;
    shop.apply_all(&subscribed()).await;
    let other = Application {
        subscription_id: SubscriptionId::from_uuid(uuid::Uuid::from_u128(2)),
        ..shop.ours
    };
    for step in [Step::Application, Step::Scope(scope(&[ORDERS])), key(1, SECOND_KEY)] {
        shop.azure
            .apply(&shop.link, &other, &step, &Observed::default())
            .await
            .unwrap();
    }
    shop.apply(&Step::DropApplication).await.unwrap();
    assert_eq!(
        [shop.call("/orders", KEY).await, shop.call("/orders", SECOND_KEY).await],
        [401, 200]
    );
    assert!(shop.is_there(&shop.user()).await);
    assert!(
        !shop.observe().await.exists,
        "the other's user is not this one's remains"
    );
    shop.azure
        .apply(&shop.link, &other, &Step::DropApplication, &Observed::default())
        .await
        .unwrap();
    assert!(!shop.is_there(&shop.user()).await);
}

#[tokio::test]
async fn a_deletion_that_takes_its_time_is_waited_for_within_bounds() {
    let shop = Shop::with(Options {
        delete_takes: Duration::from_secs(60),
        ..Options::default()
    })
    .await;
    shop.apply_all(&subscribed()).await;
    let fault = shop.apply(&Step::DropApplication).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Conflict, "{fault}");
    assert_eq!(shop.fake.counters().by_template["GET /operationResults/*"], 3);
    assert_eq!(shop.call("/orders", KEY).await, 401, "its key is gone first");
    assert!(shop.observe().await.exists, "so that somebody comes again");
    shop.fake.advance(Duration::from_secs(61));
    assert!(!shop.observe().await.exists);
    shop.apply(&Step::DropApplication).await.unwrap();
    assert!(!shop.is_there(&shop.user()).await);
}

#[tokio::test]
async fn nobody_gets_mail() {
    let shop = Shop::open().await;
    shop.apply_all(&subscribed()).await;
    shop.apply_all(&[Step::Suspend, Step::Reactivate(scope(&[ORDERS])), Step::DropApplication])
        .await;
    assert_eq!(shop.fake.state()["mails"], 0);
    // The fake does count.
    let user = json!({ "email": "a@example.com", "firstName": "A", "lastName": "B" });
    shop.by_hand(Method::PUT, "/users/a", user).await;
    assert_eq!(shop.fake.state()["mails"], 1);
}

/// A resource manager and a login that answer what they are told, and nothing where they are told nothing.
async fn arm(answers: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Said {
    Said::start(move |request| {
        if request.contains("/oauth2/v2.0/token") {
            return answer("200 OK", r#"{"access_token":"theToken","expires_in":3599}"#);
        }
        let service = r#"{"sku":{"name":"Developer"},"properties":{"provisioningState":"Succeeded"}}"#;
        let absent = r#"{"error":{"code":"ResourceNotFound","message":"Subscription not found."}}"#;
        match answers(request) {
            Some(answer) => answer,
            None if request.contains("/service/shop-apim?") => answer("200 OK", service),
            None => answer("404 Not Found", absent),
        }
    })
    .await
}

fn at(said: &Said, shop: &Shop) -> Settings {
    Settings {
        url: Some(said.url.clone()),
        login_url: Some(said.url.clone()),
        ..settings(&shop.fake)
    }
}

#[tokio::test]
async fn the_token_goes_nowhere_but_to_the_service() {
    let shop = Shop::open().await;
    let thief = Said::start(|_| answer("200 OK", r#"{"value":[]}"#)).await;
    let url = thief.url.clone();
    let said = arm(move |request| {
        if request.starts_with("DELETE") {
            let fields = format!("location: {url}/subscriptions/x?api-version=1\r\n");
            return Some(with("202 Accepted", &fields, ""));
        }
        let first = request.starts_with("GET") && request.contains("/subscriptions?") && !request.contains("skip");
        let page = format!(r#"{{"value":[],"nextLink":"{url}/elsewhere?$skip=100"}}"#);
        let user = r#"{"name":"x","properties":{"email":"EMAIL","state":"active"}}"#;
        let email = format!("{}@gatewright.invalid", application(1).consumer_name());
        match request {
            _ if first => Some(answer("200 OK", &page)),
            request if request.contains("/subscriptions?") || request.contains("/subscriptions?%24top") => {
                Some(answer("200 OK", r#"{"value":[]}"#))
            }
            request
                if request.starts_with("GET")
                    && request.contains("/users/gwr-")
                    && !request.contains("/subscriptions?") =>
            {
                Some(answer("200 OK", &user.replace("EMAIL", &email)))
            }
            _ => None,
        }
    })
    .await;
    let azure = Azure::new(&at(&said, &shop), &credentials()).unwrap();
    let page = azure.scan(&shop.link, shop.ours.connection_id, None).await.unwrap();
    let next = azure
        .scan(&shop.link, shop.ours.connection_id, page.next.clone())
        .await
        .unwrap();
    assert_eq!((page.next.as_deref(), next.next), (Some("skip=100"), None));
    let dropped = azure
        .apply(&shop.link, &shop.ours, &Step::DropApplication, &Observed::default())
        .await;
    let fault = dropped.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Conflict, "{fault}");
    assert!(said.seen().iter().any(|request| request.starts_with("DELETE")));
    assert_eq!(thief.seen(), Vec::<String>::new());
}

#[tokio::test]
async fn the_consumption_tier_has_no_users() {
    let shop = Shop::with(Options {
        sku: "Consumption".to_owned(),
        ..Options::default()
    })
    .await;
    shop.apply_all(&subscribed()).await;
    assert_eq!(shop.call("/orders", KEY).await, 200);
    assert_eq!(shop.subscription()["ownerId"], Value::Null);
    let observed = shop.observe().await;
    assert!(!observed.misnamed && !observed.unsettled, "{observed:?}");
    assert!(
        !shop
            .fake
            .counters()
            .by_template
            .keys()
            .any(|template| template.contains("/users"))
    );
}

#[tokio::test]
async fn a_scope_beyond_products_is_drift() {
    let shop = Shop::open().await;
    shop.apply_all(&subscribed()).await;
    for beyond in ["/apis", "/apis/payments"] {
        shop.by_hand(Method::PATCH, &shop.path(""), json!({ "scope": beyond }))
            .await;
        assert_eq!(shop.observe().await.scope, scope(&[beyond]));
        shop.apply(&Step::Scope(scope(&[ORDERS]))).await.unwrap();
        assert_eq!(shop.observe().await.scope, scope(&[ORDERS]));
        assert_eq!(
            [shop.call("/orders", KEY).await, shop.call("/payments", KEY).await],
            [200, 401]
        );
    }
    let judged = shop
        .azure
        .judge(&shop.link, &["apis/payments".to_owned()])
        .await
        .unwrap();
    assert_eq!(judged.refusals.len(), 1, "{judged:?}");
}
