//! A data directory, the program on it, and the end of both.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdout, Command};

/// Only so that a broken program fails a test instead of hanging it.
const PATIENCE: Duration = Duration::from_secs(90);

/// Stands in one file, so that a search which finds nothing is known to have searched.
const CANARY: &str = "sk_live_canary";

/// Says that a test proves nothing here, past what keeps the output of tests that pass.
pub(crate) fn skipped(why: &str) {
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    let _ = writeln!(std::io::stderr(), "{test} was skipped: {why}");
}

/// A folder to start in, with a data directory in it. Dropped last, it ends the database.
pub(crate) struct Home {
    root: TempDir,
}

/// The program, running.
pub(crate) struct Running {
    child: Child,
    stdout: BufReader<ChildStdout>,
    log: PathBuf,
}

/// How the program ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Home {
    pub(crate) fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("canary"), CANARY).unwrap();
        Self { root }
    }

    pub(crate) fn data_dir(&self) -> PathBuf {
        self.root.path().join("data")
    }

    /// Where the database's cluster lies: as root, not in the data directory.
    pub(crate) fn cluster_home(&self) -> Option<PathBuf> {
        cluster_home(&self.data_dir())
    }

    pub(crate) fn postgres_pid(&self) -> Option<i32> {
        postgres_pid(&self.cluster_home()?)
    }

    fn command(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gatewright"));
        command
            .args(arguments)
            .current_dir(self.root.path())
            // Nothing of ours from outside: what tests are told is no setting of the program's.
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("GATEWRIGHT_DATA_DIR", self.data_dir())
            .env("GATEWRIGHT_HTTP_ADDR", "127.0.0.1:0")
            .env("GATEWRIGHT_GATEWAY_ADDR", "127.0.0.1:0")
            .env("GATEWRIGHT_GATEWAY_CORES", "2")
            .env("GATEWRIGHT_LOG", "debug,sqlx=trace")
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// Starts the program and leaves it running.
    pub(crate) fn start(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Running {
        self.spawn(self.command(arguments, variables))
    }

    fn spawn(&self, mut command: Command) -> Running {
        let logs = fs::read_dir(self.root.path()).unwrap().count();
        let log = self.root.path().join(format!("log-{logs}"));
        let mut child = command.stderr(fs::File::create_new(&log).unwrap()).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Running { child, stdout, log }
    }

    /// The same without some of the variables that every start gets.
    pub(crate) fn start_without(&self, absent: &[&str], arguments: &[&str], variables: &[(&str, &str)]) -> Running {
        let mut command = self.command(arguments, variables);
        for name in absent {
            command.env_remove(name);
        }
        self.spawn(command)
    }

    /// Starts the demo and returns with its line.
    pub(crate) async fn demo(&self, more: &[&str]) -> (Running, Value) {
        self.start(&[&["demo", "--json"], more].concat(), &[]).told().await
    }

    /// Starts a server and returns when it is ready, with the API's address.
    pub(crate) async fn serve(&self, variables: &[(&str, &str)]) -> (Running, String) {
        let running = self.start(&["serve"], &[variables, &[("GATEWRIGHT_LOG_FORMAT", "json")]].concat());
        let line = running.logged("\"message\":\"ready\"").await;
        let event: Value = serde_json::from_str(&line).unwrap();
        let api = event["api"].as_str().unwrap().to_owned();
        (running, api)
    }

    /// A path below the folder that the program starts in.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// Runs a script in the folder, without any setting of ours; the data is where the program puts it.
    pub(crate) async fn shell(&self, script: &str, variables: &[(&str, &str)]) -> Ended {
        let mut command = Command::new("bash");
        command
            .arg(script)
            .current_dir(self.root.path())
            .env_clear()
            .env("HOME", self.root.path())
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        Self::finish(command).await
    }

    /// Runs the program until it ends by itself.
    pub(crate) async fn run(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Ended {
        Self::finish(self.command(arguments, variables)).await
    }

    async fn finish(mut command: Command) -> Ended {
        let output = command.stderr(Stdio::piped()).output();
        let output = tokio::time::timeout(PATIENCE, output)
            .await
            .expect("it ends by itself")
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ended {
            status: output.status,
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// Every file that holds one of these texts: in the data directory, in the database's cluster,
    /// and among the logs.
    pub(crate) async fn files_with(&self, secrets: &[String]) -> String {
        let cluster = self.cluster_home().unwrap();
        assert!(cluster.join("data/base").is_dir());
        // grep, because a debug build would need a minute for the cluster. Exit code 1: nothing found, 2: a
        // file that the server removed meanwhile.
        let mut grep = Command::new("grep");
        grep.args(["--recursive", "--files-with-matches", "--text", "--fixed-strings"]);
        for secret in secrets.iter().map(String::as_str).chain([CANARY]) {
            grep.args(["-e", secret]);
        }
        let output = grep.arg(self.root.path()).arg(&cluster).output().await.unwrap();
        let found = String::from_utf8(output.stdout).unwrap();
        // The search itself works: it finds a text that is surely there.
        let canary = self.root.path().join("canary").display().to_string();
        assert!(found.lines().any(|line| line == canary), "{found}");
        found.lines().filter(|line| *line != canary).collect()
    }
}

impl Running {
    /// The demo's line.
    pub(crate) async fn told(mut self) -> (Self, Value) {
        let line = self.line().await;
        (self, serde_json::from_str(&line).unwrap())
    }

    /// The next line that the program prints.
    pub(crate) async fn line(&mut self) -> String {
        let mut line = String::new();
        let read = tokio::time::timeout(PATIENCE, self.stdout.read_line(&mut line)).await;
        let read = read
            .unwrap_or_else(|_| panic!("no line in time; the log:\n{}", self.log()))
            .unwrap();
        assert!(read > 0, "it ended without a line; the log:\n{}", self.log());
        line
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    pub(crate) fn log_file(&self) -> PathBuf {
        self.log.clone()
    }

    /// The first line of the log with this text, once it is there.
    pub(crate) async fn logged(&self, text: &str) -> String {
        let begun = std::time::Instant::now();
        loop {
            let log = self.log();
            let whole = log.rfind('\n').map_or("", |end| &log[..end]);
            if let Some(line) = whole.lines().find(|line| line.contains(text)) {
                return line.to_owned();
            }
            assert!(
                begun.elapsed() < PATIENCE,
                "{text} is not logged in time; the log:\n{log}"
            );
            tokio::task::yield_now().await;
        }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.child.id().unwrap().try_into().unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// Kills it.
    pub(super) async fn end_now(mut self) -> Option<i32> {
        self.signal(Signal::KILL);
        self.child.wait().await.unwrap().code()
    }

    /// Waits until it has ended by itself.
    pub(crate) async fn ended(mut self) {
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        assert!(ended.expect("it ends").unwrap().success(), "{}", self.log());
    }

    /// Tells it to end, waits until it has, and returns its exit code.
    pub(crate) async fn end(mut self, signal: Signal) -> Option<i32> {
        self.signal(signal);
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        let status = ended.unwrap_or_else(|_| panic!("it does not end; the log:\n{}", self.log()));
        // In these tests every client has hung up by then, so there is nothing to wait for.
        assert!(!self.log().contains("did not finish in time"), "{}", self.log());
        assert!(
            !self.log().contains("still under way when their time was over"),
            "{}",
            self.log()
        );
        status.unwrap().code()
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        // As root a cluster lies outside; a test may have made more than one data directory.
        let Ok(entries) = fs::read_dir(self.root.path()) else {
            return;
        };
        for home in entries.flatten().filter_map(|entry| cluster_home(&entry.path())) {
            let cluster = home.to_str().unwrap();
            if let Some(pid) = postgres_pid(&home) {
                let command_line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
                if String::from_utf8_lossy(&command_line).contains(cluster) {
                    let _ = kill_process(Pid::from_raw(pid).unwrap(), Signal::QUIT);
                }
            }
            let _ = fs::remove_dir_all(home);
        }
    }
}

fn cluster_home(data_dir: &Path) -> Option<PathBuf> {
    let pointer: Value = serde_json::from_slice(&fs::read(data_dir.join("postgres.json")).ok()?).ok()?;
    Some(data_dir.join(pointer["home"].as_str()?))
}

fn postgres_pid(home: &Path) -> Option<i32> {
    let text = fs::read_to_string(home.join("data/postmaster.pid")).ok()?;
    text.lines().next()?.trim().parse().ok()
}
