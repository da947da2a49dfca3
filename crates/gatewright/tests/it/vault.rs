//! Sealed copies of secrets, and the master key that protects them.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use gatewright::process;
use gatewright::settings::Settings;
use gatewright::vault;
use gatewright_credentials::sealed;
use gatewright_database::{Actor, Caller, Database, SystemUse};
use gatewright_testkit::{TestApp, TestTenant, database, manual_clock, settings};
use gatewright_types::ids::{KeyId, RequestId};
use gatewright_types::{Clock, Rng};
use gatewright_vault::{Keyring, MasterKey};
use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use crate::scene::{Scene, expect, text};

async fn keep_copies(who: &TestTenant) {
    let change = json!({ "secretRetention": "WHILE_ACTIVE" });
    expect(who, 200, Method::PATCH, "/credential-settings", Some(change)).await;
}

/// What a copy opens to; none where there is no valid one.
async fn opened(database: &Database, who: &TestTenant, key_id: &str, version: i32) -> Option<String> {
    let caller = Caller {
        tenant_id: who.id.parse().unwrap(),
        actor: Actor::System,
        request_id: RequestId::mint(database.clock(), database.rng()),
    };
    let mut tx = database.tenant(caller).await.unwrap();
    let key_id: KeyId = key_id.parse().unwrap();
    let secret = sealed::open(&mut tx, key_id, version).await.unwrap();
    secret.map(|secret| secret.expose_secret().to_owned())
}

impl Scene {
    async fn opened(&self, key_id: &str, version: i32) -> Option<String> {
        opened(self.app.process.database(), &self.acme, key_id, version).await
    }

    async fn copies(&self) -> i64 {
        count(&self.app.database_url, "sealed_secrets").await
    }

    async fn erase_ended(&self) {
        let database = self.app.process.database();
        let mut tx = database.system(SystemUse::KeepHouse).await.unwrap();
        sealed::erase_ended(&mut tx, database.clock().now()).await.unwrap();
        tx.commit().await.unwrap();
    }
}

async fn count(url: &str, table: &'static str) -> i64 {
    let mut connection = database::connect(url).await;
    let sql = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
    sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap()
}

#[tokio::test]
async fn with_native_gateways_alone_no_copy_is_ever_made_unless_the_tenant_wants_it() {
    let scene = Scene::set().await;
    let settings = scene.acme.get("/credential-settings").await;
    assert_eq!(settings["secretRetention"], "UNTIL_PROVISIONED");
    let subscribed = scene.subscribe().await;
    scene
        .acme
        .post(&format!("/keys/{}/rotate", subscribed.key_id), json!({}))
        .await;
    assert_eq!(scene.copies().await, 0);
    assert_eq!(count(&scene.app.database_url, "tenant_data_keys").await, 0);
    assert_eq!(scene.opened(&subscribed.key_id, 1).await, None);
    scene.app.stop().await;
}

#[tokio::test]
async fn a_copy_opens_as_long_as_its_secret_is_valid_and_then_it_is_gone() {
    let scene = Scene::set_at(manual_clock()).await;
    keep_copies(&scene.acme).await;
    let subscribed = scene.subscribe().await;
    let path = format!("/keys/{}", subscribed.key_id);
    let id = subscribed.key_id.as_str();
    assert_eq!(scene.opened(id, 1).await.as_ref(), Some(&subscribed.key));

    let second = text(&scene.acme.post(&format!("{path}/rotate"), json!({})).await, "secret");
    assert_eq!(
        scene.opened(id, 1).await.as_ref(),
        Some(&subscribed.key),
        "during the overlap"
    );
    assert_eq!(scene.opened(id, 2).await.as_ref(), Some(&second));
    scene.advance(300);
    assert_eq!(scene.opened(id, 1).await, None, "valid no more, erased or not");
    scene.erase_ended().await;
    assert_eq!(scene.copies().await, 1);

    let third = text(
        &scene
            .acme
            .post(&format!("{path}/rotate"), json!({ "overlapSeconds": 0 }))
            .await,
        "secret",
    );
    assert_eq!(
        (scene.opened(id, 2).await, scene.copies().await),
        (None, 1),
        "at once, without an overlap"
    );
    let fourth = text(&scene.acme.post(&format!("{path}/rotate"), json!({})).await, "secret");
    scene
        .acme
        .post(&format!("{path}/rotate"), json!({ "endOverlap": true }))
        .await;
    assert_eq!(scene.opened(id, 3).await, None, "{third} was ended");
    assert_eq!(scene.opened(id, 4).await.as_ref(), Some(&fourth));

    scene
        .expect(
            200,
            Method::PATCH,
            &path,
            Some(json!({ "expiresAt": "2027-01-15T08:05:10Z" })),
        )
        .await;
    assert!(scene.opened(id, 5).await.is_some());
    scene.advance(10);
    assert_eq!(
        (scene.opened(id, 4).await, scene.opened(id, 5).await),
        (None, None),
        "the key has expired"
    );
    scene
        .expect(200, Method::PATCH, &path, Some(json!({ "expiresAt": null })))
        .await;
    assert!(scene.opened(id, 5).await.is_some());
    scene.acme.post(&format!("{path}/revoke"), json!({})).await;
    assert_eq!((scene.opened(id, 5).await, scene.copies().await), (None, 0), "revoked");

    let other = scene.subscribe().await;
    assert_eq!(scene.copies().await, 1);
    scene
        .acme
        .post(&format!("/subscriptions/{}/cancel", other.subscription_id), json!({}))
        .await;
    assert_eq!(scene.copies().await, 0, "its subscription was cancelled");
    scene.app.stop().await;
}

#[tokio::test]
async fn a_tenant_that_stops_keeping_copies_has_none_left_when_that_is_answered() {
    let scene = Scene::set().await;
    keep_copies(&scene.acme).await;
    let issuing = async {
        for _ in 0..20 {
            scene.subscribe().await;
        }
    };
    let change = json!({ "secretRetention": "UNTIL_PROVISIONED" });
    let stopping = async {
        while scene.copies().await < 5 {}
        scene
            .expect(200, Method::PATCH, "/credential-settings", Some(change))
            .await;
        assert_eq!(scene.copies().await, 0);
    };
    tokio::join!(issuing, stopping);
    assert_eq!(scene.copies().await, 0, "and none was made since");
    scene.app.stop().await;
}

#[tokio::test]
async fn a_copy_that_is_moved_to_another_key_version_or_tenant_opens_nowhere() {
    let scene = Scene::set().await;
    keep_copies(&scene.acme).await;
    let (one, two) = (scene.subscribe().await, scene.subscribe().await);
    let mut owner = database::connect(&scene.app.database_url).await;
    let swap =
        "UPDATE sealed_secrets AS s SET sealed = (SELECT sealed FROM sealed_secrets AS o WHERE o.key_id <> s.key_id)";
    sqlx::query(swap).execute(&mut owner).await.unwrap();
    let database = scene.app.process.database();
    for key in [&one, &two] {
        let caller = Caller {
            tenant_id: scene.acme.id.parse().unwrap(),
            actor: Actor::System,
            request_id: RequestId::mint(database.clock(), database.rng()),
        };
        let mut tx = database.tenant(caller).await.unwrap();
        let refused = sealed::open(&mut tx, key.key_id.parse().unwrap(), 1).await;
        let said = refused.err().map(|error| error.to_string()).unwrap();
        assert_eq!(said, "the sealed secret is damaged or belongs elsewhere");
    }
    scene.app.stop().await;
}

/// Settings of a process whose master key is in a file.
fn with_file(url: &str, data_dir: &Path) -> Settings {
    Settings {
        data_dir: data_dir.to_owned(),
        master_key: None,
        ..settings(url)
    }
}

fn with_keys(url: &str, active: &str, previous: Option<&str>) -> Settings {
    Settings {
        master_key: Some(active.into()),
        master_key_previous: previous.map(SecretString::from),
        // Nobody may make one there.
        data_dir: "/nonexistent".into(),
        ..settings(url)
    }
}

async fn refused(settings: &Settings) -> String {
    let prepared = process::prepare(settings, Clock::System, Rng::System, false, &|_| {}).await;
    format!("{:#}", prepared.err().expect("it is refused"))
}

/// A key with its copy, made in a tenant of its own.
async fn issue(app: &TestApp, slug: &str) -> (TestTenant, String, String) {
    let who = app.tenant(slug).await;
    keep_copies(&who).await;
    let product = who.product("API").await;
    let (plan, customer) = (who.plan("Pro", &[&product]).await, who.customer("Globex").await);
    let subscribed = who.subscribe(&customer, &plan).await;
    (who, subscribed.key_id, subscribed.key)
}

#[tokio::test]
async fn the_master_key_is_replaced_while_two_processes_issue_and_open() {
    let url = database::create().await;
    let folder = tempfile::tempdir().unwrap();
    let settings = with_file(&url, folder.path());
    let apps = [
        TestApp::start_as(settings.clone(), Clock::System).await,
        TestApp::start_as(settings.clone(), Clock::System).await,
    ];
    let mut issued = vec![issue(&apps[0], "first").await, issue(&apps[1], "second").await];
    let done = AtomicBool::new(false);
    let work = |at: usize| {
        let (app, done) = (&apps[at], &done);
        async move {
            let mut issued = Vec::new();
            // At least a few, so that every rotation has something to run into.
            while !done.load(Ordering::SeqCst) || issued.len() < 4 {
                issued.push(issue(app, &format!("t-{at}-{}", issued.len())).await);
                for (who, key_id, key) in &issued {
                    let opened = opened(app.process.database(), who, key_id, 1).await;
                    assert_eq!(opened.as_ref(), Some(key));
                }
            }
            issued
        }
    };
    let beside = TestApp::start_as(settings.clone(), Clock::System).await;
    let rotating = async {
        for round in 0..4 {
            let told = vault::rotate(&settings, beside.process.database()).await.unwrap();
            assert!(told.contains("is the master key now"), "{told}");
            if round == 1 {
                let told = vault::prune(&settings, beside.process.database()).await.unwrap();
                assert_eq!(told.matches("mk_").count(), 2, "{told}");
            }
            tokio::task::yield_now().await;
        }
        done.store(true, Ordering::SeqCst);
    };
    let (first, second, ()) = tokio::join!(work(0), work(1), rotating);
    issued.extend(first);
    issued.extend(second);

    let status = vault::status(&settings, beside.process.database()).await.unwrap();
    assert_eq!(status.matches("ACTIVE").count(), 1, "{status}");
    // What a transaction wrapped that had begun before the last rotation is wrapped anew by the next.
    vault::rotate(&settings, beside.process.database()).await.unwrap();
    vault::prune(&settings, beside.process.database()).await.unwrap();
    let status = vault::status(&settings, beside.process.database()).await.unwrap();
    let all = format!("ACTIVE    wraps {} data keys\n", issued.len());
    assert!(status.contains(&all) && status.matches("mk_").count() == 1, "{status}");
    let fresh = TestApp::start_as(settings.clone(), Clock::System).await;
    for app in apps.iter().chain([&fresh]) {
        for (who, key_id, key) in &issued {
            let opened = opened(app.process.database(), who, key_id, 1).await;
            assert_eq!(opened.as_ref(), Some(key));
        }
    }
    for app in apps.into_iter().chain([beside, fresh]) {
        app.stop().await;
    }
}

#[tokio::test]
async fn a_rotation_that_was_interrupted_goes_on_with_the_key_that_it_had() {
    let url = database::create().await;
    let folder = tempfile::tempdir().unwrap();
    let settings = with_file(&url, folder.path());
    let app = TestApp::start_as(settings.clone(), Clock::System).await;
    let (who, key_id, key) = issue(&app, "acme").await;
    let path = folder.path().join("master.key");
    let next = MasterKey::mint(&Rng::seeded(1));
    let id = next.id().clone();
    let keyring = Keyring::from_file(&path).unwrap().unwrap();
    let right = keyring.rotating().unwrap().unwrap();
    right.change(|ring| ring.add_next(next, Clock::System.now())).unwrap();
    drop(right);
    let database = app.process.database();
    // How the file may have been left: before the database knew; before the file said so; before all was wrapped anew.
    for (old, new) in [("ACTIVE", "NEXT"), ("ACTIVE", "NEXT"), ("PREVIOUS", "ACTIVE")] {
        let text = std::fs::read_to_string(&path).unwrap();
        let text = text
            .replace(" RETIRED ", &format!(" {old} "))
            .replace(&format!("{id} ACTIVE "), &format!("{id} {new} "));
        std::fs::write(&path, text).unwrap();
        assert!(
            vault::status(&settings, database)
                .await
                .unwrap()
                .contains("not finished"),
            "{old} {new}"
        );
        let told = vault::rotate(&settings, database).await.unwrap();
        assert!(
            told.starts_with(&format!("{id} is the master key now")),
            "{old} {new}: {told}"
        );
        let status = vault::status(&settings, database).await.unwrap();
        assert!(
            !status.contains("not finished") && status.matches("mk_").count() == 2,
            "{old} {new}: {status}"
        );
        assert_eq!(
            opened(database, &who, &key_id, 1).await.as_ref(),
            Some(&key),
            "{old} {new}"
        );
    }
    app.stop().await;
}

#[tokio::test]
async fn a_database_restored_from_before_a_rotation_goes_on_with_the_keys_of_the_file() {
    let url = database::create().await;
    let folder = tempfile::tempdir().unwrap();
    let settings = with_file(&url, folder.path());
    let app = TestApp::start_as(settings.clone(), Clock::System).await;
    let (who, key_id, key) = issue(&app, "acme").await;
    let mut owner = database::connect(&url).await;
    for keep in [
        "CREATE TABLE kept_master_keys AS TABLE master_keys",
        "CREATE TABLE kept_data_keys AS TABLE tenant_data_keys",
    ] {
        sqlx::query(keep).execute(&mut owner).await.unwrap();
    }
    vault::rotate(&settings, app.process.database()).await.unwrap();
    app.stop().await;
    for restore in [
        "DELETE FROM tenant_data_keys",
        "DELETE FROM master_keys",
        "INSERT INTO master_keys TABLE kept_master_keys",
        "INSERT INTO tenant_data_keys TABLE kept_data_keys",
        "DROP TABLE kept_master_keys, kept_data_keys",
    ] {
        sqlx::query(restore).execute(&mut owner).await.unwrap();
    }
    let app = TestApp::start_as(settings.clone(), Clock::System).await;
    let database = app.process.database();
    assert_eq!(opened(database, &who, &key_id, 1).await.as_ref(), Some(&key));
    let (other, other_id, other_key) = issue(&app, "rival").await;
    assert!(
        vault::status(&settings, database)
            .await
            .unwrap()
            .contains("not finished")
    );
    vault::rotate(&settings, database).await.unwrap();
    vault::prune(&settings, database).await.unwrap();
    for (who, key_id, key) in [(who, key_id, key), (other, other_id, other_key)] {
        assert_eq!(opened(database, &who, &key_id, 1).await.as_ref(), Some(&key));
    }
    app.stop().await;
}

#[tokio::test]
async fn a_process_without_the_master_key_that_the_data_keys_need_is_refused_by_its_name() {
    let url = database::create().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("master.key");
    let settings = with_file(&url, folder.path());
    let app = TestApp::start_as(settings.clone(), Clock::System).await;
    let file = std::fs::read_to_string(&path).unwrap();
    let id = file.lines().last().unwrap().split(' ').next().unwrap().to_owned();
    app.stop().await;

    // Nothing is sealed yet, so a new key takes over.
    std::fs::remove_file(&path).unwrap();
    let app = TestApp::start_as(settings.clone(), Clock::System).await;
    issue(&app, "acme").await;
    app.stop().await;
    let newer = std::fs::read_to_string(&path).unwrap();
    let needed = newer.lines().last().unwrap().split(' ').next().unwrap().to_owned();
    assert_ne!(id, needed);

    std::fs::remove_file(&path).unwrap();
    let said = refused(&settings).await;
    assert!(
        said.contains(&needed) && said.contains(path.to_str().unwrap()),
        "{said}"
    );
    assert!(!path.exists(), "no other one is made in its place");
    std::fs::write(&path, &file).unwrap();
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    assert!(
        refused(&settings).await.contains(&needed),
        "with another one in the file"
    );
    let other = "17".repeat(31) + "71";
    let said = refused(&with_keys(&url, &other, None)).await;
    assert!(
        said.contains(&needed) && said.contains("GATEWRIGHT_MASTER_KEY"),
        "{said}"
    );
    assert!(!said.contains(&other), "{said}");
}

#[tokio::test]
async fn a_master_key_from_the_environment_is_replaced_in_the_steps_that_the_command_names() {
    let url = database::create().await;
    let (old, new) = ("0f".repeat(31) + "00", "1e".repeat(31) + "01");
    let before = with_keys(&url, &old, None);
    let first = TestApp::start_as(before.clone(), Clock::System).await;
    let (who, key_id, key) = issue(&first, "acme").await;
    let database = first.process.database();
    let said = format!("{:#}", vault::rotate(&before, database).await.unwrap_err());
    assert!(
        said.contains("GATEWRIGHT_MASTER_KEY_PREVIOUS") && said.contains("openssl rand -hex 32"),
        "{said}"
    );
    assert!(!said.contains(&old) && !said.contains('\n'), "{said}");

    let during = with_keys(&url, &new, Some(&old));
    let second = TestApp::start_as(during.clone(), Clock::System).await;
    // Both wrap with the old one, so that the process which has not been restarted yet goes on.
    let (other, other_id, other_key) = issue(&second, "rival").await;
    let opened_by_first = opened(database, &other, &other_id, 1).await;
    assert_eq!(opened_by_first.as_ref(), Some(&other_key));
    first.stop().await;
    let told = vault::rotate(&during, second.process.database()).await.unwrap();
    assert!(
        told.contains("2 data keys") && told.contains("remove GATEWRIGHT_MASTER_KEY_PREVIOUS"),
        "{told}"
    );
    issue(&second, "third").await;
    vault::follow(second.process.database()).await.unwrap();
    let last = issue(&second, "fourth").await;
    second.stop().await;

    // The third one came before the process had noticed.
    let again = vault::rotate(
        &during,
        TestApp::start_as(during.clone(), Clock::System)
            .await
            .process
            .database(),
    )
    .await;
    assert!(again.unwrap().contains("1 data keys"));
    let after = TestApp::start_as(with_keys(&url, &new, None), Clock::System).await;
    for (who, key_id, key) in [(who, key_id, key), (other, other_id, other_key), last] {
        assert_eq!(
            opened(after.process.database(), &who, &key_id, 1).await.as_ref(),
            Some(&key)
        );
    }
    assert!(
        refused(&with_keys(&url, &old, None))
            .await
            .contains("need the master key")
    );
    after.stop().await;
}
