//! Of two who change what both have read, the second is told.

use gatewright_testkit::{TestApp, Upstream};
use reqwest::Method;
use serde_json::{Value, json};

use super::{OF_THE_INSTALLATION, World, answer, document, operations, quiet_dump, request};

#[tokio::test]
async fn a_change_for_a_version_that_is_gone_does_nothing_and_if_match_is_never_ignored() {
    let app = TestApp::start().await;
    let upstream = Upstream::start().await;
    let world = World::make(&app, "acme", &upstream).await;
    let (mut conditional, mut tagged) = (0, 0);
    let operations = operations(&document(&app).await);
    // Who exports the audit log is in it: what was read is judged first.
    let (reads, changes): (Vec<_>, Vec<_>) = operations.iter().partition(|one| one.method == Method::GET);
    for operation in reads {
        let request = request(&app, operation, &world).bearer_auth(&world.who.token);
        let shows_tag = operation.definition["responses"]["200"]["headers"]["ETag"].is_object();
        let response = request.send().await.unwrap();
        assert_eq!(response.headers().contains_key("etag"), shows_tag, "{}", operation.id);
        tagged += usize::from(shows_tag);
    }
    let before = quiet_dump(&app).await;
    for operation in changes {
        let parameters = operation.definition["parameters"].to_string();
        let request = request(&app, operation, &world).bearer_auth(&world.who.token);
        if parameters.contains("If-Match") {
            let (status, problem) = answer(request.header("if-match", "\"gone\"")).await;
            let said = (status.as_u16(), &problem["code"]);
            assert_eq!(said, (412, &json!("precondition-failed")), "{}", operation.id);
            conditional += 1;
        } else if !["create_tenant", "verify_key"].contains(&operation.id.as_str())
            && !OF_THE_INSTALLATION.contains(&operation.id.as_str())
        {
            let (status, problem) = answer(request.header("if-match", "*")).await;
            // What its object's state forbids is refused for that.
            let refused = status == 409 || (status == 400 && problem["code"] == "invalid-request");
            assert!(refused, "{}: {problem}", operation.id);
        }
    }
    assert_eq!((conditional, tagged), (20, 11), "the table in openapi.rs");
    assert_eq!(quiet_dump(&app).await, before, "nothing has changed");
    app.stop().await;
}

#[tokio::test]
async fn of_two_who_change_what_both_have_read_the_second_is_told() {
    let app = TestApp::start().await;
    let upstream = Upstream::start().await;
    let world = World::make(&app, "acme", &upstream).await;
    let who = &world.who;
    for path in [
        format!("/products/{}", world.product),
        format!("/plans/{}", world.plan),
        format!("/customers/{}", world.customer),
        format!("/gateways/{}", world.gateway),
        format!("/services/{}", world.service),
        format!("/routes/{}", world.route),
    ] {
        let tag = |response: &reqwest::Response| response.headers()["etag"].to_str().unwrap().to_owned();
        let read = tag(&who.request(Method::GET, &path).send().await.unwrap());
        let change = |body: Value, tag: &str| {
            who.request(Method::PATCH, &path)
                .json(&body)
                .header("if-match", tag)
                .send()
        };
        let body = if path.starts_with("/routes") {
            json!({"method": "PUT"})
        } else {
            json!({"name": "First"})
        };
        let first = change(body.clone(), &read).await.unwrap();
        assert_eq!(first.status(), 200, "{path}");
        let now = tag(&first);
        assert_ne!(now, read, "{path}");
        assert_eq!(
            tag(&who.request(Method::GET, &path).send().await.unwrap()),
            now,
            "{path}"
        );
        assert_eq!(change(body.clone(), &read).await.unwrap().status(), 412, "{path}");
        assert_eq!(
            change(body, &format!("\"other\", {now}")).await.unwrap().status(),
            200,
            "{path}"
        );
    }
    app.stop().await;
}
