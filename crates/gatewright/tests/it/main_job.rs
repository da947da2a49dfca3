//! Subscribe, call, cancel, be refused.

use gatewright_testkit::{TestApp, Upstream};
use serde_json::json;

#[tokio::test]
async fn a_subscribed_key_is_admitted_until_the_subscription_is_cancelled() {
    let app = TestApp::start().await;
    let upstream = Upstream::start().await;
    let acme = app.tenant("acme").await;
    let product = acme.product("Translation API").await;
    let plan = acme.plan("Pro", &[&product]).await;
    let customer = acme.customer("Globex").await;
    let gateway = acme.gateway("acme").await;
    let service = acme.service(&gateway, "translation", &upstream.url()).await;
    acme.secure_route(&gateway, &service, "GET", "/v1/usage", Some(&product))
        .await;

    let subscribed = acme.subscribe(&customer, &plan).await;
    assert_eq!(acme.through("acme", "/v1/usage", Some(&subscribed.key)).await.0, 200);
    assert_eq!(
        acme.through("acme", "/v1/usage", None).await,
        (401.try_into().unwrap(), "no-credential".to_owned())
    );

    let seen = upstream.seen().pop().unwrap();
    assert_eq!(seen.headers["x-gatewright-customer"], customer.as_str());
    assert_eq!(
        seen.headers["x-gatewright-subscription"],
        subscribed.subscription_id.as_str()
    );
    assert_eq!(seen.headers["x-gatewright-key-id"], subscribed.key_id.as_str());
    assert!(!seen.headers.contains_key("x-api-key"), "the credential stays here");

    let answer = acme
        .post(
            &format!("/subscriptions/{}/cancel", subscribed.subscription_id),
            json!({}),
        )
        .await;
    assert_eq!(answer["state"], "CANCELLED");
    assert!(
        answer["nodes"][0]["acknowledgedMs"].is_number(),
        "the node has acknowledged: {answer}"
    );
    let refused = acme.through("acme", "/v1/usage", Some(&subscribed.key)).await;
    assert_eq!(refused, (401.try_into().unwrap(), "credential-revoked".to_owned()));
    app.stop().await;
}
