//! Passkeys, with an authenticator that shares nothing with what judges it: each challenge is answered once, by whom it was
//! for, at the host that it was made for.

use std::time::Duration;

use gatewright_testkit::{SoftKey, TestApp, TestPerson, manual_clock};
use reqwest::Method;
use serde_json::{Value, json};

const HERE: &str = "/sessions/passkey";
const SECOND: &str = "/sessions/second-factor";

fn wrong() -> (u16, String) {
    (403, "code-invalid".to_owned())
}

/// A challenge for whoever has a passkey.
async fn question(who: &TestPerson) -> Value {
    who.post("/sessions/passkey-challenges", json!({})).await
}

fn answer(question: &Value, credential: &Value) -> Value {
    json!({ "ceremonyId": question["ceremonyId"], "credential": credential, "delivery": "BODY" })
}

/// The same as a second factor.
fn second(pending: &str, question: &Value, credential: &Value) -> Value {
    let passkey = json!({ "ceremonyId": question["ceremonyId"], "credential": credential });
    json!({ "pendingToken": pending, "passkey": passkey, "delivery": "BODY" })
}

async fn owing(ada: &TestPerson) -> (String, Value) {
    let owed = ada.show_password().await;
    assert_eq!(owed["status"], "SECOND_FACTOR_REQUIRED", "{owed}");
    let pending = owed["pendingToken"].as_str().unwrap().to_owned();
    let question = ada
        .post("/sessions/passkey-challenges", json!({ "pendingToken": pending }))
        .await;
    (pending, question)
}

#[tokio::test]
async fn a_passkey_signs_in_alone_and_completes_a_sign_in() {
    let app = TestApp::start_with(manual_clock()).await;
    let acme = app.tenant("acme").await;
    let mut ada = app.person(&acme, "acme", "ada@example.com").await;
    ada.sign_in().await;
    let (mut key, added) = ada.add_passkey("Phone").await;
    assert_eq!(added["name"], "Phone");
    assert_eq!(added["recoveryCodes"].as_array().unwrap().len(), 10);
    let has = ada.get("/account").await["secondFactors"].clone();
    assert_eq!(has, json!({ "totp": false, "passkeys": 1, "recoveryCodes": 10 }));

    // Nobody is named; the passkey says who it is.
    let mut visitor = app.stranger("acme");
    for used in 1..=3 {
        let asked = question(&visitor).await;
        assert_eq!(asked["options"]["rpId"], "acme.localhost");
        assert_eq!(asked["options"]["userVerification"], "required");
        assert_eq!(
            asked["options"]["allowCredentials"],
            json!([]),
            "nobody learns who has one"
        );
        let credential = key.get(&visitor.origin(), &asked["options"]).await.unwrap();
        let came = visitor.post(HERE, answer(&asked, &credential)).await;
        visitor.take(&came);
        let account = visitor.get("/account").await;
        assert_eq!(account["person"]["id"].as_str(), Some(ada.id.as_str()), "time {used}");
        assert_eq!(account["session"]["methods"], json!(["PASSKEY"]));
        visitor.token.clear();
    }
    assert!(ada.get("/account/passkeys").await["items"][0]["lastUsedAt"].is_string());

    let (pending, asked) = owing(&ada).await;
    assert_eq!(asked["options"]["allowCredentials"].as_array().unwrap().len(), 1);
    let credential = key.get(&ada.origin(), &asked["options"]).await.unwrap();
    let came = ada.post(SECOND, second(&pending, &asked, &credential)).await;
    ada.take(&came);
    assert_eq!(
        ada.get("/account").await["session"]["methods"],
        json!(["PASSWORD", "PASSKEY"])
    );

    // What has one already makes no other.
    let begun = ada.post("/account/passkey-challenges", json!({})).await;
    let refused = key.create(&ada.origin(), &begun["options"]).await.unwrap_err();
    assert!(refused.contains("CredentialExcluded"), "{refused}");
    app.stop().await;
}

#[tokio::test]
async fn a_challenge_is_answered_once_and_in_time_and_at_its_own_tenant() {
    let app = TestApp::start_with(manual_clock()).await;
    let (acme, globex) = (app.tenant("acme").await, app.tenant("globex").await);
    let mut ada = app.person(&acme, "acme", "ada@example.com").await;
    let mut eve = app.person(&globex, "globex", "ada@example.com").await;
    ada.sign_in().await;
    eve.sign_in().await;
    let (mut key, _) = ada.add_passkey("Phone").await;
    let origin = ada.origin();
    let visitor = app.stranger("acme");

    let asked = question(&visitor).await;
    let credential = key.get(&origin, &asked["options"]).await.unwrap();
    let elsewhere = app.stranger("globex");
    assert_eq!(
        elsewhere.refused(HERE, answer(&asked, &credential)).await,
        wrong(),
        "another tenant's"
    );
    visitor.post(HERE, answer(&asked, &credential)).await;
    assert_eq!(
        visitor.refused(HERE, answer(&asked, &credential)).await,
        wrong(),
        "again"
    );
    let other = question(&visitor).await;
    assert_eq!(
        visitor.refused(HERE, answer(&other, &credential)).await,
        wrong(),
        "to another challenge"
    );
    let fresh = key.get(&origin, &other["options"]).await.unwrap();
    assert_eq!(
        visitor.refused(HERE, answer(&other, &fresh)).await,
        wrong(),
        "it is gone, though the answer was wrong"
    );

    // A passkey of one tenant is nobody at another, whatever was asked there.
    let there = question(&elsewhere).await;
    let credential = key.get(&elsewhere.origin(), &there["options"]).await.unwrap();
    assert_eq!(elsewhere.refused(HERE, answer(&there, &credential)).await, wrong());

    let begun = eve.post("/account/passkey-challenges", json!({})).await;
    let mut another = SoftKey::default();
    let credential = another.create(&eve.origin(), &begun["options"]).await.unwrap();
    let body = json!({ "ceremonyId": begun["ceremonyId"], "credential": credential, "name": "Mine" });
    assert_eq!(
        ada.refused("/account/passkeys", body).await,
        wrong(),
        "made at another tenant"
    );

    let late = question(&visitor).await;
    let credential = key.get(&origin, &late["options"]).await.unwrap();
    app.clock.advance(Duration::from_secs(5 * 60 + 1));
    assert_eq!(
        visitor.refused(HERE, answer(&late, &credential)).await,
        wrong(),
        "too late"
    );
    app.stop().await;
}

#[tokio::test]
async fn what_is_forged_is_refused() {
    let app = TestApp::start_with(manual_clock()).await;
    let acme = app.tenant("acme").await;
    let mut ada = app.person(&acme, "acme", "ada@example.com").await;
    let mut bob = app.person(&acme, "acme", "bob@example.com").await;
    ada.sign_in().await;
    bob.sign_in().await;
    let (mut key, _) = ada.add_passkey("Phone").await;
    let (mut bobs, _) = bob.add_passkey("Phone").await;
    let visitor = app.stranger("acme");
    let origin = visitor.origin();

    // A page of another site, another scheme, another port.
    for other in [
        "http://evil.localhost",
        "https://acme.localhost",
        "http://acme.localhost:1",
        "http://acme.localhost.evil",
    ] {
        let asked = question(&visitor).await;
        let credential = key.get(other, &asked["options"]).await.unwrap();
        assert_eq!(
            visitor.refused(HERE, answer(&asked, &credential)).await,
            wrong(),
            "{other}"
        );
    }
    // A passkey of another host.
    let asked = question(&visitor).await;
    let mut options = asked["options"].clone();
    options["rpId"] = json!("localhost");
    let credential = key.get(&origin, &options).await.unwrap();
    assert_eq!(visitor.refused(HERE, answer(&asked, &credential)).await, wrong());
    // Somebody else's name on it, or none.
    for handle in [json!("AAAAAAAAAAAAAAAAAAAAAA"), Value::Null] {
        let asked = question(&visitor).await;
        let mut credential = key.get(&origin, &asked["options"]).await.unwrap();
        credential["response"]["userHandle"] = handle;
        assert_eq!(visitor.refused(HERE, answer(&asked, &credential)).await, wrong());
    }
    // Bob's id above Ada's signature.
    let asked = question(&visitor).await;
    let theirs = bobs.get(&origin, &asked["options"]).await.unwrap();
    let mut credential = key.get(&origin, &asked["options"]).await.unwrap();
    for field in ["id", "rawId"] {
        credential[field] = theirs[field].clone();
    }
    credential["response"]["userHandle"] = theirs["response"]["userHandle"].clone();
    assert_eq!(visitor.refused(HERE, answer(&asked, &credential)).await, wrong());
    // No finger was on it.
    key.verifies = false;
    let asked = question(&visitor).await;
    let credential = key.get(&origin, &asked["options"]).await.unwrap();
    assert_eq!(visitor.refused(HERE, answer(&asked, &credential)).await, wrong());
    key.verifies = true;
    // A copy that counts for itself.
    let mut copy = key.copy();
    for (who, right) in [(&mut key, true), (&mut copy, false)] {
        let asked = question(&visitor).await;
        let credential = who.get(&origin, &asked["options"]).await.unwrap();
        let (status, said) = visitor
            .call(Method::POST, HERE, Some(answer(&asked, &credential)))
            .await;
        assert_eq!(status == 201, right, "{said}");
    }
    // No credential at all.
    let asked = question(&visitor).await;
    for broken in [json!({}), json!("x"), json!({ "id": 1 })] {
        let refused = visitor.refused(HERE, answer(&asked, &broken)).await;
        assert_eq!(refused, (422, "validation-failed".to_owned()));
    }
    app.stop().await;
}

#[tokio::test]
async fn nobodys_second_factor_is_anybody_elses() {
    let app = TestApp::start_with(manual_clock()).await;
    let acme = app.tenant("acme").await;
    let mut ada = app.person(&acme, "acme", "ada@example.com").await;
    let mut bob = app.person(&acme, "acme", "bob@example.com").await;
    ada.sign_in().await;
    bob.sign_in().await;
    let (mut key, _) = ada.add_passkey("Phone").await;
    let (mut bobs, _) = bob.add_passkey("Phone").await;
    let origin = ada.origin();

    // Bob's passkey where Ada owes one, to Ada's challenge and to his own.
    let (pending, asked) = owing(&ada).await;
    let mut open = asked["options"].clone();
    open["allowCredentials"] = json!([]);
    let credential = bobs.get(&origin, &open).await.unwrap();
    assert_eq!(
        ada.refused(SECOND, second(&pending, &asked, &credential)).await,
        wrong()
    );
    let (_, his) = owing(&bob).await;
    let credential = bobs.get(&origin, &his["options"]).await.unwrap();
    assert_eq!(ada.refused(SECOND, second(&pending, &his, &credential)).await, wrong());
    // A challenge that was for signing in, or to show again who one is, is none for this.
    let asked = question(&app.stranger("acme")).await;
    let credential = key.get(&origin, &asked["options"]).await.unwrap();
    assert_eq!(
        ada.refused(SECOND, second(&pending, &asked, &credential)).await,
        wrong()
    );
    let again = "/account/reauthentications";
    let asked = ada.post(&format!("{again}/passkey-challenges"), json!({})).await;
    let credential = key.get(&origin, &asked["options"]).await.unwrap();
    assert_eq!(
        ada.refused(SECOND, second(&pending, &asked, &credential)).await,
        wrong()
    );

    // Bob answers Ada's question of who she is; she does.
    let asked = ada.post(&format!("{again}/passkey-challenges"), json!({})).await;
    let credential = key.get(&origin, &asked["options"]).await.unwrap();
    let body = json!({ "passkey": { "ceremonyId": asked["ceremonyId"], "credential": credential } });
    assert_eq!(bob.refused(again, body.clone()).await, wrong());
    assert_eq!(ada.refused(again, body).await, wrong(), "and it is gone");
    app.clock.advance(Duration::from_secs(60));
    let asked = ada.post(&format!("{again}/passkey-challenges"), json!({})).await;
    let credential = key.get(&origin, &asked["options"]).await.unwrap();
    let body = json!({ "passkey": { "ceremonyId": asked["ceremonyId"], "credential": credential } });
    let known = ada.post(again, body).await;
    assert_eq!(known["authenticatedAt"], json!(app.clock.now()));

    // Another one's passkey is not there to be renamed or removed.
    let id = ada.get("/account/passkeys").await["items"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    for (method, body) in [(Method::PATCH, Some(json!({ "name": "Mine" }))), (Method::DELETE, None)] {
        let (status, _) = bob.call(method, &format!("/account/passkeys/{id}"), body).await;
        assert_eq!(status, 404);
    }
    app.stop().await;
}

#[tokio::test]
async fn the_last_way_to_sign_in_stays() {
    let app = TestApp::start_with(manual_clock()).await;
    let acme = app.tenant("acme").await;
    let mut ada = app.person(&acme, "acme", "ada@example.com").await;
    ada.sign_in().await;
    let (_, first) = ada.add_passkey("Phone").await;
    let (_, second) = ada.add_passkey("Stick").await;
    assert!(second.get("recoveryCodes").is_none(), "there were some");
    let path = |passkey: &Value| format!("/account/passkeys/{}", passkey["id"].as_str().unwrap());
    let mut owner = gatewright_testkit::database::connect(&app.database_url).await;
    sqlx::query("UPDATE people SET password_hash = NULL")
        .execute(&mut owner)
        .await
        .unwrap();

    let (status, renamed) = ada
        .call(Method::PATCH, &path(&first), Some(json!({ "name": "Old phone" })))
        .await;
    assert_eq!((status.as_u16(), renamed["name"].as_str()), (200, Some("Old phone")));
    assert_eq!(ada.call(Method::DELETE, &path(&first), None).await.0, 204);
    let (status, refused) = ada.call(Method::DELETE, &path(&second), None).await;
    assert_eq!((status.as_u16(), refused["code"].as_str()), (409, Some("conflict")));
    assert!(
        refused["detail"].as_str().unwrap().contains("set a password"),
        "{refused}"
    );

    sqlx::query("UPDATE people SET password_hash = 'x'")
        .execute(&mut owner)
        .await
        .unwrap();
    assert_eq!(ada.call(Method::DELETE, &path(&second), None).await.0, 204);
    let has = ada.get("/account").await["secondFactors"].clone();
    assert_eq!(has, json!({ "totp": false, "passkeys": 0, "recoveryCodes": 0 }));
    app.stop().await;
}

#[tokio::test]
async fn nobody_has_more_than_twenty() {
    let app = TestApp::start_with(manual_clock()).await;
    let acme = app.tenant("acme").await;
    let mut ada = app.person(&acme, "acme", "ada@example.com").await;
    ada.sign_in().await;
    // One more was begun than there is room for.
    let early = ada.post("/account/passkey-challenges", json!({})).await;
    for _ in 0..20 {
        ada.add_passkey("Stick").await;
    }
    let full = (409, "limit-reached".to_owned());
    assert_eq!(ada.refused("/account/passkey-challenges", json!({})).await, full);
    let credential = SoftKey::default()
        .create(&ada.origin(), &early["options"])
        .await
        .unwrap();
    let body = json!({ "ceremonyId": early["ceremonyId"], "credential": credential, "name": "Stick" });
    assert_eq!(ada.refused("/account/passkeys", body).await, full);
    app.stop().await;
}

#[tokio::test]
async fn an_invitation_is_accepted_with_a_passkey_in_the_place_of_a_password() {
    let app = TestApp::start_with(manual_clock()).await;
    let acme = app.tenant("acme").await;
    let token = app.invite(&acme, "cy@example.com", "ENGINEER").await;
    let other = app.invite(&acme, "di@example.com", "AUDITOR").await;
    let mut cy = app.stranger("acme");

    let ask = json!({ "token": token, "name": "Cy" });
    let begun = cy.post("/invitations/passkey-challenges", ask.clone()).await;
    let mut key = SoftKey::default();
    let credential = key.create(&cy.origin(), &begun["options"]).await.unwrap();
    let accept = |token: &str, begun: &Value, credential: &Value| {
        let passkey = json!({ "ceremonyId": begun["ceremonyId"], "credential": credential });
        json!({ "token": token, "name": "Cy", "passkey": passkey, "delivery": "BODY" })
    };
    let at = "/invitations/accept";
    assert_eq!(
        cy.refused(at, accept(&other, &begun, &credential)).await,
        wrong(),
        "made for another invitation"
    );
    assert_eq!(
        cy.refused(at, accept(&token, &begun, &credential)).await,
        wrong(),
        "and it is gone"
    );

    let begun = cy.post("/invitations/passkey-challenges", ask).await;
    let credential = key.create(&cy.origin(), &begun["options"]).await.unwrap();
    let came = cy.post(at, accept(&token, &begun, &credential)).await;
    assert_eq!(came["recoveryCodes"].as_array().unwrap().len(), 10);
    cy.take(&came);
    let account = cy.get("/account").await;
    assert_eq!(account["operator"]["role"], "ENGINEER");
    assert_eq!(account["person"]["hasPassword"], false);

    let mut visitor = app.stranger("acme");
    let asked = question(&visitor).await;
    let credential = key.get(&visitor.origin(), &asked["options"]).await.unwrap();
    let came = visitor.post(HERE, answer(&asked, &credential)).await;
    visitor.take(&came);
    assert_eq!(visitor.get("/account").await["person"]["id"], account["person"]["id"]);
    app.stop().await;
}
