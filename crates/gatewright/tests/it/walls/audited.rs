//! What is done, and what is refused, stands in the audit log.

use gatewright_testkit::{TestApp, Upstream, database};
use gatewright_types::ids::{RequestId, TenantId};
use reqwest::Method;
use serde_json::{Value, json};

use super::{LAST, Operation, World, document, operations, request, sample};
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
    // The installation's own stand in its own log: installation.rs.
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
                &operation,
                world.who.request(operation.method.clone(), &path).json(&body),
            )
            .await;
            continue;
        }
        let request = request(&app, &operation, &world).bearer_auth(&world.who.token);
        judge_audit(&mut connection, &operation, request).await;
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

/// What the audit log says about the fields of what was done.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Told {
    /// It is new: what it is now.
    After,
    /// It is gone: what it was.
    Before,
    /// What it was and what it is now, where they differ.
    Both,
    /// Neither, and why.
    Neither(&'static str),
}

/// What each operation owes to the log: as its method and answer say, but for these.
fn owed(operation: &Operation) -> Told {
    match operation.id.as_str() {
        // Each is a revision of its own.
        "create_api_spec" | "create_api_revision" | "roll_back_api_spec" => Told::After,
        // An older one to the same address goes.
        "invite_operator" => Told::After,
        "report_secrets" => Told::Neither("what a leak changes has rows of its own, by the tenant's policy"),
        "replay_dead_letters" => Told::Neither("it makes up to 500 applications due; the row counts them"),
        "replay_failed_deliveries" => Told::Neither("it queues up to 500 deliveries; the row counts them"),
        // Revoked, it stays and can be seen; before, there was no time of its end.
        "delete_token" => Told::After,
        // It goes when everything that was made there has gone.
        "delete_connection" => Told::Both,
        "add_plan_version" => Told::Both,
        "rotate_key" | "rotate_subscription" | "rotate_webhook_secret" => Told::Both,
        _ if operation.method == Method::DELETE => Told::Before,
        _ if operation.definition["responses"]["201"].is_object() => Told::After,
        _ => Told::Both,
    }
}

fn judge_changes(operation: &Operation, rows: &[Value]) {
    let owed = owed(operation);
    if matches!(owed, Told::Neither(_)) {
        return;
    }
    let fields: Vec<&Value> = rows
        .iter()
        .filter_map(Value::as_object)
        .flat_map(|row| row.values())
        .collect();
    let shows = |field: &Value| match owed {
        Told::After => field["before"].is_null() && !field["after"].is_null(),
        Told::Before => !field["before"].is_null() && field["after"].is_null(),
        Told::Both => field["before"] != field["after"],
        Told::Neither(_) => true,
    };
    assert!(!fields.is_empty(), "{}: {owed:?} is owed", operation.id);
    assert!(
        fields
            .iter()
            .all(|field| field.get("before").is_some() && field.get("after").is_some())
    );
    match owed {
        Told::Both => {
            let has_before = fields.iter().any(|field| !field["before"].is_null());
            assert!(
                has_before && fields.iter().copied().all(shows),
                "{}: {rows:?}",
                operation.id
            );
        }
        // Whoever makes or deletes one thing may change others along with it.
        _ => assert!(fields.iter().copied().any(shows), "{}: {rows:?}", operation.id),
    }
}

async fn judge_audit(connection: &mut sqlx::PgConnection, operation: &Operation, request: reqwest::RequestBuilder) {
    let id = &operation.id;
    let response = request.send().await.unwrap();
    let status = response.status();
    let request_id: RequestId = response.headers()["x-request-id"].to_str().unwrap().parse().unwrap();
    let body = response.text().await.unwrap();
    assert!(status.is_success(), "{id}: {status} {body}");
    let sql =
        "SELECT count(*) FROM audit_events WHERE request_id = $1 AND actor_kind = 'OPERATOR' AND actor_id IS NOT NULL
               AND token_id IS NOT NULL AND peer_address = '127.0.0.1' AND outcome = 'SUCCEEDED'
               AND (changes <> '{}' OR detail <> '{}')";
    let audited: i64 = sqlx::query_scalar(sql)
        .bind(request_id.uuid())
        .fetch_one(&mut *connection)
        .await
        .unwrap();
    assert!(audited >= 1, "{id} is not audited");
    let changes: Vec<Value> = sqlx::query_scalar("SELECT changes FROM audit_events WHERE request_id = $1")
        .bind(request_id.uuid())
        .fetch_all(&mut *connection)
        .await
        .unwrap();
    judge_changes(operation, &changes);
    let sql = "SELECT count(*) FROM outbox_events AS o JOIN audit_events AS a
               ON a.tenant_id = o.tenant_id AND a.resource_id = o.resource_id AND a.action = o.name WHERE a.request_id = $1";
    let told: i64 = sqlx::query_scalar(sql)
        .bind(request_id.uuid())
        .fetch_one(connection)
        .await
        .unwrap();
    assert!(told >= 1, "{id} has no event");
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
        let named = match operation.path.rsplit('/').find(|part| part.starts_with('{')) {
            Some("{tokenId}") => &world.token,
            Some("{productId}") => &world.product,
            Some("{gatewayId}") => &world.connected.id,
            _ => named,
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
