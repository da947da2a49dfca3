//! What holds for every page.

use axum::body::Body;
use gatewright_pages::ASSETS;
use http::Request;
use serde_json::json;

use crate::fake_api::{Peer, pages, problem};
use crate::visitor::{get, post, send};

const PAGES: [&str; 38] = [
    "/",
    "/sign-up",
    "/sign-up/check-mail",
    "/verify?token=gwm_t",
    "/sign-in",
    "/sign-in?returnTo=/team&notice=ready",
    "/sign-in/second-factor?factors=TOTP%20PASSKEY",
    "/sign-in/callback/idp_1?state=s&error=access_denied",
    "/reset",
    "/reset/complete?token=gwm_t",
    "/reset/check-mail",
    "/invitation?token=gwm_t",
    "/email-change?token=gwm_t",
    "/hand-over?token=gwm_t",
    "/account",
    "/account/security",
    "/account/sessions",
    "/account/data",
    "/account/reauthenticate?returnTo=/team",
    "/team",
    "/console/people",
    "/console/people/developers",
    "/console/people/sign-up",
    "/console/people/providers",
    "/errors",
    "/errors/validation-failed",
    "/mailbox",
    "/mailbox/mai_1",
    "/products/translation-api",
    "/subscribe/pln_1",
    "/keys",
    "/keys/new",
    "/keys/key_1",
    "/keys/key_1/rotate",
    "/keys/key_1/revoke",
    "/subscriptions",
    "/subscriptions/sub_1/cancel",
    "/console/portal",
];

#[tokio::test]
async fn every_page_forbids_what_is_inline_and_has_nothing_inline() {
    let (pages, _) = pages(|line, _| {
        let refused = line == "POST /api/v1/sessions/provider";
        refused.then(|| problem(403, "code-invalid", "The sign-in was not finished.", &json!([])))
    });
    for path in PAGES {
        let page = get(&pages, path).await;
        assert!(
            page.status == 200 || path.contains("callback"),
            "{path}: {}",
            page.status
        );
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        for part in [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{path}");
        assert_eq!(page.headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(page.headers["cache-control"], "no-store", "{path}");
        for inline in [
            " style=",
            "<style",
            "javascript:",
            " onclick",
            " onload",
            " onsubmit",
            " onerror",
        ] {
            assert!(!page.text.contains(inline), "{path}: {inline}");
        }
        for script in page.text.split("<script").skip(1) {
            assert!(
                script.starts_with(" type=\"module\" src=\"/assets/"),
                "{path}: {}",
                &script[..60]
            );
        }
        assert!(
            page.text.contains("<h1>") && page.text.contains("<title>") && page.text.contains("lang=\"en\""),
            "{path}"
        );
    }
}

#[tokio::test]
async fn an_address_with_a_token_goes_nowhere_as_a_referrer_and_is_only_read() {
    let (pages, log) = pages(|_, _| None);
    for path in PAGES.iter().filter(|path| path.contains("token=")) {
        let page = get(&pages, path).await;
        assert_eq!(page.headers["referrer-policy"], "strict-origin", "{path}");
        for part in page.text.split("src=\"").chain(page.text.split("href=\"")).skip(1) {
            assert!(
                !part.split('"').next().unwrap().contains("gwm_t"),
                "{path}: the token is in a link"
            );
        }
    }
    let log = log.lock().unwrap();
    let changing = log.iter().filter(|asked| !asked.line.starts_with("GET "));
    let changing: Vec<&str> = changing.map(|asked| asked.line.as_str()).collect();
    assert_eq!(
        changing,
        ["POST /api/v1/invitations/look-up"],
        "opening a mail's link changes nothing"
    );
}

#[tokio::test]
async fn the_api_sees_the_browser_and_its_connection_and_the_browser_the_apis_cookies() {
    let (pages, log) = pages(|line, _| match line {
        "GET /api/v1/account" => None,
        "POST /api/v1/sessions/sign-out" => Some((
            204,
            json!(null),
            vec!["session=; Path=/; Max-Age=0", "refresh=; Path=/; Max-Age=0"],
        )),
        _ => None,
    });
    let request = Request::post("/sign-out")
        .header("cookie", "session=a.b.c; refresh=gwr_1; theme=dark")
        .header("origin", "https://evil.example")
        .header("sec-fetch-site", "cross-site")
        .header("x-forwarded-for", "1.2.3.4")
        .header("authorization", "Bearer gwo_x");
    let page = send(&pages, request.body(Body::empty()).unwrap()).await;
    assert_eq!(
        (page.status.as_u16(), page.location()),
        (303, "/sign-in?notice=signed-out")
    );
    let cookies: Vec<&str> = page
        .headers
        .get_all("set-cookie")
        .iter()
        .map(|value| value.to_str().unwrap())
        .collect();
    assert_eq!(cookies, ["refresh=; Path=/; Max-Age=0", "session=; Path=/; Max-Age=0"]);
    let asked = log.lock().unwrap()[0].clone();
    assert_eq!(asked.peer, Some(Peer(7)));
    for (name, value) in [
        ("host", "acme.localhost:8080"),
        ("origin", "https://evil.example"),
        ("sec-fetch-site", "cross-site"),
        ("user-agent", "Browser/1"),
        ("cookie", "refresh=gwr_1; session=a.b.c; theme=dark"),
    ] {
        assert_eq!(asked.headers[name], value);
    }
    assert!(
        asked.headers.get("authorization").is_none(),
        "a page works with cookies only"
    );
}

#[tokio::test]
async fn a_session_that_is_renewed_on_the_way_is_used_by_what_is_asked_next() {
    let (pages, log) = pages(|line, _| {
        (line == "GET /api/v1/account").then(|| {
            let account = json!({
                "person": { "id": "per_1", "email": "a@b.example", "name": "Ada", "hasPassword": true },
                "tenant": { "id": "ten_1", "name": "Acme", "slug": "acme" },
                "secondFactors": { "totp": false, "passkeys": 0, "recoveryCodes": 0 },
            });
            (
                200,
                account,
                vec!["session=new; Path=/; HttpOnly", "refresh=gwr_2; Path=/; HttpOnly"],
            )
        })
    });
    let request = Request::get("/account/sessions").header("cookie", "session=old; refresh=gwr_1");
    let page = send(&pages, request.body(Body::empty()).unwrap()).await;
    assert_eq!(page.headers.get_all("set-cookie").iter().count(), 2);
    let log = log.lock().unwrap();
    let second = log
        .iter()
        .find(|asked| asked.line.ends_with("/account/sessions"))
        .unwrap();
    assert_eq!(second.headers["cookie"], "refresh=gwr_2; session=new");
}

#[tokio::test]
async fn the_way_back_from_a_provider_is_vouched_for_and_nothing_else_is() {
    let (pages, log) = pages(|_, _| None);
    let back = Request::get("/sign-in/callback/idp_1?state=s&code=c&iss=https://id.example")
        .header("sec-fetch-site", "cross-site")
        .header("cookie", "begun=x");
    let page = send(&pages, back.body(Body::empty()).unwrap()).await;
    assert_eq!((page.status.as_u16(), page.location()), (303, "/"));
    let asked = log.lock().unwrap()[0].clone();
    assert_eq!(asked.headers["sec-fetch-site"], "same-origin");
    assert_eq!(
        asked.body,
        json!({ "providerId": "idp_1", "state": "s", "code": "c", "iss": "https://id.example" })
    );
    assert_eq!(asked.headers["cookie"], "begun=x");
}

#[tokio::test]
async fn what_is_no_page_is_answered_by_the_api_itself() {
    let (pages, log) = pages(|_, _| None);
    let page = get(&pages, "/health/live").await;
    assert!(page.headers.get("content-security-policy").is_none());
    assert_eq!(log.lock().unwrap()[0].line, "GET /health/live");
}

#[tokio::test]
async fn a_page_that_is_not_there_or_only_read_says_so_as_a_page() {
    let (pages, _) = pages(|_, _| None);
    let page = get(&pages, "/errors/nothing").await;
    assert!(page.status == 404 && page.text.contains("/errors lists them all"));
    assert!(page.headers["x-request-id"].to_str().unwrap().starts_with("req_"));
    let page = post(&pages, "/errors", "").await;
    assert_eq!(
        (page.status.as_u16(), page.headers["allow"].to_str().unwrap()),
        (405, "GET,HEAD")
    );
}

#[tokio::test]
async fn files_never_change_under_their_names_and_others_do_not_exist() {
    let (pages, _) = pages(|_, _| None);
    for asset in ASSETS {
        let path = format!("/assets/{}", asset.name);
        let request = Request::get(&path).header("accept-encoding", "gzip, br");
        let file = send(&pages, request.body(Body::empty()).unwrap()).await;
        assert_eq!(file.headers["cache-control"], "public, max-age=31536000, immutable");
        assert_eq!(file.headers.contains_key("content-encoding"), asset.brotli.is_some());
        assert_eq!(get(&pages, &path).await.text.len(), asset.plain.len());
    }
    assert_eq!(get(&pages, "/assets/../Cargo.toml").await.status, 404);
    assert_eq!(get(&pages, "/assets/none.js").await.status, 404);
}

#[tokio::test]
async fn the_theme_is_painted_as_chosen_and_an_unknown_one_is_the_systems() {
    let (pages, _) = pages(|_, _| None);
    for (cookie, painted) in [("theme=dark", "dark"), ("theme=\"><script>", "system"), ("", "system")] {
        let request = Request::get("/sign-in").header("cookie", cookie);
        let page = send(&pages, request.body(Body::empty()).unwrap()).await;
        assert!(page.text.contains(&format!("data-theme=\"{painted}\"")), "{cookie}");
    }
    let chosen = post(&pages, "/theme", "theme=dark&returnTo=//evil.example").await;
    assert_eq!(chosen.location(), "/");
    assert!(
        chosen.headers["set-cookie"]
            .to_str()
            .unwrap()
            .starts_with("theme=dark; Path=/")
    );
}

#[tokio::test]
async fn the_mailbox_shows_mails_as_text_with_their_links() {
    let (pages, _) = pages(|_, _| None);
    let mail = get(&pages, "/mailbox/mai_1").await.text;
    assert!(
        mail.contains("href=\"http://acme.localhost:8080/verify?token=gwm_x\"")
            && mail.contains("&lt;script&gt;alert(1)")
    );
    assert_eq!(get(&pages, "/mailbox/mai_1%2f..%2f..%2fv1").await.status, 404);
}
