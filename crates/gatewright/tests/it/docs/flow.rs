//! From a document to pages, and what becomes of the document after it.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Desk, document};
use crate::scene::{expect, text};

#[tokio::test]
async fn an_uploaded_document_is_published_and_read_operation_by_operation() {
    let desk = Desk::set().await;
    let body = json!({ "document": document("Things", &["listThings", "makeThing"]) });
    let asked = desk.ask(body).await;
    assert_eq!(asked["latest"]["state"], "IMPORTING");
    assert!(
        asked["latest"]["jobId"].as_str().unwrap().starts_with("job_"),
        "{asked}"
    );
    let spec = desk.ended(&text(&asked, "id")).await;
    assert_eq!(spec["published"], spec["latest"], "{spec}");
    let published = &spec["published"];
    assert_eq!(
        (&published["state"], &published["operations"]),
        (&json!("PUBLISHED"), &json!(2))
    );
    assert_eq!(
        (&published["title"], &published["schemas"]),
        (&json!("Things"), &json!(1))
    );

    let revision = desk.latest(&spec).await;
    let steps: Vec<&str> = revision["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["step"].as_str().unwrap())
        .collect();
    assert_eq!(steps, ["PARSING", "RESOLVING", "LINTING", "COMPILING", "PUBLISHING"]);
    assert!(
        revision["steps"]
            .as_array()
            .unwrap()
            .iter()
            .all(|one| one["endedAt"].is_string()),
        "{revision}"
    );

    let overview = desk.read("translation-api").await;
    assert_eq!(
        (&overview["title"], &overview["slug"]),
        (&json!("Things"), &json!("translation-api"))
    );
    assert_eq!(overview["schemas"][0]["name"], "Thing");
    assert!(
        text(&overview["description"], "html").contains("<em>things</em>"),
        "{overview}"
    );
    let links = overview["tags"][0]["operations"].as_array().unwrap();
    assert_eq!(links.len(), 2);
    let slug = text(&links[0], "slug");
    let page = desk.read(&format!("translation-api/operations/{slug}")).await;
    assert_eq!(page["operation"]["operationId"], "listThings");
    assert!(
        text(&page["operation"]["description"], "html").contains("<em>stress</em>"),
        "{page}"
    );
    assert_eq!(
        (&page["previous"], &page["next"]["slug"]),
        (&Value::Null, &links[1]["slug"])
    );
    assert_eq!(page["tag"]["name"], "things");
    assert_eq!(page["reference"]["revision"], published["id"]);
    assert_eq!(page["places"][0]["baseUrl"], "https://api.example.com");
    let schema = desk.read("translation-api/schemas/thing").await;
    assert_eq!(schema["schema"]["name"], "Thing");
    let whole = desk.read("translation-api/document").await;
    assert_eq!(whole["info"]["title"], "Things");

    // The product's contract is this document.
    let contract = desk.acme.get(&format!("/products/{}/contract", desk.product)).await;
    let contract: Value = serde_json::from_str(&text(&contract, "document")).unwrap();
    assert_eq!(contract["info"]["title"], "Things");
    assert_eq!(published["contractNote"], Value::Null);
    desk.app.stop().await;
}

#[tokio::test]
async fn a_bad_document_is_rejected_with_places_and_never_takes_the_place_of_a_good_one() {
    let desk = Desk::set().await;
    let spec = desk.import(json!({ "document": document("Good", &["one"]) })).await;
    let id = text(&spec, "id");
    for bad in [
        "openapi: 3.1.0\ninfo: [",
        "{\"openapi\": \"3.1.0\",",
        "just words",
        "{\"openapi\":\"9.0.0\",\"info\":{\"title\":\"x\",\"version\":\"1\"},\"paths\":{}}",
    ] {
        let spec = desk.upload(&id, bad).await;
        assert_eq!(spec["latest"]["state"], "REJECTED", "{bad}");
        assert_eq!(spec["published"]["title"], "Good");
        let revision = desk.latest(&spec).await;
        let finding = &revision["findings"][0];
        assert_eq!(finding["severity"], "ERROR", "{revision}");
        assert!(finding["line"].as_i64().unwrap() >= 1, "{revision}");
    }
    assert_eq!(desk.read("translation-api").await["title"], "Good");
    // A description that was never published is not there for readers.
    let never = json!({ "document": "just words", "slug": "never" });
    desk.import(never).await;
    assert_eq!(desk.read("never").await["code"], "not-found");
    desk.app.stop().await;
}

#[tokio::test]
async fn a_revision_tells_what_changed_and_an_earlier_one_can_be_published_again() {
    let desk = Desk::set().await;
    let first = desk
        .import(json!({ "document": document("First", &["one", "two"]) }))
        .await;
    let id = text(&first, "id");
    let second = desk.upload(&id, &document("Second", &["one", "three"])).await;
    assert_eq!(second["published"]["number"], 2);
    let revision = desk.latest(&second).await;
    assert_eq!(revision["diff"]["breaking"], true, "{revision}");
    let names: Vec<(&str, &str)> = revision["diff"]["operations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["difference"].as_str().unwrap(), one["name"].as_str().unwrap()))
        .collect();
    assert!(
        names.contains(&("ADDED", "GET /v1/three")) && names.contains(&("REMOVED", "GET /v1/two")),
        "{names:?}"
    );
    assert_eq!(names.len(), 2, "what is the same is no change: {names:?}");

    let asked = desk.roll_back(&id, &first["published"]).await;
    assert_eq!(
        (&asked["latest"]["cause"], &asked["latest"]["fromNumber"]),
        (&json!("ROLL_BACK"), &json!(1))
    );
    let third = desk.ended(&id).await;
    assert_eq!(
        (&third["published"]["number"], &third["published"]["title"]),
        (&json!(3), &json!("First"))
    );
    assert_eq!(desk.read("translation-api").await["title"], "First");
    let list = desk.acme.get(&format!("/docs/api-specs/{id}/revisions")).await;
    let states: Vec<&str> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["state"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["PUBLISHED", "SUPERSEDED", "SUPERSEDED"]);

    // Not to what is published, nor to what never was.
    let path = format!("/docs/api-specs/{id}/roll-back");
    let to = json!({ "revisionId": third["published"]["id"] });
    expect(&desk.acme, 409, Method::POST, &path, Some(to)).await;
    let rejected = desk.upload(&id, "just words").await;
    let to = json!({ "revisionId": rejected["latest"]["id"] });
    expect(&desk.acme, 409, Method::POST, &path, Some(to)).await;
    desk.app.stop().await;
}

#[tokio::test]
async fn of_many_asked_for_at_once_the_newest_is_published_last() {
    let desk = Desk::set().await;
    let spec = desk.import(json!({ "document": document("Number 1", &["one"]) })).await;
    let id = text(&spec, "id");
    let path = format!("/docs/api-specs/{id}/revisions");
    let uploads = (2..=8).map(|number| {
        let body = json!({ "document": document(&format!("Number {number}"), &["one"]) });
        expect(&desk.acme, 202, Method::POST, &path, Some(body))
    });
    let mut asked = Vec::new();
    for upload in uploads {
        asked.push(upload.await);
    }
    let last = asked.last().unwrap()["latest"]["number"].clone();
    let spec = desk.until(&id, |spec| spec["published"]["number"] == last).await;
    assert_eq!(spec["published"]["title"], "Number 8");
    assert_eq!(desk.read("translation-api").await["title"], "Number 8");
    let list = desk.acme.get(&path).await;
    let states: Vec<&str> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["state"].as_str().unwrap())
        .collect();
    assert!(states[1..].iter().all(|state| *state == "SUPERSEDED"), "{states:?}");
    desk.app.stop().await;
}

#[tokio::test]
async fn a_deleted_description_is_gone_with_its_pages_and_its_words() {
    let desk = Desk::set().await;
    let spec = desk
        .import(json!({ "document": document("Things", &["findMe"]) }))
        .await;
    let path = format!("/docs/api-specs/{}", text(&spec, "id"));
    expect(&desk.acme, 204, Method::DELETE, &path, None).await;
    expect(&desk.acme, 404, Method::GET, &path, None).await;
    assert_eq!(desk.read("translation-api").await["code"], "not-found");
    let found = desk.reader().get("/docs/search?q=find").await;
    assert_eq!(found["items"], json!([]));
    desk.app.stop().await;
}
