//! Who somebody from a provider is here.

use reqwest::Method;
use serde_json::{Value, json};

use super::stand_in::{CLIENT_ID, StandIn};
use super::{Scene, Sent, problem};
use crate::scene::text;

/// Tells a stand-in as whom it is to answer.
fn be(stand_in: &StandIn, name: &str) {
    let email = format!("{name}@example.com");
    stand_in.tell(|told| told.claims = json!({ "sub": name, "email": email, "name": name }));
}

#[tokio::test]
async fn whoever_is_unknown_signs_up_and_is_known_afterwards() {
    let scene = Scene::set().await;
    let (stand_in, provider) = scene.stand_in("Globex").await;
    let (_, options) = scene.call(Method::GET, "/sign-in-options", None, None).await;
    assert_eq!(
        options["providers"],
        json!([{ "id": provider, "kind": "OIDC", "name": "Globex" }])
    );
    let session = scene.signed_in(&stand_in, &provider).await;
    let first = scene.account(&session).await;
    assert_eq!(first["person"]["email"], "ada@example.com");
    assert_eq!(first["person"]["hasPassword"], false);
    assert_eq!(
        (&first["developer"]["role"], &first["developer"]["state"]),
        (&json!("OWNER"), &json!("ACTIVE"))
    );
    assert_eq!(first["session"]["methods"], json!(["PROVIDER"]));
    // By the subject, whatever becomes of the address there.
    stand_in.tell(|told| told.claims = json!({ "email": "changed@example.com", "email_verified": false }));
    let session = scene.signed_in(&stand_in, &provider).await;
    let again = scene.account(&session).await;
    assert_eq!(
        (&again["person"]["id"], &again["person"]["email"]),
        (&first["person"]["id"], &first["person"]["email"])
    );
    assert_eq!(scene.people().await, 1);
}

#[tokio::test]
async fn nobody_is_taken_for_another_because_of_a_mail_address() {
    let scene = Scene::set().await;
    let (globex, globex_id) = scene.stand_in("Globex").await;
    let (evil, evil_id) = scene.stand_in("Evil").await;
    scene.signed_in(&globex, &globex_id).await;
    evil.tell(|told| told.claims = json!({ "email": "ADA@Example.com" }));
    let refused = scene.sign_in(&evil, &evil_id).await;
    assert_eq!(problem(&refused), (409, "conflict"));
    assert!(refused.1["detail"].as_str().unwrap().contains("link"), "{}", refused.1);
    // Nor because of a subject that another provider has as well.
    be(&evil, "ada");
    evil.tell(|told| told.claims["email"] = json!("eve@example.com"));
    let eve = scene.signed_in(&evil, &evil_id).await;
    assert_eq!(scene.account(&eve).await["person"]["email"], "eve@example.com");
    assert_eq!(scene.people().await, 2);
}

#[tokio::test]
async fn the_tenant_decides_who_signs_up() {
    let scene = Scene::set().await;
    let (stand_in, provider) = scene.stand_in("Globex").await;
    let settings = async |settings: Value| {
        let (status, answer) = scene.acme.call(Method::PUT, "/people-settings", Some(settings)).await;
        assert_eq!(status, 200, "{answer}");
    };
    settings(json!({ "signUp": "BY_INVITATION" })).await;
    assert_eq!(
        problem(&scene.sign_in(&stand_in, &provider).await),
        (403, "sign-up-closed")
    );
    settings(json!({ "signUp": "BY_DOMAIN", "domains": ["globex.example"] })).await;
    assert_eq!(
        problem(&scene.sign_in(&stand_in, &provider).await),
        (403, "sign-up-closed")
    );
    settings(json!({ "signUp": "BY_APPROVAL" })).await;
    let path = format!("/identity-providers/{provider}");
    scene
        .acme
        .call(Method::PATCH, &path, Some(json!({ "signsUp": false })))
        .await;
    assert_eq!(
        problem(&scene.sign_in(&stand_in, &provider).await),
        (403, "sign-up-closed")
    );
    assert_eq!(scene.people().await, 0);
    scene
        .acme
        .call(Method::PATCH, &path, Some(json!({ "signsUp": true })))
        .await;
    let session = scene.signed_in(&stand_in, &provider).await;
    assert_eq!(scene.account(&session).await["developer"]["state"], "PENDING");
    // Whoever is known comes in whatever is decided about signing up.
    settings(json!({ "signUp": "BY_INVITATION" })).await;
    scene.signed_in(&stand_in, &provider).await;
}

#[tokio::test]
async fn a_provider_opens_no_door_that_is_closed_here() {
    let scene = Scene::set().await;
    let (stand_in, provider) = scene.stand_in("Globex").await;
    scene.signed_in(&stand_in, &provider).await;
    // A second factor is asked for although the provider may have asked for one.
    scene
        .sql(
            "INSERT INTO totp_authenticators (tenant_id, person_id, version, sealed, created_at, confirmed_at)
             SELECT tenant_id, id, 1, '\\x00', now(), now() FROM people",
        )
        .await;
    let (status, owing) = scene.sign_in(&stand_in, &provider).await;
    assert_eq!(
        (status, &owing["status"], &owing["factors"]),
        (201, &json!("SECOND_FACTOR_REQUIRED"), &json!(["TOTP"]))
    );
    assert!(owing.get("accessToken").is_none(), "{owing}");
    scene.sql("UPDATE people SET state = 'SUSPENDED'").await;
    assert_eq!(
        problem(&scene.sign_in(&stand_in, &provider).await),
        (403, "person-suspended")
    );
    // A provider that was disabled sends nobody away and takes nobody back.
    let away = scene.begin(&provider).await;
    let disabled = json!({ "state": "DISABLED" });
    scene
        .acme
        .call(
            Method::PATCH,
            &format!("/identity-providers/{provider}"),
            Some(disabled),
        )
        .await;
    let came = stand_in.visit(&away.url);
    assert_eq!(
        problem(&scene.complete(&away, &came, Some(&stand_in.url)).await),
        (404, "not-found")
    );
    let begin = format!("/sign-in-providers/{provider}/authorizations");
    assert_eq!(
        problem(&scene.post(&begin, None, json!({ "delivery": "BODY" })).await),
        (404, "not-found")
    );
    let (_, options) = scene.call(Method::GET, "/sign-in-options", None, None).await;
    assert_eq!(options["providers"], json!([]));
}

#[tokio::test]
async fn an_identity_is_linked_in_ones_own_session_and_nowhere_else() {
    let scene = Scene::set().await;
    let (globex, globex_id) = scene.stand_in("Globex").await;
    let (initech, initech_id) = scene.stand_in("Initech").await;
    let ada = scene.signed_in(&globex, &globex_id).await;
    be(&globex, "eve");
    let eve = scene.signed_in(&globex, &globex_id).await;
    let begin = async |session: &str| {
        let path = format!("/account/identities/{initech_id}/authorizations");
        let (status, begun) = scene.post(&path, Some(session), json!({ "delivery": "BODY" })).await;
        assert_eq!(status, 201, "{begun}");
        let sent = Sent::from(&initech_id, &begun);
        let came = initech.visit(&sent.url);
        (sent, came)
    };
    let complete = async |(sent, came): (Sent, super::Came), session: Option<&str>| {
        let body = json!({
            "providerId": initech_id, "state": came.state, "code": came.code, "iss": initech.url,
            "browserToken": sent.browser, "delivery": "BODY",
        });
        scene.post("/sessions/provider", session, body).await
    };
    // Begun by one and finished by another, or by nobody, it is nobody's.
    assert_eq!(problem(&complete(begin(&ada).await, None).await), (403, "code-invalid"));
    assert_eq!(
        problem(&complete(begin(&ada).await, Some(&eve)).await),
        (403, "code-invalid")
    );
    assert_eq!(initech.asked("/token"), 0);
    let (status, linked) = complete(begin(&ada).await, Some(&ada)).await;
    assert_eq!(
        (status, &linked["status"], &linked["returnTo"]),
        (201, &json!("LINKED"), &json!("/")),
        "{linked}"
    );
    assert!(linked.get("accessToken").is_none(), "{linked}");
    // It is Ada's now: she comes in by it, and nobody else gets it. Twice is once.
    let by_initech = scene.signed_in(&initech, &initech_id).await;
    let ada_id = text(&scene.account(&ada).await["person"], "id");
    assert_eq!(text(&scene.account(&by_initech).await["person"], "id"), ada_id);
    assert_eq!(
        problem(&complete(begin(&eve).await, Some(&eve)).await),
        (409, "conflict")
    );
    assert_eq!(complete(begin(&ada).await, Some(&ada)).await.0, 201);
    let (_, identities) = scene.call(Method::GET, "/account/identities", Some(&ada), None).await;
    let names: Vec<&Value> = identities["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["providerName"])
        .collect();
    assert_eq!(names, ["Globex", "Initech"]);
    // One way in has to be left.
    let unlink = async |provider: &str| {
        scene
            .call(
                Method::DELETE,
                &format!("/account/identities/{provider}"),
                Some(&ada),
                None,
            )
            .await
    };
    assert_eq!(unlink(&globex_id).await.0, 204);
    assert_eq!(problem(&unlink(&globex_id).await), (404, "not-found"));
    assert_eq!(problem(&unlink(&initech_id).await), (409, "conflict"));
    // What was unlinked is unknown, and its mail address is Ada's.
    be(&globex, "ada");
    assert_eq!(problem(&scene.sign_in(&globex, &globex_id).await), (409, "conflict"));
}

#[tokio::test]
async fn linking_and_unlinking_ask_for_a_recent_sign_in() {
    let scene = Scene::set().await;
    let (stand_in, provider) = scene.stand_in("Globex").await;
    let (_, answer) = scene.sign_in(&stand_in, &provider).await;
    scene
        .app
        .clock
        .advance(gatewright_identity::sessions::RECENT.to_std().unwrap());
    let (_, renewed) = scene
        .post(
            "/sessions/refresh",
            None,
            json!({ "refreshToken": answer["refreshToken"] }),
        )
        .await;
    let session = text(&renewed, "accessToken");
    let path = format!("/account/identities/{provider}");
    let begun = scene
        .post(
            &format!("{path}/authorizations"),
            Some(&session),
            json!({ "delivery": "BODY" }),
        )
        .await;
    assert_eq!(problem(&begun), (403, "reauthentication-required"));
    let unlinked = scene.call(Method::DELETE, &path, Some(&session), None).await;
    assert_eq!(problem(&unlinked), (403, "reauthentication-required"));
    assert_eq!(CLIENT_ID, "gatewright:acme");
}

#[tokio::test]
async fn a_provider_of_one_tenant_is_nothing_at_another() {
    let scene = Scene::set().await;
    let (stand_in, provider) = scene.stand_in("Globex").await;
    // The older one is meant by a host that is no tenant's.
    scene.app.clock.advance(std::time::Duration::from_secs(1));
    scene.app.tenant("initech").await;
    let port = scene.acme.api_url.split(':').nth(2).unwrap().replace("/api/v1", "");
    let at_initech = async |path: &str, body: Value| {
        let url = format!("{}{path}", scene.acme.api_url);
        let request = scene
            .app
            .client
            .post(url)
            .header("host", format!("initech.localhost:{port}"))
            .json(&body);
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };
    let begin = format!("/sign-in-providers/{provider}/authorizations");
    assert_eq!(
        problem(&at_initech(&begin, json!({ "delivery": "BODY" })).await),
        (404, "not-found")
    );
    // An answer that belongs to acme's errand, brought to the other host.
    let sent = scene.begin(&provider).await;
    let came = stand_in.visit(&sent.url);
    let body = json!({
        "providerId": provider, "state": came.state, "code": came.code, "iss": stand_in.url, "browserToken": sent.browser,
        "delivery": "BODY",
    });
    assert_eq!(
        problem(&at_initech("/sessions/provider", body).await),
        (403, "code-invalid")
    );
    assert_eq!(scene.complete(&sent, &came, Some(&stand_in.url)).await.0, 201);
}
