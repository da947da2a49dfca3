//! Documents that mean harm, or are only large.

use serde_json::{Value, json};

use super::{Desk, document};
use crate::scene::text;

/// One operation with these words everywhere.
fn saying(words: &str) -> String {
    json!({
        "openapi": "3.1.0",
        "info": { "title": words, "version": words, "description": words, "summary": words },
        "externalDocs": { "url": "javascript:alert(1)", "description": words },
        "tags": [{ "name": "things", "description": words }],
        "paths": { "/v1/one": { "post": {
            "operationId": "one", "summary": words, "description": words, "tags": ["things"],
            "parameters": [{ "name": "q", "in": "query", "description": words, "schema": { "type": "string", "description": words } }],
            "requestBody": { "description": words, "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Thing" } } } },
            "responses": { "200": { "description": words } },
        } } },
        "components": { "schemas": { "Thing": { "type": "object", "description": words, "properties": {
            "part": { "description": words, "type": "string" } } } } },
    })
    .to_string()
}

/// Every `html` in an answer.
fn html(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(text) if name == "html" => found.push(text.clone()),
                    value => html(value, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| html(item, found)),
        _ => {}
    }
}

#[tokio::test]
async fn no_words_of_a_document_become_a_script() {
    let desk = Desk::set().await;
    let words = "<script>alert(1)</script> <img src=x onerror=alert(1)> [a](javascript:alert(1)) <a href=\"data:text/html,x\">b</a> \
                 ![c](https://evil.example/p.png) <iframe src=//evil.example></iframe> <b onclick=alert(1)>d</b>";
    let spec = desk.import(json!({ "document": saying(words) })).await;
    assert_eq!(spec["latest"]["state"], "PUBLISHED", "{}", desk.latest(&spec).await);
    let mut seen = 0;
    for path in ["", "/operations/one", "/schemas/thing"] {
        let answer = desk.read(&format!("translation-api{path}")).await;
        let mut found = Vec::new();
        html(&answer, &mut found);
        seen += found.len();
        for html in found {
            for danger in [
                "<script",
                "onerror",
                "onclick=",
                "=\"javascript:",
                "=\"data:",
                "<iframe",
                "<img",
            ] {
                assert!(!html.contains(danger), "{danger} in {html}");
            }
        }
    }
    assert!(seen >= 8, "{seen}");
    // What is no text of many lines is text and nothing else: whoever shows it escapes it. Addresses are judged.
    let overview = desk.read("translation-api").await;
    assert!(
        !overview["externalDocs"]["url"]
            .as_str()
            .unwrap_or_default()
            .starts_with("javascript"),
        "{overview}"
    );
    let found = desk.reader().get("/docs/search?q=alert").await;
    assert!(!text(&found["items"][0], "excerpt").contains("<script"), "{found}");
    desk.app.stop().await;
}

#[tokio::test]
async fn what_is_large_deep_or_endless_is_bounded_or_refused_and_ends() {
    let desk = Desk::set().await;
    let large = json!({
        "openapi": "3.1.0", "info": { "title": "Large", "version": "1" },
        "paths": { "/v1/one": { "get": { "operationId": "one", "responses": { "200": { "description": "OK", "content": {
            "application/json": { "example": "x".repeat(10 * 1024 * 1024) } } } } } } },
    })
    .to_string();
    let spec = desk.import(json!({ "document": large, "slug": "large" })).await;
    assert_eq!(spec["latest"]["state"], "PUBLISHED", "{}", desk.latest(&spec).await);
    let page = desk.read("large/operations/one").await.to_string();
    assert!(page.len() < 100_000, "{}", page.len());

    let cyclic = document("Cyclic", &["one"]).replace(
        r#""name":{"type":"string"}"#,
        r##""self":{"$ref":"#/components/schemas/Thing"},"many":{"type":"array","items":{"$ref":"#/components/schemas/Thing"}}"##,
    );
    assert!(cyclic.contains("\"self\""));
    let spec = desk.import(json!({ "document": cyclic, "slug": "cyclic" })).await;
    assert_eq!(spec["latest"]["state"], "PUBLISHED", "{}", desk.latest(&spec).await);
    let schema = desk.read("cyclic/schemas/thing").await.to_string();
    assert!(
        schema.len() < 200_000 && schema.contains("\"cut\":true"),
        "{}",
        schema.len()
    );

    let deep = format!(
        "{}{}",
        "{\"openapi\":".repeat(10_000),
        "1".to_owned() + &"}".repeat(10_000)
    );
    let bomb = "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n\
                d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]\n\
                g: &g [*f,*f,*f,*f,*f,*f,*f,*f,*f]\nh: [*g,*g,*g,*g,*g,*g,*g,*g,*g]\nopenapi: 3.1.0\n";
    for (slug, refused) in [("deep", deep.as_str()), ("bomb", bomb)] {
        let spec = desk.import(json!({ "document": refused, "slug": slug })).await;
        assert_eq!(spec["latest"]["state"], "REJECTED", "{slug}");
        let revision = desk.latest(&spec).await;
        assert_eq!(revision["findings"][0]["severity"], "ERROR", "{revision}");
        assert!(!text(&revision["findings"][0], "message").is_empty());
    }
    desk.app.stop().await;
}
