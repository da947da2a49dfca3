//! A fake Kong and a client for it.

use reqwest::{Method, Response};
use serde_json::Value;
use vendor_fakes::kong::{Fake, Options};

pub(crate) struct World {
    pub(crate) fake: Fake,
    pub(crate) client: reqwest::Client,
    token: Option<(&'static str, String)>,
}

/// A status and the answer's JSON, null where there is none.
pub(crate) type Answer = (u16, Value);

impl World {
    pub(crate) async fn start(options: Options) -> Self {
        Self {
            fake: Fake::start(options).await.unwrap(),
            client: reqwest::Client::new(),
            token: None,
        }
    }

    /// Sends this field with each call.
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.token = Some((name, value.to_owned()));
        self
    }

    /// One call below the base of the Admin API, as it went.
    pub(crate) async fn send(&self, method: &str, path: &str, body: Option<Value>) -> reqwest::Result<Response> {
        let url = format!("{}{path}", self.fake.base_url());
        let mut request = self.client.request(method.parse::<Method>().unwrap(), url);
        if let Some((name, value)) = &self.token {
            request = request.header(*name, value);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        request.send().await
    }

    /// One call that is answered.
    pub(crate) async fn call(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        answer(self.send(method, path, body).await.unwrap()).await
    }

    /// The status and message that a key gets at the proxy.
    pub(crate) async fn knock(&self, path: &str, key: &str) -> Answer {
        let url = format!("{}{path}", self.fake.proxy_url());
        answer(self.client.get(url).header("apikey", key).send().await.unwrap()).await
    }

    /// One call to the control.
    pub(crate) async fn control(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        let url = format!("{}/__control/kong{path}", self.fake.control_url());
        let mut request = self.client.request(method.parse::<Method>().unwrap(), url);
        if let Some(body) = body {
            request = request.json(&body);
        }
        answer(request.send().await.unwrap()).await
    }
}

async fn answer(response: Response) -> Answer {
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or_default())
}

/// The demo's Kong.
pub(crate) fn demo() -> Options {
    Options {
        seed: vendor_fakes::kong::Seed::Demo,
        ..Options::default()
    }
}

/// Ids as a connector makes them.
pub(crate) const CONSUMER: &str = "c0000000-0000-4000-8000-000000000001";
/// Of its credential.
pub(crate) const CREDENTIAL: &str = "c0000000-0000-4000-8000-000000000002";
/// Of the plugin that suspends it.
pub(crate) const SUSPENSION: &str = "c0000000-0000-4000-8000-000000000003";
