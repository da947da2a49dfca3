//! What somebody comes back with counts once, in the browser that was sent, at the right address, in time.

use std::time::Duration;

use gatewright_identity::providers::errand::ERRAND_LIFE;
use serde_json::{Value, json};

use super::{Scene, problem};
use crate::scene::text;

#[tokio::test]
async fn an_answer_counts_once() {
    let scene = Scene::set().await;
    let (stand_in, provider) = scene.stand_in("Globex").await;
    let sent = scene.begin(&provider).await;
    let came = stand_in.visit(&sent.url);
    assert!(
        came.redirect_uri.ends_with(&format!("/sign-in/callback/{provider}")),
        "{}",
        came.redirect_uri
    );
    assert_eq!(came.scope, "openid email profile");
    let (status, answer) = scene.complete(&sent, &came, Some(&stand_in.url)).await;
    assert_eq!(
        (status, text(&answer, "returnTo").as_str()),
        (201, "/subscriptions?state=ACTIVE"),
        "{answer}"
    );
    let asked = stand_in.asked("/token");
    let replayed = scene.complete(&sent, &came, Some(&stand_in.url)).await;
    assert_eq!(problem(&replayed), (403, "code-invalid"));
    assert_eq!(stand_in.asked("/token"), asked, "nothing is asked for it");
    // The code alone, under another errand: the provider knows that it was used, and for another challenge.
    let mut other = scene.begin(&provider).await;
    let mut stolen = stand_in.visit(&other.url);
    stolen.code.clone_from(&came.code);
    assert_eq!(
        problem(&scene.complete(&other, &stolen, Some(&stand_in.url)).await),
        (502, "provider-failed")
    );
    // A code that was never used, injected into another errand: PKCE (RFC 9700 §4.5).
    let victim = stand_in.visit(&scene.begin(&provider).await.url);
    other = scene.begin(&provider).await;
    let mut injected = stand_in.visit(&other.url);
    injected.code = victim.code;
    assert_eq!(
        problem(&scene.complete(&other, &injected, Some(&stand_in.url)).await),
        (502, "provider-failed")
    );
}

#[tokio::test]
async fn only_the_browser_that_was_sent_comes_back() {
    let scene = Scene::set().await;
    let (stand_in, provider) = scene.stand_in("Globex").await;
    let mut sent = scene.begin(&provider).await;
    let came = stand_in.visit(&sent.url);
    // Whoever is made to open another's callback (RFC 6749 §10.12), with or without an errand of their own.
    let own = sent.browser.clone();
    for browser in ["", "gwb_none", &scene.begin(&provider).await.browser] {
        browser.clone_into(&mut sent.browser);
        assert_eq!(
            problem(&scene.complete(&sent, &came, Some(&stand_in.url)).await),
            (403, "code-invalid")
        );
    }
    assert_eq!(stand_in.asked("/token"), 0);
    // It took nothing from whoever it was meant for.
    sent.browser = own;
    assert_eq!(scene.complete(&sent, &came, Some(&stand_in.url)).await.0, 201);
}

#[tokio::test]
async fn whoever_is_away_for_too_long_begins_again() {
    let scene = Scene::set().await;
    let (stand_in, provider) = scene.stand_in("Globex").await;
    let (in_time, late) = (scene.begin(&provider).await, scene.begin(&provider).await);
    scene
        .app
        .clock
        .advance(ERRAND_LIFE.to_std().unwrap() - Duration::from_millis(1));
    let came = stand_in.visit(&in_time.url);
    assert_eq!(scene.complete(&in_time, &came, Some(&stand_in.url)).await.0, 201);
    scene.app.clock.advance(Duration::from_millis(1));
    let came = stand_in.visit(&late.url);
    assert_eq!(
        problem(&scene.complete(&late, &came, Some(&stand_in.url)).await),
        (403, "code-invalid")
    );
}

#[tokio::test]
async fn an_answer_of_one_provider_is_none_of_another() {
    let scene = Scene::set().await;
    let (honest, honest_id) = scene.stand_in("Honest").await;
    let (evil, evil_id) = scene.stand_in("Evil").await;
    // Mix-up (RFC 9700 §4.4): somebody is sent to the honest one, and the evil one gets the answer to be given for a token.
    let mut sent = scene.begin(&honest_id).await;
    let came = honest.visit(&sent.url);
    evil_id.clone_into(&mut sent.provider);
    for iss in [None, Some(&honest.url), Some(&evil.url)] {
        let refused = scene.complete(&sent, &came, iss.map(String::as_str)).await;
        assert_eq!(problem(&refused), (403, "code-invalid"));
    }
    assert_eq!(
        (evil.asked("/token"), honest.asked("/token")),
        (0, 0),
        "the code went to nobody"
    );
    // By RFC 9207 alone: at the right address, with another name or, where one is promised, none. Each errand is over then.
    for iss in [
        None,
        Some(evil.url.as_str()),
        Some(""),
        Some(&format!("{}/", honest.url)),
    ] {
        let sent = scene.begin(&honest_id).await;
        let came = honest.visit(&sent.url);
        assert_eq!(
            problem(&scene.complete(&sent, &came, iss).await),
            (502, "provider-failed")
        );
        assert_eq!(
            problem(&scene.complete(&sent, &came, Some(&honest.url)).await),
            (403, "code-invalid")
        );
    }
    assert_eq!(honest.asked("/token"), 0);
    // An error has to be its own as well.
    for (iss, expected) in [
        (&evil.url, (502, "provider-failed")),
        (&honest.url, (403, "provider-refused")),
    ] {
        let sent = scene.begin(&honest_id).await;
        let state = honest.visit(&sent.url).state;
        let body = json!({
            "providerId": honest_id, "state": state, "error": "access_denied", "iss": iss, "browserToken": sent.browser,
            "delivery": "BODY",
        });
        assert_eq!(problem(&scene.post("/sessions/provider", None, body).await), expected);
    }
}

#[tokio::test]
async fn a_browser_gets_cookies_and_no_script_reads_a_token() {
    let scene = Scene::set().await;
    let (stand_in, provider) = scene.stand_in("Globex").await;
    let host = scene.acme.api_url.replace("/api/v1", "").replace("http://", "");
    let send = |path: String, cookies: String, origin: String, site: &'static str, body: Value| {
        let request = scene
            .app
            .client
            .post(format!("{}{path}", scene.acme.api_url))
            .json(&body);
        request
            .header("cookie", cookies)
            .header("origin", origin)
            .header("sec-fetch-site", site)
            .send()
    };
    let own = format!("http://{host}");
    let begin = format!("/sign-in-providers/{provider}/authorizations");
    let asks_for_tokens = send(
        begin.clone(),
        String::new(),
        own.clone(),
        "same-origin",
        json!({ "delivery": "BODY" }),
    )
    .await
    .unwrap();
    assert_eq!(asks_for_tokens.status(), 400);
    let begun = send(begin, String::new(), own.clone(), "same-origin", json!({}))
        .await
        .unwrap();
    assert_eq!(begun.status(), 201);
    let line = begun.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(
        line.starts_with("gatewright_begun=") && line.contains("HttpOnly; SameSite=Lax"),
        "{line}"
    );
    let cookie = line.split(';').next().unwrap().to_owned();
    let begun: Value = begun.json().await.unwrap();
    assert_eq!(
        begun.as_object().unwrap().keys().collect::<Vec<_>>(),
        ["authorizationUrl"]
    );
    let came = stand_in.visit(&text(&begun, "authorizationUrl"));
    let answer = json!({ "providerId": provider, "state": came.state, "code": came.code, "iss": stand_in.url });
    let complete = "/sessions/provider".to_owned();
    // Another site's page cannot finish it in somebody's browser.
    for (origin, site) in [
        ("https://evil.example", "cross-site"),
        (own.as_str(), "cross-site"),
        ("null", "same-origin"),
    ] {
        let refused = send(
            complete.clone(),
            cookie.clone(),
            origin.to_owned(),
            site,
            answer.clone(),
        )
        .await
        .unwrap();
        assert_eq!(refused.status(), 403, "{origin} {site}");
    }
    let done = send(complete, cookie, own, "same-origin", answer).await.unwrap();
    assert_eq!(done.status(), 201);
    let set: Vec<String> = done
        .headers()
        .get_all("set-cookie")
        .iter()
        .map(|one| one.to_str().unwrap().to_owned())
        .collect();
    for name in [
        "gatewright_session=ey",
        "gatewright_refresh=gwr_",
        "gatewright_device=gw",
        "gatewright_begun=;",
    ] {
        assert!(
            set.iter()
                .any(|line| line.starts_with(name) && line.contains("HttpOnly")),
            "{name}: {set:?}"
        );
    }
    let body = done.text().await.unwrap();
    assert!(!body.contains("eyJ") && !body.contains("gwr_"), "{body}");
}

#[tokio::test]
async fn nobody_is_led_to_another_site() {
    let scene = Scene::set().await;
    let (_stand_in, provider) = scene.stand_in("Globex").await;
    let path = format!("/sign-in-providers/{provider}/authorizations");
    for evil in [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "/\t/evil.example",
        "evil",
        "",
    ] {
        let refused = scene
            .post(&path, None, json!({ "delivery": "BODY", "returnTo": evil }))
            .await;
        assert_eq!(problem(&refused), (422, "validation-failed"), "{evil:?}");
    }
}

#[tokio::test]
async fn whoever_tries_answers_out_is_stopped_and_noted() {
    let scene = Scene::set().await;
    let (stand_in, provider) = scene.stand_in("Globex").await;
    let sent = scene.begin(&provider).await;
    let mut came = stand_in.visit(&sent.url);
    came.state = "guessed".to_owned();
    let mut tries = 0;
    loop {
        let refused = scene.complete(&sent, &came, Some(&stand_in.url)).await;
        match problem(&refused) {
            (403, "code-invalid") => tries += 1,
            other => break assert_eq!(other, (429, "too-many-attempts")),
        }
    }
    assert_eq!(tries, 60, "CODE_BY_ADDRESS");
    let noted = scene
        .acme
        .get("/audit-events?outcome=REFUSED&action=complete_provider_sign_in&limit=100")
        .await;
    assert_eq!(noted["items"].as_array().unwrap().len(), tries);
}
