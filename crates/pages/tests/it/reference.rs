//! The pages of a reference: what they show, how they are sent, what an author's words cannot do.

use axum::Router;
use axum::body::Body;
use http::Request;
use serde_json::{Value, json};

use crate::descriptions;
use crate::fake_api::{Log, pages, problem};
use crate::visitor::{Page, get, send};

const OPERATION: &str = "/docs/translate/operations/translate";
const READ: [&str; 6] = [
    "/docs",
    "/docs/translate",
    "/docs/translate/tags/translations",
    OPERATION,
    "/docs/translate/schemas/translation",
    "/search?q=tra",
];

/// The pages with another answer for one path of the API.
fn with(path: &'static str, answer: Value) -> (Router, Log) {
    pages(move |line, _| line.ends_with(path).then(|| (200, answer.clone(), vec![])))
}

async fn ask(pages: &Router, path: &str, headers: &[(&str, &str)]) -> Page {
    let request = headers.iter().fold(Request::get(path), |request, (name, value)| {
        request.header(*name, *value)
    });
    send(pages, request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn every_page_of_a_reference_is_readable_without_a_script_and_runs_nothing_of_an_author() {
    let (pages, _) = pages(|_, _| None);
    for path in READ {
        let page = get(&pages, path).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(
            page.text.contains("<h1>") && page.text.contains("id=\"main\""),
            "{path}"
        );
        assert!(
            page.headers["content-security-policy"]
                .to_str()
                .unwrap()
                .contains("script-src 'self'"),
            "{path}"
        );
        for inline in [" style=", "<style", "javascript:", " onclick", " onload", " onerror"] {
            assert!(!page.text.contains(inline), "{path}: {inline}");
        }
        for script in page.text.split("<script").skip(1) {
            let known = [
                " type=\"module\" src=\"/assets/",
                " type=\"application/ld+json\">",
                " class=\"playground-data\" type=\"application/json\">",
            ];
            assert!(
                known.iter().any(|known| script.starts_with(known)),
                "{path}: {}",
                &script[..60]
            );
        }
    }
}

#[tokio::test]
async fn an_operation_says_all_that_its_description_says() {
    let (pages, _) = pages(|_, _| None);
    let page = get(&pages, OPERATION).await.text;
    for part in [
        "Takes <em>about</em> 80 ms",
        "http://acme.localhost:8000",
        "A key as a bearer token.",
        "Idempotency-Key",
        "1 to 5,000 characters",
        "One of 14 values",
        "string or null",
        "Default <code>false</code>",
        "told apart by <code>kind</code>",
        "at most 8 parts",
        "Only in answers",
        "Too Many Requests",
        "RateLimit",
        "href=\"/docs/translate/operations/delete-translation\"",
        "href=\"/docs/translate/schemas/translation\"",
        "Get a translation",
        "rel=\"canonical\" href=\"http://acme.localhost:8080/docs/translate/operations/translate\"",
        "\"@type\":\"TechArticle\"",
        "\"@type\":\"BreadcrumbList\"",
        "class=\"playground-data\"",
    ] {
        assert!(page.contains(part), "{part} is missing");
    }
    assert!(!page.contains("noindex"));
}

#[tokio::test]
async fn the_navigation_is_asked_for_once_for_each_revision() {
    let (pages, log) = pages(|_, _| None);
    for _ in 0..3 {
        assert_eq!(get(&pages, OPERATION).await.status, 200);
    }
    let asked = |path: &str| {
        log.lock()
            .unwrap()
            .iter()
            .filter(|asked| asked.line.ends_with(path))
            .count()
    };
    assert_eq!((asked("/references/translate"), asked("/operations/translate")), (1, 3));
}

#[tokio::test]
async fn a_page_that_did_not_change_is_not_sent_again_but_one_of_somebody_is_kept_nowhere() {
    let (pages, _) = pages(|_, _| None);
    let first = get(&pages, OPERATION).await;
    assert_eq!(first.headers["cache-control"], "no-cache");
    let tag = first.headers["etag"].to_str().unwrap();
    let again = ask(&pages, OPERATION, &[("if-none-match", tag)]).await;
    assert_eq!((again.status.as_u16(), again.length), (304, 0));
    assert_eq!(
        ask(&pages, OPERATION, &[("if-none-match", "W/\"other\"")]).await.status,
        200
    );
    let dark = ask(&pages, OPERATION, &[("if-none-match", tag), ("cookie", "theme=dark")]).await;
    assert_eq!(dark.status, 200, "another theme is another page");
    let signed_in = ask(
        &pages,
        OPERATION,
        &[("if-none-match", tag), ("cookie", "gatewright_session=x")],
    )
    .await;
    assert_eq!(signed_in.headers["cache-control"], "no-store");
    assert!(!signed_in.headers.contains_key("etag") && signed_in.text.contains("Ada Lovelace"));
}

#[tokio::test]
async fn what_holds_no_secret_is_compressed_and_what_repeats_a_visitors_words_or_may_is_not() {
    let (pages, _) = pages(|_, _| None);
    let plain = get(&pages, OPERATION).await;
    for coding in ["gzip", "br"] {
        let page = ask(&pages, OPERATION, &[("accept-encoding", coding)]).await;
        assert_eq!(page.headers["content-encoding"], coding);
        assert!(
            page.length * 3 < plain.length,
            "{coding}: {} of {}",
            page.length,
            plain.length
        );
        for path in ["/", "/products/translation-api"] {
            let page = ask(&pages, path, &[("accept-encoding", coding)]).await;
            assert_eq!(
                (page.status.as_u16(), &page.headers["content-encoding"]),
                (200, &coding.parse().unwrap()),
                "{path}"
            );
        }
        for path in ["/search?q=tra", "/keys", "/keys/new", "/subscribe/pln_1"] {
            let page = ask(&pages, path, &[("accept-encoding", coding)]).await;
            assert_eq!(page.status, 200);
            assert!(!page.headers.contains_key("content-encoding"), "{path}");
        }
    }
}

#[tokio::test]
async fn nothing_that_an_author_wrote_becomes_markup() {
    let evil = "</script><script>alert(1)</script><img src=x onerror=alert(1)>";
    let mut one = descriptions::operation();
    let operation = &mut one["operation"];
    operation["title"] = json!(evil);
    operation["path"] = json!(format!("/v1/{{{evil}}}"));
    operation["externalDocs"] =
        json!({ "url": "javascript:alert(1)", "description": { "markdown": evil, "html": "" } });
    operation["description"] = json!({ "markdown": evil, "html": "" });
    operation["parameters"][0]["name"] = json!(evil);
    operation["requestBody"]["contents"][0]["mediaType"] = json!(evil);
    operation["requestBody"]["contents"][0]["examples"][0]["value"] = json!({ evil: evil });
    operation["requestBody"]["contents"][0]["schema"]["properties"][0]["name"] = json!(evil);
    operation["requestBody"]["contents"][0]["schema"]["properties"][1]["schema"]["allowed"] = json!([evil]);
    operation["responses"][0]["status"] = json!(evil);
    operation["security"][0]["schemes"][0]["words"] = json!(evil);
    let (pages, _) = with("/operations/translate", one);
    let page = get(&pages, OPERATION).await;
    assert_eq!(page.status, 200);
    for part in ["<script>alert", "<img", "href=\"javascript:"] {
        assert!(!page.text.contains(part), "{part}");
    }
    assert!(page.text.contains("&lt;script&gt;alert(1)"));
}

#[tokio::test]
async fn a_page_stays_small_whatever_a_schema_holds_and_says_where_the_rest_is() {
    let wide: Vec<Value> = (0..5000)
        .map(|number| json!({ "name": format!("field_{number}_{:x}", number * 7919), "required": number % 3 == 0, "schema": { "types": ["string"], "description": { "markdown": format!("What number {number} means to {}.", number * 31), "html": "" } } }))
        .collect();
    let mut deep = json!({ "types": ["string"] });
    for level in 0..30 {
        deep = json!({ "types": ["object"], "properties": [{ "name": format!("level{level}"), "required": false, "schema": deep }] });
    }
    let mut one = descriptions::operation();
    let schema = json!({ "types": ["object"], "properties": [{ "name": "deep", "required": false, "schema": deep }, { "name": "wide", "required": false, "schema": { "types": ["object"], "properties": wide } }] });
    one["operation"]["requestBody"]["contents"][0]["schema"] = schema.clone();
    one["operation"]["responses"][0]["contents"][0]["schema"] = schema;
    let (pages, _) = with("/operations/translate", one);
    let page = ask(&pages, OPERATION, &[("accept-encoding", "gzip")]).await;
    assert!(page.length < 25 * 1024, "{} bytes", page.length);
    let plain = get(&pages, OPERATION).await.text;
    for part in ["Not every field fits on this page", "The rest is in the description"] {
        assert!(plain.contains(part), "{part}: {}", plain.len());
    }
    assert!(plain.contains("Too Many Requests"), "everything else is still there");
    assert!(
        get(&pages, &format!("{OPERATION}.md"))
            .await
            .text
            .contains("more fields are in the OpenAPI description")
    );
}

#[tokio::test]
async fn each_page_has_a_twin_in_markdown_that_search_engines_leave_alone() {
    let (pages, _) = pages(|_, _| None);
    for path in READ.iter().filter(|path| !path.contains('?')) {
        let html = get(&pages, path).await.text;
        let twin = format!("{path}.md");
        assert!(
            html.contains(&format!("type=\"text/markdown\" href=\"{twin}\"")),
            "{path}"
        );
        let page = get(&pages, &twin).await;
        assert_eq!(page.status, 200, "{twin}");
        assert_eq!(page.headers["content-type"], "text/markdown; charset=utf-8");
        assert_eq!(page.headers["x-robots-tag"], "noindex");
        assert!(
            page.text.starts_with("# ") && !page.text.contains("<p>"),
            "{twin}: {}",
            page.text
        );
    }
    let text = get(&pages, &format!("{OPERATION}.md")).await.text;
    for part in [
        "`POST http://acme.localhost:8000/v1/translate`",
        "| `text` | string | yes |",
        "| `options.voice.pitch` |",
        "## Response 422",
        "```json",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
}

#[tokio::test]
async fn programs_find_every_page() {
    let (pages, _) = pages(|_, _| None);
    let sitemap = get(&pages, "/sitemap.xml").await.text;
    let llms = get(&pages, "/llms.txt").await.text;
    for path in [
        "/docs/translate",
        "/docs/translate/operations/translate",
        "/docs/translate/schemas/problem",
        "/docs/translate/tags/languages",
    ] {
        assert!(
            sitemap.contains(&format!(
                "<loc>http://acme.localhost:8080{path}</loc><lastmod>2026-11-20</lastmod>"
            )),
            "{path} is not in {sitemap}"
        );
    }
    assert!(
        llms.starts_with("# Acme\n\n> ")
            && llms.contains("(http://acme.localhost:8080/docs/translate/operations/translate.md): POST /v1/translate")
    );
    let robots = get(&pages, "/robots.txt").await.text;
    assert!(robots.contains("Sitemap: http://acme.localhost:8080/sitemap.xml") && robots.contains("Disallow: /search"));
    assert!(get(&pages, "/search?q=tra").await.text.contains("content=\"noindex\""));
    let document = get(&pages, "/docs/translate/openapi.json").await;
    assert_eq!(
        (
            document.headers["content-type"].to_str().unwrap(),
            document.text.as_str()
        ),
        ("application/json", "{\"openapi\":\"3.1.0\"}")
    );
}

#[tokio::test]
async fn what_is_found_is_grouped_escaped_and_leads_to_no_other_host() {
    let (pages, log) = pages(|_, _| None);
    let page = get(&pages, "/search?q=a%26limit%3D9%20%3Cb%3E").await;
    let asked: Vec<String> = log.lock().unwrap().iter().map(|asked| asked.line.clone()).collect();
    assert!(
        asked
            .iter()
            .any(|line| line == "GET /api/v1/docs/search?q=a%26limit%3D9+%3Cb%3E&limit=40"),
        "{asked:?}"
    );
    assert!(page.text.contains("<h2>Operations</h2>") && page.text.contains("Translates one &lt;b&gt;text&lt;/b&gt;."));
    assert!(page.text.contains("value=\"a&amp;limit=9 &lt;b&gt;\"") && !page.text.contains("evil.example"));
    let nothing = with("&limit=40", json!({ "items": [] })).0;
    assert!(
        get(&nothing, "/search?q=zzz")
            .await
            .text
            .contains("Nothing is found for “zzz”")
    );
}

#[tokio::test]
async fn what_is_not_there_is_404_and_a_part_of_an_address_cannot_become_another_question() {
    let (pages, log) = pages(|line, _| {
        line.contains("/docs/references/")
            .then(|| problem(404, "not-found", "There is no such reference.", &json!([])))
    });
    for path in [
        "/docs/none",
        "/docs/none.md",
        "/docs/translate/operations/none",
        "/docs/..%2faccount",
        "/docs/a%3Fb/operations/c%23d",
        "/docs/a/schemas/%2e%2e%2fx",
    ] {
        assert_eq!(get(&pages, path).await.status, 404, "{path}");
    }
    let log = log.lock().unwrap();
    let odd: Vec<&str> = log
        .iter()
        .map(|asked| asked.line.as_str())
        .filter(|line| line.contains("..") || line.contains('%') || line.contains('?'))
        .collect();
    assert!(odd.is_empty(), "{odd:?}");
}
