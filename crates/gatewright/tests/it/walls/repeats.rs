//! What can be sent again says so.

use gatewright_testkit::TestApp;
use reqwest::Method;

use super::{all_operations, document};

#[tokio::test]
async fn every_post_that_changes_something_takes_an_idempotency_key() {
    let app = TestApp::start().await;
    for operation in all_operations(&document(&app).await) {
        let parameters = operation.definition["parameters"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let takes = parameters
            .iter()
            .any(|one| one["name"] == "Idempotency-Key" && one["in"] == "header");
        // Sent twice, these leave the same state, or begin something that is as good as the first.
        let is_harmless = ["verify_key", "drain_node", "revoke_node", "link_identity"].contains(&operation.id.as_str());
        // Whoever is not known has no keys of their own.
        let is_public = operation.audience == "PUBLIC";
        let expected = operation.method == Method::POST && !is_harmless && !is_public;
        assert_eq!(takes, expected, "{}", operation.id);
    }
    app.stop().await;
}
