//! A real Redis for a test: a process of its own on a socket in a folder of its own.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use redis::FromRedisValue;
use rustix::process::{Pid, Signal, kill_process};
use secrecy::SecretString;
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::program::home::skipped;

/// Only so that a broken server fails a test instead of hanging it.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Redis {
    child: Child,
    arguments: Vec<String>,
    folder: TempDir,
}

impl Redis {
    /// Starts one; none where `make ensure-redis` could not install it.
    pub(crate) async fn start() -> Option<Self> {
        Self::start_with(&[]).await
    }

    /// The same with more arguments.
    pub(crate) async fn start_with(more: &[&str]) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("socket");
        let arguments = ["--save", "", "--appendonly", "no", "--port", "0", "--unixsocket"];
        let mut arguments: Vec<String> = arguments.map(str::to_owned).to_vec();
        arguments.push(socket.display().to_string());
        arguments.extend(more.iter().map(|one| (*one).to_owned()));
        let Ok(child) = spawn(folder.path(), &arguments) else {
            skipped("redis-server is missing; scripts/ensure-redis.sh installs it");
            return None;
        };
        let redis = Self {
            child,
            arguments,
            folder,
        };
        redis.is_up().await;
        Some(redis)
    }

    /// Starts it again where it was, empty.
    pub(crate) async fn start_again(&mut self) {
        self.child = spawn(self.folder.path(), &self.arguments).unwrap();
        self.is_up().await;
    }

    pub(crate) async fn kill(&mut self) {
        self.child.kill().await.unwrap();
        let _ = std::fs::remove_file(self.socket());
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.child.id().unwrap().try_into().unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("socket")
    }

    pub(crate) fn url(&self) -> String {
        format!("unix://{}", self.socket().display())
    }

    pub(crate) fn secret_url(&self) -> SecretString {
        self.url().into()
    }

    /// Sends a command, as somebody who reaches this Redis may.
    pub(crate) async fn ask<T: FromRedisValue>(&self, words: &[&[u8]]) -> T {
        self.try_ask(words).await.unwrap()
    }

    async fn try_ask<T: FromRedisValue>(&self, words: &[&[u8]]) -> redis::RedisResult<T> {
        let client = redis::Client::open(self.url())?;
        let mut connection = client.get_multiplexed_async_connection().await?;
        let mut command = redis::Cmd::new();
        for word in words {
            command.arg(*word);
        }
        command.query_async(&mut connection).await
    }

    /// The places of all entries.
    pub(crate) async fn places(&self) -> Vec<String> {
        self.ask(&[b"KEYS", b"gatewright:*"]).await
    }

    async fn is_up(&self) {
        let begun = std::time::Instant::now();
        let mut ticks = tokio::time::interval(Duration::from_millis(5));
        while self.try_ask::<String>(&[b"PING"]).await.is_err() {
            ticks.tick().await;
            assert!(begun.elapsed() < PATIENCE, "redis-server does not answer");
        }
    }
}

fn spawn(folder: &Path, arguments: &[String]) -> std::io::Result<Child> {
    Command::new("redis-server")
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
}
