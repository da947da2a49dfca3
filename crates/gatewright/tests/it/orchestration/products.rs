use reqwest::Method;
use serde_json::json;

use super::scene::Scene;

#[tokio::test(flavor = "multi_thread")]
async fn a_product_that_is_not_orchestrated_any_more_is_taken_from_gateways_and_comes_back() {
    let scene = Scene::with(json!({})).await;
    let (_, made) = scene.subscribe().await;
    let (id, key) = (made["id"].as_str().unwrap(), made["apiKey"]["secret"].as_str().unwrap());
    scene.until(id, "ACTIVE").await;
    let path = format!("/products/{}", scene.product_id);
    let change = |orchestrated: bool| {
        scene
            .tenant
            .call(Method::PATCH, &path, Some(json!({ "orchestrated": orchestrated })))
    };

    let (status, product) = change(false).await;
    assert_eq!(
        (status.as_u16(), &product["orchestrated"]),
        (200, &json!(false)),
        "{product:#}"
    );
    scene.until(id, "REMOVED").await;
    assert_eq!(scene.ask(key).await, 401);
    let native = scene.tenant.get(&format!("/subscriptions/{id}")).await;
    assert_eq!(native["state"], "ACTIVE", "our own gateways are not concerned");

    change(true).await;
    // Its only copy went with the gateway: what comes back needs a new secret.
    scene.until(id, "NEEDS_ROTATION").await;
    let key_id = made["apiKey"]["id"].as_str().unwrap();
    let rotated = scene.tenant.post(&format!("/keys/{key_id}/rotate"), json!({})).await;
    scene.until(id, "ACTIVE").await;
    assert_eq!(scene.ask(rotated["secret"].as_str().unwrap()).await, 200);
    assert!(scene.kong.touched().is_empty(), "{:?}", scene.kong.touched());
}
