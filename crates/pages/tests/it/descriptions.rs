//! A description as the API answers it: a translation API with one of everything that a page shows.

use serde_json::{Value, json};

const AT: &str = "2026-11-20T09:30:00.000Z";

/// Prose as the API has it: what was written, and its HTML.
fn prose(markdown: &str) -> Value {
    let html = if markdown.is_empty() {
        String::new()
    } else {
        format!("<p>{markdown}</p>\n")
    };
    json!({ "markdown": markdown, "html": html })
}

fn reference() -> Value {
    json!({ "slug": "translate", "title": "Translate API", "version": "2026-03-01", "productId": "prd_1", "productName": "Translation", "revision": "rev_1", "updatedAt": AT })
}

fn link(slug: &str, method: &str, path: &str, title: &str) -> Value {
    json!({ "slug": slug, "kind": "OPERATION", "method": method, "path": path, "title": title, "deprecated": slug == "list-languages-old" })
}

fn links() -> Vec<Value> {
    vec![
        link("translate", "POST", "/v1/translate", "Translate text"),
        link("get-translation", "GET", "/v1/translate/{id}", "Get a translation"),
        link(
            "delete-translation",
            "DELETE",
            "/v1/translate/{id}",
            "Delete a translation",
        ),
        link("replace-glossary", "PUT", "/v1/glossaries/{id}", "Replace a glossary"),
        link("change-glossary", "PATCH", "/v1/glossaries/{id}", "Change a glossary"),
        link("list-languages-old", "GET", "/v0/languages", "List languages"),
    ]
}

/// `GET /docs/references/translate`
pub(crate) fn whole() -> Value {
    json!({
        "slug": "translate", "productId": "prd_1", "productName": "Translation", "revision": "rev_1", "updatedAt": AT,
        "title": "Translate API", "version": "2026-03-01", "specification": "3.1.0",
        "summary": "Translates text between 112 languages.",
        "description": prose("Send text, get text. Everything is JSON over HTTPS."),
        "termsOfService": "https://acme.example/terms", "contact": { "name": "Acme", "url": "https://acme.example", "email": "api@acme.example" },
        "license": { "name": "Apache 2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0", "identifier": "Apache-2.0" },
        "externalDocs": { "url": "https://acme.example/guides", "description": prose("Guides") },
        "servers": [{ "url": "https://api.acme.example", "description": prose("Production") }],
        "securitySchemes": [{ "name": "key", "kind": "BEARER", "words": "A key as a bearer token", "description": prose(""), "location": null, "field": null, "flows": [], "deprecated": false }],
        "tags": [
            { "slug": "translations", "name": "Translations", "description": prose("Text in, text out."), "externalDocs": null, "parent": null, "operations": &links()[..3] },
            { "slug": "glossaries", "name": "Glossaries", "description": prose(""), "externalDocs": null, "parent": null, "operations": &links()[3..5] },
            { "slug": "languages", "name": "Languages", "description": prose(""), "externalDocs": null, "parent": null, "operations": &links()[5..] },
        ],
        "schemas": [{ "slug": "translation", "name": "Translation" }, { "slug": "problem", "name": "Problem" }],
    })
}

fn content(schema: &Value, example: &Value) -> Value {
    json!({ "mediaType": "application/json", "schema": schema, "itemSchema": null, "encodings": [],
        "examples": [{ "name": "", "summary": "", "description": prose(""), "value": example, "generated": false, "cut": false }] })
}

fn parameter(name: &str, location: &str, required: bool, meaning: &str, schema: &Value) -> Value {
    json!({ "name": name, "location": location, "required": required, "deprecated": false, "description": prose(meaning), "schema": schema,
        "style": "FORM", "explode": true, "allowReserved": false, "mediaType": null, "examples": [] })
}

/// What is sent to translate.
pub(crate) fn request_schema() -> Value {
    let languages: Vec<&str> = "de en fr it es pt nl pl cs sk hu ro bg el".split(' ').collect();
    json!({ "types": ["object"], "properties": [
        { "name": "text", "required": true, "schema": { "types": ["string"], "limits": ["1 to 5,000 characters"], "description": prose("What is to be translated, as plain text.") } },
        { "name": "target", "required": true, "schema": { "types": ["string"], "allowed": languages, "description": prose("The language to translate into.") } },
        { "name": "source", "required": false, "schema": { "types": ["string"], "nullable": true, "default": null, "description": prose("The language of the text; found out where it is absent.") } },
        { "name": "formality", "required": false, "schema": { "types": ["string"], "allowed": ["FORMAL", "INFORMAL"], "default": "FORMAL" } },
        { "name": "options", "required": false, "schema": { "types": ["object"], "description": prose("What else matters."), "properties": [
            { "name": "glossary", "required": false, "schema": { "types": ["string"], "format": "uuid" } },
            { "name": "split", "required": false, "schema": { "types": ["array"], "items": { "types": ["string"] }, "limits": ["at most 8 parts"] } },
            { "name": "voice", "required": false, "schema": { "oneOf": [
                { "name": "Preset", "types": ["object"], "properties": [{ "name": "kind", "required": true, "schema": { "types": ["string"], "allowed": ["preset"] } }] },
                { "name": "Custom", "types": ["object"], "properties": [{ "name": "kind", "required": true, "schema": { "types": ["string"], "allowed": ["custom"] } }, { "name": "pitch", "required": false, "schema": { "types": ["number"] } }] },
            ], "discriminator": { "field": "kind", "mapping": [["preset", "Preset"], ["custom", "Custom"]] } } },
        ] } },
    ] })
}

/// What comes back; it refers to itself.
pub(crate) fn translation() -> Value {
    json!({ "name": "Translation", "slug": "translation", "types": ["object"], "properties": [
        { "name": "id", "required": true, "schema": { "types": ["string"], "readOnly": true, "examples": ["tr_01h"] } },
        { "name": "text", "required": true, "schema": { "types": ["string"], "description": prose("The text in the language that was asked for.") } },
        { "name": "alternatives", "required": false, "schema": { "types": ["array"], "items": { "name": "Translation", "slug": "translation", "cut": true, "types": ["object"] } } },
    ] })
}

/// `GET /docs/references/translate/operations/translate`
pub(crate) fn operation() -> Value {
    let problem = json!({ "name": "Problem", "slug": "problem", "types": ["object"], "properties": [
        { "name": "title", "required": true, "schema": { "types": ["string"] } }, { "name": "status", "required": true, "schema": { "types": ["integer"] } } ] });
    let answered = json!({ "id": "tr_01h", "text": "Guten Tag", "alternatives": [] });
    let mut operation = link("translate", "POST", "/v1/translate", "Translate text");
    let rest = json!({
        "operationId": "translate", "tags": ["translations"],
        "description": prose("Translates one text. Takes <em>about</em> 80 ms for a sentence."), "externalDocs": null, "servers": [],
        "parameters": [
            parameter("dryRun", "QUERY", false, "Only judge the request.", &json!({ "types": ["boolean"], "default": false })),
            parameter("Idempotency-Key", "HEADER", false, "Makes a repeat harmless.", &json!({ "types": ["string"], "limits": ["at most 64 characters"] })),
        ],
        "requestBody": { "required": true, "description": prose(""), "contents": [content(&request_schema(), &json!({ "text": "Good day", "target": "de" }))] },
        "responses": [
            { "status": "200", "description": prose("The translation."), "headers": [parameter("RateLimit", "HEADER", false, "What is left.", &json!({ "types": ["string"] }))],
              "contents": [content(&translation(), &answered)],
              "links": [{ "name": "delete", "description": prose(""), "operation": "delete-translation", "parameters": [["id", "$response.body#/id"]] }] },
            { "status": "422", "description": prose("The text is too long."), "headers": [], "contents": [content(&problem, &json!({ "title": "Too long", "status": 422 }))], "links": [] },
            { "status": "429", "description": prose(""), "headers": [], "contents": [], "links": [] },
        ],
        "callbacks": [],
        "security": [{ "schemes": [{ "name": "key", "kind": "BEARER", "words": "A key as a bearer token", "scopes": ["translate"] }] }],
        "anonymous": false,
    });
    for (name, value) in rest.as_object().unwrap() {
        operation[name] = value.clone();
    }
    let place = json!({ "gatewayId": "gtw_1", "name": "Acme gateway", "kind": "NATIVE", "environment": "TEST", "baseUrl": "http://acme.localhost:8000",
        "credential": [{ "name": "Authorization", "prefix": "Bearer ", "variable": "API_KEY" }] });
    json!({ "reference": reference(), "operation": operation, "tag": { "slug": "translations", "name": "Translations" },
        "previous": null, "next": links()[1], "places": [place] })
}

/// `GET /docs/references/translate/schemas/translation`
pub(crate) fn schema() -> Value {
    let example = json!({ "name": "", "summary": "", "description": prose(""), "value": { "id": "tr_01h", "text": "Guten Tag" }, "generated": true, "cut": false });
    json!({ "reference": reference(), "schema": { "slug": "translation", "name": "Translation", "schema": translation(), "example": example, "usedBy": [links()[0]] } })
}

/// `GET /docs/references`
pub(crate) fn list() -> Value {
    json!({ "items": [{ "slug": "translate", "title": "Translate API", "version": "2026-03-01", "summary": "Translates text between 112 languages.",
        "productId": "prd_1", "productName": "Translation", "operations": 6, "updatedAt": AT }] })
}

/// `GET /docs/search`
pub(crate) fn found() -> Value {
    json!({ "items": [
        { "kind": "OPERATION", "title": "Translate text", "context": "POST /v1/translate · Translate API", "path": "/docs/translate/operations/translate", "excerpt": "Translates one <b>text</b>." },
        { "kind": "SCHEMA", "title": "Translation", "context": "Translate API", "path": "//evil.example/", "excerpt": "" },
    ] })
}

/// What the API answers about descriptions, by the line that asks.
pub(crate) fn answer(line: &str) -> Option<Value> {
    let (method, path) = line.split_once(" /api/v1/docs/")?;
    let path = path.split('?').next().unwrap_or_default();
    let answer = match (method, path) {
        ("GET", "references") => list(),
        ("GET", "references/translate") => whole(),
        ("GET", "references/translate/operations/translate") => operation(),
        ("GET", "references/translate/schemas/translation") => schema(),
        ("GET", "references/translate/document") => json!({ "openapi": "3.1.0" }),
        ("GET", "search") => found(),
        _ => return None,
    };
    Some(answer)
}
