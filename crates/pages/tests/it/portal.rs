//! A tenant's site: its look, what it sells, and keys.

use serde_json::{Value, json};

use crate::fake_api::{key, pages, problem};
use crate::visitor::{get, post};

const SECRET: &str = "sk_live_abcdefghijklmnopqrstuvwxyz0123456789ABCwxyz";

fn made(secret: Option<&str>) -> Value {
    let mut made = key();
    if let Some(secret) = secret {
        made["secret"] = secret.into();
    }
    made
}

#[tokio::test]
async fn a_secret_is_in_the_answer_that_made_it_and_the_form_is_good_for_one() {
    let (site, log) = pages(|line, _| {
        let answer = json!({ "id": "sub_1", "apiKey": made(Some(SECRET)) });
        (line == "POST /api/v1/portal/subscriptions").then(|| (201, answer, vec![]))
    });
    let form = get(&site, "/subscribe/pln_1").await.text;
    let once = form
        .split("name=\"once\" value=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .unwrap();
    assert!(once.len() == 32 && !get(&site, "/subscribe/pln_1").await.text.contains(once));
    let sent = format!("once={once}&name=CI&environment=LIVE&addresses=192.0.2.1%0A198.51.100.0%2F24");
    let page = post(&site, "/subscribe/pln_1", &sent).await;
    assert_eq!(page.headers["cache-control"], "no-store");
    assert!(
        page.text.contains("<dialog") && page.text.contains(&format!("value=\"{SECRET}\"")),
        "{}",
        page.text
    );
    assert!(
        page.text.contains(&format!("X-Api-Key: {SECRET}")),
        "the first call holds the key"
    );
    let asked = log
        .lock()
        .unwrap()
        .iter()
        .find(|asked| asked.line.starts_with("POST"))
        .unwrap()
        .clone();
    assert_eq!(asked.headers["idempotency-key"], once);
    let addresses = json!(["192.0.2.1", "198.51.100.0/24"]);
    assert_eq!(
        asked.body,
        json!({ "planId": "pln_1", "key": { "name": "CI", "environment": "LIVE", "allowedAddresses": addresses } })
    );
    for path in ["/keys", "/keys/key_1", "/keys/key_1/rotate", "/subscriptions", "/"] {
        assert!(!get(&site, path).await.text.contains("abcdefghijklm"), "{path}");
    }
}

#[tokio::test]
async fn what_is_next_leads_to_what_was_bought() {
    let reference = |slug: &str, product: &str| json!({ "slug": slug, "productId": product, "title": slug, "version": "1", "operations": 300, "visibility": "PUBLIC" });
    let (site, _) = pages(move |line, _| match line.split('?').next().unwrap() {
        "GET /api/v1/docs/references" => {
            let items = [reference("another", "prd_9"), reference("mine", "prd_1")];
            Some((200, json!({ "items": items }), vec![]))
        }
        "GET /api/v1/portal/keys/key_1/use" => Some((200, json!({}), vec![])),
        _ => None,
    });
    let home = get(&site, "/").await.text;
    let steps = home.split_once("aria-label=\"What is next\"").unwrap().1;
    assert!(
        steps
            .split_once("</section>")
            .unwrap()
            .0
            .contains("href=\"/docs/mine\""),
        "{steps}"
    );
}

#[tokio::test]
async fn how_many_gateways_admit_a_key_is_beside_it() {
    for (count, shown) in [
        (
            json!({ "active": 5, "total": 6 }),
            "<span class=\"badge warn\">5 of 6 gateways</span>",
        ),
        (json!({ "active": 1, "total": 1 }), " · 1 of 1 gateway</span>"),
        (json!({ "active": 0, "total": 0 }), " · no gateway yet"),
        (Value::Null, "sk_live_…wxyz</code></span>"),
    ] {
        let (site, _) = pages(move |line, _| {
            let mut key = key();
            key["gateways"] = count.clone();
            line.starts_with("GET /api/v1/portal/keys?countGateways=true&")
                .then(|| (200, json!({ "items": [key] }), vec![]))
        });
        let page = get(&site, "/keys").await.text;
        assert!(page.contains(shown), "{shown}: {page}");
    }
}

#[tokio::test]
async fn a_key_is_made_for_a_plan_and_for_as_many_of_its_products_as_are_ticked() {
    let product = |number: u8| json!({ "id": format!("prd_{number}"), "kind": "API", "name": format!("Product {number}"), "slug": format!("p-{number}"), "description": "" });
    let plan = |number: u8, products: Value| {
        json!({ "id": format!("sub_{number}"), "customerId": "cus_1", "planId": format!("pln_{number}"), "planVersion": 1, "state": "ACTIVE", "createdAt": "2026-11-20T09:30:00.000Z",
            "plan": { "id": format!("pln_{number}"), "name": format!("Plan {number}"), "price": { "amount": "0.00", "currency": "EUR" }, "billingPeriod": "MONTH", "productIds": products } })
    };
    let held = json!({ "items": [plan(1, json!(["prd_1", "prd_2", "prd_3"])), plan(2, json!(["prd_3"]))] });
    let (site, log) = pages(move |line, _| match line.split('?').next().unwrap() {
        "GET /api/v1/portal/subscriptions" => Some((200, held.clone(), vec![])),
        "GET /api/v1/portal/products" => Some((200, json!({ "items": [product(1), product(2), product(3)] }), vec![])),
        "POST /api/v1/portal/subscriptions/sub_1/keys" => Some((201, made(Some(SECRET)), vec![])),
        _ => None,
    });
    let which = get(&site, "/keys/new").await.text;
    assert!(which.contains("/keys/new?subscription=sub_1") && which.contains("Product 1, Product 2, Product 3"));
    assert!(!which.contains("name=\"name\""), "{which}");
    let form = get(&site, "/keys/new?subscription=sub_1").await.text;
    assert!(
        form.contains("value=\"sub_1\"") && form.matches("name=\"product\"").count() == 3,
        "{form}"
    );
    let only = get(&site, "/keys/new?subscription=sub_2").await.text;
    assert!(!only.contains("name=\"product\""), "nothing to choose: {only}");
    let fields = "once=1&name=CI&environment=LIVE&subscription=sub_1&products=3";
    for (ticked, sent) in [
        ("&product=prd_1&product=prd_3", json!(["prd_1", "prd_3"])),
        ("&product=prd_1&product=prd_2&product=prd_3", Value::Null),
        ("", json!([])),
    ] {
        log.lock().unwrap().clear();
        post(&site, "/keys/new", &format!("{fields}{ticked}")).await;
        let asked = log.lock().unwrap();
        let made = asked.iter().find(|asked| asked.line.starts_with("POST")).unwrap();
        assert_eq!(made.body["productIds"], sent, "{ticked}");
    }
}

#[tokio::test]
async fn a_form_that_is_sent_twice_says_where_the_secret_went() {
    let (site, _) = pages(|line, _| match line {
        "POST /api/v1/portal/subscriptions/sub_1/keys" => Some((201, made(None), vec![])),
        "POST /api/v1/portal/keys/key_1/rotate" => {
            Some(problem(409, "idempotency-in-flight", "Still under way.", &json!([])))
        }
        _ => None,
    });
    let page = post(&site, "/keys/new", "once=1&name=CI&environment=LIVE&subscription=sub_1")
        .await
        .text;
    assert!(
        page.contains("The key was shown before") && page.contains("/keys/key_1/rotate") && !page.contains("<dialog")
    );
    let page = post(&site, "/keys/key_1/rotate", "once=1&overlap=0").await.text;
    assert!(page.contains("Still under way") && page.contains("url=/keys"));
}

#[tokio::test]
async fn showing_who_one_is_leads_back_to_what_was_chosen() {
    let (site, _) = pages(|line, _| {
        line.ends_with("/rotate")
            .then(|| problem(403, "reauthentication-required", "Show who you are.", &json!([])))
    });
    let page = post(&site, "/keys/key_1/rotate", "once=1&overlap=86400").await;
    assert_eq!(
        page.location(),
        "/account/reauthenticate?returnTo=%2Fkeys%2Fkey_1%2Frotate%3Foverlap%3D86400"
    );
    let form = get(&site, "/keys/key_1/rotate?overlap=86400").await.text;
    assert!(form.contains("value=\"86400\" checked"), "{form}");
}

#[tokio::test]
async fn a_key_in_use_is_revoked_by_its_name_and_with_its_consequences() {
    let (site, log) = pages(|_, _| None);
    let page = get(&site, "/keys/key_1/revoke").await.text;
    assert!(
        page.contains("Used 1,204 times in the last 24 hours by 3 addresses"),
        "{page}"
    );
    let page = post(&site, "/keys/key_1/revoke", "typed=yes&name=ci").await;
    assert!(page.status == 422 && page.text.contains("id=\"name-fault\""));
    assert!(log.lock().unwrap().iter().all(|asked| !asked.line.starts_with("POST")));
    let page = post(&site, "/keys/key_1/revoke", "typed=yes&name=CI").await;
    assert_eq!(page.location(), "/keys?notice=revoked");
}

#[tokio::test]
async fn a_tenants_color_is_a_file_of_its_own_and_its_words_are_escaped() {
    let ramp = |brand: &str| json!({ "brand": brand, "strong": "#111111", "soft": "#eeeeee", "ink": "#222222" });
    let palette = json!({ "hue": 160.5, "light": ramp("#0a7d5a"), "dark": ramp("#0b8f67") });
    let (site, _) = pages(move |line, _| {
        let look = json!({ "name": "<Acme>", "color": "#0a7d5a", "contact": null, "keepsSecretsInTab": false,
            "logo": { "version": "abc", "mediaType": "image/png" }, "palette": palette });
        (line == "GET /api/v1/portal/branding").then_some((200, look, vec![]))
    });
    let page = get(&site, "/").await.text;
    assert!(page.contains("&lt;Acme&gt;") && !page.contains("<Acme>"));
    assert!(page.contains("/api/v1/portal/branding/logo?v=abc"));
    let style = page
        .split('"')
        .find(|part| part.starts_with("/brand/") && part.ends_with(".css"))
        .unwrap();
    let css = get(&site, style).await;
    assert!(
        css.text.contains("--hue:160.5;--brand:light-dark(#0a7d5a,#0b8f67);"),
        "{}",
        css.text
    );
    assert!(css.headers["cache-control"].to_str().unwrap().contains("immutable"));
    assert_eq!(css.headers["content-type"], "text/css; charset=utf-8");
    assert_eq!(get(&site, "/brand/0000000000000000.css").await.status, 404);
    let (site, _) = pages(|line, _| {
        let refused = line == "GET /api/v1/portal/branding";
        refused.then(|| problem(404, "no-tenant", "No tenant answers to this host.", &json!([])))
    });
    assert!(!get(&site, "/errors").await.text.contains("/brand/"));
}

#[tokio::test]
async fn whoever_signs_up_for_a_plan_comes_back_to_it_and_to_nowhere_else() {
    let (site, _) = pages(|_, _| None);
    let form = get(&site, "/sign-in?returnTo=/subscribe/pln_1").await.text;
    assert!(form.contains("/sign-up?returnTo=%2Fsubscribe%2Fpln_1"));
    let fields = "email=a%40b.example&name=A&password=correct-horse&returnTo=";
    let page = post(&site, "/sign-up", &format!("{fields}%2Fsubscribe%2Fpln_1")).await;
    let cookie = page.headers["set-cookie"].to_str().unwrap();
    assert!(
        cookie.starts_with("onward=%2Fsubscribe%2Fpln_1;") && cookie.contains("HttpOnly"),
        "{cookie}"
    );
    let verify = |cookie: &'static str| {
        http::Request::post("/verify")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("cookie", cookie)
            .body(axum::body::Body::from("token=gwm_t"))
            .unwrap()
    };
    let page = crate::visitor::send(&site, verify("onward=%2Fsubscribe%2Fpln_1")).await;
    assert_eq!(page.location(), "/subscribe/pln_1");
    assert!(page.headers["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
    let page = crate::visitor::send(&site, verify("onward=%2F%2Fevil.example")).await;
    assert_eq!(page.location(), "/");
    assert!(
        !post(&site, "/sign-up", &format!("{fields}%2F%2Fevil.example"))
            .await
            .headers
            .contains_key("set-cookie")
    );
}
