//! A tenant's jobs through the API.

use gatewright_testkit::TestApp;
use reqwest::Method;
use serde_json::json;

use crate::scene::expect;

#[tokio::test]
async fn a_tenant_lists_cancels_and_replays_its_jobs() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let dead = app.dead_job(&acme).await;
    let queued = app.idle_job(&acme).await;

    let all = acme.get("/jobs").await;
    let ids: Vec<_> = all["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|job| job["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, [&*queued, &*dead], "newest first");
    for (query, expected) in [
        ("state=DEAD", vec![&*dead]),
        ("state=QUEUED&kind=test.idle", vec![&*queued]),
        ("kind=test.other", vec![]),
    ] {
        let found = acme.get(&format!("/jobs?{query}")).await;
        let ids: Vec<_> = found["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|job| job["id"].as_str().unwrap())
            .collect();
        assert_eq!(ids, expected, "{query}");
    }
    let page = acme.get("/jobs?limit=1").await;
    let next = acme
        .get(&format!(
            "/jobs?limit=1&cursor={}",
            page["nextCursor"].as_str().unwrap()
        ))
        .await;
    assert_eq!(
        (&next["items"][0]["id"], &next["nextCursor"]),
        (&json!(dead), &json!(null))
    );
    expect(&acme, 400, Method::GET, "/jobs?state=ASLEEP", None).await;

    let job = acme.get(&format!("/jobs/{queued}")).await;
    assert_eq!(
        (&job["state"], &job["lane"], &job["attempts"]),
        (&json!("QUEUED"), &json!("NORMAL"), &json!(0))
    );
    assert!(job["runAt"].is_string() && job.get("payload").is_none(), "{job}");

    let cancelled = acme.post(&format!("/jobs/{queued}/cancel"), json!({})).await;
    assert_eq!(
        (&cancelled["state"], &cancelled["runAt"]),
        (&json!("CANCELLED"), &json!(null))
    );
    let again = expect(&acme, 409, Method::POST, &format!("/jobs/{queued}/cancel"), None).await;
    assert_eq!(again["code"], "job-state-conflict");
    expect(&acme, 409, Method::POST, &format!("/jobs/{queued}/replay"), None).await;

    let replayed = acme.post(&format!("/jobs/{dead}/replay"), json!({})).await;
    assert_eq!(
        (&replayed["state"], &replayed["attempts"]),
        (&json!("QUEUED"), &json!(0))
    );
    assert_eq!(replayed["lastError"], "a test", "until it has succeeded");
    app.stop().await;
}
