//! npm's oidc-provider, and a browser that goes through its pages.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// Node reads a while before it answers, where others compile beside it.
const PATIENCE: Duration = Duration::from_secs(60);
/// Redirects and forms of one sign-in.
const STEPS_MAX: usize = 20;
/// Our secret there.
pub(super) const CLIENT_SECRET: &str = "a secret of the judge, 32 and more";

/// An OpenID provider that is not ours.
pub(super) struct Judge {
    /// Its issuer.
    pub(super) issuer: String,
    wishes: ChildStdin,
    said: Lines<BufReader<ChildStdout>>,
    _child: Child,
}

impl Judge {
    /// Starts it without clients; none, said aloud, where it is not installed.
    pub(super) async fn start() -> Option<Self> {
        let project = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
        let modules = format!("{project}/target/oidc-provider");
        if !std::path::Path::new(&format!("{modules}/node_modules/oidc-provider")).exists() {
            crate::program::home::skipped(
                "npm's oidc-provider is missing; scripts/ensure-oidc-provider.sh installs it",
            );
            return None;
        }
        let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/providers/openid_provider.mjs");
        let mut child = Command::new("node")
            .args([program, &modules])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let (wishes, said) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let mut judge = Self {
            issuer: String::new(),
            wishes,
            said: BufReader::new(said).lines(),
            _child: child,
        };
        judge.set(json!({ "clients": [] })).await;
        Some(judge)
    }

    /// Makes it anew; its sessions and codes stay.
    pub(super) async fn set(&mut self, wish: Value) {
        self.wishes.write_all(format!("{wish}\n").as_bytes()).await.unwrap();
        let line = tokio::time::timeout(PATIENCE, self.said.next_line())
            .await
            .expect("the judge answers in time");
        let line = line.unwrap().expect("the judge runs");
        let said: Value = serde_json::from_str(&line).unwrap();
        said["issuer"].as_str().unwrap().clone_into(&mut self.issuer);
    }

    /// Makes it anew with us as its only client, which comes back to this address.
    pub(super) async fn set_client(&mut self, redirect_uri: &str, wish: Value) {
        let mut wish = wish;
        let method = wish["authMethods"][0]
            .as_str()
            .unwrap_or("client_secret_basic")
            .to_owned();
        wish["clients"] = json!([{
            "client_id": "gatewright", "client_secret": CLIENT_SECRET, "redirect_uris": [redirect_uri],
            "token_endpoint_auth_method": method, "response_types": ["code"], "grant_types": ["authorization_code"],
        }]);
        self.set(wish).await;
    }
}

/// A browser with the provider's cookies.
#[derive(Default)]
pub(super) struct Browser {
    cookies: BTreeMap<String, String>,
}

impl Browser {
    /// Goes where it is sent and signs in there as `name`, until it is sent to `back`: the whole URL that it would ask then.
    /// With no name, whoever it is says no.
    pub(super) async fn go(&mut self, url: &str, name: Option<&str>, back: &str) -> String {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        let mut url = url::Url::parse(url).unwrap();
        for _ in 0..STEPS_MAX {
            let interaction = url.path().starts_with("/interaction/") && !url.path().ends_with("/abort");
            let mut answer = self.send(client.get(url.clone())).await;
            if interaction && answer.status() == 200 {
                let Some(name) = name else {
                    url.set_path(&format!("{}/abort", url.path()));
                    continue;
                };
                let page = answer.text().await.unwrap();
                let form: &[(&str, &str)] = if page.contains(r#"value="login""#) {
                    &[("prompt", "login"), ("login", name), ("password", "any")]
                } else {
                    &[("prompt", "consent")]
                };
                let body = url::form_urlencoded::Serializer::new(String::new())
                    .extend_pairs(form)
                    .finish();
                let post = client
                    .post(url.clone())
                    .header("content-type", "application/x-www-form-urlencoded")
                    .body(body);
                answer = self.send(post).await;
            }
            let status = answer.status();
            let Some(to) = answer
                .headers()
                .get("location")
                .map(|to| to.to_str().unwrap().to_owned())
            else {
                panic!("{url} answered {status}: {}", answer.text().await.unwrap());
            };
            if to.starts_with(back) {
                return to;
            }
            url = url.join(&to).unwrap();
        }
        panic!("{url}: too many steps");
    }

    async fn send(&mut self, request: reqwest::RequestBuilder) -> reqwest::Response {
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let answer = request.header("cookie", cookies.join("; ")).send().await.unwrap();
        for line in answer.headers().get_all("set-cookie") {
            let pair = line.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        answer
    }
}
