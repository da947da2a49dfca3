//! `gatewright doctor` on what can go wrong: each finding is there when it should be, and only then.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use rustix::process::Signal;
use serde_json::Value;
use sqlx::{Connection, Executor, PgConnection};

use crate::program::home::Home;
use crate::redis::Redis;
use crate::scene::text;

/// What doctor says, and whether it found everything fine.
async fn findings(home: &Home, variables: &[(&str, &str)]) -> (Vec<Value>, bool) {
    let ended = home.run(&["doctor", "--json"], variables).await;
    let said: Value = serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{ended:?}"));
    let fine = said["fine"].as_bool().unwrap();
    assert_eq!(ended.status.code(), Some(i32::from(!fine)), "{ended:?}");
    let findings = said["findings"].as_array().unwrap().clone();
    for finding in &findings {
        let ok = finding["level"] == "OK";
        assert_eq!(finding["why"].is_null(), ok, "{finding}");
        assert_eq!(finding["repair"].is_null(), ok, "{finding}");
    }
    (findings, fine)
}

fn has(findings: &[Value], level: &str, check: &str, words: &str) -> bool {
    findings
        .iter()
        .any(|finding| finding["level"] == level && finding["check"] == check && text(finding, "what").contains(words))
}

#[track_caller]
fn expect(found: &(Vec<Value>, bool), level: &str, check: &str, words: &str) {
    assert!(
        has(&found.0, level, check, words),
        "{level} {check} {words}: {:#?}",
        found.0
    );
    if level == "PROBLEM" {
        assert!(!found.1);
    }
}

#[tokio::test]
async fn a_machine_without_and_with_a_running_server_is_fine_and_untouched() {
    let home = Home::new();
    let before = findings(&home, &[]).await;
    assert!(before.1, "{before:#?}");
    assert!(!home.data_dir().exists(), "doctor makes nothing");
    expect(&before, "OK", "database", "at the first start");

    let (running, api) = home.serve(&[]).await;
    let http_addr = api.trim_start_matches("http://").trim_end_matches("/api/v1").to_owned();
    let found = findings(&home, &[("GATEWRIGHT_HTTP_ADDR", &http_addr)]).await;
    assert!(found.1, "{found:#?}");
    expect(&found, "OK", "ports", "is served by Gatewright");
    expect(&found, "OK", "data directory", "in use by process");
    expect(&found, "OK", "schema", "the newest");
    expect(&found, "OK", "roles", "no connection can pass");
    expect(&found, "OK", "clock", "apart from the database's");
    let healthy = home.run(&["health"], &[("GATEWRIGHT_HTTP_ADDR", &http_addr)]).await;
    assert_eq!(healthy.stdout, "ready\n");
    let told = home.run(&["doctor"], &[]).await;
    assert!(told.stdout.lines().all(|line| line.len() > 20), "{}", told.stdout);
    assert_eq!(running.end(Signal::TERM).await, Some(0));
    let gone = home.run(&["health"], &[("GATEWRIGHT_HTTP_ADDR", &http_addr)]).await;
    assert!(
        !gone.status.success() && gone.stderr.contains("nobody answers"),
        "{gone:?}"
    );
}

#[tokio::test]
async fn a_gateway_node_is_asked_for_nothing_that_it_does_not_have() {
    let home = Home::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    let node = [
        ("GATEWRIGHT_ROLE", "gateway"),
        ("GATEWRIGHT_CONTROL_URL", "http://127.0.0.1:1"),
        ("GATEWRIGHT_HEALTH_ADDR", "127.0.0.1:0"),
        // It serves no API.
        ("GATEWRIGHT_HTTP_ADDR", &addr),
    ];
    let found = findings(&home, &node).await;
    expect(&found, "PROBLEM", "control plane", "http://127.0.0.1:1: ");
    assert_eq!(
        found.0.iter().filter(|one| one["level"] == "PROBLEM").count(),
        1,
        "{found:#?}"
    );
    for check in ["postgresql", "database", "master key"] {
        assert!(!found.0.iter().any(|one| one["check"] == check), "{found:#?}");
    }
    expect(&found, "OK", "ports", "health_addr");
    expect(&found, "OK", "ports", "gateway_addr");
}

#[tokio::test]
async fn what_is_wrong_with_settings_and_ports_is_said() {
    let home = Home::new();
    let found = findings(&home, &[("GATEWRIGHT_HTTP_ADR", "127.0.0.1:1")]).await;
    expect(&found, "PROBLEM", "settings", "GATEWRIGHT_HTTP_ADR");
    let found = findings(&home, &[("GATEWRIGHT_LOG", "a=b=c")]).await;
    expect(&found, "PROBLEM", "settings", "log");

    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    let both = [
        ("GATEWRIGHT_HTTP_ADDR", addr.as_str()),
        ("GATEWRIGHT_GATEWAY_ADDR", &addr),
    ];
    let found = findings(&home, &both).await;
    expect(&found, "PROBLEM", "settings", "both on port");
    expect(&found, "PROBLEM", "ports", &format!("process {}", std::process::id()));
    let found = findings(&home, &[("GATEWRIGHT_HTTP_ADDR", "192.0.2.1:8080")]).await;
    expect(&found, "PROBLEM", "ports", "cannot listen on 192.0.2.1:8080");

    let public = [("GATEWRIGHT_GATEWAY_ADDR", "0.0.0.0:0")];
    let found = findings(&home, &public).await;
    expect(&found, "WARNING", "settings", "nothing says that TLS is in front");
    expect(&found, "WARNING", "settings", "base_domain is localhost");
    let behind_tls = [
        public[0],
        ("GATEWRIGHT_PUBLIC_URL", "https://api.example.com"),
        ("GATEWRIGHT_BASE_DOMAIN", "example.com"),
    ];
    expect(&findings(&home, &behind_tls).await, "OK", "settings", "fit together");

    let elsewhere = "postgres://somebody:hunter2@192.0.2.1:1/x?connect_timeout=1";
    let ended = home.run(&["doctor"], &[("GATEWRIGHT_DATABASE_URL", elsewhere)]).await;
    assert!(
        ended.stdout.contains("does not insist on TLS") && !ended.status.success(),
        "{ended:?}"
    );
    assert!(ended.stdout.contains("cannot be asked") && !format!("{ended:?}").contains("hunter2"));
}

#[tokio::test]
async fn redis_is_tried_and_its_password_is_never_shown() {
    let Some(redis) = Redis::start().await else { return };
    let home = Home::new();
    let found = findings(&home, &[("GATEWRIGHT_REDIS_URL", &redis.url())]).await;
    expect(&found, "OK", "redis", "answers");
    assert!(!has(&found.0, "WARNING", "redis", ""), "{:#?}", found.0);
    let away = [("GATEWRIGHT_REDIS_URL", "redis://user:hunter2@redis.invalid:1")];
    let found = findings(&home, &away).await;
    expect(&found, "WARNING", "redis", "redis.invalid:1: ");
    expect(&found, "WARNING", "redis", "without TLS");
    let wrong = findings(&home, &[("GATEWRIGHT_REDIS_URL", "hunter2@redis.invalid")]).await;
    expect(&wrong, "PROBLEM", "settings", "redis_url");
    assert!(!format!("{found:?}{wrong:?}").contains("hunter2"));
}

#[tokio::test]
async fn what_is_wrong_with_the_data_directory_and_the_database_is_said() {
    let home = Home::new();
    let (running, _) = home.serve(&[]).await;
    let data_dir = home.data_dir();
    fs::set_permissions(&data_dir, Permissions::from_mode(0o750)).unwrap();
    expect(&findings(&home, &[]).await, "PROBLEM", "data directory", "mode 750");
    fs::set_permissions(&data_dir, Permissions::from_mode(0o700)).unwrap();

    let key = data_dir.join("master.key");
    fs::write(&key, "only its rights are looked at").unwrap();
    fs::set_permissions(&key, Permissions::from_mode(0o644)).unwrap();
    expect(&findings(&home, &[]).await, "PROBLEM", "master key", "mode 644");
    fs::set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
    expect(&findings(&home, &[]).await, "OK", "master key", "private");
    fs::remove_file(&key).unwrap();
    expect(&findings(&home, &[]).await, "WARNING", "master key", "does not exist");

    let many = findings(&home, &[("GATEWRIGHT_DATABASE_CONNECTIONS", "500")]).await;
    expect(&many, "PROBLEM", "connections", "may take 500");
    let url = home.run(&["database", "url"], &[]).await.stdout;
    let mut connection = PgConnection::connect(url.trim()).await.unwrap();
    for (wrong, level, check, words, right) in [
        (
            "UPDATE _sqlx_migrations SET version = 9999 WHERE version = 4",
            "PROBLEM",
            "schema",
            "9999",
            "UPDATE _sqlx_migrations SET version = 4 WHERE version = 9999",
        ),
        (
            "UPDATE _sqlx_migrations SET success = false WHERE version = 2",
            "PROBLEM",
            "schema",
            "migration 2 began",
            "UPDATE _sqlx_migrations SET success = true",
        ),
        (
            "ALTER ROLE gatewright_app BYPASSRLS",
            "PROBLEM",
            "roles",
            "gatewright_app",
            "ALTER ROLE gatewright_app NOBYPASSRLS",
        ),
        (
            "CREATE DATABASE gatewright_before_20260101000000",
            "WARNING",
            "database",
            "left of a restore",
            "DROP DATABASE gatewright_before_20260101000000",
        ),
    ] {
        connection.execute(wrong).await.unwrap();
        expect(&findings(&home, &[]).await, level, check, words);
        connection.execute(right).await.unwrap();
        assert!(!has(&findings(&home, &[]).await.0, level, check, words), "{words}");
    }
    connection.close().await.unwrap();
    assert_eq!(running.end(Signal::TERM).await, Some(0));

    let version = home.cluster_home().unwrap().join("data/PG_VERSION");
    let of = fs::read_to_string(&version).unwrap();
    fs::write(&version, "13\n").unwrap();
    let found = findings(&home, &[]).await;
    expect(&found, "PROBLEM", "postgresql", "is of PostgreSQL 13");
    fs::write(&version, of).unwrap();
    fs::write(data_dir.join("postgres.json"), "{").unwrap();
    expect(&findings(&home, &[]).await, "PROBLEM", "database", "is damaged");
    // So that what was made is found and removed.
    fs::remove_dir_all(version.parent().unwrap().parent().unwrap()).unwrap();
}
