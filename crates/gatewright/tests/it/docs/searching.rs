//! What somebody types, and what they want first.

use serde_json::{Value, json};

use super::Desk;
use crate::scene::text;

fn shop() -> String {
    let operation = |id: &str, summary: &str, description: &str, tag: &str| {
        json!({ "operationId": id, "summary": summary, "description": description, "tags": [tag],
                "responses": { "200": { "description": "OK" } } })
    };
    json!({
        "openapi": "3.1.0",
        "info": { "title": "Shop API", "version": "1" },
        "paths": {
            "/repos/{owner}/issues": {
                "get": operation("listIssues", "List issues of a repository", "Everything that is open.", "issues"),
                "post": operation("createIssue", "Create an issue", "Opens one in a repository.", "issues"),
            },
            "/orders": { "get": operation("listOrders", "List orders", "An order may mention an issue of its payment.", "orders") },
            "/invoices/{id}": { "get": operation("getInvoice", "Get an invoice", "With its lines.", "billing") },
        },
        "components": { "schemas": { "InvoiceLine": { "type": "object", "properties": { "amountDue": { "type": "string" } } } } },
    })
    .to_string()
}

async fn titles(desk: &Desk, query: &str) -> Vec<String> {
    let query: String = url::form_urlencoded::byte_serialize(query.as_bytes()).collect();
    let found = desk.reader().get(&format!("/docs/search?q={query}")).await;
    found["items"]
        .as_array()
        .unwrap_or_else(|| panic!("{found}"))
        .iter()
        .map(|one| text(one, "title"))
        .collect()
}

#[tokio::test]
async fn what_is_meant_comes_first_while_it_is_typed() {
    let desk = Desk::set().await;
    desk.import(json!({ "document": shop(), "slug": "shop" })).await;
    // A title counts more than a mention.
    let found = titles(&desk, "issue").await;
    assert!(
        found.iter().position(|one| one == "Create an issue") < found.iter().position(|one| one == "List orders"),
        "{found:?}"
    );
    assert!(
        found.contains(&"List orders".to_owned()),
        "the body is searched, too: {found:?}"
    );
    // Beginnings of words, parts of names, other forms of a word.
    for (query, first) in [
        ("get inv", "Get an invoice"),
        ("invoice", "InvoiceLine"),
        ("list iss", "List issues of a repository"),
        ("list issues", "List issues of a repository"),
        ("listIssues", "List issues of a repository"),
        ("/repos/{owner}/issues", "List issues of a repository"),
        ("GET /invoices/{id}", "Get an invoice"),
        ("repositories", "List issues of a repository"),
        ("InvoiceLine", "InvoiceLine"),
        ("amount due", "InvoiceLine"),
        ("Shop API", "Shop API"),
        ("billing", "billing"),
    ] {
        let found = titles(&desk, query).await;
        assert_eq!(found.first().map(String::as_str), Some(first), "{query}: {found:?}");
    }
    for nothing in ["", "   ", "xyzzy", "'", "&|!", ":*", "list xyzzy", "\\", "a' OR 1=1 --"] {
        assert_eq!(titles(&desk, nothing).await, Vec::<String>::new(), "{nothing}");
    }
    let found = desk
        .reader()
        .get("/docs/search?q=get%20invoice&limit=1&reference=shop")
        .await;
    assert_eq!(found["items"].as_array().unwrap().len(), 1);
    let first = &found["items"][0];
    assert_eq!(
        (&first["kind"], &first["excerpt"]),
        (&json!("OPERATION"), &json!("With its lines."))
    );
    assert_eq!(first["context"], "GET /invoices/{id} · Shop API");
    assert!(text(first, "path").starts_with("/docs/shop/operations/"), "{first}");
    for wrong in ["?q=a&limit=0", "?q=a&limit=51", "", "?q=a&reference=none"] {
        let answer: Value = desk.ask_as_reader(&format!("/docs/search{wrong}")).await;
        assert!(answer["code"].is_string(), "{wrong}: {answer}");
    }
    desk.app.stop().await;
}
