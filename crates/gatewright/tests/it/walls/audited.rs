//! What is done, and what is refused, stands in the audit log.

use gatewright_testkit::{TestApp, Upstream, database};
use gatewright_types::ids::{RequestId, TenantId};
use reqwest::Method;
use serde_json::json;

use super::{LAST, World, document, operations, request, sample};
use crate::scene::text;

#[tokio::test]
async fn every_mutation_is_audited_under_its_request_id_with_its_actor() {
    let app = TestApp::start().await;
    let upstream = Upstream::start().await;
    let world = World::make(&app, "acme", &upstream).await;
    let mut connection = database::connect(&app.database_url).await;
    let document = document(&app).await;
    let mut operations = operations(&document);
    operations.retain(|one| one.method != Method::GET && !["verify_key", "create_tenant"].contains(&one.id.as_str()));
    // No tenant's log has room for them; the rows of nodes and codes themselves say what was done.
    operations.retain(|one| !super::OF_THE_INSTALLATION.contains(&one.id.as_str()));
    operations.sort_by_key(|one| LAST.iter().position(|last| *last == one.id).map_or(0, |at| at + 1));
    for operation in operations {
        if matches!(
            operation.id.as_str(),
            "create_route" | "create_service" | "create_consumer"
        ) {
            // Their effect would keep a later deletion from succeeding; made and judged on a gateway of their own.
            let gateway = world.who.gateway(&operation.id.replace('_', "-")).await;
            let service = world.who.service(&gateway, "translation", &upstream.url()).await;
            let (_, body) = sample(&operation, &world);
            let mut body = body.unwrap();
            if body["serviceId"].is_string() {
                body["serviceId"] = json!(service);
            }
            let path = operation.path.replace("{id}", &gateway);
            judge_audit(
                &mut connection,
                &operation.id,
                world.who.request(operation.method, &path).json(&body),
            )
            .await;
            continue;
        }
        let request = request(&app, &operation, &world).bearer_auth(&world.who.token);
        judge_audit(&mut connection, &operation.id, request).await;
    }
    // Whoever listens can name everything that happens.
    let told: Vec<String> = sqlx::query_scalar("SELECT DISTINCT domain || '.' || name FROM outbox_events ORDER BY 1")
        .fetch_all(&mut connection)
        .await
        .unwrap();
    for event_type in told {
        assert!(
            gatewright_notify::events::EVENT_TYPES.contains(&event_type.as_str()),
            "{event_type} is not in crates/notify/src/events.rs"
        );
    }
    app.stop().await;
}

/// Of the installation's own deeds, the one that makes a tenant is the tenant's first audit row.
#[tokio::test]
async fn creating_a_tenant_is_audited() {
    let app = TestApp::start().await;
    let installation = app.holder(&app.installation_token().await);
    let tenant = installation.post("/tenants", json!({ "name": "Initech" })).await;
    let id: TenantId = text(&tenant, "id").parse().unwrap();
    let mut connection = database::connect(&app.database_url).await;
    let sql = "SELECT count(*) FROM audit_events WHERE tenant_id = $1 AND actor_kind = 'INSTALLATION'";
    let audited: i64 = sqlx::query_scalar(sql)
        .bind(id.uuid())
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert!(audited >= 1);
    app.stop().await;
}

async fn judge_audit(connection: &mut sqlx::PgConnection, operation: &str, request: reqwest::RequestBuilder) {
    let response = request.send().await.unwrap();
    let status = response.status();
    let request_id: RequestId = response.headers()["x-request-id"].to_str().unwrap().parse().unwrap();
    let body = response.text().await.unwrap();
    assert!(status.is_success(), "{operation}: {status} {body}");
    let sql =
        "SELECT count(*) FROM audit_events WHERE request_id = $1 AND actor_kind = 'OPERATOR' AND actor_id IS NOT NULL
               AND token_id IS NOT NULL AND peer_address = '127.0.0.1' AND outcome = 'SUCCEEDED'
               AND (changes <> '{}' OR detail <> '{}')";
    let audited: i64 = sqlx::query_scalar(sql)
        .bind(request_id.uuid())
        .fetch_one(&mut *connection)
        .await
        .unwrap();
    assert!(audited >= 1, "{operation} is not audited");
    let sql = "SELECT count(*) FROM outbox_events AS o JOIN audit_events AS a
               ON a.tenant_id = o.tenant_id AND a.resource_id = o.resource_id AND a.action = o.name WHERE a.request_id = $1";
    let told: i64 = sqlx::query_scalar(sql)
        .bind(request_id.uuid())
        .fetch_one(connection)
        .await
        .unwrap();
    assert!(told >= 1, "{operation} has no event");
}

/// What an auditor is refused, is in the log with who, what and why, and is no event of other systems.
#[tokio::test]
async fn every_mutation_that_is_refused_is_audited() {
    let app = TestApp::start().await;
    let upstream = Upstream::start().await;
    let world = World::make(&app, "acme", &upstream).await;
    let (auditor_id, auditor) = world.who.colleague("AUDITOR").await;
    let before = super::quiet_dump(&app).await;
    let mut refused = 0;
    for operation in operations(&document(&app).await) {
        if operation.method == Method::GET {
            continue;
        }
        let request = request(&app, &operation, &world).bearer_auth(&auditor.token);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 403, "{}", operation.id);
        let request_id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
        let events = world.who.get("/audit-events?limit=1").await;
        let event = &events["items"][0];
        let told = [
            &event["requestId"],
            &event["action"],
            &event["actorId"],
            &event["outcome"],
            &event["problemCode"],
        ];
        let expected = [&request_id, &operation.id, &auditor_id, "REFUSED", "forbidden"];
        assert_eq!(told.map(|value| value.as_str().unwrap()), expected);
        assert!(event["tokenId"].as_str().unwrap().starts_with("tok_"), "{event}");
        assert_eq!(event["peerAddress"], "127.0.0.1");
        let named = sample(&operation, &world).0.unwrap_or_default();
        let named = if operation.path.contains("{tokenId}") {
            &world.token
        } else {
            named
        };
        assert_eq!(event["resourceId"], named, "{}", operation.id);
        refused += 1;
    }
    assert!(refused > 25, "{refused}");
    let mut after = super::quiet_dump(&app).await;
    after.retain(|(table, _)| table != "audit_events");
    let kept = before.iter().filter(|(table, _)| table != "audit_events");
    assert!(after.iter().eq(kept), "nothing else has changed");
    app.stop().await;
}
