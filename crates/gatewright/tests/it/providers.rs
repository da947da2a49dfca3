//! Signing in with accounts elsewhere: with npm's oidc-provider (`openid.rs`), and with a stand-in of ours that lies (`lies.rs`),
//! is GitHub (`github.rs`), or does as it should while others do not (`errands.rs`, `people.rs`).

mod errands;
mod github;
mod judge;
mod lies;
mod managed;
mod openid;
mod people;
mod stand_in;

use gatewright_testkit::app::manual_clock;
use gatewright_testkit::{TestApp, TestTenant, database};
use gatewright_types::Clock;
use reqwest::Method;
use serde_json::{Value, json};

use self::stand_in::{CLIENT_ID, CLIENT_SECRET, Came, StandIn};
use crate::scene::text;

/// The tenant `acme` on a clock of the test's.
struct Scene {
    app: TestApp,
    acme: TestTenant,
}

/// Somebody who was sent to a provider.
struct Sent {
    /// By which provider's id.
    provider: String,
    /// Where their browser is.
    url: String,
    /// What their browser holds.
    browser: String,
}

impl Scene {
    async fn set() -> Self {
        Self::set_at(manual_clock()).await
    }

    async fn set_at(clock: Clock) -> Self {
        Self::set_in(TestApp::start_with(clock).await).await
    }

    async fn set_in(app: TestApp) -> Self {
        let acme = app.tenant("acme").await;
        Self { app, acme }
    }

    /// A provider that does as it is told, and the id that it has here.
    async fn stand_in(&self, name: &str) -> (StandIn, String) {
        let stand_in = StandIn::start(self.app.clock.clone()).await;
        let id = self.provider("OIDC", name, &stand_in.url, json!({})).await;
        (stand_in, id)
    }

    async fn provider(&self, kind: &str, name: &str, issuer: &str, more: Value) -> String {
        let mut body = json!({ "kind": kind, "name": name, "issuer": issuer, "clientId": CLIENT_ID, "clientSecret": CLIENT_SECRET });
        for (field, value) in more.as_object().unwrap() {
            body[field] = value.clone();
        }
        self.acme.create("/identity-providers", body).await
    }

    /// POSTs as a program that is nobody, or whoever has this access token.
    async fn post(&self, path: &str, session: Option<&str>, body: Value) -> (u16, Value) {
        self.call(Method::POST, path, session, Some(body)).await
    }

    async fn call(&self, method: Method, path: &str, session: Option<&str>, body: Option<Value>) -> (u16, Value) {
        let mut request = self.app.client.request(method, format!("{}{path}", self.acme.api_url));
        if let Some(token) = session {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or_default())
    }

    async fn begin(&self, provider: &str) -> Sent {
        let path = format!("/sign-in-providers/{provider}/authorizations");
        let body = json!({ "delivery": "BODY", "returnTo": "/subscriptions?state=ACTIVE" });
        let (status, begun) = self.post(&path, None, body).await;
        assert_eq!(status, 201, "{begun}");
        Sent::from(provider, &begun)
    }

    /// Comes back with what a stand-in says of itself.
    async fn complete(&self, sent: &Sent, came: &Came, iss: Option<&str>) -> (u16, Value) {
        let body = json!({
            "providerId": sent.provider, "state": came.state, "code": came.code, "iss": iss,
            "browserToken": sent.browser, "delivery": "BODY",
        });
        self.post("/sessions/provider", None, body).await
    }

    /// All of it: somebody signs in by a stand-in.
    async fn sign_in(&self, stand_in: &StandIn, provider: &str) -> (u16, Value) {
        let sent = self.begin(provider).await;
        let came = stand_in.visit(&sent.url);
        self.complete(&sent, &came, Some(&stand_in.url)).await
    }

    /// The same, and they are in; their access token.
    async fn signed_in(&self, stand_in: &StandIn, provider: &str) -> String {
        let (status, answer) = self.sign_in(stand_in, provider).await;
        assert_eq!((status, &answer["status"]), (201, &json!("SIGNED_IN")), "{answer}");
        text(&answer, "accessToken")
    }

    async fn account(&self, session: &str) -> Value {
        let (status, account) = self.call(Method::GET, "/account", Some(session), None).await;
        assert_eq!(status, 200, "{account}");
        account
    }

    /// How many people there are.
    async fn people(&self) -> i64 {
        let mut owner = database::connect(&self.app.database_url).await;
        sqlx::query_scalar("SELECT count(*) FROM people")
            .fetch_one(&mut owner)
            .await
            .unwrap()
    }

    /// Changes something behind everybody's back.
    async fn sql(&self, statement: &'static str) {
        let mut owner = database::connect(&self.app.database_url).await;
        sqlx::query(statement).execute(&mut owner).await.unwrap();
    }
}

impl Sent {
    fn from(provider: &str, begun: &Value) -> Self {
        Self {
            provider: provider.to_owned(),
            url: text(begun, "authorizationUrl"),
            browser: text(begun, "browserToken"),
        }
    }
}

/// Status and code of a problem, and that no secret stands in it.
fn problem((status, answer): &(u16, Value)) -> (u16, &str) {
    let shown = answer.to_string();
    for secret in [CLIENT_SECRET, "at-of-the-stand-in", "granted-", "<b>"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    (*status, answer["code"].as_str().unwrap_or_else(|| panic!("{answer}")))
}
