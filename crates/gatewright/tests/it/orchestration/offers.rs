use reqwest::Method;
use serde_json::{Value, json};

use super::scene::{GROUP, Scene};

fn find<'a>(offers: &'a Value, remote_id: &str) -> &'a Value {
    let items = offers["items"].as_array().unwrap();
    items
        .iter()
        .find(|offer| offer["remoteId"] == remote_id)
        .unwrap_or_else(|| panic!("{offers:#}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_gateway_offers_is_previewed_as_a_diff_and_imported() {
    let scene = Scene::with(json!({})).await;
    let path = format!("/connections/{}/offers", scene.connection_id);
    let offers = scene.tenant.get(&path).await;
    assert_eq!(find(&offers, GROUP)["change"], "NEW", "{offers:#}");
    assert_eq!(find(&offers, GROUP)["kind"], "PRODUCT");

    let import = format!("{path}/import");
    let imported = scene.tenant.post(&import, json!({ "remoteIds": [GROUP] })).await;
    assert_eq!(find(&imported, GROUP)["change"], "UNCHANGED", "{imported:#}");
    assert_eq!(scene.tenant.get(&path).await, imported);

    // Somebody takes the group away on the Kong: what was imported is stale, and importing forgets it.
    let url = scene.kong.admin_url();
    let client = &scene.app.client;
    let all: Value = client
        .get(format!("{}/plugins", url.trim_end_matches('/')))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    for plugin in all["data"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|plugin| plugin["name"] == "acl")
    {
        let url = format!(
            "{}/plugins/{}",
            url.trim_end_matches('/'),
            plugin["id"].as_str().unwrap()
        );
        client.delete(url).send().await.unwrap();
    }
    let offers = scene.tenant.get(&path).await;
    assert_eq!(find(&offers, GROUP)["change"], "STALE", "{offers:#}");
    let left = scene.tenant.post(&import, json!({ "remoteIds": [GROUP] })).await;
    assert!(
        left["items"]
            .as_array()
            .unwrap()
            .iter()
            .all(|offer| offer["remoteId"] != GROUP),
        "{left:#}"
    );

    let (status, problem) = scene
        .tenant
        .call(Method::POST, &import, Some(json!({ "remoteIds": ["no-such"] })))
        .await;
    assert_eq!(
        (status.as_u16(), problem["code"].as_str()),
        (422, Some("validation-failed")),
        "{problem:#}"
    );
    scene.kong.down().await;
    let (status, problem) = scene.tenant.call(Method::GET, &path, None).await;
    assert_eq!(
        (status.as_u16(), problem["code"].as_str()),
        (503, Some("gateway-unconfirmed")),
        "{problem:#}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_gateway_does_is_no_edit_of_its_connection() {
    let scene = Scene::with(json!({})).await;
    let url = format!("{}/connections/{}", scene.tenant.api_url, scene.connection_id);
    let get = async || {
        let answer = scene
            .app
            .client
            .get(&url)
            .bearer_auth(&scene.tenant.token)
            .send()
            .await
            .unwrap();
        let tag = answer.headers()["etag"].to_str().unwrap().to_owned();
        (tag, answer.json::<Value>().await.unwrap())
    };
    let (tag, before) = get().await;
    let (_, made) = scene.subscribe().await;
    scene.until(made["id"].as_str().unwrap(), "ACTIVE").await;
    let (same, after) = get().await;
    assert_ne!(before["succeededAt"], after["succeededAt"]);
    assert_eq!(tag, same);
    let rename = scene
        .app
        .client
        .patch(&url)
        .bearer_auth(&scene.tenant.token)
        .header("if-match", &tag);
    let renamed = rename.json(&json!({ "name": "Renamed" })).send().await.unwrap();
    assert_eq!(renamed.status(), 200);
    assert_ne!(renamed.headers()["etag"], tag.as_str());
}
