//! Backups, made by the real program while it serves, and brought back.

use std::fs;

use reqwest::StatusCode;
use rustix::process::Signal;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use crate::program::home::{Ended, Home};
use crate::scene::text;

async fn customers(api: &str, token: &str) -> Vec<String> {
    let request = reqwest::Client::new()
        .get(format!("{api}/customers"))
        .bearer_auth(token);
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let page: Value = response.json().await.unwrap();
    let names = page["items"].as_array().unwrap().iter();
    let mut names: Vec<String> = names.map(|customer| text(customer, "name")).collect();
    names.sort();
    names
}

async fn create_customer(api: &str, token: &str, name: &str) {
    let request = reqwest::Client::new()
        .post(format!("{api}/customers"))
        .bearer_auth(token)
        .json(&json!({ "name": name }));
    assert_eq!(request.send().await.unwrap().status(), StatusCode::CREATED);
}

fn refused(ended: &Ended, why: &str) {
    assert!(!ended.status.success() && ended.stdout.is_empty(), "{ended:?}");
    let last = ended.stderr.lines().last().unwrap();
    assert!(last.starts_with("gatewright: ") && last.contains(why), "{why}: {last}");
}

fn done(ended: &Ended) -> &str {
    assert!(ended.status.success(), "{ended:?}");
    &ended.stderr
}

/// A backup with another manifest or dump, and a checksum that fits.
fn forged(backup: &[u8], manifest: impl FnOnce(&mut Value), dump: Option<&[u8]>) -> Vec<u8> {
    let head = backup.iter().position(|byte| *byte == b'\n').unwrap();
    let mark = b"gatewright-backup ";
    let mut value: Value = serde_json::from_slice(&backup[mark.len()..head]).unwrap();
    manifest(&mut value);
    let end = backup.len() - (1 + "gatewright-backup-end ".len() + 64 + 1);
    let mut forged = [&mark[..], value.to_string().as_bytes(), b"\n"].concat();
    forged.extend_from_slice(dump.unwrap_or(&backup[head + 1..end]));
    let hash: String = Sha256::digest(&forged)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    forged.extend_from_slice(format!("\ngatewright-backup-end {hash}\n").as_bytes());
    forged
}

#[tokio::test]
async fn a_backup_made_while_it_serves_brings_everything_back_elsewhere() {
    let home = Home::new();
    let (running, demo) = home.demo(&[]).await;
    let (api, token) = (text(&demo, "apiUrl"), text(&demo, "operatorToken"));
    create_customer(&api, &token, "Before").await;
    let before = customers(&api, &token).await;
    let said = home.run(&["backup", "monday"], &[]).await;
    assert!(done(&said).contains("not in it: master.key"), "{said:?}");
    create_customer(&api, &token, "After").await;

    let key = text(&demo, "key");
    let password = fs::read_to_string(home.data_dir().join("postgres.json")).unwrap();
    let password: Value = serde_json::from_str(&password).unwrap();
    let backup = fs::read(home.path("monday")).unwrap();
    for secret in [key, text(&password, "password")] {
        let found = backup.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!found, "a secret is in the backup");
    }
    refused(&home.run(&["backup", "monday"], &[]).await, "exists");
    refused(
        &home.run(&["restore", "monday", "--replace"], &[]).await,
        "is in use by process",
    );
    assert_eq!(customers(&api, &token).await.len(), before.len() + 1, "it goes on");
    assert_eq!(running.end(Signal::TERM).await, Some(0));

    let other = Home::new();
    let monday = home.path("monday").display().to_string();
    let said = other.run(&["restore", &monday], &[]).await;
    assert!(done(&said).contains("to be provided separately"), "{said:?}");
    // What the line asks for.
    if home.data_dir().join("master.key").exists() {
        fs::copy(home.data_dir().join("master.key"), other.data_dir().join("master.key")).unwrap();
    }
    let (running, api) = other.serve(&[]).await;
    assert_eq!(customers(&api, &token).await, before);
    assert_eq!(running.end(Signal::TERM).await, Some(0));
}

#[tokio::test]
async fn a_backup_that_does_not_fit_is_refused_and_nothing_is_touched() {
    let home = Home::new();
    let (running, demo) = home.demo(&[]).await;
    let token = text(&demo, "operatorToken");
    let before = customers(&text(&demo, "apiUrl"), &token).await;
    done(&home.run(&["backup", "whole"], &[]).await);
    assert_eq!(running.end(Signal::TERM).await, Some(0));
    let whole = fs::read(home.path("whole")).unwrap();

    let mut changed = whole.clone();
    changed[whole.len() / 2] ^= 1;
    let newer = forged(&whole, |manifest| manifest["migrationLevel"] = json!(9999), None);
    let newer_server = forged(&whole, |manifest| manifest["serverMajor"] = json!(99), None);
    let newer_dump = forged(&whole, |manifest| manifest["dumpMajor"] = json!(99), None);
    let broken = forged(&whole, |_| {}, Some(&whole[200..2000]));
    let other_level = forged(&whole, |manifest| manifest["migrationLevel"] = json!(1), None);
    for (name, content, why) in [
        ("cut", &whole[..whole.len() - 200], "damaged"),
        ("changed", &changed, "damaged"),
        ("foreign", b"PGDMP", "not a backup"),
        ("newer", &newer, "install Gatewright"),
        ("newer-server", &newer_server, "PostgreSQL 99"),
        ("newer-dump", &newer_dump, "not installed"),
        ("broken", &broken, "pg_restore failed"),
        ("other-level", &other_level, "nothing was replaced"),
    ] {
        fs::write(home.path(name), content).unwrap();
        refused(&home.run(&["restore", name, "--replace"], &[]).await, why);
        if !["newer-server", "newer-dump", "broken", "other-level"].contains(&name) {
            let other = Home::new();
            let path = home.path(name).display().to_string();
            refused(&other.run(&["restore", &path], &[]).await, why);
            assert!(
                !other.data_dir().exists(),
                "{name}: it is refused before anything is made"
            );
        }
    }
    refused(&home.run(&["restore", "whole"], &[]).await, "--replace");
    refused(&home.run(&["restore", "nowhere"], &[]).await, "nowhere");

    let (running, api) = home.serve(&[]).await;
    assert_eq!(customers(&api, &token).await, before);
    let url = home.run(&["database", "url"], &[]).await.stdout;
    let mut connection = PgConnection::connect(url.trim()).await.unwrap();
    let databases: Vec<String> =
        sqlx::query_scalar("SELECT datname::text FROM pg_database WHERE datname LIKE 'gatewright%'")
            .fetch_all(&mut connection)
            .await
            .unwrap();
    assert_eq!(databases, ["gatewright"], "nothing is left of the attempts");
    drop(connection);
    assert_eq!(running.end(Signal::TERM).await, Some(0));
}

#[tokio::test]
async fn what_a_restore_replaces_is_kept_aside() {
    let home = Home::new();
    let (running, demo) = home.demo(&[]).await;
    let (api, token) = (text(&demo, "apiUrl"), text(&demo, "operatorToken"));
    let before = customers(&api, &token).await;
    done(&home.run(&["backup", "monday"], &[]).await);
    create_customer(&api, &token, "Tuesday").await;
    assert_eq!(running.end(Signal::TERM).await, Some(0));

    let said = home.run(&["restore", "monday", "--replace"], &[]).await;
    let aside = done(&said)
        .split_once("DROP DATABASE \"")
        .unwrap()
        .1
        .split_once('"')
        .unwrap()
        .0;
    let (running, api) = home.serve(&[]).await;
    assert_eq!(customers(&api, &token).await, before);
    let url = home.run(&["database", "url"], &[]).await.stdout;
    let url = format!("{}/{aside}", url.rsplit_once('/').unwrap().0);
    let mut kept = PgConnection::connect(&url).await.unwrap();
    let tuesday: i64 = sqlx::query_scalar("SELECT count(*) FROM customers WHERE name = 'Tuesday'")
        .fetch_one(&mut kept)
        .await
        .unwrap();
    assert_eq!(tuesday, 1);
    drop(kept);
    assert_eq!(running.end(Signal::TERM).await, Some(0));
}

/// The database's owner as on a managed server: no superuser, bound by the wall.
#[tokio::test]
async fn an_owner_who_is_no_superuser_backs_up_every_row_or_is_refused() {
    let base = gatewright_testkit::database::create().await;
    let mut admin = PgConnection::connect(&base).await.unwrap();
    let owner = format!("owner_{}", std::process::id());
    for statement in [
        format!("CREATE ROLE {owner} LOGIN CREATEROLE CREATEDB"),
        format!("GRANT gatewright_app, gatewright_system TO {owner}"),
        format!("CREATE DATABASE {owner} OWNER {owner}"),
        format!("CREATE DATABASE {owner}_2 OWNER {owner}"),
    ] {
        admin.execute(AssertSqlSafe(statement)).await.unwrap();
    }
    let at = base.find('@').unwrap();
    let url = |database: &str| {
        let (server, _) = base[at..].rsplit_once('/').unwrap();
        format!("postgres://{owner}{server}/{database}")
    };
    let (first, second) = (url(&owner), url(&format!("{owner}_2")));

    let home = Home::new();
    let named = [("GATEWRIGHT_DATABASE_URL", first.as_str())];
    let running = home.start(&["demo", "--json"], &named);
    let demo = running.told().await;
    let (api, token) = (text(&demo.1, "apiUrl"), text(&demo.1, "operatorToken"));
    let before = customers(&api, &token).await;
    assert!(!before.is_empty());
    done(&home.run(&["doctor"], &named).await);
    done(&home.run(&["backup", "monday"], &named).await);
    let busy = home.run(&["restore", "monday", "--replace"], &named).await;
    refused(&busy, "stop every Gatewright");
    assert_eq!(demo.0.end(Signal::TERM).await, Some(0));

    let elsewhere = [("GATEWRIGHT_DATABASE_URL", second.as_str())];
    done(&home.run(&["restore", "monday"], &elsewhere).await);
    let (running, api) = home.serve(&elsewhere).await;
    assert_eq!(customers(&api, &token).await, before);
    assert_eq!(running.end(Signal::TERM).await, Some(0));
    done(&home.run(&["restore", "monday", "--replace"], &elsewhere).await);

    let hide = format!("ALTER ROLE {owner} NOINHERIT; REVOKE gatewright_system FROM {owner}");
    admin.execute(AssertSqlSafe(hide)).await.unwrap();
    refused(
        &home.run(&["backup", "tuesday"], &named).await,
        "does not see every row",
    );
    assert!(!home.path("tuesday").exists());
    let leftovers = fs::read_dir(home.path("")).unwrap().flatten();
    let partial = leftovers.filter(|entry| entry.file_name().to_string_lossy().contains("partial"));
    assert_eq!(partial.count(), 0);
}
