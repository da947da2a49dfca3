//! What a key opens, until when, and where its secret is.

use gatewright_testkit::{Wire, database, manual_clock};
use gatewright_types::credential::check_digits;
use reqwest::Method;
use serde_json::{Value, json};

use crate::scene::{PATH, Scene, ok, refusal, text};

/// A second product, with a route of its own at `/v1/speech`.
async fn second_product(scene: &Scene) -> String {
    let speech = scene.acme.product("Speech API").await;
    scene
        .acme
        .secure_route(&scene.gateway, &scene.service, "GET", "/v1/speech", Some(&speech))
        .await;
    speech
}

async fn speech(scene: &Scene, key: &str) -> (u16, String) {
    scene.app.asked_everywhere("acme", "/v1/speech", key).await
}

fn out_of_scope() -> (u16, String) {
    refusal(403, "credential-out-of-scope")
}

#[tokio::test]
async fn a_key_opens_the_products_of_its_plan_and_no_other() {
    let scene = Scene::set().await;
    let product = second_product(&scene).await;
    let one = scene.subscribe().await;
    assert_eq!(scene.verdict(&one.key).await, ok());
    assert_eq!(speech(&scene, &one.key).await, out_of_scope());
    let both = scene.acme.plan("Both", &[&scene.product, &product]).await;
    let both = scene.acme.subscribe(&scene.customer, &both).await;
    assert_eq!(scene.verdict(&both.key).await, ok());
    assert_eq!(speech(&scene, &both.key).await, ok());
    // A route of no product is nobody's but the API consumers'.
    scene
        .acme
        .secure_route(&scene.gateway, &scene.service, "GET", "/internal", None)
        .await;
    assert_eq!(
        scene.app.asked_everywhere("acme", "/internal", &both.key).await,
        out_of_scope()
    );
    scene.app.stop().await;
}

#[tokio::test]
async fn a_key_that_is_narrowed_to_a_product_opens_no_other_of_its_plan() {
    let scene = Scene::set().await;
    let product = second_product(&scene).await;
    let plan = scene.acme.plan("Both", &[&scene.product, &product]).await;
    let body = json!({ "customerId": scene.customer, "planId": plan, "key": { "productIds": [scene.product] } });
    let answer = scene.acme.post("/subscriptions", body).await;
    let (id, key) = (text(&answer["apiKey"], "id"), text(&answer["apiKey"], "secret"));
    assert_eq!(
        (scene.verdict(&key).await, speech(&scene, &key).await),
        (ok(), out_of_scope())
    );
    let added = format!("/subscriptions/{}/keys", text(&answer, "id"));
    let added = text(
        &scene.acme.post(&added, json!({ "productIds": [product] })).await,
        "secret",
    );
    assert_eq!(
        (scene.verdict(&added).await, speech(&scene, &added).await),
        (out_of_scope(), ok())
    );

    // A change is in force when it is answered.
    let path = format!("/keys/{id}");
    let patch = async |change: Value| scene.expect(200, Method::PATCH, &path, Some(change)).await;
    let changed = patch(json!({ "productIds": [product] })).await;
    assert!(changed["nodes"][0]["acknowledgedMs"].is_number(), "{changed}");
    assert_eq!(
        (scene.verdict(&key).await, speech(&scene, &key).await),
        (out_of_scope(), ok())
    );
    patch(json!({ "name": "renamed" })).await;
    assert_eq!(
        (scene.verdict(&key).await, speech(&scene, &key).await),
        (out_of_scope(), ok()),
        "absent stays"
    );
    assert_eq!(patch(json!({ "productIds": null })).await["productIds"], Value::Null);
    assert_eq!((scene.verdict(&key).await, speech(&scene, &key).await), (ok(), ok()));

    let foreign = scene.acme.product("Not in the plan").await;
    for wrong in [json!([]), json!([foreign])] {
        let problem = scene
            .expect(422, Method::PATCH, &path, Some(json!({ "productIds": wrong })))
            .await;
        assert_eq!(problem["errors"][0]["field"], "/productIds");
    }
    scene.app.stop().await;
}

#[tokio::test]
async fn a_key_ends_when_it_expires_and_not_before() {
    let scene = Scene::set_at(manual_clock()).await;
    let mut keys = Vec::new();
    for _ in 0..2 {
        let key = json!({ "expiresAt": "2027-01-15T09:00:00Z" });
        let body = json!({ "customerId": scene.customer, "planId": scene.plan, "key": key });
        let answer = scene.acme.post("/subscriptions", body).await;
        keys.push((text(&answer["apiKey"], "id"), text(&answer["apiKey"], "secret")));
    }
    scene.advance(3599);
    assert_eq!(scene.verdict(&keys[0].1).await, ok());
    scene.advance(1);
    // The gateway knows the first and sees the second for the first time.
    for (_, key) in &keys {
        assert_eq!(scene.verdict(key).await, refusal(401, "credential-expired"));
    }
    let path = format!("/keys/{}", keys[0].0);
    for past in ["2027-01-15T09:00:00Z", "2020-01-01T00:00:00Z"] {
        let problem = scene
            .expect(422, Method::PATCH, &path, Some(json!({ "expiresAt": past })))
            .await;
        assert_eq!(problem["errors"][0]["field"], "/expiresAt");
    }
    scene
        .expect(
            200,
            Method::PATCH,
            &path,
            Some(json!({ "expiresAt": "2027-01-15T10:00:00Z" })),
        )
        .await;
    assert_eq!(
        scene.verdict(&keys[0].1).await,
        ok(),
        "a later time is in force at once"
    );
    scene
        .expect(
            200,
            Method::PATCH,
            &path,
            Some(json!({ "expiresAt": "2027-01-15T09:00:01Z" })),
        )
        .await;
    scene.advance(1);
    assert_eq!(
        scene.verdict(&keys[0].1).await,
        refusal(401, "credential-expired"),
        "an earlier one as well"
    );
    scene
        .expect(200, Method::PATCH, &path, Some(json!({ "expiresAt": null })))
        .await;
    assert_eq!(scene.verdict(&keys[0].1).await, ok());
    scene.app.stop().await;
}

#[tokio::test]
async fn a_key_opens_gateways_of_its_own_environment_only() {
    let scene = Scene::set().await;
    let test = scene.acme.gateway_in("sandbox", "TEST").await;
    let service = scene.acme.service(&test, "translation", &scene.upstream.url()).await;
    scene
        .acme
        .secure_route(&test, &service, "GET", PATH, Some(&scene.product))
        .await;
    let live = scene.subscribe().await;
    let added = format!("/subscriptions/{}/keys", live.subscription_id);
    let added = scene.acme.post(&added, json!({ "environment": "TEST" })).await;
    let key = text(&added, "secret");
    assert!(live.key.starts_with("sk_live_") && key.starts_with("sk_test_"));
    assert_eq!(scene.verdict(&live.key).await, ok());
    assert_eq!(scene.verdict(&key).await, out_of_scope());
    assert_eq!(scene.app.asked_everywhere("sandbox", PATH, &key).await, ok());
    assert_eq!(
        scene.app.asked_everywhere("sandbox", PATH, &live.key).await,
        out_of_scope()
    );
    scene.app.stop().await;
}

#[tokio::test]
async fn a_key_is_suspended_reactivated_and_revoked_for_ever() {
    let scene = Scene::set().await;
    let subscribed = scene.subscribe().await;
    let path = |verb: &str| format!("/keys/{}/{verb}", subscribed.key_id);
    let refused = async |verb: &str| scene.refused(409, &path(verb), json!({})).await;
    assert_eq!(refused("reactivate").await, "key-state-conflict");
    assert_eq!(
        scene.acme.post(&path("suspend"), json!({})).await["status"],
        "SUSPENDED"
    );
    assert_eq!(
        scene.verdict(&subscribed.key).await,
        refusal(403, "credential-suspended")
    );
    assert_eq!(refused("suspend").await, "key-state-conflict");
    assert_eq!(
        scene.acme.post(&path("reactivate"), json!({})).await["status"],
        "ACTIVE"
    );
    assert_eq!(scene.verdict(&subscribed.key).await, ok());
    assert_eq!(scene.acme.post(&path("revoke"), json!({})).await["status"], "REVOKED");
    assert_eq!(scene.verdict(&subscribed.key).await, refusal(401, "credential-revoked"));
    for verb in ["suspend", "reactivate", "revoke", "rotate"] {
        assert_eq!(refused(verb).await, "key-state-conflict", "{verb}");
    }
    let key = format!("/keys/{}", subscribed.key_id);
    scene
        .expect(409, Method::PATCH, &key, Some(json!({ "name": "late" })))
        .await;
    assert_eq!(
        scene
            .acme
            .get(&format!("/subscriptions/{}", subscribed.subscription_id))
            .await["state"],
        "ACTIVE"
    );
    scene.app.stop().await;
}

#[tokio::test]
async fn a_key_may_come_as_a_bearer_token_and_never_reaches_the_service() {
    let scene = Scene::set().await;
    let subscribed = scene.subscribe().await;
    let mut wire = Wire::connect(scene.app.gateway_addr()).await;
    for scheme in ["Bearer", "bearer"] {
        let value = format!("{scheme} {}", subscribed.key);
        let answer = wire.get("acme", PATH, &[("authorization", &value)]).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    for seen in scene.upstream.seen() {
        let shown = format!("{seen:?}");
        assert!(!shown.contains(&subscribed.key), "{shown}");
    }
    let other = scene.subscribe().await;
    let fields = [
        ("x-api-key", subscribed.key.as_str()),
        ("authorization", &format!("Bearer {}", other.key)),
    ];
    let answer = wire.get("acme", PATH, &fields).await;
    assert_eq!((answer.status, answer.code().as_str()), (400, "ambiguous-request"));
    scene.app.stop().await;
}

#[tokio::test]
async fn a_key_of_another_tenant_is_as_unknown_as_one_that_nobody_holds() {
    let scene = Scene::set().await;
    let rival = scene.app.tenant("rival").await;
    let product = rival.product("Translation API").await;
    let plan = rival.plan("Pro", &[&product]).await;
    let theirs = rival.subscribe(&rival.customer("Globex").await, &plan).await;
    let gateway = rival.gateway("rival").await;
    let service = rival.service(&gateway, "translation", &scene.upstream.url()).await;
    rival
        .secure_route(&gateway, &service, "GET", PATH, Some(&product))
        .await;
    let body = format!("sk_live_{}", "A".repeat(34));
    let nobodys = format!("{body}{}", std::str::from_utf8(&check_digits(body.as_bytes())).unwrap());
    let unknown = refusal(401, "credential-unknown");
    assert_eq!(scene.app.asked_everywhere("rival", PATH, &theirs.key).await, ok());
    assert_eq!(scene.verdict(&theirs.key).await, unknown);
    assert_eq!(scene.verdict(&nobodys).await, unknown);
    let mut wire = Wire::connect(scene.app.gateway_addr()).await;
    let mut bodies = Vec::new();
    for key in [&theirs.key, &nobodys] {
        let answer = wire.get("acme", PATH, &[("x-api-key", key)]).await;
        let mut problem: Value = serde_json::from_slice(&answer.body).unwrap();
        problem.as_object_mut().unwrap().remove("requestId");
        bodies.push(problem);
    }
    assert_eq!(bodies[0], bodies[1], "the answers do not tell them apart");
    scene.app.stop().await;
}

#[tokio::test]
async fn a_damaged_key_is_refused_without_a_look_up() {
    let scene = Scene::set().await;
    let subscribed = scene.subscribe().await;
    // From now on, whatever is asked there cannot be answered.
    scene.app.process.database().close().await;
    let key = &subscribed.key;
    let swapped = format!(
        "{}{}{}",
        &key[..20],
        if &key[20..21] == "A" { "B" } else { "A" },
        &key[21..]
    );
    for damaged in [&swapped, &key[..47], &format!("{key}0"), "sk_live_", "something else"] {
        assert_eq!(
            scene.verdict(damaged).await,
            refusal(401, "credential-unknown"),
            "{damaged}"
        );
    }
    // The whole key does need one.
    assert_eq!(scene.verdict(key).await, refusal(503, "lookup-unavailable"));
}

#[tokio::test]
async fn a_secret_appears_in_the_answer_that_made_it_and_nowhere_else() {
    let scene = Scene::set().await;
    let installation = scene.app.installation_token().await;
    let request = |who: &gatewright_testkit::TestTenant, path: &str, body: Value| {
        who.request(Method::POST, path)
            .header("idempotency-key", "once")
            .json(&body)
    };
    let mut secrets = vec![installation.clone(), scene.acme.token.clone()];
    let holder = scene.app.holder(&installation);
    let tenant: Value = request(&holder, "/tenants", json!({ "name": "Initech" }))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    secrets.push(text(&tenant, "operatorToken"));
    let body = json!({ "customerId": scene.customer, "planId": scene.plan });
    let subscribed = request(&scene.acme, "/subscriptions", body).send().await.unwrap();
    assert_eq!(subscribed.headers()["cache-control"], "no-store");
    let subscribed: Value = subscribed.json().await.unwrap();
    secrets.push(text(&subscribed["apiKey"], "secret"));
    let (subscription, key) = (text(&subscribed, "id"), text(&subscribed["apiKey"], "id"));
    for path in [
        format!("/subscriptions/{subscription}/keys"),
        format!("/keys/{key}/rotate"),
        format!("/gateways/{}/consumers", scene.gateway),
    ] {
        let body = if path.ends_with("consumers") {
            json!({ "name": "Reporting" })
        } else {
            json!({})
        };
        let answer: Value = request(&scene.acme, &path, body)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        let holder = if path.ends_with("consumers") {
            &answer["apiKey"]
        } else {
            &answer
        };
        secrets.push(text(holder, "secret"));
    }
    let path = format!("/subscriptions/{subscription}/rotate");
    let answer: Value = request(&scene.acme, &path, json!({ "endOverlap": true }))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    secrets.extend(
        answer["apiKeys"]
            .as_array()
            .unwrap()
            .iter()
            .map(|key| text(key, "secret")),
    );
    assert_eq!(secrets.len(), 9);
    for key in &secrets[3..] {
        scene.verdict(key).await;
        scene.acme.post("/keys/verify", json!({ "key": key })).await;
    }

    for path in [
        "/keys".to_owned(),
        format!("/keys/{key}"),
        "/subscriptions".to_owned(),
        format!("/keys?subscriptionId={subscription}"),
    ] {
        let shown = scene.acme.get(&path).await.to_string();
        assert!(secrets.iter().all(|secret| !shown.contains(secret)), "{path}");
        assert!(!shown.contains("\"secret\""), "{path}: {shown}");
    }
    let rows = database::dump(&scene.app.database_url).await;
    let tables: std::collections::BTreeSet<&String> = rows.iter().map(|(table, _)| table).collect();
    for table in [
        "audit_events",
        "outbox_events",
        "idempotency_keys",
        "api_keys",
        "superseded_secrets",
        "installation_tokens",
    ] {
        assert!(tables.contains(&table.to_owned()), "{table} was searched");
    }
    for secret in &secrets {
        let hexadecimal: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
        // The random part by itself, too: somebody might store it without its prefix.
        for form in [secret.as_str(), &hexadecimal, &secret[8..]] {
            let found = rows.iter().find(|(_, row)| row.contains(form));
            assert_eq!(found.map(|(table, _)| table), None, "a secret stands in a table");
        }
    }
    scene.app.stop().await;
}

#[tokio::test]
async fn verify_judges_as_the_gateway_does() {
    let scene = Scene::set_at(manual_clock()).await;
    let other_product = second_product(&scene).await;
    let subscribed = scene.subscribe().await;
    let verify = async |body: Value| scene.acme.post("/keys/verify", body).await;
    let valid = verify(json!({ "key": subscribed.key })).await;
    assert_eq!(
        valid,
        json!({
            "valid": true, "code": null, "detail": null, "keyId": subscribed.key_id, "customerId": scene.customer,
            "subscriptionId": subscribed.subscription_id, "consumerId": null, "expiresAt": null,
        })
    );
    let asked =
        json!({ "key": subscribed.key, "environment": "LIVE", "productId": scene.product, "gatewayId": scene.gateway });
    assert_eq!(verify(asked).await, valid);

    let refused = async |body: Value, code: &str| {
        let verdict = verify(body).await;
        assert_eq!(
            (&verdict["valid"], &verdict["code"]),
            (&json!(false), &json!(code)),
            "{verdict}"
        );
        assert!(verdict["detail"].is_string() && verdict["keyId"].is_null() && verdict["customerId"].is_null());
    };
    let key = &subscribed.key;
    refused(json!({ "key": key, "environment": "TEST" }), "credential-out-of-scope").await;
    refused(
        json!({ "key": key, "productId": other_product }),
        "credential-out-of-scope",
    )
    .await;
    refused(json!({ "key": &key[..47] }), "credential-unknown").await;
    refused(json!({ "key": "" }), "credential-unknown").await;
    refused(json!({ "key": "x".repeat(5000) }), "credential-unknown").await;
    let rival = scene.app.tenant("rival").await;
    let verdict = rival.post("/keys/verify", json!({ "key": key })).await;
    assert_eq!(verdict["code"], "credential-unknown");

    let rotated = scene
        .acme
        .post(&format!("/keys/{}/rotate", subscribed.key_id), json!({}))
        .await;
    let new = text(&rotated, "secret");
    let during = verify(json!({ "key": key })).await;
    assert_eq!(
        (&during["valid"], &during["expiresAt"]),
        (&json!(true), &json!("2027-01-15T08:05:00Z"))
    );
    scene.advance(300);
    refused(json!({ "key": key }), "credential-expired").await;
    let path = format!("/keys/{}", subscribed.key_id);
    scene.acme.post(&format!("{path}/suspend"), json!({})).await;
    refused(json!({ "key": new }), "credential-suspended").await;
    scene.acme.post(&format!("{path}/reactivate"), json!({})).await;
    let subscription = format!("/subscriptions/{}", subscribed.subscription_id);
    scene.acme.post(&format!("{subscription}/suspend"), json!({})).await;
    refused(json!({ "key": new }), "credential-suspended").await;
    scene.acme.post(&format!("{subscription}/reactivate"), json!({})).await;
    assert_eq!(verify(json!({ "key": new })).await["valid"], true);
    scene.acme.post(&format!("{path}/revoke"), json!({})).await;
    refused(json!({ "key": new }), "credential-revoked").await;
    scene.app.stop().await;
}

#[tokio::test]
async fn a_subscription_has_at_most_fifty_keys_that_are_not_revoked() {
    let scene = Scene::set().await;
    let subscribed = scene.subscribe().await;
    let keys = format!("/subscriptions/{}/keys", subscribed.subscription_id);
    for _ in 1..50 {
        scene.acme.post(&keys, json!({})).await;
    }
    assert_eq!(scene.refused(409, &keys, json!({})).await, "limit-reached");
    scene
        .acme
        .post(&format!("/keys/{}/revoke", subscribed.key_id), json!({}))
        .await;
    scene.acme.post(&keys, json!({})).await;
    scene.app.stop().await;
}
