//! GitHub, which is no OpenID provider; its stand-in is ours (see `stand_in.rs`).

use serde_json::json;

use super::stand_in::StandIn;
use super::{Scene, problem};

#[tokio::test]
async fn github_says_who_somebody_is_by_its_api() {
    let scene = Scene::set().await;
    let github = StandIn::start(scene.app.clock.clone()).await;
    let provider = scene.provider("GITHUB", "GitHub", &github.url, json!({})).await;
    let sent = scene.begin(&provider).await;
    assert!(
        sent.url.starts_with(&format!("{}/login/oauth/authorize?", github.url)),
        "{}",
        sent.url
    );
    let came = github.visit(&sent.url);
    assert_eq!(came.scope, "read:user user:email");
    let (status, answer) = scene.complete(&sent, &came, None).await;
    assert_eq!(status, 201, "{answer}");
    let account = scene.account(answer["accessToken"].as_str().unwrap()).await;
    // The primary address, which GitHub has verified, and not the one that the profile shows.
    assert_eq!(
        (&account["person"]["email"], &account["person"]["name"]),
        (&json!("octo@example.com"), &json!("octocat"))
    );
    // A code that was used is refused with a status of success.
    let replayed = scene.begin(&provider).await;
    let mut again = github.visit(&replayed.url);
    again.code = came.code;
    let refused = scene.complete(&replayed, &again, None).await;
    assert_eq!(problem(&refused), (502, "provider-failed"));
    assert!(
        refused.1["detail"].as_str().unwrap().contains("bad_verification_code"),
        "{}",
        refused.1
    );
    // Should GitHub name itself, it has to be itself.
    let sent = scene.begin(&provider).await;
    let came = github.visit(&sent.url);
    assert_eq!(
        problem(&scene.complete(&sent, &came, Some("https://github.com.evil")).await),
        (502, "provider-failed")
    );
    let sent = scene.begin(&provider).await;
    let came = github.visit(&sent.url);
    let named = format!("{}/login/oauth", github.url);
    assert_eq!(scene.complete(&sent, &came, Some(&named)).await.0, 201);
    assert_eq!(scene.people().await, 1);
}

#[tokio::test]
async fn of_github_only_a_primary_address_that_it_verified_counts() {
    let scene = Scene::set().await;
    let github = StandIn::start(scene.app.clock.clone()).await;
    let provider = scene.provider("GITHUB", "GitHub", &github.url, json!({})).await;
    for emails in [
        json!([]),
        json!([{ "email": "octo@example.com", "verified": false, "primary": true, "visibility": null }]),
        json!([{ "email": "octo@example.com", "verified": true, "primary": false, "visibility": null }]),
    ] {
        github.tell(|told| told.emails = emails.clone());
        let sent = scene.begin(&provider).await;
        let came = github.visit(&sent.url);
        assert_eq!(
            problem(&scene.complete(&sent, &came, None).await),
            (403, "provider-refused"),
            "{emails}"
        );
    }
    assert_eq!(scene.people().await, 0);
}
