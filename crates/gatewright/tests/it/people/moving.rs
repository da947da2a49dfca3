//! Somebody who works for several tenants, and what one tenant's session is at another: nothing, unless handed over.

use gatewright_testkit::{TestApp, TestPerson};
use reqwest::Method;
use serde_json::{Value, json};

async fn operator(app: &TestApp, slug: &str, email: &str) -> (String, TestPerson) {
    let tenant = app.tenant(slug).await;
    let (id, _) = tenant.colleague("ADMIN").await;
    (tenant.id.clone(), app.operator_person(&tenant, slug, &id, email).await)
}

#[tokio::test]
async fn whoever_works_for_two_tenants_goes_from_one_to_the_other_once() {
    let app = TestApp::start().await;
    let (_, here) = operator(&app, "acme", "ada@example.com").await;
    let (there_id, _) = operator(&app, "initech", "Ada@Example.com").await;
    let (strange_id, _) = operator(&app, "hooli", "eve@example.com").await;
    let own = here.get("/account/tenants").await;
    let slugs: Vec<&str> = own["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["slug"].as_str().unwrap())
        .collect();
    assert_eq!(slugs, ["acme", "initech"]);
    let (status, _) = here
        .call(Method::POST, &format!("/account/tenants/{strange_id}/hand-over"), None)
        .await;
    assert_eq!(status, 404, "where somebody else works");
    let answer = here
        .post(&format!("/account/tenants/{there_id}/hand-over"), json!({}))
        .await;
    let url = answer["handOverUrl"].as_str().unwrap();
    assert!(
        url.starts_with(&format!("http://{}/hand-over?token=", app.host_of("initech"))),
        "{url}"
    );
    let token = url.rsplit('=').next().unwrap();
    let body = json!({ "token": token, "delivery": "BODY" });
    // Only where it leads.
    assert_eq!(
        app.stranger("acme")
            .call(Method::POST, "/sessions/hand-over", Some(body.clone()))
            .await
            .0,
        403
    );
    let mut there = app.stranger("initech");
    there.take(&there.post("/sessions/hand-over", body.clone()).await);
    let account = there.get("/account").await;
    assert_eq!(account["tenant"]["slug"], "initech");
    assert_eq!(account["operator"]["role"], "ADMIN");
    let (status, problem) = there.call(Method::POST, "/sessions/hand-over", Some(body)).await;
    assert_eq!(
        (status.as_u16(), problem["code"].as_str()),
        (403, Some("code-invalid")),
        "once"
    );
    // One errand leads to no second.
    let acme_id = own["items"][0]["id"].as_str().unwrap();
    let (status, problem) = there
        .call(Method::POST, &format!("/account/tenants/{acme_id}/hand-over"), None)
        .await;
    assert_eq!(
        (status.as_u16(), problem["code"].as_str()),
        (403, Some("reauthentication-required"))
    );
    app.stop().await;
}

#[tokio::test]
async fn a_session_is_nothing_at_another_tenants_host() {
    let app = TestApp::start().await;
    let (_, ada) = operator(&app, "acme", "ada@example.com").await;
    let (_, eve) = operator(&app, "initech", "eve@example.com").await;
    for (token, host) in [(&ada.token, &eve.host), (&eve.token, &ada.host)] {
        let elsewhere = TestPerson {
            token: token.clone(),
            host: host.clone(),
            ..ada.clone()
        };
        let (status, problem): (_, Value) = elsewhere.call(Method::GET, "/account", None).await;
        assert_eq!(
            (status.as_u16(), problem["code"].as_str()),
            (401, Some("unauthenticated"))
        );
        let request = elsewhere
            .bare(Method::GET, "/account")
            .header("cookie", format!("gatewright_session={token}"));
        assert_eq!(request.send().await.unwrap().status(), 401);
    }
    let body = json!({ "refreshToken": ada.refresh_token });
    assert_eq!(
        eve.bare(Method::POST, "/sessions/refresh")
            .json(&body)
            .send()
            .await
            .unwrap()
            .status(),
        401
    );
    assert_eq!(
        ada.bare(Method::POST, "/sessions/refresh")
            .json(&body)
            .send()
            .await
            .unwrap()
            .status(),
        200,
        "and still works at home"
    );
    app.stop().await;
}

#[tokio::test]
async fn a_host_of_no_tenant_is_told_so() {
    let app = TestApp::start().await;
    let nobody = app.stranger("nobody");
    let (status, problem) = nobody.call(Method::GET, "/sign-in-options", None).await;
    assert_eq!((status.as_u16(), problem["code"].as_str()), (404, Some("no-tenant")));
    // One that comes later is found.
    app.tenant("nobody").await;
    assert_eq!(nobody.get("/sign-in-options").await["tenant"]["slug"], "nobody");
    // Any other host means the oldest.
    let mut bare = app.stranger("x");
    bare.host = "gateway.example".to_owned();
    assert_eq!(bare.get("/sign-in-options").await["tenant"]["slug"], "nobody");
    app.stop().await;
}
