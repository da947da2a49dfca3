//! On a native gateway: a permit instead of the key.

use gatewright_identity::model::DeveloperRole;
use gatewright_testkit::Upstream;
use reqwest::Method;
use serde_json::{Value, json};

use super::{REFERENCE, Stage};
use crate::scene::{expect, text};

fn given(place: &str, name: &str, value: &str) -> Value {
    json!({ "in": place, "name": name, "value": value })
}

fn translation() -> Value {
    json!({ "body": { "mediaType": "application/json", "text": r#"{"text":"hello"}"# } })
}

#[tokio::test]
async fn a_call_reaches_the_service_in_the_developers_place_and_without_a_key() {
    let upstream = Upstream::start().await;
    let stage = Stage::before(&upstream.url()).await;
    let run = stage.run("translate", translation()).await;
    assert_eq!(run["answer"]["status"], 200, "{run:#}");
    assert_eq!(run["answer"]["body"], r#"{"ok":true}"#);
    assert_eq!(run["answer"]["stripped"], false);
    assert_eq!(run["source"], "PLAYGROUND");
    let timings = &run["timings"];
    assert!(timings["totalMs"].as_f64().unwrap() > 0.0 && timings["firstByteMs"].as_f64().unwrap() > 0.0);
    assert_eq!(timings["reused"], false);
    assert!(timings["connectMs"].is_number());
    let seen = upstream.seen().pop().unwrap();
    assert_eq!(
        (seen.method.as_str(), seen.uri.to_string().as_str()),
        ("POST", "/v1/translate")
    );
    assert_eq!(&seen.body[..], br#"{"text":"hello"}"#);
    assert_eq!(seen.headers["content-type"], "application/json");
    assert_eq!(seen.headers["x-gatewright-source"], "PLAYGROUND");
    assert_eq!(seen.headers["x-gatewright-key-id"], stage.subscribed.key_id.as_str());
    assert!(!seen.headers.contains_key("authorization") && !seen.headers.contains_key("x-api-key"));
    // What was sent is shown as a sample would send it, without the middle of the key.
    let key = &stage.subscribed.key;
    let shown = format!("{}…{}", &key[..8], &key[key.len() - 4..]);
    assert!(
        run["request"]["headers"]
            .as_array()
            .unwrap()
            .contains(&json!(["X-Api-Key", shown])),
        "{run:#}"
    );
    assert!(!run.to_string().contains(&key[8..40]));
    stage.assert_nowhere(key).await;
    stage.assert_nowhere("Gatewright-Permit").await;
    // The second one rests on the first one's connection where its method allows to repeat it, and says so.
    let item = json!({ "parameters": [given("PATH", "id", "a/b?c"), given("QUERY", "q", "x y")] });
    let first = stage.run("get-item", item.clone()).await;
    assert_eq!(first["answer"]["status"], 200, "{first:#}");
    let second = stage.run("get-item", item).await;
    assert_eq!(second["timings"]["reused"], true, "{second:#}");
    assert_eq!(second["timings"]["connectMs"], Value::Null);
    assert_eq!(
        upstream.seen().pop().unwrap().uri.to_string(),
        "/v1/items/a%2Fb%3Fc?q=x%20y"
    );
    stage.app.stop().await;
}

#[tokio::test]
async fn a_key_that_is_not_admitted_is_refused_by_the_gateway_in_its_own_words() {
    let upstream = Upstream::start().await;
    let stage = Stage::before(&upstream.url()).await;
    let key = stage.subscribed.key_id.clone();
    let code = async || {
        let run = stage.run("translate", translation()).await;
        let body: Value = serde_json::from_str(run["answer"]["body"].as_str().unwrap_or("{}")).unwrap();
        (run["answer"]["status"].as_u64().unwrap(), text(&body, "code"))
    };
    // From the developer's address, and not from the control plane's.
    let limits = json!({ "allowedAddresses": ["192.0.2.1"] });
    expect(&stage.acme, 200, Method::PATCH, &format!("/keys/{key}"), Some(limits)).await;
    assert_eq!(code().await, (403, "address-not-allowed".to_owned()));
    let limits = json!({ "allowedAddresses": ["127.0.0.1"] });
    expect(&stage.acme, 200, Method::PATCH, &format!("/keys/{key}"), Some(limits)).await;
    assert_eq!(stage.run("translate", translation()).await["answer"]["status"], 200);
    // On a gateway of the other environment.
    let test = stage.acme.gateway_in("acme-test", "TEST").await;
    let service = stage.acme.service(&test, "translation", &upstream.url()).await;
    stage
        .acme
        .secure_route(&test, &service, "POST", "/v1/translate", Some(&stage.product))
        .await;
    let mut elsewhere = stage.call("translate", &translation());
    elsewhere["gatewayId"] = json!(test);
    let run = stage.send(elsewhere).await;
    assert_eq!(run["answer"]["status"], 403, "{run:#}");
    assert!(
        run["answer"]["body"]
            .as_str()
            .unwrap()
            .contains("credential-out-of-scope")
    );
    stage.acme.post(&format!("/keys/{key}/suspend"), json!({})).await;
    assert_eq!(code().await, (403, "credential-suspended".to_owned()));
    let options = stage.ada.get(&options()).await;
    assert_eq!(
        (&options["keys"][0]["usable"], &options["keys"][0]["why"]),
        (&json!(false), &json!("This key is suspended."))
    );
    stage.acme.post(&format!("/keys/{key}/reactivate"), json!({})).await;
    stage.acme.post(&format!("/keys/{key}/revoke"), json!({})).await;
    assert_eq!(code().await, (401, "credential-revoked".to_owned()));
    assert_eq!(stage.ada.get(&super::native::options()).await["keys"], json!([]));
    stage.app.stop().await;
}

fn options() -> String {
    format!("/portal/playground/options?reference={REFERENCE}&operation=translate")
}

#[tokio::test]
async fn one_can_choose_among_ones_own_keys_and_the_gateways_that_serve_the_product() {
    let upstream = Upstream::start().await;
    let stage = Stage::before(&upstream.url()).await;
    let found = stage.ada.get(&options()).await;
    let places = found["places"].as_array().unwrap();
    assert_eq!(places.len(), 1, "{found:#}");
    let port = stage.app.gateway_addr().port();
    assert_eq!(places[0]["baseUrl"], format!("http://localhost:{port}"));
    assert_eq!(places[0]["kind"], "NATIVE");
    assert_eq!(places[0]["credential"][0]["name"], "X-Api-Key");
    let keys = found["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 1);
    assert_eq!(
        (&keys[0]["usable"], &keys[0]["gatewayIds"]),
        (&json!(true), &json!([stage.gateway]))
    );
    // A page is told of the same place.
    let page = format!("/docs/references/{REFERENCE}/operations/translate");
    let (_, page) = stage.app.stranger("acme").call(Method::GET, &page, None).await;
    assert_eq!(page["places"], found["places"], "{page:#}");
    stage.app.stop().await;
}

#[tokio::test]
async fn nobody_calls_with_what_is_not_theirs() {
    let upstream = Upstream::start().await;
    let stage = Stage::before(&upstream.url()).await;
    let not_found = || (404, "not-found".to_owned());
    // Another customer's key is none.
    let initech = stage.acme.customer("Initech").await;
    let theirs = stage.acme.subscribe(&initech, &stage.plan).await;
    let mut call = stage.call("translate", &translation());
    call["keyId"] = json!(theirs.key_id);
    assert_eq!(stage.refused(call.clone()).await, not_found());
    call["keyId"] = json!("key_01m80hxe67f59s79ed8y354rh0");
    assert_eq!(stage.refused(call).await, not_found());
    // Their own developer sees it, and not ours.
    let linus = stage
        .app
        .developer(
            &stage.acme,
            "acme",
            &initech,
            ("linus@initech.example", DeveloperRole::Owner),
        )
        .await;
    let keys = linus.get(&options()).await["keys"].clone();
    assert_eq!(keys[0]["id"], theirs.key_id.as_str());
    assert_eq!(keys.as_array().unwrap().len(), 1);
    // A gateway that does not serve the product, an operation and a description that are not there.
    let other = stage.acme.gateway("other").await;
    for (field, value) in [
        ("gatewayId", other.as_str()),
        ("operation", "nothing"),
        ("reference", "nothing"),
    ] {
        let mut call = stage.call("translate", &translation());
        call[field] = json!(value);
        assert_eq!(stage.refused(call).await, not_found(), "{field}");
    }
    // A URL is no field of it.
    let mut call = stage.call("translate", &translation());
    call["url"] = json!("http://169.254.169.254/");
    assert_eq!(stage.refused(call).await.0, 422);
    // A key for another product.
    let quotes = stage.acme.product("Quotes API").await;
    let plan = stage.acme.plan("Quotes", &[&quotes]).await;
    let quoted = stage.acme.subscribe(&stage.customer, &plan).await;
    let mut call = stage.call("translate", &translation());
    call["keyId"] = json!(quoted.key_id);
    assert_eq!(stage.refused(call).await, (422, "validation-failed".to_owned()));
    assert!(upstream.seen().is_empty());
    stage.app.stop().await;
}

#[tokio::test]
async fn no_value_leads_elsewhere() {
    let upstream = Upstream::start().await;
    let stage = Stage::before(&upstream.url()).await;
    for id in [
        "..",
        "../../admin",
        "%2e%2e",
        "a\r\nX-Evil: 1",
        "@evil.test",
        "http://evil.test/",
        "//evil.test",
        "a\\b",
        "\u{0}",
    ] {
        let values = json!({ "parameters": [given("PATH", "id", id), given("QUERY", "q", "a&admin=1#x")] });
        let (status, run) = stage
            .ada
            .call(
                Method::POST,
                "/portal/playground/requests",
                Some(stage.call("get-item", &values)),
            )
            .await;
        if status == 200 && run["answer"]["status"] == 200 {
            let seen = upstream.seen().pop().unwrap();
            let path = seen.uri.path();
            assert!(
                path.starts_with("/v1/items/") && path.matches('/').count() == 3,
                "{id:?}: {path}"
            );
            assert!(!seen.headers.contains_key("x-evil"), "{id:?}");
            assert_eq!(seen.uri.query(), Some("q=a%26admin%3D1%23x"), "{id:?}");
        } else {
            assert!(
                status == 422 || run["answer"]["status"].as_u64() < Some(500),
                "{id:?}: {status} {run:#}"
            );
        }
    }
    // Fields that would say who asks, or how the message is framed, are not the caller's.
    let values = json!({ "parameters": [given("PATH", "id", "1"), given("HEADER", "X-Note", "a\r\nX-Evil: 1")] });
    assert_eq!(stage.refused(stage.call("get-item", &values)).await.0, 422);
    let values = json!({ "parameters": [given("PATH", "id", "1"), given("HEADER", "X-Gatewright-Customer", "cus_1")] });
    assert_eq!(stage.refused(stage.call("get-item", &values)).await.0, 422);
    stage.app.stop().await;
}

#[tokio::test]
async fn the_last_runs_are_kept_without_secrets_and_can_be_forgotten() {
    let upstream = Upstream::start().await;
    let stage = Stage::before(&upstream.url()).await;
    let key = stage.subscribed.key.clone();
    for number in 0..12 {
        let values = json!({ "parameters": [given("PATH", "id", &number.to_string()), given("QUERY", "q", &key)] });
        stage.run("get-item", values).await;
    }
    stage.run("translate", translation()).await;
    let path = format!("/portal/playground/requests?reference={REFERENCE}&operation=get-item");
    let kept = stage.ada.get(&path).await;
    let items = kept["items"].as_array().unwrap();
    assert_eq!(items.len(), 10, "{kept:#}");
    assert_eq!(items[0]["values"]["parameters"][0], given("PATH", "id", "11"));
    assert_eq!(items[0]["values"]["parameters"][1]["value"], "•••");
    assert_eq!(
        (&items[0]["answer"]["status"], &items[0]["answer"]["body"]),
        (&json!(200), &Value::Null)
    );
    stage.assert_nowhere(&key).await;
    assert_eq!(
        stage.ada.get("/portal/playground/requests").await["items"]
            .as_array()
            .unwrap()
            .len(),
        11
    );
    // Nobody else's.
    let grace = stage
        .app
        .developer(
            &stage.acme,
            "acme",
            &stage.customer,
            ("grace@globex.example", DeveloperRole::Owner),
        )
        .await;
    assert_eq!(grace.get("/portal/playground/requests").await["items"], json!([]));
    let exported = stage.ada.get("/account/export").await;
    assert_eq!(exported["playgroundRuns"].as_array().unwrap().len(), 11, "{exported:#}");
    let (status, _) = stage
        .ada
        .call(Method::DELETE, "/portal/playground/requests", None)
        .await;
    assert_eq!(status, 204);
    assert_eq!(stage.ada.get("/portal/playground/requests").await["items"], json!([]));
    stage.app.stop().await;
}

#[tokio::test]
async fn what_is_filled_in_is_judged_by_the_description() {
    let upstream = Upstream::start().await;
    let stage = Stage::before(&upstream.url()).await;
    let check = async |values: Value| {
        let path = format!("/docs/references/{REFERENCE}/operations/translate/check");
        let (status, answer) = stage
            .app
            .stranger("acme")
            .call(Method::POST, &path, Some(json!({ "values": values })))
            .await;
        assert_eq!(status, 200, "{answer}");
        let errors = answer["errors"].as_array().unwrap().clone();
        errors.iter().map(|error| text(error, "field")).collect::<Vec<_>>()
    };
    let body = |text: &str| json!({ "body": { "mediaType": "application/json", "text": text } });
    assert!(check(body(r#"{"text":"hello","targets":["de"]}"#)).await.is_empty());
    assert_eq!(
        check(body(r#"{"text":"hello","targets":["de",5]}"#)).await,
        ["body/targets/1"]
    );
    assert_eq!(check(body(r#"{"targets":[]}"#)).await, ["body"]);
    assert_eq!(check(body("{")).await, ["body"]);
    assert_eq!(check(json!({})).await, ["body"]);
    assert!(upstream.seen().is_empty());
    stage.app.stop().await;
}
