use std::time::Duration;

use gatewright_testkit::database;
use reqwest::Method;
use serde_json::{Value, json};

use super::scene::{GROUP, Scene, map};

impl Scene {
    /// Begins a run and waits until it has seen everything, 20 s at most.
    async fn run(&self, body: Value) -> Value {
        let id = self.tenant.create("/provisioning/runs", body).await;
        self.run_until(&id, |run| run["state"] == "LOOKED").await
    }

    async fn run_until(&self, id: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let mut run = Value::Null;
        for _ in 0..400 {
            run = self.tenant.get(&format!("/provisioning/runs/{id}")).await;
            if wanted(&run) {
                return run;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("never as wanted: {run:#}");
    }

    async fn drift(&self) -> Value {
        self.run(json!({ "kind": "DRIFT", "connectionIds": [self.connection_id] }))
            .await
    }

    async fn findings(&self, run: &Value) -> Vec<Value> {
        let path = format!("/provisioning/runs/{}/findings", run["id"].as_str().unwrap());
        self.tenant.get(&path).await["items"].as_array().unwrap().clone()
    }

    /// A call to the Kong's Admin API by somebody else.
    async fn admin(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let url = format!("{}{path}", self.kong.admin_url().trim_end_matches('/'));
        let request = self.app.client.request(method, url);
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default()
    }

    /// The Kong's own id of a subscription's consumer.
    async fn consumer(&self, subscription_id: &str) -> String {
        let found = self
            .admin(Method::GET, &format!("/consumers?custom_id={subscription_id}"), None)
            .await;
        found["data"][0]["id"]
            .as_str()
            .unwrap_or_else(|| panic!("{found:#}"))
            .to_owned()
    }

    async fn repairs(&self) {
        let path = format!("/connections/{}", self.connection_id);
        let (status, changed) = self
            .tenant
            .call(Method::PATCH, &path, Some(json!({ "driftPolicy": "REPAIR" })))
            .await;
        assert_eq!(
            (status.as_u16(), &changed["driftPolicy"]),
            (200, &json!("REPAIR")),
            "{changed:#}"
        );
    }
}

fn only<'a>(findings: &'a [Value], kind: &str) -> &'a Value {
    assert_eq!(findings.len(), 1, "{findings:#?}");
    assert_eq!(findings[0]["kind"], kind, "{findings:#?}");
    &findings[0]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_plans_first_and_does_then_what_it_has_planned() {
    let scene = Scene::with(json!({})).await;
    // Subscribed before anything of it was mapped: no gateway was told.
    let path = format!("/connections/{}/mappings/{}", scene.connection_id, scene.product_id);
    assert_eq!(scene.tenant.call(Method::DELETE, &path, None).await.0.as_u16(), 204);
    let (_, made) = scene.subscribe().await;
    let (id, key) = (made["id"].as_str().unwrap(), made["apiKey"]["secret"].as_str().unwrap());
    let (_, other) = scene.subscribe().await;
    map(&scene.tenant, &scene.connection_id, &scene.product_id).await;

    let run = scene.run(json!({ "kind": "SYNC", "subscriptionIds": [id] })).await;
    assert_eq!(
        (&run["looked"], &run["differing"], &run["applied"]),
        (&json!(1), &json!(1), &json!(0)),
        "{run:#}"
    );
    let findings = scene.findings(&run).await;
    let finding = only(&findings, "MISSING");
    assert_eq!(finding["subscriptionId"], id);
    assert_eq!(finding["actions"][0], "ENSURE_APPLICATION", "{finding:#}");
    assert_ne!(scene.ask(key).await, 200, "a plan changes nothing");

    let run_id = run["id"].as_str().unwrap();
    scene
        .tenant
        .post(&format!("/provisioning/runs/{run_id}/apply"), json!({}))
        .await;
    let run = scene
        .run_until(run_id, |run| run["state"] == "APPLIED" && run["acknowledged"] == 1)
        .await;
    assert_eq!(run["applied"], 1, "{run:#}");
    scene.until(id, "ACTIVE").await;
    assert_eq!(scene.ask(key).await, 200);
    assert_ne!(
        scene.ask(other["apiKey"]["secret"].as_str().unwrap()).await,
        200,
        "it was not part of the run"
    );
    let again = scene
        .tenant
        .call(
            Method::POST,
            &format!("/provisioning/runs/{run_id}/apply"),
            Some(json!({})),
        )
        .await;
    assert_eq!((again.0.as_u16(), again.1["code"].as_str()), (409, Some("conflict")));

    let all = scene.run(json!({ "kind": "SYNC" })).await;
    assert_eq!((&all["looked"], &all["differing"]), (&json!(2), &json!(1)), "{all:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_deleted_or_widened_on_the_gateway_is_reported_and_left_so() {
    let scene = Scene::with(json!({})).await;
    let (_, gone) = scene.subscribe().await;
    let (_, wide) = scene.subscribe().await;
    let (gone, wide) = (gone["id"].as_str().unwrap(), wide["id"].as_str().unwrap());
    scene.until(gone, "ACTIVE").await;
    scene.until(wide, "ACTIVE").await;
    let quiet = scene.drift().await;
    assert_eq!(
        (&quiet["looked"], &quiet["findings"]),
        (&json!(2), &json!(0)),
        "{quiet:#}"
    );

    let path = format!("/consumers/{}", scene.consumer(gone).await);
    scene.admin(Method::DELETE, &path, None).await;
    let path = format!("/consumers/{}/acls", scene.consumer(wide).await);
    scene
        .admin(Method::POST, &path, Some(json!({ "group": "prod-everything" })))
        .await;
    let run = scene.drift().await;
    let mut found: Vec<(String, String)> = scene
        .findings(&run)
        .await
        .iter()
        .map(|one| {
            (
                one["subscriptionId"].as_str().unwrap().to_owned(),
                one["kind"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    found.sort();
    let mut expected = vec![
        (gone.to_owned(), "MISSING".to_owned()),
        (wide.to_owned(), "CHANGED".to_owned()),
    ];
    expected.sort();
    assert_eq!(found, expected);
    assert_eq!((&run["differing"], &run["applied"]), (&json!(2), &json!(0)), "{run:#}");
    for id in [gone, wide] {
        let there = scene.on_kong(id).await;
        assert_eq!(there["state"], "DRIFTED", "{there:#}");
        assert!(there["lastError"].is_string());
    }
    let mut owner = database::connect(&scene.app.database_url).await;
    let told = "SELECT count(*) FROM audit_events WHERE action = 'subscription.drifted'";
    let count = |n: i64| assert_eq!(n, 2, "each is told once");
    count(sqlx::query_scalar(told).fetch_one(&mut owner).await.unwrap());
    scene.drift().await;
    count(sqlx::query_scalar(told).fetch_one(&mut owner).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn with_repair_what_somebody_deleted_comes_back_and_what_they_widened_is_narrowed() {
    let scene = Scene::with(json!({})).await;
    let (_, made) = scene.subscribe().await;
    let (id, key) = (made["id"].as_str().unwrap(), made["apiKey"]["secret"].as_str().unwrap());
    scene.until(id, "ACTIVE").await;
    scene.repairs().await;
    let consumer = scene.consumer(id).await;
    let path = format!("/consumers/{consumer}/acls");
    scene
        .admin(Method::POST, &path, Some(json!({ "group": "prod-everything" })))
        .await;
    scene.admin(Method::DELETE, &format!("{path}/{GROUP}"), None).await;
    assert_ne!(scene.ask(key).await, 200);
    let run = scene.drift().await;
    assert_eq!(only(&scene.findings(&run).await, "CHANGED")["repaired"], true);
    let run_id = run["id"].as_str().unwrap();
    scene.run_until(run_id, |run| run["acknowledged"] == 1).await;
    assert_eq!(scene.ask(key).await, 200);
    let groups = scene.admin(Method::GET, &path, None).await;
    assert_eq!(groups["data"].as_array().unwrap().len(), 1, "{groups:#}");

    scene
        .admin(Method::DELETE, &format!("/consumers/{consumer}"), None)
        .await;
    let run = scene.drift().await;
    assert_eq!(only(&scene.findings(&run).await, "MISSING")["repaired"], true);
    // Its secret was only there: a rotation makes another one.
    scene.until(id, "NEEDS_ROTATION").await;
    let key_id = made["apiKey"]["id"].as_str().unwrap();
    let rotated = scene.tenant.post(&format!("/keys/{key_id}/rotate"), json!({})).await;
    scene.until(id, "ACTIVE").await;
    assert_eq!(scene.ask(rotated["secret"].as_str().unwrap()).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_secret_and_what_is_not_ours_are_reported_and_never_touched() {
    let scene = Scene::with(json!({})).await;
    let (_, made) = scene.subscribe().await;
    let id = made["id"].as_str().unwrap();
    scene.until(id, "ACTIVE").await;
    scene.repairs().await;
    let path = format!("/consumers/{}/key-auth", scene.consumer(id).await);
    let keys = scene.admin(Method::GET, &path, None).await;
    let ours = &keys["data"][0];
    let put = format!("{path}/{}", ours["id"].as_str().unwrap());
    let body = json!({ "key": "somebody-elses-secret", "tags": ours["tags"] });
    scene.admin(Method::PUT, &put, Some(body)).await;
    let tag = ours["tags"][0].as_str().unwrap();
    scene
        .admin(
            Method::POST,
            "/consumers",
            Some(json!({ "username": "mimic", "tags": [tag] })),
        )
        .await;
    scene.kong.mark_foreign();

    let run = scene.drift().await;
    let mut kinds: Vec<String> = scene
        .findings(&run)
        .await
        .iter()
        .map(|one| {
            format!(
                "{} {} {}",
                one["kind"].as_str().unwrap(),
                one["repaired"],
                one["remoteName"].is_string()
            )
        })
        .collect();
    kinds.sort();
    assert_eq!(kinds, ["OTHER_SECRET false true", "UNKNOWN false true"], "{run:#}");
    assert_eq!(scene.on_kong(id).await["state"], "DRIFTED");
    assert_eq!(scene.ask("somebody-elses-secret").await, 200, "it was left so");
    assert!(scene.kong.touched().is_empty(), "{:?}", scene.kong.touched());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_ours_and_not_desired_is_taken_away_when_it_was_so_before() {
    let scene = Scene::with(json!({})).await;
    let (_, made) = scene.subscribe().await;
    let id = made["id"].as_str().unwrap();
    scene.until(id, "ACTIVE").await;
    scene.repairs().await;
    let consumer = scene.consumer(id).await;
    let before = scene.admin(Method::GET, &format!("/consumers/{consumer}"), None).await;
    scene
        .tenant
        .post(&format!("/subscriptions/{id}/cancel"), json!({}))
        .await;
    scene.until(id, "REMOVED").await;
    // A backup of the Kong is brought back.
    let body = json!({ "username": before["username"], "custom_id": before["custom_id"], "tags": before["tags"] });
    scene
        .admin(Method::PUT, &format!("/consumers/{consumer}"), Some(body))
        .await;

    let first = scene.drift().await;
    assert_eq!(
        only(&scene.findings(&first).await, "EXTRA")["repaired"],
        false,
        "not before its grace is over"
    );
    let mut owner = database::connect(&scene.app.database_url).await;
    sqlx::query("UPDATE provisioning_findings SET found_at = found_at - interval '31 minutes'")
        .execute(&mut owner)
        .await
        .unwrap();
    let second = scene.drift().await;
    assert_eq!(only(&scene.findings(&second).await, "EXTRA")["repaired"], true);
    let second_id = second["id"].as_str().unwrap();
    scene.run_until(second_id, |run| run["acknowledged"] == 1).await;
    let left = scene
        .admin(Method::GET, &format!("/consumers?custom_id={id}"), None)
        .await;
    assert_eq!(left["data"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_goes_on_from_where_it_was_left_when_its_gateway_comes_back() {
    let scene = Scene::with(json!({})).await;
    let mut ids = Vec::new();
    for _ in 0..20 {
        let (_, made) = scene.subscribe().await;
        ids.push(made["id"].as_str().unwrap().to_owned());
    }
    for id in &ids {
        scene.until(id, "ACTIVE").await;
    }
    scene.kong.down().await;
    let id = scene
        .tenant
        .create("/provisioning/runs", json!({ "kind": "SYNC" }))
        .await;
    let waiting = scene.run_until(&id, |run| run["lastError"].is_string()).await;
    assert_eq!(
        (&waiting["state"], &waiting["looked"]),
        (&json!("LOOKING"), &json!(0)),
        "{waiting:#}"
    );
    scene.kong.up().await.unwrap();
    let run = scene.run_until(&id, |run| run["state"] == "LOOKED").await;
    assert_eq!(
        (&run["looked"], &run["findings"], &run["lastError"]),
        (&json!(20), &json!(0), &Value::Null),
        "{run:#}"
    );
}
