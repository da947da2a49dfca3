//! What is done to the installation itself stands in a log of its own, which no tenant reaches.

use gatewright_database::audit::verify::verify;
use gatewright_database::{Actor, Caller, INSTALLATION, SystemUse};
use gatewright_testkit::{TestApp, database};
use gatewright_types::ids::RequestId;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::scene::text;

/// A node that was let in over the protocol of nodes.
async fn enroll(app: &TestApp, code: &str) -> String {
    let url = app.process.api_url().replace("/api/v1", "/node/v1/enrollments");
    let enrollment = json!({ "code": code, "version": "0.0.0", "addr": "127.0.0.1:1" });
    let answer = app.client.post(url).json(&enrollment).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::CREATED);
    text(&answer.json().await.unwrap(), "nodeId")
}

#[tokio::test]
async fn whatever_is_done_to_the_installation_is_in_its_own_log_and_chain() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let token = app.installation_token().await;
    let installation = app.holder(&token);
    let code = installation
        .post("/nodes/enrollment-codes", json!({ "name": "edge" }))
        .await;
    let secret = text(&code, "code");
    let node = enroll(&app, &secret).await;
    for verb in ["drain", "revoke"] {
        let path = format!("/nodes/{node}/{verb}");
        let answer = installation.request(Method::POST, &path).send().await.unwrap();
        assert_eq!(answer.status(), 200);
    }
    installation.post("/tenants", json!({ "name": "Initech" })).await;
    // What it may not do is noted as well.
    let refused = installation
        .request(Method::POST, "/products")
        .json(&json!({}))
        .send()
        .await
        .unwrap();
    assert_eq!(refused.status(), 403);

    app.process.settle().await.unwrap();
    gatewright_database::audit::seal::seal(app.process.database())
        .await
        .unwrap();
    let log = installation.get("/installation/audit-events").await;
    let rows: Vec<(&str, &str, &str, &Value)> = log["items"]
        .as_array()
        .unwrap()
        .iter()
        .rev()
        .map(|row| {
            assert_eq!(row["peerAddress"], "127.0.0.1", "{row}");
            assert!(row["sequence"].is_i64(), "{row}");
            let field = |name: &str| row[name].as_str().unwrap();
            (field("action"), field("actorKind"), field("outcome"), &row["changes"])
        })
        .collect();
    let actions: Vec<&str> = rows.iter().map(|row| row.0).collect();
    let expected = [
        "enrollment_code.created",
        "node.enrolled",
        "node.drained",
        "node.revoked",
        "tenant.created",
        "create_product",
    ];
    assert_eq!(actions, expected);
    assert!(
        rows.iter().all(|row| row.1
            == if row.0 == "node.enrolled" {
                "SYSTEM"
            } else {
                "INSTALLATION"
            }),
        "{rows:?}"
    );
    assert_eq!(rows[0].3["name"], json!({ "before": null, "after": "edge" }));
    assert_eq!(rows[3].3["state"]["after"], "REVOKED");
    assert!(!rows[3].3["state"]["before"].is_null());
    assert_eq!(rows[5].2, "REFUSED");
    assert!(!log.to_string().contains(&secret) && !log.to_string().contains(&token));
    let found = installation
        .get(&format!(
            "/installation/audit-events?resourceId={node}&action=node.drained&limit=1"
        ))
        .await;
    assert_eq!(found["items"].as_array().unwrap().len(), 1);

    // No operator reads it, and no transaction of the application's role, not even one that claims to be the installation.
    let answer = acme
        .request(Method::GET, "/installation/audit-events")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 403);
    let database = app.process.database();
    let pretender = Caller {
        tenant_id: INSTALLATION,
        actor: Actor::System,
        request_id: RequestId::mint(database.clock(), database.rng()),
    };
    let mut tx = database.tenant(pretender).await.unwrap();
    for table in ["audit_events", "audit_chain", "idempotency_keys"] {
        let seen: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}")))
            .fetch_one(&mut *tx)
            .await
            .unwrap();
        assert_eq!(seen, 0, "{table}");
    }
    tx.happened("catalog", "made.up", "", json!({}));
    assert!(tx.commit().await.is_err(), "and it writes nothing there");

    // The chain holds, until somebody changes what it says.
    let judge = async || {
        let mut tx = database.system(SystemUse::VerifyAudit).await.unwrap();
        verify(&mut tx, INSTALLATION, None).await.unwrap()
    };
    let report = judge().await;
    assert_eq!((report.head.unwrap().sequence, report.fault), (6, None));
    let mut owner = database::connect(&app.database_url).await;
    sqlx::query("UPDATE audit_events SET action = 'node.drained' WHERE action = 'node.revoked'")
        .execute(&mut owner)
        .await
        .unwrap();
    assert!(judge().await.fault.is_some());
    app.stop().await;
}

#[tokio::test]
async fn an_enrollment_code_that_is_asked_for_again_is_made_once() {
    let app = TestApp::start().await;
    let installation = app.holder(&app.installation_token().await);
    let ask = async |name: &str| {
        let request = installation.request(Method::POST, "/nodes/enrollment-codes");
        let answer = request
            .header("idempotency-key", "once")
            .json(&json!({ "name": name }))
            .send()
            .await
            .unwrap();
        let replayed = answer.headers().contains_key("idempotency-replayed");
        (
            answer.status().as_u16(),
            replayed,
            answer.json::<Value>().await.unwrap(),
        )
    };
    let (status, replayed, first) = ask("edge").await;
    assert_eq!((status, replayed), (201, false));
    let (status, replayed, again) = ask("edge").await;
    assert_eq!((status, replayed), (201, true));
    assert_eq!(again["expiresAt"], first["expiresAt"]);
    assert!(again.get("code").is_none(), "a kept answer has no secret: {again}");
    let (status, _, problem) = ask("another").await;
    assert_eq!((status, &problem["code"]), (422, &json!("idempotency-key-reused")));
    let mut owner = database::connect(&app.database_url).await;
    let codes: i64 = sqlx::query_scalar("SELECT count(*) FROM node_enrollment_codes")
        .fetch_one(&mut owner)
        .await
        .unwrap();
    assert_eq!(codes, 1);
    app.stop().await;
}
