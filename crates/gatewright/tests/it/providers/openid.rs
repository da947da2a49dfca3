//! npm's oidc-provider, driven through its own pages: whether what we speak is OpenID Connect.

use gatewright_types::Clock;
use serde_json::{Value, json};

use super::judge::{Browser, CLIENT_SECRET, Judge};
use super::{Scene, Sent, problem};
use crate::scene::text;

/// A tenant with the judge as a provider.
struct Judged {
    scene: Scene,
    judge: Judge,
    provider: String,
    callback: String,
}

impl Judged {
    async fn set() -> Option<Self> {
        let mut judge = Judge::start().await?;
        // The judge has the machine's clock.
        let scene = Scene::set_at(Clock::System).await;
        let body = json!({
            "kind": "OIDC", "name": "Judge", "issuer": judge.issuer, "clientId": "gatewright", "clientSecret": CLIENT_SECRET,
        });
        let made = scene.acme.post("/identity-providers", body).await;
        let callback = text(&made, "redirectUri");
        judge.set_client(&callback, json!({})).await;
        Some(Self {
            provider: text(&made, "id"),
            scene,
            judge,
            callback,
        })
    }

    /// Goes there and comes back; what is to be sent.
    async fn go(&self, browser: &mut Browser, name: Option<&str>) -> (Sent, Value) {
        let sent = self.scene.begin(&self.provider).await;
        let back = browser.go(&sent.url, name, &self.callback).await;
        let url = url::Url::parse(&back).unwrap();
        let mut body = json!({ "providerId": self.provider, "browserToken": sent.browser, "delivery": "BODY" });
        for (key, value) in url.query_pairs().filter(|(key, _)| key != "error_description") {
            body[&*key] = json!(value);
        }
        (sent, body)
    }

    async fn sign_in(&self, name: &str) -> (u16, Value) {
        let (_, body) = self.go(&mut Browser::default(), Some(name)).await;
        self.scene.post("/sessions/provider", None, body).await
    }
}

#[tokio::test]
async fn a_certified_provider_lets_people_in_however_it_signs_and_asks() {
    let Some(mut judged) = Judged::set().await else { return };
    let ways = [
        ("RS256", "client_secret_basic", true),
        ("PS256", "client_secret_post", true),
        ("ES256", "client_secret_basic", false),
        ("EdDSA", "client_secret_post", false),
    ];
    for (number, (alg, method, id_token_has_claims)) in ways.into_iter().enumerate() {
        let wish = json!({ "alg": alg, "authMethods": [method], "idTokenHasClaims": id_token_has_claims });
        judged.judge.set_client(&judged.callback, wish).await;
        // What it said of itself is believed for an hour: this is another provider, with another address.
        let body = json!({
            "kind": "OIDC", "name": alg, "issuer": judged.judge.issuer, "clientId": "gatewright", "clientSecret": CLIENT_SECRET,
        });
        let made = judged.scene.acme.post("/identity-providers", body).await;
        (judged.provider, judged.callback) = (text(&made, "id"), text(&made, "redirectUri"));
        let wish = json!({ "alg": alg, "authMethods": [method], "idTokenHasClaims": id_token_has_claims });
        judged.judge.set_client(&judged.callback, wish).await;
        let name = format!("ada{number}");
        let (status, answer) = judged.sign_in(&name).await;
        assert_eq!(status, 201, "{alg} {method}: {answer}");
        let account = judged.scene.account(&text(&answer, "accessToken")).await;
        let expected = (
            json!(format!("{name}@example.com")),
            json!(format!("Ada{number} Example")),
        );
        assert_eq!(
            (account["person"]["email"].clone(), account["person"]["name"].clone()),
            expected,
            "{alg}"
        );
    }
}

#[tokio::test]
async fn keys_that_are_rotated_are_found() {
    let Some(mut judged) = Judged::set().await else { return };
    assert_eq!(judged.sign_in("ada").await.0, 201);
    // In the middle of a sign-in: the code is from before, the signature from after.
    let (_, body) = judged.go(&mut Browser::default(), Some("ada")).await;
    judged
        .judge
        .set_client(&judged.callback, json!({ "rotate": true }))
        .await;
    let (status, answer) = judged.scene.post("/sessions/provider", None, body).await;
    assert_eq!(status, 201, "{answer}");
    assert_eq!(judged.scene.people().await, 1);
}

#[tokio::test]
async fn whoever_says_no_there_is_told_so_here() {
    let Some(judged) = Judged::set().await else { return };
    let (_, body) = judged.go(&mut Browser::default(), None).await;
    assert_eq!(
        (&body["error"], &body["iss"]),
        (&json!("access_denied"), &json!(judged.judge.issuer))
    );
    assert_eq!(
        problem(&judged.scene.post("/sessions/provider", None, body).await),
        (403, "provider-refused")
    );
}

#[tokio::test]
async fn a_wrong_secret_or_address_is_said_plainly() {
    let Some(mut judged) = Judged::set().await else { return };
    let (_, body) = judged.go(&mut Browser::default(), Some("ada")).await;
    let path = format!("/identity-providers/{}", judged.provider);
    let wrong = json!({ "clientSecret": "another" });
    judged.scene.acme.call(reqwest::Method::PATCH, &path, Some(wrong)).await;
    // The errand remembers no secret: the new one holds at once.
    let refused = judged.scene.post("/sessions/provider", None, body).await;
    assert_eq!(problem(&refused), (502, "provider-failed"));
    assert!(
        refused.1["detail"].as_str().unwrap().contains("invalid_client"),
        "{}",
        refused.1
    );
    let right = json!({ "clientSecret": CLIENT_SECRET });
    judged.scene.acme.call(reqwest::Method::PATCH, &path, Some(right)).await;
    // And a mail address that it has not verified is none.
    judged
        .judge
        .set_client(&judged.callback, json!({ "emailVerified": false }))
        .await;
    assert_eq!(problem(&judged.sign_in("ada").await), (403, "provider-refused"));
    judged.judge.set_client(&judged.callback, json!({})).await;
    assert_eq!(judged.sign_in("ada").await.0, 201);
}
