//! What is for people: for everybody, for whoever signed in, for developers, for the owners of a customer. The audience
//! stands in the document, so an operation that is new fails here until [`body`] has a line for it.

use gatewright_identity::model::DeveloperRole;
use gatewright_testkit::{SoftKey, TestApp, TestPerson, Upstream, database};
use gatewright_types::ids::{IdentityProviderId, RequestId};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use totp_rs::Totp;

use super::{Operation, World, all_operations, answer, document, operations, request};
use crate::scene::text;

/// What people can do, those that end something for them at the end.
fn for_people(document: &Value) -> Vec<Operation> {
    let mut found = all_operations(document);
    found.retain(|one| !["OPERATOR", "INSTALLATION"].contains(&one.audience.as_str()));
    found.sort_by_key(|one| LAST.iter().position(|last| *last == one.id).map_or(0, |at| at + 1));
    assert!(found.len() > 35, "{}", found.len());
    found
}

/// What ends others comes later.
const LAST: [&str; 14] = [
    "reveal_own_gateway_secret",
    "rotate_own_key",
    "suspend_own_key",
    "reactivate_own_key",
    "revoke_own_key",
    "cancel_own_subscription",
    "withdraw_colleague_invitation",
    "remove_colleague",
    "revoke_session",
    "change_password",
    "sign_out",
    "sign_out_everywhere",
    "hand_over",
    "delete_account",
];

/// Of nobody.
const CEREMONY: &str = "pkc_01m80hxe67f59s79ed8y354rh0";
const PASSKEY: &str = "psk_01m80hxe67f59s79ed8y354rh0";

/// The id in the path and a body that is well-formed.
fn sample(operation: &Operation, of: &World, colleague: &TestPerson, session: &str) -> (String, Option<Value>) {
    let none = String::new();
    let colleague = colleague.developer_id.clone().unwrap_or_default();
    match operation.id.as_str() {
        "create_sign_up" => (none, Some(json!({ "email": "new@example.com", "name": "New" }))),
        "create_session" => (
            none,
            Some(json!({ "email": "new@example.com", "password": "wrong password" })),
        ),
        "create_password_reset" => (none, Some(json!({ "email": "new@example.com" }))),
        "complete_password_reset" => (
            none,
            Some(json!({ "token": "gwm_x", "password": "correct horse battery" })),
        ),
        "verify_sign_up"
        | "look_up_invitation"
        | "accept_invitation"
        | "sign_in_by_hand_over"
        | "confirm_email_change" => (none, Some(json!({ "token": "gwm_x" }))),
        "begin_provider_sign_in" | "link_identity" => (of.provider.clone(), Some(json!({ "delivery": "BODY" }))),
        "unlink_identity" => (of.provider.clone(), None),
        "complete_provider_sign_in" => (
            none,
            Some(json!({ "providerId": of.provider, "state": "x", "code": "x" })),
        ),
        "complete_second_factor" | "confirm_totp" => (none, Some(json!({ "code": "000000" }))),
        "begin_passkey_sign_in" => (none, Some(json!({}))),
        "sign_in_with_passkey" => (none, Some(json!({ "ceremonyId": CEREMONY, "credential": {} }))),
        "begin_invitation_passkey" => (none, Some(json!({ "token": "gwm_x", "name": "New" }))),
        "add_passkey" => (
            none,
            Some(json!({ "ceremonyId": CEREMONY, "credential": {}, "name": "Phone" })),
        ),
        "rename_passkey" => (PASSKEY.to_owned(), Some(json!({ "name": "Phone" }))),
        "delete_passkey" => (PASSKEY.to_owned(), None),
        "create_totp"
        | "delete_totp"
        | "replace_recovery_codes"
        | "begin_passkey_registration"
        | "begin_reauthentication_passkey" => (none, None),
        "refresh_session" => (none, Some(json!({ "refreshToken": "gwr_x" }))),
        "change_account" => (none, Some(json!({ "name": "Renamed" }))),
        "change_password" => (none, Some(json!({ "newPassword": "another horse battery" }))),
        "create_email_change" => (none, Some(json!({ "email": "another@example.com" }))),
        "reauthenticate" => (none, Some(json!({ "password": gatewright_testkit::PASSWORD }))),
        "revoke_session" => (session.to_owned(), None),
        "hand_over" => (of.who.id.clone(), None),
        "change_own_customer" => (none, Some(json!({ "name": "Globex Ltd" }))),
        "change_colleague" => (colleague, Some(json!({ "role": "MEMBER" }))),
        "remove_colleague" => (colleague, None),
        "invite_colleague" => (
            none,
            Some(json!({ "email": "colleague@example.com", "role": "MEMBER" })),
        ),
        "withdraw_colleague_invitation" => (session.to_owned(), None),
        "create_own_subscription" => (none, Some(json!({ "planId": of.plan }))),
        "get_own_subscription" | "cancel_own_subscription" => (of.subscribed.subscription_id.clone(), None),
        "add_own_key" => (
            of.subscribed.subscription_id.clone(),
            Some(json!({ "name": "another" })),
        ),
        "get_playground_options" | "list_playground_requests" | "delete_playground_requests" => (none, None),
        "send_playground_request" => (
            none,
            Some(json!({ "reference": "translation-api", "operation": "one", "gatewayId": of.gateway })),
        ),
        "check_operation_values" => ("none".to_owned(), Some(json!({ "values": {} }))),
        "get_own_key"
        | "get_own_key_use"
        | "list_own_key_gateways"
        | "reveal_own_gateway_secret"
        | "suspend_own_key"
        | "reactivate_own_key"
        | "revoke_own_key" => (of.subscribed.key_id.clone(), None),
        "change_own_key" => (of.subscribed.key_id.clone(), Some(json!({ "name": "renamed" }))),
        "rotate_own_key" => (of.subscribed.key_id.clone(), Some(json!({ "overlapSeconds": 0 }))),
        "sync_api_spec" => (of.spec.clone(), Some(json!({}))),
        // The world's reference, its operation and its schema: `asked` names them.
        "get_reference" | "get_reference_document" | "get_reference_operation" | "get_reference_schema" => (none, None),
        _ if operation.method == Method::GET && !operation.path.contains('{') => (none, None),
        "sign_out" | "sign_out_everywhere" | "delete_account" => (none, None),
        other => panic!("{other} is new: give it a line here"),
    }
}

fn asked(
    operation: &Operation,
    of: &World,
    (id, body): (String, Option<Value>),
    as_whom: &TestPerson,
) -> reqwest::RequestBuilder {
    let path = operation.path.replace("{id}", &id).replace("{providerId}", &id);
    let path = path
        .replace("{gatewayId}", &of.connected.id)
        .replace("{slug}", "translation-api")
        .replace("{operation}", "one")
        .replace("{schema}", "thing");
    let path = match operation.id.as_str() {
        "get_playground_options" => format!("{path}?reference=translation-api&operation=one"),
        _ => path,
    };
    let request = as_whom.bare(operation.method.clone(), &path);
    match body {
        Some(body) => request.json(&body),
        None => request,
    }
}

fn code(shown: &Value) -> &str {
    shown["code"].as_str().unwrap_or_default()
}

#[tokio::test]
async fn each_operation_is_for_whom_the_document_says_and_for_nobody_else() {
    let app = TestApp::start().await;
    let upstream = Upstream::start().await;
    let acme = World::make(&app, "acme", &upstream).await;
    let rival = World::make(&app, "rival", &upstream).await;
    let member = &acme.developer;
    let owner = app
        .developer(
            &acme.who,
            "acme",
            &acme.customer,
            ("owner@acme.example", DeveloperRole::Owner),
        )
        .await;
    let nobody = {
        let mut nobody = app.person(&acme.who, "acme", "nobody@acme.example").await;
        nobody.sign_in().await;
        nobody
    };
    let document = document(&app).await;
    for operation in for_people(&document) {
        let sample = || sample(&operation, &acme, member, "ses_01m80hxe67f59s79ed8y354rh0");
        let about =
            |who: &str, status: StatusCode, shown: &Value| format!("{} as {who}: {status} {shown}", operation.id);
        let (status, shown) = answer(asked(&operation, &acme, sample(), member)).await;
        if operation.audience == "PUBLIC" {
            // What renews a session is itself what somebody shows.
            let shows_itself = operation.id == "refresh_session";
            let is_refused = code(&shown) == "unauthenticated";
            assert_eq!(is_refused, shows_itself, "{}", about("nobody", status, &shown));
            continue;
        }
        assert_eq!(
            (status.as_u16(), code(&shown)),
            (401, "unauthenticated"),
            "{}",
            about("nobody", status, &shown)
        );
        let (status, shown) = answer(asked(&operation, &acme, sample(), member).bearer_auth(&acme.who.token)).await;
        assert_eq!(
            (status.as_u16(), code(&shown)),
            (403, "forbidden"),
            "{}",
            about("an operator's token", status, &shown)
        );
        // Another tenant's session is nothing here, and ours is nothing there.
        for (token, host) in [
            (&rival.developer.token, &member.host),
            (&member.token, &rival.developer.host),
        ] {
            let request = asked(&operation, &acme, sample(), member).header("host", host);
            let at_host = TestPerson {
                host: host.clone(),
                ..member.clone()
            };
            drop(request);
            let (status, shown) = answer(asked(&operation, &acme, sample(), &at_host).bearer_auth(token)).await;
            assert_eq!(
                (status.as_u16(), code(&shown)),
                (401, "unauthenticated"),
                "{}",
                about("another tenant's", status, &shown)
            );
        }
        let (status, shown) = answer(asked(&operation, &acme, sample(), member).bearer_auth(&nobody.token)).await;
        let refused = operation.audience != "SIGNED_IN";
        if refused {
            assert_eq!(
                (status.as_u16(), code(&shown)),
                (403, "forbidden"),
                "{}",
                about("somebody", status, &shown)
            );
        }
        if operation.audience == "CUSTOMER_OWNER" {
            let (status, shown) = answer(asked(&operation, &acme, sample(), member).bearer_auth(&member.token)).await;
            assert_eq!(
                (status.as_u16(), code(&shown)),
                (403, "forbidden"),
                "{}",
                about("a member", status, &shown)
            );
        }
        // What ends their own session is proven elsewhere.
        if refused {
            let (status, shown) = answer(asked(&operation, &acme, sample(), member).bearer_auth(&owner.token)).await;
            assert!(
                ![401, 403].contains(&status.as_u16()) && !status.is_server_error(),
                "{}",
                about("the owner", status, &shown)
            );
        }
    }
    // And what is for operators is not for them, by whichever session. Theirs have been ended above.
    let mut sessions = Vec::new();
    for email in ["member2@acme.example", "owner2@acme.example"] {
        let role = if email.starts_with('o') {
            DeveloperRole::Owner
        } else {
            DeveloperRole::Member
        };
        sessions.push(app.developer(&acme.who, "acme", &acme.customer, (email, role)).await);
    }
    let mut nobody = app.person(&acme.who, "acme", "nobody2@acme.example").await;
    nobody.sign_in().await;
    sessions.push(nobody);
    for operation in operations(&document) {
        for person in &sessions {
            let (status, shown) = answer(
                request(&app, &operation, &acme)
                    .header("host", &person.host)
                    .bearer_auth(&person.token),
            )
            .await;
            assert_eq!(
                (status.as_u16(), code(&shown)),
                (403, "forbidden"),
                "{}: {status} {shown}",
                operation.id
            );
        }
    }
    app.stop().await;
}

#[tokio::test]
async fn a_developer_reaches_nothing_of_another_customer() {
    let app = TestApp::start().await;
    let upstream = Upstream::start().await;
    let acme = World::make(&app, "acme", &upstream).await;
    let other = acme.who.customer("Initech").await;
    let owner = app
        .developer(
            &acme.who,
            "acme",
            &other,
            ("owner@initech.example", DeveloperRole::Owner),
        )
        .await;
    let document = document(&app).await;
    let mut judged = 0;
    for operation in for_people(&document) {
        let is_about_one =
            operation.path.contains("{id}") && ["DEVELOPER", "CUSTOMER_OWNER"].contains(&operation.audience.as_str());
        let sample = sample(&operation, &acme, &acme.developer, &acme.invitation);
        if is_about_one {
            let (status, shown) = answer(asked(&operation, &acme, sample, &owner).bearer_auth(&owner.token)).await;
            assert_eq!(
                (status.as_u16(), code(&shown)),
                (404, "not-found"),
                "{}: {status} {shown}",
                operation.id
            );
            judged += 1;
        } else if operation.method == Method::GET && operation.audience != "PUBLIC" {
            let (status, shown) = answer(asked(&operation, &acme, sample, &owner).bearer_auth(&owner.token)).await;
            assert_eq!(status, 200, "{}: {shown}", operation.id);
            for id in [
                &acme.customer,
                &acme.subscribed.subscription_id,
                &acme.subscribed.key_id,
                &acme.developer.id,
                &acme.developer.email,
            ] {
                assert!(!shown.to_string().contains(id.as_str()), "{} shows {id}", operation.id);
            }
        }
    }
    assert!(judged >= 5, "{judged}");
    app.stop().await;
}

#[tokio::test]
async fn every_mutation_by_a_person_is_audited_with_their_session() {
    let app = TestApp::start().await;
    let upstream = Upstream::start().await;
    let acme = World::make(&app, "acme", &upstream).await;
    acme.who
        .call(
            Method::PATCH,
            &format!("/plans/{}", acme.plan),
            Some(json!({ "selfService": true })),
        )
        .await;
    let mut connection = database::connect(&app.database_url).await;
    let rival = World::make(&app, "rival", &upstream).await;
    let document = document(&app).await;
    for (turn, operation) in for_people(&document).into_iter().enumerate() {
        if operation.method == Method::GET || operation.audience == "PUBLIC" {
            continue;
        }
        let email = format!("owner{turn}@acme.example");
        let owner = app
            .developer(&acme.who, "acme", &acme.customer, (&email, DeveloperRole::Owner))
            .await;
        let mut sample = sample(&operation, &acme, &acme.developer, "");
        match operation.id.as_str() {
            "revoke_session" => sample.0 = text(&owner.get("/account").await["session"], "id"),
            "withdraw_colleague_invitation" => {
                let body = json!({ "email": "away@example.com", "role": "MEMBER" });
                sample.0 = text(&owner.post("/portal/invitations", body).await, "id");
            }
            "unlink_identity" => {
                let sql = "INSERT INTO person_identities (tenant_id, provider_id, subject, person_id, created_at)
                           SELECT tenant_id, $1, 'y', id, now() FROM people WHERE email = $2";
                let provider: IdentityProviderId = acme.provider.parse().unwrap();
                let linking = sqlx::query(sql).bind(provider.uuid()).bind(&email);
                linking.execute(&mut connection).await.unwrap();
            }
            "confirm_totp" => {
                let setup = owner.post("/account/totp", json!({})).await;
                let authenticator = Totp::from_url(text(&setup, "otpauthUrl")).unwrap();
                let now = u64::try_from(app.clock.now().timestamp()).unwrap();
                sample.1 = Some(json!({ "code": authenticator.generate(now).to_string() }));
            }
            "delete_totp" => drop(owner.post("/account/totp", json!({})).await),
            "add_passkey" => {
                let begun = owner.post("/account/passkey-challenges", json!({})).await;
                let credential = SoftKey::default().create(&owner.origin(), &begun["options"]).await;
                let body =
                    json!({ "ceremonyId": begun["ceremonyId"], "credential": credential.unwrap(), "name": "Phone" });
                sample.1 = Some(body);
            }
            "replace_recovery_codes" | "begin_reauthentication_passkey" => drop(owner.add_passkey("Phone").await),
            "rename_passkey" | "delete_passkey" => sample.0 = text(&owner.add_passkey("Phone").await.1, "id"),
            // A tenant where the same mail address is an operator's.
            "hand_over" => {
                for (world, slug) in [(&acme, "acme"), (&rival, "rival")] {
                    let (id, _) = world.who.colleague("AUDITOR").await;
                    drop(app.operator_person(&world.who, slug, &id, "both@example.com").await);
                }
                let mut both = app.stranger("acme");
                both.email = "both@example.com".to_owned();
                both.sign_in().await;
                sample.0.clone_from(&rival.who.id);
                judge(
                    &mut connection,
                    &operation,
                    asked(&operation, &acme, sample, &both).bearer_auth(&both.token),
                )
                .await;
                continue;
            }
            _ => {}
        }
        judge(
            &mut connection,
            &operation,
            asked(&operation, &acme, sample, &owner).bearer_auth(&owner.token),
        )
        .await;
    }
    app.stop().await;
}

async fn judge(connection: &mut sqlx::PgConnection, operation: &Operation, request: reqwest::RequestBuilder) {
    let response = request.send().await.unwrap();
    let status = response.status();
    let request_id: RequestId = response.headers()["x-request-id"].to_str().unwrap().parse().unwrap();
    let body = response.text().await.unwrap();
    assert!(status.is_success(), "{}: {status} {body}", operation.id);
    let kind = if operation.audience == "SIGNED_IN" {
        "PERSON"
    } else {
        "DEVELOPER"
    };
    let sql = "SELECT count(*) FROM audit_events WHERE request_id = $1 AND actor_kind = $2 AND actor_id IS NOT NULL
               AND token_id IS NULL AND session_id IS NOT NULL AND peer_address = '127.0.0.1' AND outcome = 'SUCCEEDED'";
    let audited: i64 = sqlx::query_scalar(sql)
        .bind(request_id.uuid())
        .bind(kind)
        .fetch_one(&mut *connection)
        .await
        .unwrap();
    assert!(audited >= 1, "{} is not audited", operation.id);
    let told: Vec<String> = sqlx::query_scalar("SELECT DISTINCT domain || '.' || name FROM outbox_events ORDER BY 1")
        .fetch_all(connection)
        .await
        .unwrap();
    for event_type in told {
        assert!(
            gatewright_notify::events::EVENT_TYPES.contains(&event_type.as_str()),
            "{event_type} is not in crates/notify/src/events.rs"
        );
    }
}
