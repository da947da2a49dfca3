//! What can be sent again says so.

use gatewright_testkit::TestApp;
use reqwest::Method;

use super::{OF_THE_INSTALLATION, document, operations};

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
        // Sent twice, those of nodes leave the same state, or a code that nobody uses.
        let is_harmless = operation.id == "verify_key" || OF_THE_INSTALLATION.contains(&operation.id.as_str());
        let expected = operation.method == Method::POST && !is_harmless;
        assert_eq!(takes, expected, "{}", operation.id);
    }
    app.stop().await;
}
