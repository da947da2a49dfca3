//! Control planes and gateway nodes as processes of the real binary, on one PostgreSQL.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gatewright_testkit::{Subscribed, TestTenant, Upstream, database};
use reqwest::Method;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;

use crate::scene::{PATH, text};

/// Only so that a broken program fails a test instead of hanging it.
pub(super) const PATIENCE: Duration = Duration::from_secs(90);

/// One process.
pub(crate) struct Running {
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
    seen: watch::Receiver<usize>,
    /// What its line `ready` said.
    ready: Value,
}

/// A PostgreSQL and what stands on it: a tenant with a key for a gateway of each kind.
pub(super) struct Fleet {
    root: TempDir,
    record_valid_seconds: &'static str,
    /// What else every process is told.
    variables: Vec<(&'static str, String)>,
    pub(super) database_url: String,
    pub(super) upstream: Upstream,
    pub(super) installation: String,
    pub(super) acme: TestTenant,
    pub(super) customer: String,
    pub(super) plan: String,
}

pub(crate) fn free_addr() -> SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
}

impl Running {
    pub(crate) async fn start(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap()).lines();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let (count, seen) = watch::channel(0);
        let noted = Arc::clone(&lines);
        tokio::spawn(async move {
            while let Ok(Some(line)) = stderr.next_line().await {
                let mut noted = noted.lock().unwrap();
                noted.push(line);
                count.send_replace(noted.len());
            }
        });
        let mut running = Self {
            child,
            lines,
            seen,
            ready: Value::Null,
        };
        let ready = running.line_with("\"ready\"").await;
        running.ready = serde_json::from_str(&ready).unwrap();
        running
    }

    /// The first line of its log with this text; waits for it.
    pub(super) async fn line_with(&mut self, wanted: &str) -> String {
        self.lines_with(wanted, 1).await.remove(0)
    }

    /// The lines of its log with this text; waits until there are so many.
    pub(super) async fn lines_with(&mut self, wanted: &str, count: usize) -> Vec<String> {
        let found = async {
            loop {
                self.seen.borrow_and_update();
                let found: Vec<String> = {
                    let lines = self.lines.lock().unwrap();
                    lines.iter().filter(|line| line.contains(wanted)).cloned().collect()
                };
                if found.len() >= count {
                    return found;
                }
                self.seen
                    .changed()
                    .await
                    .unwrap_or_else(|_| panic!("it ended: {}", self.log()));
            }
        };
        tokio::time::timeout(PATIENCE, found)
            .await
            .unwrap_or_else(|_| panic!("{wanted} is not said"))
    }

    pub(crate) fn log(&self) -> String {
        self.lines.lock().unwrap().join("\n")
    }

    pub(super) fn api_url(&self) -> String {
        text(&self.ready, "api")
    }

    pub(super) fn gateway_addr(&self) -> SocketAddr {
        text(&self.ready, "gateway")
            .trim_start_matches("http://")
            .parse()
            .unwrap()
    }

    pub(super) fn health_url(&self) -> String {
        format!("http://{}/health/ready", text(&self.ready, "health"))
    }

    /// Waits until it has ended by itself; returns its exit code.
    pub(super) async fn ended(&mut self) -> Option<i32> {
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        ended
            .unwrap_or_else(|_| panic!("it does not end: {}", self.log()))
            .unwrap()
            .code()
    }

    pub(super) fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.child.id().unwrap().try_into().unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    pub(crate) async fn end(mut self, signal: Signal) -> Option<i32> {
        self.signal(signal);
        self.ended().await
    }
}

pub(crate) fn command(data_dir: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gatewright"));
    command
        .args(arguments)
        .current_dir(data_dir.parent().unwrap())
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("GATEWRIGHT_DATA_DIR", data_dir)
        .env("GATEWRIGHT_GATEWAY_ADDR", "127.0.0.1:0")
        .env("GATEWRIGHT_HEALTH_ADDR", "127.0.0.1:0")
        .env("GATEWRIGHT_GATEWAY_CORES", "2")
        .env("GATEWRIGHT_DRAIN_SECONDS", "5")
        .env("GATEWRIGHT_LOG_FORMAT", "json")
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

impl Fleet {
    /// Starts the first control plane and makes what is called.
    pub(super) async fn start() -> (Self, Running) {
        Self::start_with("3").await
    }

    /// The same, with records that are valid for as many seconds.
    pub(super) async fn start_with(record_valid_seconds: &'static str) -> (Self, Running) {
        Self::start_told(record_valid_seconds, Vec::new()).await
    }

    /// The same, and every process is told more.
    pub(super) async fn start_told(
        record_valid_seconds: &'static str,
        variables: Vec<(&'static str, String)>,
    ) -> (Self, Running) {
        let root = tempfile::tempdir().unwrap();
        let database_url = database::create().await;
        let mut fleet = Self {
            root,
            record_valid_seconds,
            variables,
            database_url,
            upstream: Upstream::start().await,
            installation: String::new(),
            acme: TestTenant {
                id: String::new(),
                token: String::new(),
                api_url: String::new(),
                gateway_url: String::new(),
                client: reqwest::Client::new(),
            },
            customer: String::new(),
            plan: String::new(),
        };
        let control = fleet.control(free_addr()).await;
        let bootstrapped = command(
            &fleet.root.path().join("data"),
            &["bootstrap"],
            &[("GATEWRIGHT_DATABASE_URL", &fleet.database_url)],
        );
        let output = { bootstrapped }.output().await.unwrap();
        fleet.installation = String::from_utf8(output.stdout).unwrap().trim().to_owned();
        fleet.acme.api_url = control.api_url();
        let tenant = fleet
            .as_installation(&control)
            .post("/tenants", json!({ "name": "Acme" }))
            .await;
        fleet.acme.id = text(&tenant, "id");
        fleet.acme.token = text(&tenant, "operatorToken");
        let product = fleet.acme.product("Translation API").await;
        fleet.plan = fleet.acme.plan("Pro", &[&product]).await;
        fleet.customer = fleet.acme.customer("Globex").await;
        for (slug, when_cut_off) in [("acme", "SERVE"), ("strict", "REFUSE")] {
            let body = json!({ "name": slug, "slug": slug, "environment": "LIVE", "authType": "API_KEY", "whenCutOff": when_cut_off });
            let gateway = fleet.acme.create("/gateways", body).await;
            let service = fleet.acme.service(&gateway, "translation", &fleet.upstream.url()).await;
            fleet
                .acme
                .secure_route(&gateway, &service, "GET", PATH, Some(&product))
                .await;
            fleet.acme.public_route(&gateway, &service, "GET", "/open").await;
        }
        (fleet, control)
    }

    /// Another control plane, with a gateway of its own.
    pub(super) async fn control(&self, addr: SocketAddr) -> Running {
        let addr = addr.to_string();
        let mut variables = vec![
            ("GATEWRIGHT_DATABASE_URL", self.database_url.as_str()),
            ("GATEWRIGHT_HTTP_ADDR", &addr),
            ("GATEWRIGHT_PUBLIC_URL", "http://console.test"),
        ];
        variables.extend(self.told());
        Running::start(command(&self.root.path().join("data"), &["serve"], &variables)).await
    }

    /// Tells every process that starts from now on.
    pub(super) fn tell(&mut self, name: &'static str, value: String) {
        self.variables.push((name, value));
    }

    /// What every process is told.
    fn told(&self) -> impl Iterator<Item = (&str, &str)> {
        let more = self.variables.iter().map(|(name, value)| (*name, value.as_str()));
        more.chain([("GATEWRIGHT_RECORD_VALID_SECONDS", self.record_valid_seconds)])
    }

    /// A one-time code.
    pub(super) async fn code(&self, control: &Running, name: &str) -> String {
        let made = self
            .as_installation(control)
            .post("/nodes/enrollment-codes", json!({ "name": name }))
            .await;
        text(&made, "code")
    }

    /// A node that is let in with a new code.
    pub(super) async fn node(&self, name: &str, controls: &[&Running]) -> Running {
        let code = self.code(controls[0], name).await;
        let urls: Vec<String> = controls.iter().map(|control| root(&control.api_url())).collect();
        self.start_node(name, &urls.join(","), Some(&code)).await
    }

    /// A node that may have been here before.
    pub(super) async fn start_node(&self, name: &str, urls: &str, code: Option<&str>) -> Running {
        Running::start(self.node_command(name, urls, code)).await
    }

    pub(super) fn node_command(&self, name: &str, urls: &str, code: Option<&str>) -> Command {
        let mut variables = vec![("GATEWRIGHT_CONTROL_URL", urls)];
        variables.extend(self.told());
        variables.extend(code.map(|code| ("GATEWRIGHT_ENROLLMENT_CODE", code)));
        command(&self.data_dir(name), &["serve", "--role", "gateway"], &variables)
    }

    pub(super) fn data_dir(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    pub(super) fn as_installation(&self, control: &Running) -> TestTenant {
        TestTenant {
            token: self.installation.clone(),
            api_url: control.api_url(),
            ..self.acme.clone()
        }
    }

    /// The tenant's owner at this control plane.
    pub(super) fn at(&self, control: &Running) -> TestTenant {
        TestTenant {
            api_url: control.api_url(),
            ..self.acme.clone()
        }
    }

    pub(super) async fn subscribe(&self, control: &Running) -> Subscribed {
        self.at(control).subscribe(&self.customer, &self.plan).await
    }

    /// The node of this name in the list.
    pub(super) async fn listed(&self, control: &Running, name: &str) -> Value {
        let (status, list) = self.as_installation(control).call(Method::GET, "/nodes", None).await;
        assert!(status.is_success(), "{list}");
        let found = list["items"]
            .as_array()
            .unwrap()
            .iter()
            .find(|node| node["name"] == name);
        found.unwrap_or_else(|| panic!("{name} is in the list: {list}")).clone()
    }
}

/// The address without `/api/v1`.
pub(crate) fn root(api_url: &str) -> String {
    api_url.trim_end_matches("/api/v1").to_owned()
}

/// Asks until the answer is as hoped.
pub(crate) async fn eventually<T, F: Future<Output = T>>(
    what: &str,
    mut ask: impl FnMut() -> F,
    is_there: impl Fn(&T) -> bool,
) -> T {
    let mut ticks = tokio::time::interval(Duration::from_millis(20));
    let begun = std::time::Instant::now();
    loop {
        ticks.tick().await;
        let answer = ask().await;
        if is_there(&answer) {
            return answer;
        }
        assert!(begun.elapsed() < PATIENCE, "{what}: it does not come to that");
    }
}
