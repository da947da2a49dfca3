//! Who may read what, and how often it has to be sent.

use gatewright_identity::model::DeveloperRole;
use reqwest::{Method, StatusCode};
use serde_json::json;

use super::{Desk, document};
use crate::scene::{expect, text};

#[tokio::test]
async fn what_is_for_those_who_signed_in_does_not_exist_for_others() {
    let desk = Desk::set().await;
    let open = json!({ "document": document("Open", &["openThing"]), "slug": "open" });
    desk.import(open).await;
    let hidden =
        json!({ "document": document("Hidden", &["hiddenThing"]), "slug": "hidden", "visibility": "SIGNED_IN" });
    let hidden = desk.import(hidden).await;
    let customer = desk.acme.customer("Globex").await;
    let known = desk
        .app
        .developer(
            &desk.acme,
            "acme",
            &customer,
            ("dev@globex.example", DeveloperRole::Member),
        )
        .await;
    let paths = [
        "/docs/references/hidden",
        "/docs/references/hidden/operations/hidden-thing",
        "/docs/references/hidden/schemas/thing",
        "/docs/references/hidden/document",
    ];
    for path in paths {
        let stranger = desk.reader().call(Method::GET, path, None).await;
        assert_eq!(
            (stranger.0, &stranger.1["code"]),
            (StatusCode::NOT_FOUND, &json!("not-found")),
            "{path}"
        );
        let nowhere = desk
            .reader()
            .call(Method::GET, &path.replace("hidden", "nowhere"), None)
            .await;
        let shape = |problem: &serde_json::Value| text(problem, "detail").replace("hidden", "nowhere");
        assert_eq!(
            shape(&stranger.1),
            shape(&nowhere.1),
            "{path} tells that there is something"
        );
        let signed_in = known.call(Method::GET, path, None).await;
        assert_eq!(signed_in.0, StatusCode::OK, "{path}: {}", signed_in.1);
    }
    let titles = |list: serde_json::Value| -> Vec<String> {
        list["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| text(one, "title"))
            .collect()
    };
    assert_eq!(titles(desk.reader().get("/docs/references").await), ["Open"]);
    assert_eq!(titles(known.get("/docs/references").await), ["Hidden", "Open"]);
    assert_eq!(
        titles(desk.reader().get("/docs/search?q=hidden").await),
        Vec::<String>::new()
    );
    assert!(!titles(known.get("/docs/search?q=hidden").await).is_empty());

    // Opened, everybody reads it at once.
    let path = format!("/docs/api-specs/{}", text(&hidden, "id"));
    expect(
        &desk.acme,
        200,
        Method::PATCH,
        &path,
        Some(json!({ "visibility": "PUBLIC" })),
    )
    .await;
    assert_eq!(desk.read("hidden").await["title"], "Hidden");

    // Another tenant's door leads to nothing of it.
    let rival = desk.app.tenant("rival").await;
    let elsewhere = desk
        .app
        .stranger("rival")
        .call(Method::GET, "/docs/references/open", None)
        .await;
    assert_eq!(elsewhere.0, StatusCode::NOT_FOUND);
    assert_eq!(
        desk.app.stranger("rival").get("/docs/search?q=open").await["items"],
        json!([])
    );
    expect(&rival, 404, Method::GET, &path, None).await;
    desk.app.stop().await;
}

#[tokio::test]
async fn what_a_reader_has_already_is_not_sent_again_until_it_changes() {
    let desk = Desk::set().await;
    let spec = desk.import(json!({ "document": document("Things", &["one"]) })).await;
    let reader = desk.reader();
    for path in [
        "",
        "/operations/one",
        "/schemas/thing",
        "/document",
        "/document?format=YAML",
    ] {
        let path = format!("/docs/references/translation-api{path}");
        let first = reader.bare(Method::GET, &path).send().await.unwrap();
        let tag = first.headers()["etag"].clone();
        assert!(
            first.status().is_success() && !first.bytes().await.unwrap().is_empty(),
            "{path}"
        );
        let again = reader
            .bare(Method::GET, &path)
            .header("if-none-match", &tag)
            .send()
            .await
            .unwrap();
        assert_eq!(
            (again.status(), again.headers()["etag"].clone()),
            (StatusCode::NOT_MODIFIED, tag.clone()),
            "{path}"
        );
        assert!(again.bytes().await.unwrap().is_empty());
        desk.upload(&text(&spec, "id"), &document(&format!("Other {path}"), &["one"]))
            .await;
        let other = reader
            .bare(Method::GET, &path)
            .header("if-none-match", &tag)
            .send()
            .await
            .unwrap();
        assert_eq!(other.status(), StatusCode::OK, "{path}");
    }
    desk.app.stop().await;
}

#[tokio::test]
async fn the_document_reads_back_as_yaml_what_it_is_as_json() {
    let desk = Desk::set().await;
    let tricky = json!({
        "openapi": "3.1.0",
        "info": { "title": "yes: \"no\" # - 1e3", "version": "1.10", "description": "two\nlines\ttab \u{2028} ünïcode" },
        "paths": { "/a/{b}": { "get": { "tags": ["on", "~", "", " x "], "responses": { "200": { "description": "*a" } } } } },
    });
    desk.import(json!({ "document": tricky.to_string() })).await;
    let as_json = desk.read("translation-api/document").await;
    let path = "/docs/references/translation-api/document?format=YAML";
    let as_yaml = desk.reader().bare(Method::GET, path).send().await.unwrap();
    assert_eq!(as_yaml.headers()["content-type"], "application/yaml");
    let as_yaml = as_yaml.text().await.unwrap();
    let read: serde_json::Value = serde_saphyr::from_str(&as_yaml).unwrap();
    assert_eq!(read, as_json, "{as_yaml}");
    desk.app.stop().await;
}
