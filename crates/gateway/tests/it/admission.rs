//! Who is admitted, and what everybody else is told.

use gatewright_snapshot::Scope;
use gatewright_types::access::{Environment, KeyStatus};
use gatewright_types::ids::TenantId;
use gatewright_types::{Clock, Rng};

use crate::upstream::{Reply, Upstream};
use crate::world::{World, credential, ids, key};

#[tokio::test]
async fn an_admitted_request_reaches_the_upstream_with_its_identity_and_without_its_key() {
    let mut upstream = Upstream::start(|_| Reply::ok("hello")).await;
    let world = World::start(&upstream.url());
    let answer = world.get("/v1/items/42?a=b&c").await;
    assert_eq!((answer.status, answer.text()), (200, "hello"));
    let request_id = answer.field("x-request-id").unwrap();
    let seen = upstream.seen().await;
    let ids = ids();
    assert_eq!(seen.line(), "GET /items/42?a=b&c HTTP/1.1");
    assert_eq!(seen.field("host"), Some(upstream.addr.to_string().as_str()));
    assert_eq!(seen.field("x-api-key"), None);
    assert_eq!(
        seen.field("x-gatewright-customer"),
        Some(ids.customer.to_string().as_str())
    );
    assert_eq!(
        seen.field("x-gatewright-subscription"),
        Some(ids.subscription.to_string().as_str())
    );
    assert_eq!(seen.field("x-gatewright-key-id"), Some(ids.key.to_string().as_str()));
    assert_eq!(seen.field("x-gatewright-consumer"), None);
    assert_eq!(seen.field("x-request-id"), Some(request_id));
    assert_eq!(seen.field("x-forwarded-for"), Some("127.0.0.1"));
    assert_eq!(seen.field("x-forwarded-host"), Some("acme.gateways.test"));
    assert_eq!(seen.field("x-forwarded-proto"), Some("http"));
    assert!(!seen.head.contains(&world.key));
}

#[tokio::test]
async fn a_bearer_token_is_a_key_too() {
    let mut upstream = Upstream::start(|_| Reply::ok("")).await;
    let world = World::start(&upstream.url());
    let answer = world
        .get_with("/v1/items/1", &format!("Authorization: bearer {}\r\n", world.key))
        .await;
    assert_eq!(answer.status, 200);
    assert_eq!(upstream.seen().await.field("authorization"), None);
}

#[tokio::test]
async fn an_authorization_for_the_upstream_is_passed_on_beside_a_key() {
    let mut upstream = Upstream::start(|_| Reply::ok("")).await;
    let world = World::start(&upstream.url());
    let fields = format!("X-Api-Key: {}\r\nAuthorization: Bearer eyJhbGciOi\r\n", world.key);
    assert_eq!(world.get_with("/v1/items/1", &fields).await.status, 200);
    assert_eq!(upstream.seen().await.field("authorization"), Some("Bearer eyJhbGciOi"));
}

#[tokio::test]
async fn every_reason_for_a_refusal_has_a_code_of_its_own() {
    let mut upstream = Upstream::start(|_| Reply::ok("")).await;
    let world = World::start(&upstream.url());
    let with = |change: &dyn Fn(&mut gatewright_snapshot::Credential)| {
        let mut changed = credential();
        change(&mut changed);
        changed
    };
    let ids = ids();
    let another = TenantId::mint(&Clock::System, &Rng::System);
    let now_ms = world.clock.now_ms();
    let cases = [
        ("another", "credential-unknown", 401, with(&|c| c.tenant_id = another)),
        (
            "revoked",
            "credential-revoked",
            401,
            with(&|c| (c.status, c.expires_at_ms) = (KeyStatus::Revoked, Some(1))),
        ),
        (
            "expired",
            "credential-expired",
            401,
            with(&|c| (c.status, c.expires_at_ms) = (KeyStatus::Suspended, Some(now_ms))),
        ),
        (
            "suspended",
            "credential-suspended",
            403,
            with(&|c| c.status = KeyStatus::Suspended),
        ),
        (
            "paused",
            "credential-suspended",
            403,
            with(&|c| c.grants[0].admitted = false),
        ),
        (
            "scope",
            "credential-out-of-scope",
            403,
            with(&|c| c.grants[0].scope = Scope::Products([].into_iter().collect())),
        ),
        (
            "test",
            "credential-out-of-scope",
            403,
            with(&|c| c.environment = Environment::Test),
        ),
    ];
    for (name, code, status, record) in cases {
        world.desk.know(&key(name), record);
        let answer = world
            .get_with("/v1/items/1", &format!("X-Api-Key: {}\r\n", key(name)))
            .await;
        assert_eq!((answer.code().as_str(), answer.status), (code, status), "{name}");
        assert_eq!(answer.field("www-authenticate").is_some(), status == 401, "{name}");
    }
    let soon = with(&|c| c.expires_at_ms = Some(now_ms + 1));
    world.desk.know(&key("soon"), soon);
    assert_eq!(
        world
            .get_with("/v1/items/1", &format!("X-Api-Key: {}\r\n", key("soon")))
            .await
            .status,
        200
    );
    let consumer = Scope::Gateway {
        gateway_id: ids.gateway,
        consumer_id: ids.consumer,
    };
    world
        .desk
        .know(&key("consumer"), with(&|c| c.grants[0].scope = consumer.clone()));
    upstream.seen().await;
    assert_eq!(
        world
            .get_with("/v1/items/1", &format!("X-Api-Key: {}\r\n", key("consumer")))
            .await
            .status,
        200
    );
    assert_eq!(
        upstream.seen().await.field("x-gatewright-consumer"),
        Some(ids.consumer.to_string().as_str())
    );
    assert!(upstream.saw_nothing_more());
}

#[tokio::test]
async fn what_cannot_be_a_key_is_refused_without_a_look_up() {
    let mut upstream = Upstream::start(|_| Reply::ok("")).await;
    let world = World::start(&upstream.url());
    let mistyped = format!("{}x", &world.key[..47]);
    for (fields, code) in [
        (String::new(), "no-credential"),
        ("X-Api-Key: \r\n".to_owned(), "no-credential"),
        ("Authorization: Basic YTpi\r\n".to_owned(), "no-credential"),
        (format!("X-Api-Key: {mistyped}\r\n"), "credential-unknown"),
        ("X-Api-Key: something-else\r\n".to_owned(), "credential-unknown"),
        (
            format!("X-Api-Key: sk_live_{}\r\n", "a".repeat(5000)),
            "credential-unknown",
        ),
        (
            format!("X-Api-Key: {0}\r\nX-Api-Key: {0}\r\n", world.key),
            "ambiguous-request",
        ),
        (
            format!("X-Api-Key: {}\r\nAuthorization: Bearer {}\r\n", world.key, key("other")),
            "ambiguous-request",
        ),
    ] {
        let answer = world.get_with("/v1/items/1", &fields).await;
        assert_eq!(answer.code(), code, "{fields}");
        assert!(!answer.text().contains("sk_live_"), "no answer repeats a key");
    }
    assert_eq!(world.desk.asked.load(std::sync::atomic::Ordering::SeqCst), 0);
    let both = format!("X-Api-Key: {0}\r\nAuthorization: Bearer {0}\r\n", world.key);
    assert_eq!(
        world.get_with("/v1/items/1", &both).await.status,
        200,
        "the same key twice over is one key"
    );
    assert_eq!(upstream.seen().await.field("authorization"), None);
    assert!(upstream.saw_nothing_more());
}

#[tokio::test]
async fn what_is_not_there_is_told_apart() {
    let mut upstream = Upstream::start(|_| Reply::ok("")).await;
    let world = World::start(&upstream.url());
    assert_eq!(world.get("/nowhere").await.code(), "no-route");
    let mut client = world.connect().await;
    client
        .send(format!(
            "DELETE /v1/items/1 HTTP/1.1\r\nHost: acme.gateways.test\r\nX-Api-Key: {}\r\n\r\n",
            world.key
        ))
        .await;
    let answer = client.answer().await;
    assert_eq!(
        (answer.code().as_str(), answer.field("allow")),
        ("method-not-allowed", Some("GET, HEAD"))
    );
    client
        .send("GET /v1/items/1 HTTP/1.1\r\nHost: other.gateways.test\r\n\r\n")
        .await;
    assert_eq!(client.answer().await.code(), "no-gateway");
    client
        .send("GET /v1/items/1 HTTP/1.1\r\nHost: example.com\r\n\r\n")
        .await;
    assert_eq!(client.answer().await.code(), "no-gateway");
    for host in [
        "127.0.0.1:81",
        "[::1]",
        "LOCALHOST",
        "gateways.test.",
        "ACME.Gateways.Test.:80",
    ] {
        client
            .send(format!("GET /v1/items/1 HTTP/1.1\r\nHost: {host}\r\n\r\n"))
            .await;
        assert_eq!(client.answer().await.code(), "no-credential", "{host} is a gateway");
    }
    assert!(upstream.saw_nothing());
}

#[tokio::test]
async fn a_public_route_asks_for_nothing_and_still_keeps_keys_to_itself() {
    let mut upstream = Upstream::start(|_| Reply::ok("")).await;
    let world = World::start(&upstream.url());
    let fields = format!("X-Api-Key: theirs\r\nAuthorization: Basic {}\r\n", world.key);
    assert_eq!(world.get_with("/open/x", &fields).await.status, 200);
    let seen = upstream.seen().await;
    assert_eq!(
        (seen.field("x-api-key"), seen.field("authorization")),
        (Some("theirs"), None)
    );
    assert_eq!(
        world
            .get_with("/open/x", &format!("X-Api-Key: {}\r\n", world.key))
            .await
            .status,
        200
    );
    assert_eq!(upstream.seen().await.field("x-api-key"), None);
}
