//! What a browser is given, and what a page of somebody else's can do with it: nothing.

use gatewright_identity::model::DeveloperRole;
use gatewright_testkit::{PASSWORD, TestApp, TestPerson, manual_clock};
use reqwest::{Method, Response};
use serde_json::{Value, json};

fn cookies(response: &Response) -> Vec<String> {
    let fields = response.headers().get_all("set-cookie").iter();
    fields.map(|field| field.to_str().unwrap().to_owned()).collect()
}

/// What a browser sends back.
fn jar(cookies: &[String]) -> String {
    let pairs = cookies.iter().map(|cookie| cookie.split(';').next().unwrap());
    pairs.filter(|pair| !pair.ends_with('=')).collect::<Vec<_>>().join("; ")
}

fn from_page(who: &TestPerson, method: Method, path: &str) -> reqwest::RequestBuilder {
    who.bare(method, path)
        .header("sec-fetch-site", "same-origin")
        .header("origin", format!("http://{}", who.host))
}

async fn sign_in(who: &TestPerson) -> Response {
    let body = json!({ "email": who.email, "password": PASSWORD });
    from_page(who, Method::POST, "/sessions")
        .json(&body)
        .send()
        .await
        .unwrap()
}

async fn ada(app: &TestApp) -> TestPerson {
    let acme = app.tenant("acme").await;
    let customer = acme.customer("Globex").await;
    app.developer(&acme, "acme", &customer, ("ada@example.com", DeveloperRole::Owner))
        .await
}

#[tokio::test]
async fn no_script_reads_a_token() {
    let app = TestApp::start().await;
    let who = ada(&app).await;
    let response = sign_in(&who).await;
    assert_eq!(response.status(), 201);
    let set = cookies(&response);
    assert_eq!(set.len(), 3, "{set:?}");
    for cookie in &set {
        assert!(
            cookie.contains("; HttpOnly; SameSite=Lax") && cookie.contains("; Path=/;"),
            "{cookie}"
        );
        assert!(
            !cookie.to_ascii_lowercase().contains("domain="),
            "of this host alone: {cookie}"
        );
    }
    let body = response.text().await.unwrap();
    for cookie in &set {
        let value = cookie.split(['=', ';']).nth(1).unwrap();
        assert!(value.len() > 20 && !body.contains(value), "{body}");
    }
    assert!(!body.contains("oken"), "{body}");
    // And none that asks for it.
    for (name, value) in [
        ("sec-fetch-site", "same-origin"),
        ("cookie", "a=b"),
        ("origin", "http://acme.localhost"),
    ] {
        let value = if name == "origin" {
            format!("http://{}", who.host)
        } else {
            value.to_owned()
        };
        let body = json!({ "email": who.email, "password": PASSWORD, "delivery": "BODY" });
        let response = who
            .bare(Method::POST, "/sessions")
            .header(name, value)
            .json(&body)
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 400, "{name}");
        let response = who
            .bare(Method::POST, "/sessions/refresh")
            .header(
                name,
                if name == "origin" {
                    format!("http://{}", who.host)
                } else {
                    "same-origin".to_owned()
                },
            )
            .json(&json!({ "refreshToken": who.refresh_token }))
            .send()
            .await
            .unwrap();
        assert!(
            [400, 403].contains(&response.status().as_u16()),
            "{name}: {}",
            response.status()
        );
    }
    app.stop().await;
}

#[tokio::test]
async fn over_https_cookies_are_bound_to_the_host_and_to_https() {
    let mut settings = gatewright_testkit::settings(&gatewright_testkit::database::create().await);
    settings.public_url = Some("https://gw.example.com".to_owned());
    settings.portal_domain = Some("example.com".to_owned());
    let app = TestApp::start_as(settings, gatewright_types::Clock::System).await;
    let acme = app.tenant("acme").await;
    let mut who = app.person(&acme, "acme", "ada@example.com").await;
    who.host = "acme.example.com".to_owned();
    let body = json!({ "email": who.email, "password": PASSWORD });
    let request = who
        .bare(Method::POST, "/sessions")
        .header("origin", "https://acme.example.com")
        .json(&body);
    let set = cookies(&request.send().await.unwrap());
    assert_eq!(set.len(), 3);
    for cookie in &set {
        assert!(
            cookie.starts_with("__Host-gatewright_") && cookie.ends_with("; Secure"),
            "{cookie}"
        );
    }
    // What a neighbor's host or a plain-http page may have planted is not looked at.
    let planted = jar(&set).replace("__Host-", "");
    let response = who
        .bare(Method::GET, "/account")
        .header("cookie", planted)
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 401);
    let response = who
        .bare(Method::GET, "/account")
        .header("cookie", jar(&set))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    // The same page without TLS is another origin.
    let request = who
        .bare(Method::PATCH, "/account")
        .header("cookie", jar(&set))
        .header("origin", "http://acme.example.com");
    assert_eq!(
        request.json(&json!({ "name": "Eve" })).send().await.unwrap().status(),
        403
    );
    app.stop().await;
}

#[tokio::test]
async fn a_page_of_another_site_does_nothing_with_or_without_cookies() {
    let app = TestApp::start().await;
    let who = ada(&app).await;
    let jar = jar(&cookies(&sign_in(&who).await));
    let own = format!("http://{}", who.host);
    // Whether the page is one of the host's own, and what the browser says.
    let told: [(bool, &[(&str, &str)]); 9] = [
        (true, &[("sec-fetch-site", "same-origin")]),
        (true, &[("origin", &own)]),
        (true, &[("sec-fetch-site", "same-origin"), ("origin", &own)]),
        (false, &[]),
        (false, &[("sec-fetch-site", "cross-site")]),
        (false, &[("sec-fetch-site", "same-site"), ("origin", &own)]),
        (false, &[("sec-fetch-site", "none")]),
        (false, &[("origin", "https://evil.example")]),
        (false, &[("origin", "null")]),
    ];
    for (is_own, fields) in told {
        let mut request = who.bare(Method::PATCH, "/account").header("cookie", &jar);
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        let response = request.json(&json!({ "name": "Eve" })).send().await.unwrap();
        let status = response.status().as_u16();
        let shown: Value = response.json().await.unwrap();
        if is_own {
            assert_eq!(status, 200, "{fields:?}: {shown}");
        } else {
            assert_eq!(
                (status, shown["code"].as_str()),
                (403, Some("cross-origin")),
                "{fields:?}"
            );
        }
        // Signing somebody in as somebody else (login CSRF) needs no cookies. A program says nothing about pages.
        let mut request = who.bare(Method::POST, "/sessions");
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        let response = request
            .json(&json!({ "email": who.email, "password": PASSWORD }))
            .send()
            .await
            .unwrap();
        let expected = if is_own || fields.is_empty() { 201 } else { 403 };
        assert_eq!(response.status(), expected, "{fields:?}");
    }
    // A form of another site is no JSON, whatever it says.
    let request = who
        .bare(Method::POST, "/sessions/sign-out")
        .header("cookie", &jar)
        .header("origin", "https://evil.example");
    let response = request
        .header("content-type", "text/plain")
        .body("{}")
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 403);
    // Reading is no risk: no other origin gets the answer.
    let response = who
        .bare(Method::GET, "/account")
        .header("cookie", &jar)
        .header("origin", "https://evil.example");
    let response = response.send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(
        !response
            .headers()
            .keys()
            .any(|name| name.as_str().starts_with("access-control-"))
    );
    app.stop().await;
}

#[tokio::test]
async fn a_session_that_was_planted_is_not_the_one_that_is_signed_in_to() {
    let app = TestApp::start().await;
    let who = ada(&app).await;
    let first = jar(&cookies(&sign_in(&who).await));
    let body = json!({ "email": who.email, "password": PASSWORD });
    let request = from_page(&who, Method::POST, "/sessions")
        .header("cookie", &first)
        .json(&body);
    let second = jar(&cookies(&request.send().await.unwrap()));
    let session = |jar: &str| {
        jar.split("; ")
            .find(|pair| pair.starts_with("gatewright_session="))
            .unwrap()
            .to_owned()
    };
    let refresh = |jar: &str| {
        jar.split("; ")
            .find(|pair| pair.starts_with("gatewright_refresh="))
            .unwrap()
            .to_owned()
    };
    assert_ne!(session(&first), session(&second));
    assert_ne!(refresh(&first), refresh(&second));
    let id = async |jar: &str| {
        let response = who
            .bare(Method::GET, "/account")
            .header("cookie", jar)
            .send()
            .await
            .unwrap();
        response.json::<Value>().await.unwrap()["session"]["id"].clone()
    };
    assert_ne!(id(&first).await, id(&second).await, "another session");
    app.stop().await;
}

#[tokio::test]
async fn a_browsers_session_renews_itself_on_the_way() {
    let clock = manual_clock();
    let app = TestApp::start_with(clock.clone()).await;
    let who = ada(&app).await;
    let old = jar(&cookies(&sign_in(&who).await));
    clock.advance(std::time::Duration::from_mins(6));
    let read = async |jar: &str| {
        who.bare(Method::GET, "/account")
            .header("cookie", jar)
            .send()
            .await
            .unwrap()
    };
    let response = read(&old).await;
    assert_eq!(response.status(), 200);
    let set = cookies(&response);
    assert_eq!(set.len(), 2, "{set:?}");
    let new = jar(&set);
    let again = read(&new).await;
    assert_eq!((again.status().as_u16(), cookies(&again).len()), (200, 0));
    // A request that was under way with the old ones goes through, and the browser keeps what it has.
    let late = read(&old).await;
    assert_eq!(late.status(), 200);
    assert!(
        cookies(&late)
            .iter()
            .all(|cookie| !cookie.starts_with("gatewright_refresh")),
        "nothing that lasts"
    );
    clock.advance(std::time::Duration::from_mins(6));
    let copied = read(&old).await;
    assert_eq!(copied.status(), 401, "a copy");
    assert!(
        cookies(&copied).iter().all(|cookie| cookie.contains("Max-Age=0")),
        "and the browser forgets"
    );
    assert_eq!(read(&new).await.status(), 401, "the whole family has ended");
    app.stop().await;
}

#[tokio::test]
async fn who_signed_in_a_while_ago_shows_it_again_before_a_key_is_taken_away() {
    let clock = manual_clock();
    let app = TestApp::start_with(clock.clone()).await;
    let acme = app.tenant("acme").await;
    let product = acme.product("Translation API").await;
    let (plan, customer) = (acme.plan("Pro", &[&product]).await, acme.customer("Globex").await);
    let key = acme.subscribe(&customer, &plan).await.key_id;
    let mut who = app
        .developer(&acme, "acme", &customer, ("ada@example.com", DeveloperRole::Owner))
        .await;
    who.client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let mut held = jar(&cookies(&sign_in(&who).await));
    clock.advance(std::time::Duration::from_mins(16));
    let pages = TestPerson {
        api_url: who.api_url.trim_end_matches("/api/v1").to_owned(),
        ..who
    };
    let mut form = async |path: &str, fields: &[(&str, &str)]| {
        let request = from_page(&pages, Method::POST, path).header("cookie", &held);
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let request = request
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body);
        let response = request.send().await.unwrap();
        let set = cookies(&response);
        if !set.is_empty() {
            held = jar(&set);
        }
        let location = response
            .headers()
            .get("location")
            .map(|to| to.to_str().unwrap().to_owned());
        (response.status().as_u16(), location.unwrap_or_default())
    };
    let state = async || acme.get(&format!("/keys/{key}")).await["status"].clone();
    let name = acme.get(&format!("/keys/{key}")).await["name"]
        .as_str()
        .unwrap()
        .to_owned();
    let (revoke, agreed) = (format!("/keys/{key}/revoke"), [("typed", "yes"), ("name", &name)]);
    let (status, shows) = form(&revoke, &agreed).await;
    assert_eq!(status, 303);
    assert!(shows.starts_with("/account/reauthenticate?returnTo="), "{shows}");
    assert_eq!(state().await, "ACTIVE");
    for (password, next) in [("another horse battery", 401), (PASSWORD, 303)] {
        let fields = [("do", "password"), ("password", password), ("returnTo", &revoke)];
        let (status, back) = form("/account/reauthenticate", &fields).await;
        assert_eq!(status, next, "{back}");
        assert_eq!(back == revoke, next == 303);
    }
    assert_eq!(form(&revoke, &agreed).await, (303, "/keys?notice=revoked".to_owned()));
    assert_eq!(state().await, "REVOKED");
    app.stop().await;
}
