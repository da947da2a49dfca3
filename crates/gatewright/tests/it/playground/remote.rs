//! On a node that is a process of its own.

use gatewright::vault;
use gatewright_testkit::{TestApp, Upstream, database, working_settings};
use gatewright_types::Clock;
use rustix::process::Signal;
use serde_json::{Value, json};

use super::Stage;
use crate::nodes::fleet::{Running, command, eventually, free_addr, root};
use crate::scene::text;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_elsewhere_takes_a_permit_also_after_the_master_key_was_replaced() {
    let (folder, node_addr) = (tempfile::tempdir().unwrap(), free_addr());
    let (data, node_data) = (folder.path().join("data"), folder.path().join("edge"));
    let url = database::create().await;
    let mut settings = working_settings(&url);
    settings.data_dir = data.clone();
    settings.master_key = None;
    settings.gateway_public_url = Some(format!("http://{{gateway}}.localhost:{}", node_addr.port()));
    let app = TestApp::start_as(settings, Clock::System).await;
    let installation = app.holder(&app.installation_token().await);
    let upstream = Upstream::start().await;
    let stage = Stage::with(app, &upstream.url()).await;
    let item = || json!({ "parameters": [{ "in": "PATH", "name": "id", "value": "a" }] });
    // Nobody listens there yet: it is that node which is called, and no other.
    let run = stage.run("get-item", item()).await;
    assert_eq!((&run["answer"], upstream.seen().len()), (&Value::Null, 0), "{run:#}");
    let code = installation
        .post("/nodes/enrollment-codes", json!({ "name": "edge" }))
        .await;
    let mut node = command(
        &node_data,
        &["serve", "--role", "gateway"],
        &[
            ("GATEWRIGHT_CONTROL_URL", &root(&installation.api_url)),
            ("GATEWRIGHT_ENROLLMENT_CODE", &text(&code, "code")),
        ],
    );
    node.env("GATEWRIGHT_GATEWAY_ADDR", node_addr.to_string());
    let node = Running::start(node).await;
    let called = async || stage.run("get-item", item()).await;
    let admitted = |run: &Value| run["answer"]["status"] == 200;
    eventually("called", called, admitted).await;
    let seen = upstream.seen().pop().unwrap();
    assert_eq!(seen.headers["x-gatewright-source"], "PLAYGROUND");
    assert_eq!(seen.headers["x-gatewright-key-id"], stage.subscribed.key_id.as_str());
    assert!(!seen.headers.contains_key("authorization") && !seen.headers.contains_key("x-api-key"));

    let rotated = command(&data, &["vault", "rotate"], &[("GATEWRIGHT_DATABASE_URL", &url)]).output();
    let rotated = rotated.await.unwrap();
    assert!(rotated.status.success(), "{}", String::from_utf8_lossy(&rotated.stderr));
    // Until this process has heard of it, which takes it a minute at most, the key before it may sign.
    for _ in 0..2 {
        let run = called().await;
        assert!(admitted(&run), "{run:#}");
        vault::follow(stage.app.process.database()).await.unwrap();
    }
    assert_eq!(count_of(&url, "permit_keys").await, 2);
    // What ends a key ends its permits there as well.
    let revoke = format!("/keys/{}/suspend", stage.subscribed.key_id);
    stage.acme.post(&revoke, json!({})).await;
    let run = called().await;
    assert_eq!(run["answer"]["status"], 403, "{run:#}");
    assert!(text(&run["answer"], "body").contains("credential-suspended"), "{run:#}");
    let secret = &stage.subscribed.key;
    assert!(!node.log().contains(&secret[8..40]) && !node.log().contains("Gatewright-Permit"));
    stage.assert_nowhere(secret).await;
    assert_eq!(node.end(Signal::TERM).await, Some(0));
    stage.app.stop().await;
}

async fn count_of(database_url: &str, table: &str) -> usize {
    let rows = database::dump(database_url).await;
    rows.iter().filter(|(of, _)| of == table).count()
}
