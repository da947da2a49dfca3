//! What most tests begin with: a product behind a gateway, a plan of it, a customer.

use std::time::Duration;

use gatewright_testkit::{Subscribed, TestApp, TestTenant, Upstream};
use gatewright_types::Clock;
use reqwest::{Method, StatusCode};
use serde_json::Value;

/// The tenant `acme`, whose gateway `acme` has a SECURE route of its product.
pub(crate) struct Scene {
    pub(crate) app: TestApp,
    pub(crate) upstream: Upstream,
    pub(crate) acme: TestTenant,
    pub(crate) product: String,
    pub(crate) plan: String,
    pub(crate) customer: String,
    pub(crate) gateway: String,
    pub(crate) service: String,
}

/// The path of the SECURE route.
pub(crate) const PATH: &str = "/v1/usage";

impl Scene {
    pub(crate) async fn set() -> Self {
        Self::set_in(TestApp::start().await).await
    }

    pub(crate) async fn set_at(clock: Clock) -> Self {
        Self::set_in(TestApp::start_with(clock).await).await
    }

    pub(crate) async fn set_in(app: TestApp) -> Self {
        let upstream = Upstream::start().await;
        let acme = app.tenant("acme").await;
        let product = acme.product("Translation API").await;
        let plan = acme.plan("Pro", &[&product]).await;
        let customer = acme.customer("Globex").await;
        let gateway = acme.gateway("acme").await;
        let service = acme.service(&gateway, "translation", &upstream.url()).await;
        acme.secure_route(&gateway, &service, "GET", PATH, Some(&product)).await;
        Self {
            app,
            upstream,
            acme,
            product,
            plan,
            customer,
            gateway,
            service,
        }
    }

    pub(crate) async fn subscribe(&self) -> Subscribed {
        self.acme.subscribe(&self.customer, &self.plan).await
    }

    /// What every core says to this key on the SECURE route: 200, or the status and the problem's code.
    pub(crate) async fn verdict(&self, key: &str) -> (u16, String) {
        self.app.asked_everywhere("acme", PATH, key).await
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.app.clock.advance(Duration::from_secs(seconds));
    }

    /// Sends a request and expects this status; returns the answer.
    pub(crate) async fn expect(&self, status: u16, method: Method, path: &str, body: Option<Value>) -> Value {
        expect(&self.acme, status, method, path, body).await
    }

    /// POSTs, expects a problem and returns its code.
    pub(crate) async fn refused(&self, status: u16, path: &str, body: Value) -> String {
        let answer = self.expect(status, Method::POST, path, Some(body)).await;
        answer["code"].as_str().unwrap().to_owned()
    }
}

/// Sends a request and expects this status; returns the answer.
pub(crate) async fn expect(who: &TestTenant, status: u16, method: Method, path: &str, body: Option<Value>) -> Value {
    let (got, answer) = who.call(method.clone(), path, body).await;
    assert_eq!(got, StatusCode::from_u16(status).unwrap(), "{method} {path}: {answer}");
    answer
}

pub(crate) fn ok() -> (u16, String) {
    (200, String::new())
}

pub(crate) fn refusal(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

/// A text field of an answer.
pub(crate) fn text(answer: &Value, field: &str) -> String {
    answer[field]
        .as_str()
        .unwrap_or_else(|| panic!("{field} of {answer}"))
        .to_owned()
}
