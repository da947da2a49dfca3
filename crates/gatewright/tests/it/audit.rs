//! The audit log: what it shows, how it is handed out, and that nobody can change it unnoticed.

use chrono::{DateTime, TimeDelta, Utc};
use gatewright_database::SystemUse;
use gatewright_database::audit::seal::seal;
use gatewright_database::audit::verify::{ChainFault, Head, Report, verify};
use gatewright_testkit::{TestApp, TestTenant, database};
use gatewright_types::ids::{AuditId, TenantId};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Executor, PgConnection};

use crate::scene::{expect, text};

async fn report(app: &TestApp, who: &TestTenant, seen: Option<Head>) -> Report {
    let tenant_id: TenantId = who.id.parse().unwrap();
    let mut tx = app.process.database().system(SystemUse::VerifyAudit).await.unwrap();
    verify(&mut tx, tenant_id, seen).await.unwrap()
}

/// A tenant that did ten things, all sealed.
async fn ten_deeds(app: &TestApp) -> TestTenant {
    let acme = app.tenant("acme").await;
    for number in 0..10 {
        acme.customer(&format!("Customer {number}")).await;
    }
    app.process.settle().await.unwrap();
    acme
}

/// The whole program, beside the one that runs here; its exit code and what it said.
async fn command(app: &TestApp, arguments: &[&str]) -> (bool, String) {
    let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_gatewright"))
        .args(arguments)
        .env_clear()
        .env("GATEWRIGHT_DATABASE_URL", &app.database_url)
        .env("GATEWRIGHT_LOG", "error")
        .output()
        .await
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(said).unwrap())
}

/// A superuser who knows how to get around triggers and foreign keys.
async fn superuser(app: &TestApp) -> PgConnection {
    let mut owner = database::connect(&app.database_url).await;
    let prepare = "SET session_replication_role = replica;
        CREATE TABLE saved_events AS SELECT * FROM audit_events;
        CREATE TABLE saved_chain AS SELECT * FROM audit_chain;";
    owner.execute(prepare).await.unwrap();
    owner
}

async fn put_back(owner: &mut PgConnection) {
    let back = "TRUNCATE audit_events, audit_chain, audit_unsealed;
        INSERT INTO audit_events SELECT * FROM saved_events;
        INSERT INTO audit_chain SELECT * FROM saved_chain;";
    owner.execute(back).await.unwrap();
}

async fn at(owner: &mut PgConnection, sequence: i64) -> AuditId {
    let sql = "SELECT audit_id FROM saved_chain WHERE sequence = $1";
    let id = sqlx::query_scalar(sql).bind(sequence).fetch_one(owner).await.unwrap();
    AuditId::from_uuid(id)
}

#[tokio::test]
async fn whatever_a_superuser_does_to_a_sealed_log_is_found_at_the_first_bad_row() {
    let app = TestApp::start().await;
    let acme = ten_deeds(&app).await;
    let intact = report(&app, &acme, None).await;
    assert_eq!((intact.fault, intact.waiting), (None, 0));
    let head = intact.head.unwrap();
    assert_eq!(head.sequence, 10);
    let mut owner = superuser(&app).await;
    let (fifth, sixth, tenth) = (
        at(&mut owner, 5).await,
        at(&mut owner, 6).await,
        at(&mut owner, 10).await,
    );
    let changed = |sequence, audit_id| ChainFault::Changed { sequence, audit_id };

    let new = AuditId::mint(app.process.database().clock(), app.process.database().rng());
    let event = |set: &str| format!("UPDATE audit_events SET {set} WHERE id = '{}'", fifth.uuid());
    let copy = format!(
        "INSERT INTO audit_events SELECT (jsonb_populate_record(e, '{{\"id\": \"{}\"}}')).* FROM audit_events e WHERE id = '{}'",
        new.uuid(),
        fifth.uuid()
    );
    let mut deeds: Vec<(String, ChainFault)> = [
        "occurred_at = occurred_at + interval '1 microsecond'",
        "actor_kind = 'SYSTEM'",
        "actor_id = NULL",
        "token_id = gen_random_uuid()",
        "peer_address = '192.0.2.1'",
        "request_id = gen_random_uuid()",
        "action = 'customer.changed'",
        "resource_id = ''",
        "outcome = 'REFUSED', problem_code = 'forbidden'",
        "changes = '{\"name\": null}'",
        "detail = detail || '{\"name\": \"Somebody else\"}'",
    ]
    .into_iter()
    .map(|set| (event(set), changed(5, fifth)))
    .collect();
    deeds.extend([
        (
            format!("DELETE FROM audit_events WHERE id = '{}'", fifth.uuid()),
            ChainFault::Removed { sequence: 5, audit_id: fifth },
        ),
        (
            "DELETE FROM audit_chain WHERE sequence = 5".to_owned(),
            ChainFault::LinkRemoved { sequence: 5 },
        ),
        // Removed with its link, and the gap closed.
        (
            format!(
                "DELETE FROM audit_events WHERE id = '{}'; DELETE FROM audit_chain WHERE sequence = 5;
                 UPDATE audit_chain SET sequence = -sequence WHERE sequence > 5; UPDATE audit_chain SET sequence = -sequence - 1 WHERE sequence < 0",
                fifth.uuid()
            ),
            changed(5, sixth),
        ),
        // Put in beside the chain, and in the middle of it.
        (copy.clone(), ChainFault::Unsealed { audit_id: new }),
        (
            format!(
                "{copy}; UPDATE audit_chain SET sequence = -sequence WHERE sequence > 4; UPDATE audit_chain SET sequence = 1 - sequence WHERE sequence < 0;
                 INSERT INTO audit_chain SELECT tenant_id, 5, '{}', hash, sealed_at FROM audit_chain WHERE sequence = 4",
                new.uuid()
            ),
            changed(5, new),
        ),
        // Two rows, and two whole links, in each other's place.
        (
            format!(
                "UPDATE audit_chain SET audit_id = CASE sequence WHEN 5 THEN '{}'::uuid ELSE '{}'::uuid END WHERE sequence IN (5, 6)",
                sixth.uuid(),
                fifth.uuid()
            ),
            changed(5, sixth),
        ),
        (
            "UPDATE audit_chain SET sequence = -sequence WHERE sequence IN (5, 6); UPDATE audit_chain SET sequence = 11 + sequence WHERE sequence < 0".to_owned(),
            changed(5, sixth),
        ),
        (
            "UPDATE audit_chain SET sealed_at = sealed_at - interval '1 day' WHERE sequence = 5".to_owned(),
            changed(5, fifth),
        ),
        (
            "UPDATE audit_chain SET hash = sha256('') WHERE sequence = 5".to_owned(),
            changed(5, fifth),
        ),
        // The end cut off: the rows that were sealed are no longer.
        (
            "DELETE FROM audit_chain WHERE sequence = 10".to_owned(),
            ChainFault::Unsealed { audit_id: tenth },
        ),
    ]);
    // Unique constraints are deferred by nobody, so rows move by way of negative numbers.
    owner.execute("ALTER TABLE audit_chain DROP CONSTRAINT audit_chain_sequence_check, DROP CONSTRAINT audit_chain_tenant_id_audit_id_key").await.unwrap();
    for (deed, expected) in deeds {
        owner.execute(AssertSqlSafe(deed.clone())).await.unwrap();
        assert_eq!(report(&app, &acme, None).await.fault, Some(expected), "{deed}");
        put_back(&mut owner).await;
        assert_eq!(report(&app, &acme, Some(head)).await.fault, None, "after {deed}");
    }

    // The end cut off with its rows is found by who kept the head, and so is a log that was written anew.
    let cut = "DELETE FROM audit_events WHERE id = (SELECT audit_id FROM audit_chain WHERE sequence = 10);
        DELETE FROM audit_chain WHERE sequence = 10";
    owner.execute(cut).await.unwrap();
    assert_eq!(report(&app, &acme, None).await.fault, None);
    let other = Some(ChainFault::OtherHead { sequence: 10 });
    assert_eq!(report(&app, &acme, Some(head)).await.fault, other);
    acme.customer("Another tenth").await;
    app.process.settle().await.unwrap();
    assert_eq!(report(&app, &acme, None).await.head.unwrap().sequence, 10);
    assert_eq!(report(&app, &acme, Some(head)).await.fault, other);
    app.stop().await;
}

#[tokio::test]
async fn the_command_says_how_far_a_log_is_sealed_and_fails_at_the_first_bad_row() {
    let app = TestApp::start().await;
    let acme = ten_deeds(&app).await;
    app.tenant("rival").await;
    let (fine, said) = command(&app, &["audit", "verify"]).await;
    assert!(fine, "{said}");
    assert!(said.contains("rival: intact; nothing is sealed"), "{said}");
    let line = said
        .lines()
        .find(|line| line.starts_with("acme: intact; sealed up to 10:"))
        .unwrap();
    let head = line.split("sealed up to ").nth(1).unwrap().split(';').next().unwrap();
    let with_head = ["audit", "verify", "--tenant", "acme", "--head", head];
    assert!(command(&app, &with_head).await.0);
    assert!(!command(&app, &["audit", "verify", "--tenant", "nobody"]).await.0);
    // The installation's own log is one of them, and can be asked for alone.
    assert!(command(&app, &["bootstrap"]).await.0);
    let (fine, said) = command(&app, &["audit", "verify", "--installation"]).await;
    assert!(fine && said.starts_with("the installation: intact; "), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(
        !command(&app, &["audit", "verify", "--installation", "--tenant", "acme"])
            .await
            .0
    );
    let (fine, said) = command(&app, &["audit", "verify", "--tenant", "acme", "--head", "10:00"]).await;
    assert!(!fine && said.contains("hexadecimal"), "{said}");

    let mut owner = superuser(&app).await;
    let third = at(&mut owner, 3).await;
    let sql = format!(
        "UPDATE audit_events SET resource_id = 'cus_x' WHERE id = '{}'",
        third.uuid()
    );
    owner.execute(AssertSqlSafe(sql)).await.unwrap();
    let (fine, said) = command(&app, &["audit", "verify"]).await;
    assert!(!fine, "{said}");
    assert!(
        said.contains("the installation: intact; ")
            && said.contains(&format!("acme: BROKEN: row {third} at sequence 3")),
        "{said}"
    );
    assert!(!command(&app, &["audit", "verify", "--tenant", "acme"]).await.0);
    assert!(command(&app, &["audit", "verify", "--tenant", "rival"]).await.0);

    let (fine, said) = command(&app, &["audit", "export", "--tenant", "acme"]).await;
    assert!(fine, "{said}");
    assert_eq!(said.lines().count(), 10, "{said}");
    let events = acme.get("/audit-events?limit=1").await;
    assert_eq!(events["items"][0]["action"], "audit.exported");
    assert_eq!(events["items"][0]["actorKind"], "INSTALLATION");
    app.stop().await;
}

#[tokio::test]
async fn a_row_that_commits_late_is_sealed_after_later_ones_and_not_forgotten() {
    let app = TestApp::start().await;
    let acme = ten_deeds(&app).await;
    // Written an hour ago, as its id says, and not committed yet.
    let mut late = database::connect(&app.database_url).await;
    let id = AuditId::from_uuid(
        uuid::Builder::from_unix_timestamp_millis(
            u64::try_from((app.clock.now() - TimeDelta::hours(1)).timestamp_millis()).unwrap(),
            &[7; 10],
        )
        .into_uuid(),
    );
    let insert = format!(
        "BEGIN; INSERT INTO audit_events SELECT (jsonb_populate_record(e, '{{\"id\": \"{}\"}}')).* FROM audit_events e LIMIT 1",
        id.uuid()
    );
    late.execute(AssertSqlSafe(insert)).await.unwrap();
    acme.customer("Earlier, by its commit").await;
    app.process.settle().await.unwrap();
    assert_eq!(report(&app, &acme, None).await.head.unwrap().sequence, 11);
    late.execute("COMMIT").await.unwrap();
    app.process.settle().await.unwrap();
    let done = report(&app, &acme, None).await;
    assert_eq!((done.fault, done.waiting, done.head.unwrap().sequence), (None, 0, 12));
    let sql = "SELECT sequence FROM audit_chain WHERE audit_id = $1";
    let sequence: i64 = sqlx::query_scalar(sql)
        .bind(id.uuid())
        .fetch_one(&mut late)
        .await
        .unwrap();
    assert_eq!(sequence, 12);
    app.stop().await;
}

#[tokio::test]
async fn many_who_seal_at_once_do_not_fork_a_chain() {
    let app = TestApp::start().await;
    let (acme, rival) = (app.tenant("acme").await, app.tenant("rival").await);
    let sealers: Vec<_> = (0..4)
        .map(|_| {
            let database = app.process.database().clone();
            tokio::spawn(async move {
                for _ in 0..20 {
                    seal(&database).await.unwrap();
                }
            })
        })
        .collect();
    for number in 0..20 {
        let name = format!("Customer {number}");
        tokio::join!(acme.customer(&name), rival.customer(&name), acme.customer(&name));
    }
    for sealer in sealers {
        sealer.await.unwrap();
    }
    app.process.settle().await.unwrap();
    for (who, rows) in [(&acme, 40), (&rival, 20)] {
        let done = report(&app, who, None).await;
        assert_eq!((done.fault, done.waiting, done.head.unwrap().sequence), (None, 0, rows));
    }
    app.stop().await;
}

#[tokio::test]
async fn the_log_is_found_by_who_what_which_and_when_a_page_at_a_time() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let customer = acme.customer("Globex").await;
    let (admin_id, admin) = acme.colleague("ADMIN").await;
    let change = Some(json!({ "name": "Globex Corporation", "email": "it@globex.example" }));
    expect(&admin, 200, Method::PATCH, &format!("/customers/{customer}"), change).await;
    let (_, support) = acme.colleague("SUPPORT").await;
    expect(&support, 403, Method::POST, "/products", Some(json!({}))).await;

    let of = |filter: String| {
        let acme = acme.clone();
        async move {
            acme.get(&format!("/audit-events?{filter}")).await["items"]
                .as_array()
                .unwrap()
                .clone()
        }
    };
    let by_admin = of(format!("actorId={admin_id}")).await;
    assert_eq!(by_admin.len(), 1);
    assert_eq!(
        by_admin[0]["changes"],
        json!({
            "name": { "before": "Globex", "after": "Globex Corporation" },
            "email": { "before": null, "after": "it@globex.example" },
        })
    );
    assert_eq!(by_admin[0]["resourceId"], customer.as_str());
    let about = of(format!("resourceId={customer}")).await;
    let actions: Vec<_> = about.iter().map(|event| text(event, "action")).collect();
    assert_eq!(actions, ["customer.changed", "customer.created"]);
    assert_eq!(of("action=operator.created".to_owned()).await.len(), 2);
    let refused = of("outcome=REFUSED".to_owned()).await;
    assert_eq!((refused.len(), &refused[0]["problemCode"]), (1, &json!("forbidden")));
    assert_eq!(refused[0]["action"], "create_product");

    let changed_at: DateTime<Utc> = text(&by_admin[0], "occurredAt").parse().unwrap();
    let stamp = |time: DateTime<Utc>| time.to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
    let (from, to) = (stamp(changed_at), stamp(changed_at + TimeDelta::milliseconds(1)));
    assert_eq!(
        of(format!("from={from}&to={to}&action=customer.changed")).await.len(),
        1
    );
    assert_eq!(of(format!("to={from}&action=customer.changed")).await.len(), 0);
    assert_eq!(of(format!("from={to}&action=customer.changed")).await.len(), 0);

    let all = of("limit=100".to_owned()).await;
    let (mut paged, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = acme.get(&format!("/audit-events?limit=2{cursor}")).await;
        paged.extend(page["items"].as_array().unwrap().clone());
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let ids = |events: &[Value]| events.iter().map(|event| text(event, "id")).collect::<Vec<_>>();
    assert_eq!(ids(&paged), ids(&all));
    app.stop().await;
}

#[tokio::test]
async fn an_export_is_whole_safe_for_spreadsheets_and_audited() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    acme.customer("=HYPERLINK(\"http://evil.example\")").await;
    // More than a page.
    let mut owner = database::connect(&app.database_url).await;
    let many = "INSERT INTO audit_events SELECT (jsonb_populate_record(e, jsonb_build_object(
          'id', overlay(e.id::text placing lpad(to_hex(n), 12, '0') from 25), 'resource_id', '=1+' || n))).*
        FROM audit_events e, generate_series(1, 250) AS n WHERE action = 'customer.created'";
    owner.execute(many).await.unwrap();

    let (_, auditor) = acme.colleague("AUDITOR").await;
    let fetch = |format: &'static str| {
        let request = auditor.request(
            Method::GET,
            &format!("/audit-events/export?format={format}&action=customer.created"),
        );
        async move {
            let response = request.send().await.unwrap();
            assert_eq!(response.status(), 200);
            let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
            (kind, response.text().await.unwrap())
        }
    };
    let (kind, file) = fetch("NDJSON").await;
    assert_eq!(kind, "application/x-ndjson");
    let rows: Vec<Value> = file.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len(), 251);
    let mut ids: Vec<_> = rows.iter().map(|row| text(row, "id")).collect();
    assert!(ids.is_sorted_by(|one, next| one > next), "newest first, each once");
    ids.dedup();
    assert_eq!(ids.len(), 251);

    let (kind, file) = fetch("CSV").await;
    assert_eq!(kind, "text/csv; charset=utf-8; header=present");
    assert_eq!(file.lines().count(), 252);
    assert!(file.starts_with("\"occurredAt\",\"id\","), "{file}");
    assert!(file.contains("\"'=1+250\""), "a formula is disarmed");
    assert!(!file.contains("\"=1+"), "none is left");

    let exported = acme.get("/audit-events?action=audit.exported").await;
    let exported = exported["items"].as_array().unwrap();
    assert_eq!(exported.len(), 2);
    assert_eq!(exported[0]["detail"]["format"], "CSV");
    assert_eq!(exported[0]["detail"]["action"], "customer.created");
    let (_, support) = acme.colleague("SUPPORT").await;
    expect(&support, 403, Method::GET, "/audit-events/export?format=CSV", None).await;
    expect(&auditor, 400, Method::GET, "/audit-events/export?format=XML", None).await;
    app.stop().await;
}

/// Everything a tenant can do is done, with every secret that it reveals; none of them is in the log, in
/// an event or in an export.
#[tokio::test]
async fn no_secret_is_in_the_log() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let product = acme.product("Translation API").await;
    let plan = acme.plan("Pro", &[&product]).await;
    let customer = acme.customer("Globex").await;
    let subscribed = acme.subscribe(&customer, &plan).await;
    let (_, admin) = acme.colleague("ADMIN").await;
    let rotated = admin
        .post(&format!("/keys/{}/rotate", subscribed.key_id), json!({}))
        .await;
    let gateway = acme.gateway("acme").await;
    let (_, consumer) = acme.consumer(&gateway, "Reporting").await;
    // In fields where none belongs.
    let leaked = format!("see {}", subscribed.key);
    acme.customer(&leaked).await;
    expect(
        &acme,
        200,
        Method::PATCH,
        &format!("/customers/{customer}"),
        Some(json!({ "name": leaked })),
    )
    .await;
    app.process.settle().await.unwrap();
    let secrets = [
        acme.token.clone(),
        admin.token.clone(),
        subscribed.key,
        consumer.key,
        text(&rotated, "secret"),
    ];
    let mut rows = database::dump(&app.database_url).await;
    rows.retain(|(table, _)| ["audit_events", "audit_chain", "outbox_events"].contains(&table.as_str()));
    assert!(rows.len() > 20);
    let file = acme
        .request(Method::GET, "/audit-events/export?format=CSV")
        .send()
        .await
        .unwrap();
    rows.push(("the export".to_owned(), file.text().await.unwrap()));
    for (table, row) in &rows {
        for secret in &secrets {
            assert!(!row.contains(secret.as_str()), "{table}: {row}");
        }
    }
    assert!(rows.iter().any(|(_, row)| row.contains("[redacted]")));
    app.stop().await;
}
