//! Forms: what they send, and what they show when it is refused.

use axum::body::Body;
use http::Request;
use serde_json::json;

use crate::fake_api::{pages, problem};
use crate::visitor::{get, post, send};

#[tokio::test]
async fn a_field_that_is_refused_says_why_beside_itself_and_keeps_what_was_typed() {
    let (pages, log) = pages(|line, _| {
        let errors = json!([{ "field": "/password", "detail": "is too common" }, { "field": "/email", "detail": "is no address" }]);
        (line == "POST /api/v1/sign-ups")
            .then(|| problem(422, "validation-failed", "2 fields are not acceptable", &errors))
    });
    let page = post(
        &pages,
        "/sign-up",
        "email=+%3Cb%3E%40x+&name=Ada&password=hunter2hunter2&customerName=",
    )
    .await;
    assert_eq!(page.status, 422);
    assert!(
        page.text.contains("id=\"password-fault\"") && page.text.contains("Is too common."),
        "{}",
        page.text
    );
    assert!(page.text.contains("aria-describedby=\"email-fault\"") && page.text.contains("aria-invalid=\"true\""));
    assert!(page.text.contains("&lt;b&gt;@x") && page.text.contains("value=\"Ada\""));
    assert!(!page.text.contains("hunter2"), "a password is never shown again");
    let body = log.lock().unwrap()[0].body.clone();
    assert_eq!(
        body,
        json!({ "email": "<b>@x", "name": "Ada", "password": "hunter2hunter2" })
    );
}

#[tokio::test]
async fn who_is_not_signed_in_signs_in_and_comes_back() {
    let (pages, _) = pages(|line, _| {
        line.ends_with("/account")
            .then(|| problem(401, "unauthenticated", "Sign in.", &json!([])))
    });
    let page = get(&pages, "/account/sessions?notice=session").await;
    assert_eq!(
        (page.status.as_u16(), page.location()),
        (303, "/sign-in?returnTo=%2Faccount%2Fsessions%3Fnotice%3Dsession")
    );
    let page = post(
        &pages,
        "/sign-in",
        "email=a%40b&password=p&returnTo=%2Faccount%2Fsessions",
    )
    .await;
    assert_eq!((page.status.as_u16(), page.location()), (303, "/account/sessions"));
}

#[tokio::test]
async fn nobody_is_led_away_after_signing_in() {
    let (pages, _) = pages(|_, _| None);
    for evil in [
        "//evil.example",
        "/%5C/evil.example",
        "https:evil.example",
        "%2F%2Fevil.example",
        "/%09/evil.example",
    ] {
        let page = post(&pages, "/sign-in", &format!("email=a%40b&password=p&returnTo={evil}")).await;
        assert_eq!(page.location(), "/", "{evil}");
    }
    let (led, _) = crate::fake_api::pages(|line, _| {
        let answer = json!({ "status": "SIGNED_IN", "returnTo": "https://evil.example" });
        (line == "POST /api/v1/sessions/provider").then(|| (201, answer, vec![]))
    });
    assert_eq!(
        get(&led, "/sign-in/callback/idp_1?state=s&code=c").await.location(),
        "/"
    );
}

#[tokio::test]
async fn a_second_factor_that_is_owed_is_asked_for_with_the_factors_there_are() {
    let (pages, log) = pages(|line, _| {
        let answer = json!({ "status": "SECOND_FACTOR_REQUIRED", "factors": ["TOTP", "RECOVERY_CODE"] });
        (line == "POST /api/v1/sessions").then(|| (201, answer, vec!["pending=gwp_1; Path=/; HttpOnly"]))
    });
    let page = post(&pages, "/sign-in", "email=a%40b&password=p&returnTo=/team").await;
    assert_eq!(
        page.location(),
        "/sign-in/second-factor?factors=TOTP+RECOVERY_CODE&returnTo=%2Fteam"
    );
    assert!(page.headers.contains_key("set-cookie"));
    let page = get(&pages, page.location()).await.text;
    assert!(page.contains("name=\"code\"") && !page.contains("Use a passkey"));
    let _ = post(&pages, "/sign-in/second-factor", "do=code&code=123+456&factors=TOTP").await;
    assert_eq!(log.lock().unwrap().last().unwrap().body, json!({ "code": "123456" }));
}

#[tokio::test]
async fn what_asks_for_a_recent_sign_in_leads_there_and_back() {
    let (pages, _) = pages(|line, _| {
        line.starts_with("DELETE")
            .then(|| problem(403, "reauthentication-required", "Show who you are.", &json!([])))
    });
    let page = post(&pages, "/account/security?x=1", "do=totp-off").await;
    assert_eq!(
        page.location(),
        "/account/reauthenticate?returnTo=%2Faccount%2Fsecurity"
    );
}

#[tokio::test]
async fn a_refusal_shows_its_words_and_one_inside_its_request() {
    let (pages, _) = pages(|line, _| match line {
        "POST /api/v1/sessions" => Some(problem(
            401,
            "sign-in-failed",
            "Address and password do not match.",
            &json!([]),
        )),
        "POST /api/v1/password-resets" => Some(problem(500, "internal", "It broke.", &json!([]))),
        "POST /api/v1/sign-ups/verify" => Some(problem(403, "code-invalid", "No.", &json!([]))),
        "POST /api/v1/operators" => Some(problem(403, "forbidden", "Your role may not.", &json!([]))),
        _ => None,
    });
    let page = post(&pages, "/sign-in", "email=a%40b&password=p").await;
    assert!(
        page.status == 401
            && page.text.contains("role=\"alert\"")
            && page.text.contains("Address and password do not match.")
    );
    let page = post(&pages, "/reset", "email=a%40b").await;
    assert!(page.status == 500 && page.text.contains("req_1"));
    let page = post(&pages, "/verify", "token=gwm_used").await;
    assert!(page.status == 403 && page.text.contains("no longer works") && !page.text.contains("gwm_used"));
    let page = post(&pages, "/console/people", "do=invite&name=G&email=g%40x&role=OWNER").await;
    assert!(page.status == 403 && page.text.contains("Your role may not.") && page.text.contains("value=\"g@x\""));
}

#[tokio::test]
async fn secrets_are_shown_by_the_answer_that_made_them_and_by_no_address() {
    let (pages, _) = pages(|_, _| None);
    let page = post(&pages, "/account/security", "do=totp").await;
    assert!(page.text.contains("JBSWY3DPEHPK3PXP") && page.text.contains("class=\"qr\""));
    let page = post(&pages, "/account/security", "do=recovery").await;
    assert!(page.text.contains("k7qm-3xwd-p9tz") && page.headers["cache-control"] == "no-store");
    assert!(!get(&pages, "/account/security").await.text.contains("k7qm-3xwd-p9tz"));
}

#[tokio::test]
async fn the_way_to_a_provider_is_a_page_and_no_redirect() {
    let (pages, _) = pages(|_, _| None);
    let page = post(&pages, "/sign-in/provider/idp_1", "returnTo=/team").await;
    assert_eq!(
        page.status, 200,
        "form-action 'self' stops a form's redirect to another origin"
    );
    assert!(
        page.text
            .contains("http-equiv=\"refresh\" content=\"0;url=https://accounts.google.com/")
    );
    let (evil, _) = crate::fake_api::pages(|line, _| {
        let answer = json!({ "authorizationUrl": "javascript:alert(1)" });
        line.ends_with("/authorizations").then(|| (201, answer, vec![]))
    });
    assert_eq!(post(&evil, "/sign-in/provider/idp_1", "").await.status, 500);
    assert_eq!(
        post(&pages, "/sign-in/provider/..%2f..%2fsessions", "").await.status,
        404
    );
}

#[tokio::test]
async fn only_forms_of_a_limited_length_are_read() {
    let (pages, log) = pages(|_, _| None);
    let json = Request::post("/sign-in").header("content-type", "application/json");
    let page = send(&pages, json.body(Body::from("{\"email\":\"a\"}")).unwrap()).await;
    assert_eq!(page.status, 415);
    let long = format!("email={}", "a".repeat(40_000));
    assert_eq!(post(&pages, "/sign-in", &long).await.status, 413);
    let asked = log.lock().unwrap();
    assert!(asked.iter().all(|asked| asked.line.starts_with("GET ")));
}
