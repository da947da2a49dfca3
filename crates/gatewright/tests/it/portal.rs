//! A tenant's portal: what everybody sees, and what a customer's developers do with their keys by themselves.

use gatewright::settings::Settings;
use gatewright_identity::model::DeveloperRole;
use gatewright_testkit::{TestApp, TestPerson, database, settings};
use gatewright_types::Clock;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::scene::{Scene, ok, refusal, text};

/// A scene whose plan is for everybody, with a developer of its customer.
async fn set() -> (Scene, TestPerson) {
    set_in(Scene::set().await).await
}

async fn set_in(scene: Scene) -> (Scene, TestPerson) {
    let path = format!("/plans/{}", scene.plan);
    scene
        .expect(200, Method::PATCH, &path, Some(json!({ "selfService": true })))
        .await;
    let developer = developer(&scene, "ada@globex.example").await;
    (scene, developer)
}

async fn developer(scene: &Scene, email: &str) -> TestPerson {
    let as_owner = (email, DeveloperRole::Owner);
    scene
        .app
        .developer(&scene.acme, "acme", &scene.customer, as_owner)
        .await
}

async fn subscribe(scene: &Scene, who: &TestPerson) -> (String, String, String) {
    let made = who
        .post(
            "/portal/subscriptions",
            json!({ "planId": scene.plan, "key": { "name": "CI" } }),
        )
        .await;
    let key = &made["apiKey"];
    (text(&made, "id"), text(key, "id"), text(key, "secret"))
}

#[tokio::test]
async fn a_key_is_shown_where_the_installation_says_that_callers_are_sent() {
    let settings = Settings {
        gateway_public_url: Some("https://{gateway}.api.example.com".to_owned()),
        ..settings(&database::create().await)
    };
    let app = TestApp::start_as(settings, Clock::System).await;
    let (scene, ada) = set_in(Scene::set_in(app).await).await;
    let (_, id, _) = subscribe(&scene, &ada).await;
    let shown = ada.get(&format!("/portal/keys/{id}/gateways")).await;
    assert_eq!(
        shown["items"][0]["example"]["url"],
        "https://acme.api.example.com/v1/usage"
    );
    scene.app.stop().await;
}

#[tokio::test]
async fn a_developer_subscribes_and_looks_after_the_key_alone() {
    let (scene, ada) = set().await;
    let (subscription, id, secret) = subscribe(&scene, &ada).await;
    assert_eq!(scene.verdict(&secret).await, ok());
    let shown = ada.get(&format!("/portal/keys/{id}/gateways")).await;
    let gateway = &shown["items"][0];
    assert_eq!(
        (&gateway["state"], &gateway["kind"]),
        (&json!("ACTIVE"), &json!("NATIVE")),
        "{shown}"
    );
    let url = text(&gateway["example"], "url");
    assert!(
        url.starts_with("http://localhost:") && url.ends_with("/v1/usage"),
        "{url}"
    );

    let counted = ada.get("/portal/keys?countGateways=true").await;
    assert_eq!(counted["items"][0]["gateways"], json!({ "active": 1, "total": 1 }));
    let uncounted = ada.get("/portal/keys").await;
    assert_eq!(uncounted["items"][0].get("gateways"), None);

    let rotated = ada
        .post(&format!("/portal/keys/{id}/rotate"), json!({ "overlapSeconds": 60 }))
        .await;
    let renewed = text(&rotated, "secret");
    assert_eq!(
        (scene.verdict(&secret).await, scene.verdict(&renewed).await),
        (ok(), ok())
    );
    ada.post(&format!("/portal/keys/{id}/suspend"), json!({})).await;
    assert_eq!(scene.verdict(&renewed).await, refusal(403, "credential-suspended"));
    let counted = ada.get("/portal/keys?countGateways=true").await;
    assert_eq!(counted["items"][0]["gateways"], json!({ "active": 0, "total": 1 }));
    ada.post(&format!("/portal/keys/{id}/reactivate"), json!({})).await;
    assert_eq!(scene.verdict(&renewed).await, ok());
    let another = ada
        .post(
            &format!("/portal/subscriptions/{subscription}/keys"),
            json!({ "name": "Laptop" }),
        )
        .await;
    ada.post(&format!("/portal/keys/{id}/revoke"), json!({})).await;
    assert_eq!(scene.verdict(&renewed).await, refusal(401, "credential-revoked"));
    assert_eq!(scene.verdict(&text(&another, "secret")).await, ok());
    ada.post(&format!("/portal/subscriptions/{subscription}/cancel"), json!({}))
        .await;
    assert_eq!(
        scene.verdict(&text(&another, "secret")).await,
        refusal(401, "credential-revoked")
    );
    let listed = ada.get("/portal/subscriptions").await;
    assert_eq!(
        (&listed["items"][0]["state"], &listed["items"][0]["plan"]["name"]),
        (&json!("CANCELLED"), &json!("Pro"))
    );
    scene.app.stop().await;
}

#[tokio::test]
async fn what_an_operator_suspended_no_developer_reactivates() {
    let (scene, ada) = set().await;
    let (_, id, secret) = subscribe(&scene, &ada).await;
    let (own, theirs) = (format!("/portal/keys/{id}"), format!("/keys/{id}"));
    scene.acme.post(&format!("{theirs}/suspend"), json!({})).await;
    let refused = ada.refused(&format!("{own}/reactivate"), json!({})).await;
    assert_eq!(refused, (409, "key-state-conflict".to_owned()));
    assert_eq!(scene.verdict(&secret).await, refusal(403, "credential-suspended"));
    scene.acme.post(&format!("{theirs}/reactivate"), json!({})).await;
    // What the customer suspended itself an operator can take over.
    ada.post(&format!("{own}/suspend"), json!({})).await;
    scene.acme.post(&format!("{theirs}/suspend"), json!({})).await;
    let refused = ada.refused(&format!("{own}/reactivate"), json!({})).await;
    assert_eq!(refused, (409, "key-state-conflict".to_owned()));
    scene.acme.post(&format!("{theirs}/reactivate"), json!({})).await;
    assert_eq!(scene.verdict(&secret).await, ok());
    scene.app.stop().await;
}

#[tokio::test]
async fn a_form_that_is_sent_twice_makes_one_subscription_and_shows_its_secret_once() {
    let (scene, ada) = set().await;
    let send = async || {
        let request = ada
            .request(Method::POST, "/portal/subscriptions")
            .header("idempotency-key", "form-1");
        let response = request.json(&json!({ "planId": scene.plan })).send().await.unwrap();
        assert_eq!(response.status(), 201);
        response.json::<Value>().await.unwrap()
    };
    let (first, second) = (send().await, send().await);
    assert_eq!(first["id"], second["id"]);
    let secret = text(&first["apiKey"], "secret");
    assert!(second["apiKey"].get("secret").is_none() && !second.to_string().contains(&secret));
    assert_eq!(ada.get("/portal/keys").await["items"].as_array().unwrap().len(), 1);
    // Nothing that is kept holds it.
    for (table, row) in database::dump(&scene.app.database_url).await {
        assert!(!row.contains(&secret), "{table}");
    }
    scene.app.stop().await;
}

#[tokio::test]
async fn a_customer_has_no_more_keys_than_its_limit() {
    let (scene, ada) = set().await;
    let (subscription, ..) = subscribe(&scene, &ada).await;
    let mut owner = database::connect(&scene.app.database_url).await;
    // As many as there may be, in another subscription of the customer's.
    let other = scene.subscribe().await;
    let sql = "WITH made AS (
           INSERT INTO api_keys (tenant_id, id, accessor_type, environment, name, status, secret_version, prefix, hash, last_four, access_version, created_at, updated_at)
           SELECT tenant_id, gen_random_uuid(), accessor_type, environment, name, status, secret_version, prefix,
             sha256(number::text::bytea), last_four, access_version, created_at, updated_at
           FROM api_keys, generate_series(1, 198) AS number WHERE name = 'CI' RETURNING tenant_id, id)
         INSERT INTO key_subscription_bindings (tenant_id, id, key_id, subscription_id, created_at)
         SELECT b.tenant_id, gen_random_uuid(), made.id, b.subscription_id, b.created_at
         FROM made, key_subscription_bindings AS b JOIN api_keys AS k ON k.id = b.key_id WHERE k.name = 'default'";
    sqlx::query(sql).execute(&mut owner).await.unwrap();
    drop(other);
    let refused = ada
        .refused(&format!("/portal/subscriptions/{subscription}/keys"), json!({}))
        .await;
    assert_eq!(refused, (409, "limit-reached".to_owned()));
    let refused = ada
        .refused("/portal/subscriptions", json!({ "planId": scene.plan }))
        .await;
    assert_eq!(refused, (409, "limit-reached".to_owned()));
    scene.app.stop().await;
}

#[tokio::test]
async fn a_visitor_sees_what_is_for_everybody_and_nothing_else() {
    let (scene, ada) = set().await;
    let hidden = scene.acme.product("Secret API").await;
    let own = scene.acme.plan("Only for Globex", &[&hidden]).await;
    let visitor = scene.app.stranger("acme");
    let (products, plans) = (
        visitor.get("/portal/products").await,
        visitor.get("/portal/plans").await,
    );
    assert_eq!(products["items"].as_array().unwrap().len(), 1, "{products}");
    assert_eq!(plans["items"][0]["name"], "Pro");
    assert_eq!(plans["items"].as_array().unwrap().len(), 1, "{plans}");
    assert_eq!(
        ada.refused("/portal/subscriptions", json!({ "planId": own })).await.0,
        404
    );
    // What the customer has, its developers see; others do not.
    scene.acme.subscribe(&scene.customer, &own).await;
    assert_eq!(ada.get("/portal/products").await["items"].as_array().unwrap().len(), 2);
    assert_eq!(
        visitor.get("/portal/products").await["items"].as_array().unwrap().len(),
        1
    );
    scene.app.stop().await;
}

#[tokio::test]
async fn a_color_on_which_nobody_reads_is_refused_with_one_that_is_read() {
    let (scene, _) = set().await;
    let branding = |color: &str| json!({ "name": "Acme APIs", "color": color, "contact": "sales@acme.example" });
    let refused = scene
        .expect(422, Method::PUT, "/portal/branding", Some(branding("#ffd400")))
        .await;
    let detail = text(&refused["errors"][0], "detail");
    let offered = detail.split("passes is ").nth(1).unwrap().to_owned();
    let made = scene
        .expect(200, Method::PUT, "/portal/branding", Some(branding(&offered)))
        .await;
    assert_eq!(made["palette"]["light"]["brand"], json!(offered), "{made}");
    let seen = scene.app.stranger("acme").get("/portal/branding").await;
    assert_eq!(
        (&seen["name"], &seen["contact"]),
        (&json!("Acme APIs"), &json!("sales@acme.example"))
    );
    for wrong in [
        "javascript:alert(1)",
        "http://acme.example",
        "a@b.example?bcc=x",
        "https:///x",
    ] {
        let body = json!({ "contact": wrong });
        scene.expect(422, Method::PUT, "/portal/branding", Some(body)).await;
    }
    // The first of two who change what both have read is not overwritten.
    let stale = scene
        .acme
        .request(Method::PUT, "/portal/branding")
        .header("if-match", "\"gone\"");
    assert_eq!(stale.json(&branding(&offered)).send().await.unwrap().status(), 412);
    scene.app.stop().await;
}

#[tokio::test]
async fn a_logo_is_an_image_and_never_a_page() {
    let (scene, _) = set().await;
    let put = |content: &str| json!({ "mediaType": "image/svg+xml", "content": content });
    // <svg xmlns="http://www.w3.org/2000/svg"/> and <svg><script>1</script></svg>
    let drawing = "PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciLz4=";
    scene
        .expect(
            422,
            Method::PUT,
            "/portal/branding/logo",
            Some(put("PHN2Zz48c2NyaXB0PjE8L3NjcmlwdD48L3N2Zz4=")),
        )
        .await;
    let made = scene
        .expect(200, Method::PUT, "/portal/branding/logo", Some(put(drawing)))
        .await;
    let visitor = scene.app.stranger("acme");
    let path = format!("/portal/branding/logo?v={}", text(&made["logo"], "version"));
    let shown = visitor.bare(Method::GET, &path).send().await.unwrap();
    assert_eq!(shown.status(), StatusCode::OK);
    let header = |name: &str| shown.headers()[name].to_str().unwrap().to_owned();
    assert!(
        header("content-security-policy").contains("default-src 'none'")
            && header("content-security-policy").contains("sandbox")
    );
    assert_eq!(
        (header("content-type"), header("x-content-type-options")),
        ("image/svg+xml".into(), "nosniff".into())
    );
    assert!(header("cache-control").contains("immutable"));
    let other = visitor
        .bare(Method::GET, "/portal/branding/logo?v=0")
        .send()
        .await
        .unwrap();
    assert!(!other.headers()["cache-control"].to_str().unwrap().contains("immutable"));
    scene.expect(204, Method::DELETE, "/portal/branding/logo", None).await;
    assert_eq!(visitor.bare(Method::GET, &path).send().await.unwrap().status(), 404);
    scene.app.stop().await;
}
