//! The program under a service manager: told when it is ready, reloaded, logged line by line.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use crate::program::home::Home;

/// Only so that a broken program fails a test instead of hanging it.
const PATIENCE: Duration = Duration::from_secs(60);

fn told(socket: &UnixDatagram) -> String {
    let mut message = [0; 256];
    let length = socket.recv(&mut message).unwrap();
    String::from_utf8(message[..length].to_vec()).unwrap()
}

#[tokio::test]
async fn a_service_manager_is_told_when_it_serves_reloads_and_ends() {
    let home = Home::new();
    let socket = UnixDatagram::bind(home.path("notify")).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let path = home.path("notify").display().to_string();
    let (running, _) = home.serve(&[("NOTIFY_SOCKET", &path)]).await;
    assert!(told(&socket).starts_with("READY=1\n"));
    running.signal(Signal::HUP);
    let reloading = told(&socket);
    assert!(reloading.starts_with("RELOADING=1\nMONOTONIC_USEC="), "{reloading}");
    assert!(told(&socket).starts_with("READY=1\n"));
    running.signal(Signal::TERM);
    assert!(told(&socket).starts_with("STOPPING=1\n"));
    running.ended().await;
}

#[tokio::test]
async fn a_reload_changes_the_log_and_the_drain_time_and_names_what_needs_a_restart() {
    let home = Home::new();
    let file = home.path("gatewright.toml");
    let write = |text: &str| fs::write(&file, text).unwrap();
    write("log = \"info\"\nlog_format = \"json\"\n");
    // What the environment says stands over the file.
    let running = home.start_without(&["GATEWRIGHT_LOG"], &["serve"], &[]);
    running.logged("\"ready\"").await;
    assert!(!running.log().contains("\"DEBUG\""), "{}", running.log());

    write("log = \"debug\"\nlog_format = \"json\"\nbase_domain = \"example.com\"\ndatabase_connections = 9\n");
    running.signal(Signal::HUP);
    let line = running.logged("needs a restart").await;
    let event: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(event["message"], "needs a restart: base_domain, database_connections");
    let line = running.logged("settings reloaded").await;
    let event: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(event["settings.changed"], "log", "{event}");

    write("log = \"debug\"\nlog_format = \"yaml\"\n");
    running.signal(Signal::HUP);
    let line = running.logged("settings not reloaded").await;
    assert!(line.contains("yaml"), "{line}");

    write("log = \"info\"\nlog_format = \"text\"\ndrain_seconds = 1\n");
    running.signal(Signal::HUP);
    running.logged(" INFO gatewright::reload: settings reloaded").await;
    assert_eq!(running.end(Signal::TERM).await, Some(0));
}

#[tokio::test]
async fn the_log_is_one_json_object_per_line_with_its_fields_at_the_top() {
    let home = Home::new();
    let (running, api) = home.serve(&[]).await;
    let answered = reqwest::get(format!("{api}/customers")).await.unwrap();
    assert_eq!(answered.status(), 401);
    running.logged("request answered").await;
    let log = running.log_file();
    assert_eq!(running.end(Signal::TERM).await, Some(0));
    let text = fs::read_to_string(log).unwrap();
    assert!(text.lines().count() > 10);
    for line in text.lines() {
        let event: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        for field in ["timestamp", "level", "target"] {
            assert!(event[field].is_string(), "{field}: {line}");
        }
        assert!(event["fields"].is_null(), "{line}");
    }
}
