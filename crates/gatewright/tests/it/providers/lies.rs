//! Whatever a provider says that is not right, nobody gets in by it.

use std::time::Duration;

use gatewright::settings::Settings;
use gatewright_testkit::{TestApp, database, manual_clock, settings};
use serde_json::{Value, json};

use tokio::time::Instant;

use super::stand_in::{Signs, StandIn, Told};
use super::{Scene, problem};

#[tokio::test]
async fn nobody_gets_in_by_an_id_token_that_lies() {
    let scene = Scene::set().await;
    let (stand_in, provider) = scene.stand_in("Globex").await;
    let now = scene.app.clock.now().timestamp();
    let lies = [
        ("another issuer", json!({ "iss": "https://accounts.google.com" })),
        ("an issuer like it", json!({ "iss": format!("{}/", stand_in.url) })),
        ("for another client", json!({ "aud": "somebody else" })),
        (
            "for two, and not asked for by us",
            json!({ "aud": ["gatewright:acme", "them"], "azp": "them" }),
        ),
        ("over", json!({ "exp": now - 61 })),
        ("from the future", json!({ "iat": now + 120 })),
        ("another nonce", json!({ "nonce": "of another request" })),
        ("no nonce", json!({ "nonce": null })),
        ("another access token's", json!({ "at_hash": "77QmUPtjPfzWtF2AnpK9RQ" })),
        ("about nobody", json!({ "sub": "" })),
    ];
    for (what, claims) in lies {
        stand_in.tell(|told| told.claims = claims);
        assert_eq!(
            problem(&scene.sign_in(&stand_in, &provider).await),
            (502, "provider-failed"),
            "{what}"
        );
    }
    stand_in.tell(|told| told.claims = json!({}));
    for (what, signs) in [
        ("not signed", Signs::Not),
        ("signed with the client secret", Signs::WithTheSecret),
        ("signed with the public key", Signs::WithThePublicKey),
    ] {
        stand_in.tell(|told| told.signs = signs);
        assert_eq!(
            problem(&scene.sign_in(&stand_in, &provider).await),
            (502, "provider-failed"),
            "{what}"
        );
    }
    assert_eq!(scene.people().await, 0);
    // Its lies apart it is one that lets people in.
    stand_in.tell(|told| told.signs = Signs::Rightly);
    scene.signed_in(&stand_in, &provider).await;
}

#[tokio::test]
async fn a_mail_address_counts_only_where_the_provider_verified_it() {
    let scene = Scene::set().await;
    let (stand_in, provider) = scene.stand_in("Globex").await;
    for claims in [
        json!({ "email_verified": null }),
        json!({ "email_verified": false }),
        json!({ "email_verified": "yes" }),
        json!({ "email": null }),
    ] {
        stand_in.tell(|told| told.claims = claims.clone());
        assert_eq!(
            problem(&scene.sign_in(&stand_in, &provider).await),
            (403, "provider-refused"),
            "{claims}"
        );
    }
    assert_eq!(scene.people().await, 0);
}

#[tokio::test]
async fn user_info_counts_only_for_the_one_it_is_about() {
    let scene = Scene::set().await;
    let stand_in = StandIn::start(scene.app.clock.clone()).await;
    stand_in.tell(|told| {
        told.claims = json!({ "email": null, "email_verified": null, "name": null });
        told.user_info = json!({ "sub": "eve", "email": "ada@example.com", "email_verified": true });
    });
    let provider = scene.provider("OIDC", "Globex", &stand_in.url, json!({})).await;
    assert_eq!(
        problem(&scene.sign_in(&stand_in, &provider).await),
        (502, "provider-failed")
    );
    stand_in.tell(|told| told.user_info["sub"] = json!("ada"));
    let session = scene.signed_in(&stand_in, &provider).await;
    let account = scene.account(&session).await;
    assert_eq!(
        (&account["person"]["email"], &account["person"]["name"]),
        (&json!("ada@example.com"), &json!("ada"))
    );
}

#[tokio::test]
async fn an_answer_that_never_ends_ends_here() {
    let scene = Scene::set().await;
    let (stand_in, provider) = scene.stand_in("Globex").await;
    let begun = Instant::now();
    for path in ["/token", "/jwks"] {
        stand_in.tell(|told| told.endless = vec![path]);
        assert_eq!(
            problem(&scene.sign_in(&stand_in, &provider).await),
            (502, "provider-failed"),
            "{path}"
        );
    }
    assert!(begun.elapsed() < Duration::from_secs(20));
    stand_in.tell(|told| {
        told.endless.clear();
        told.token_answer = Some((401, json!({ "error": "invalid_client", "error_description": "s3cret" })));
    });
    let (status, answer) = scene.sign_in(&stand_in, &provider).await;
    assert_eq!((status, answer["code"].as_str()), (502, Some("provider-failed")));
    let detail = answer["detail"].as_str().unwrap();
    assert!(
        detail.contains("invalid_client") && !detail.contains("s3cret"),
        "{detail}"
    );
    for strange in [
        json!({}),
        json!([]),
        json!({ "access_token": "x", "token_type": "mac" }),
        json!({ "error": "<b>" }),
    ] {
        stand_in.tell(|told| told.token_answer = Some((200, strange)));
        assert_eq!(
            problem(&scene.sign_in(&stand_in, &provider).await),
            (502, "provider-failed")
        );
    }
}

#[tokio::test]
async fn a_provider_leads_nowhere_else() {
    let scene = Scene::set().await;
    let (stand_in, provider) = scene.stand_in("Globex").await;
    // Neither to a metadata service nor anywhere: a code and a secret go to the token endpoint alone.
    for path in ["/token", "/jwks"] {
        for to in [
            "http://169.254.169.254/latest/meta-data",
            &format!("{}/elsewhere", stand_in.url),
        ] {
            stand_in.tell(|told| told.redirects = [(path, to.to_owned())].into());
            assert_eq!(
                problem(&scene.sign_in(&stand_in, &provider).await),
                (502, "provider-failed"),
                "{path} {to}"
            );
        }
    }
    assert_eq!(stand_in.asked("/elsewhere"), 0);
}

#[tokio::test]
async fn a_provider_that_is_not_what_it_is_called_is_not_made() {
    let scene = Scene::set().await;
    let stand_in = StandIn::start(scene.app.clock.clone()).await;
    let made = async |issuer: &str| {
        let body = json!({ "kind": "OIDC", "name": "X", "issuer": issuer, "clientId": "a", "clientSecret": "b" });
        let (status, answer) = scene
            .acme
            .call(reqwest::Method::POST, "/identity-providers", Some(body))
            .await;
        assert_eq!(status, 422, "{issuer}: {answer}");
        let detail = answer["detail"].as_str().unwrap().to_owned();
        assert!(detail.starts_with("/issuer: "), "{detail}");
        detail
    };
    let own = stand_in.url.clone();
    type Tell = Box<dyn Fn(&mut Told)>;
    let says =
        |field: &'static str, value: Value| -> Tell { Box::new(move |told| told.metadata = json!({ field: value })) };
    let wrong: [(&str, Tell); 9] = [
        ("not of", says("issuer", json!("https://accounts.google.com"))),
        ("not of", says("issuer", json!(format!("{own}/")))),
        (
            "it signs with none of",
            says("id_token_signing_alg_values_supported", json!(["none", "HS256"])),
        ),
        ("S256", says("code_challenge_methods_supported", json!(["plain"]))),
        (
            "neither by",
            says("token_endpoint_auth_methods_supported", json!(["private_key_jwt"])),
        ),
        (
            "token_endpoint: ",
            says("token_endpoint", json!("http://169.254.169.254/token")),
        ),
        ("jwks_uri: ", says("jwks_uri", json!("file:///etc/passwd"))),
        (
            "it answered 302",
            Box::new(|told| {
                told.redirects = [(
                    "/.well-known/openid-configuration",
                    "http://169.254.169.254/".to_owned(),
                )]
                .into();
            }),
        ),
        (
            "longer than",
            Box::new(|told| {
                told.redirects.clear();
                told.endless = vec!["/.well-known/openid-configuration"];
            }),
        ),
    ];
    for (expected, tell) in wrong {
        stand_in.tell(tell);
        let detail = made(&own).await;
        assert!(detail.contains(expected), "{expected}: {detail}");
    }
    // What the policy does not open, whatever is there.
    for (issuer, expected) in [
        ("https://169.254.169.254", "169.254.169.254"),
        ("https://user:password@idp.example.com", "user or password"),
        ("https://10.0.0.1/realms/x", "10.0.0.1"),
        ("nothing", "no absolute URL"),
        ("https://idp.example.com?tenant=1", "no query"),
    ] {
        let detail = made(issuer).await;
        assert!(detail.contains(expected), "{expected}: {detail}");
    }
    // A tenant's own list holds here as well.
    let list = json!({ "destinations": ["hooks.example.com"] });
    scene
        .acme
        .call(reqwest::Method::PUT, "/outgoing-destinations", Some(list))
        .await;
    stand_in.tell(|told| told.endless.clear());
    assert!(made(&own).await.contains("not among the destinations"));
}

#[tokio::test]
async fn where_nothing_is_opened_a_provider_is_public_and_speaks_https() {
    let clock = manual_clock();
    let database_url = database::create().await;
    let settings = Settings {
        egress_allow: Vec::new(),
        ..settings(&database_url)
    };
    let scene = Scene::set_in(TestApp::start_as(settings, clock.clone()).await).await;
    let stand_in = StandIn::start(clock).await;
    for (kind, issuer) in [
        ("OIDC", "http://idp.example.com"),
        ("GITHUB", "http://github.example.com"),
        ("OIDC", stand_in.url.as_str()),
        ("GITHUB", stand_in.url.as_str()),
        ("OIDC", "https://127.0.0.1"),
        ("GITHUB", "https://10.0.0.1"),
    ] {
        let body = json!({ "kind": kind, "name": "X", "issuer": issuer, "clientId": "a", "clientSecret": "b" });
        let (status, answer) = scene
            .acme
            .call(reqwest::Method::POST, "/identity-providers", Some(body))
            .await;
        assert_eq!(
            (status.as_u16(), &answer["errors"][0]["field"]),
            (422, &json!("/issuer")),
            "{kind} {issuer}: {answer}"
        );
    }
    assert_eq!(stand_in.asked("/.well-known/openid-configuration"), 0);
}
