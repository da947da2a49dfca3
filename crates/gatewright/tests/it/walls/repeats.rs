//! What can be sent again says so.

use gatewright_testkit::TestApp;
use reqwest::Method;

use super::{document, operations};

#[tokio::test]
async fn every_post_that_changes_something_takes_an_idempotency_key() {
    let app = TestApp::start().await;
    for operation in operations(&document(&app).await) {
        let parameters = operation.definition["parameters"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let takes = parameters
            .iter()
            .any(|one| one["name"] == "Idempotency-Key" && one["in"] == "header");
        // Sent twice, these leave the same state.
        let is_harmless = ["verify_key", "drain_node", "revoke_node"].contains(&operation.id.as_str());
        let expected = operation.method == Method::POST && !is_harmless;
        assert_eq!(takes, expected, "{}", operation.id);
    }
    app.stop().await;
}
